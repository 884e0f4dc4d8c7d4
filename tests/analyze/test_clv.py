"""`regulars clv` on the published data gives the published numbers, and says what is wrong with a file."""

import csv
import json
from collections.abc import Iterable
from datetime import date
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as parquet
import pytest
from typer.testing import CliRunner

from regulars.analyze.clv.read import open_file
from regulars.cli import main

COLUMNS = ("--customer", "id", "--date", "date", "--value", "amount")
TODAY = date(2026, 11, 23)
Rows = Iterable[Iterable[object]]


def written(path: Path, rows: Rows, header: tuple[str, ...] = ("id", "date", "amount")) -> Path:
    """A CSV file of these."""
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return path


@pytest.fixture(scope="module")
def cdnow(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The CDNOW sample as a CSV: customer, day, dollars."""
    origin = Path(find_spec("lifetimes").origin)  # pyright: ignore
    lines = (origin.parent / "datasets" / "CDNOW_sample.txt").read_text().splitlines()
    words = [line.split() for line in lines if line.split() and line.split()[-3].isdecimal()]
    return written(tmp_path_factory.mktemp("cdnow") / "cdnow.csv", [(w[0], w[-3], w[-1]) for w in words])


def asked(*given: str) -> dict[str, Any]:
    """What the command prints with --json."""
    done = CliRunner().invoke(main, ["clv", *given, "--json"])
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def refused(*given: str) -> str:
    """What it says when it refuses."""
    done = CliRunner().invoke(main, ["clv", *given])
    assert done.exit_code == 1
    return done.output


def test_the_published_parameters_and_the_39_weeks_held_out_come_out_of_the_file(cdnow: Path) -> None:
    answer = asked(str(cdnow), *COLUMNS, "--calibration-end", "1997-09-30", "--model", "bg-nbd")

    assert answer["model"] == "bg-nbd"
    published = {"r": 0.2426, "alpha": 4.4136, "a": 0.7929, "b": 2.4259, "p": 6.2496, "q": 3.7442, "v": 15.4435}
    assert answer["params"] == {name: pytest.approx(value, abs=0.0005) for name, value in published.items()}
    assert answer["log_likelihood"] == pytest.approx(-9582.429, abs=0.01)
    held = answer["holdout"]
    assert (held["begin"], held["until"], held["customers"]) == ("1997-10-01", "1998-06-30", 2_357)
    assert (held["actual"], round(held["predicted"])) == (1_882, 1_653)
    assert (held["mae"], held["correlation"]) == (pytest.approx(0.785, abs=0.001), pytest.approx(0.626, abs=0.001))
    assert len(answer["customers"]) == 2_357
    assert answer["tracking"][-1][1] == 2_457 + 1_882


def test_the_model_that_foresaw_what_was_hidden_best_is_taken(cdnow: Path) -> None:
    answer = asked(str(cdnow), *COLUMNS, "--calibration-end", "1997-09-30")

    judged = {each["model"]: each["holdout"]["log_likelihood"] for each in answer["models"]}
    assert set(judged) == {"bg-nbd", "mbg-nbd", "pareto-nbd"}
    assert answer["model"] == max(judged, key=lambda name: judged[name])
    pareto = next(each for each in answer["models"] if each["model"] == "pareto-nbd")
    assert pareto["log_likelihood"] == pytest.approx(-9594.976, abs=0.001)


def test_days_instead_of_weeks_change_the_unit_and_no_forecast(cdnow: Path) -> None:
    weeks = asked(str(cdnow), *COLUMNS, "--model", "bg-nbd")
    days = asked(str(cdnow), *COLUMNS, "--model", "bg-nbd", "--unit", "day")

    assert days["params"]["alpha"] == pytest.approx(7 * weeks["params"]["alpha"], rel=1e-3)
    assert days["holdout"]["predicted"] == pytest.approx(weeks["holdout"]["predicted"], rel=1e-4)
    assert days["customers"][0]["next_purchase"] == weeks["customers"][0]["next_purchase"]
    assert (days["horizon"], weeks["horizon"]) == (365, 52)


def test_without_a_day_to_end_at_the_last_third_is_hidden_and_then_seen(cdnow: Path) -> None:
    answer = asked(str(cdnow), *COLUMNS, "--model", "mbg-nbd")

    assert answer["as_of"] == "1998-06-30"
    assert answer["holdout"]["begin"] == "1997-12-31"
    assert answer["params"]["r"] != answer["models"][0]["params"]["r"]


def test_the_page_says_the_finding_and_draws_it(cdnow: Path) -> None:
    given = ["clv", str(cdnow), *COLUMNS, "--calibration-end", "1997-09-30", "--model", "bg-nbd", "--html"]
    page = CliRunner().invoke(main, given).stdout

    assert "<h1>1,653 purchases were foreseen and 1,882 came: 12% too few</h1>" in page
    assert page.count("<polyline") == 2
    assert "http" not in page.replace("http://www.w3.org", "")


def test_a_file_without_money_counts_purchases(cdnow: Path) -> None:
    answer = asked(str(cdnow), "--customer", "id", "--date", "date", "--model", "bg-nbd")

    assert set(answer["params"]) == {"r", "alpha", "a", "b"}
    assert answer["customers"][0]["lifetime_value"] is None


@pytest.mark.parametrize(
    ("amount", "back"),
    [
        ("1.234,50", "-0,50"),
        ("1234,50 €", "-0,50"),
        ("$1,234.50", "($0.50)"),
        ("1234.5", "\N{MINUS SIGN}0.50"),
        ("USD 1'234.50", "-0.5"),
    ],
)
def test_amounts_are_read_as_they_are_written(amount: str, back: str, tmp_path: Path) -> None:
    rows = [("ann", "2026-01-01", "7"), ("ann", "2026-02-01", amount), ("ann", "2026-02-01T09:30:00Z", back)]

    bought = open_file(written(tmp_path / "a.csv", rows), tmp_path, TODAY, "id", "date", "amount")

    end = bought.span()[1]
    assert bought.until(end, end).repeat_value.tolist() == [1_234.0]
    assert bought.until(end, end).purchases.tolist() == [2]


@pytest.mark.parametrize(
    ("row", "why"),
    [
        (("ann", "2026-02-01", "1e308"), "no value"),
        (("ann", "2026-02-01", "9" * 400), "no value"),
        (("ann", "2026-02-01", "NaN"), "no value"),
        (("ann", "2026-02-01", "1234567890123"), "no value"),
        (("ann", "9999-12-31", "1"), "a date to come"),
        (("ann", "2027-01-01", "1"), "a date to come"),
        (("", "2026-02-01", "1"), "no customer"),
    ],
)
def test_a_slip_is_left_out_and_counted(row: tuple[str, str, str], why: str, tmp_path: Path) -> None:
    rows = [(f"c{place}", "2026-01-01", "7.00") for place in range(200)]

    bought = open_file(written(tmp_path / "a.csv", [*rows, row]), tmp_path, TODAY, "id", "date", "amount")

    assert bought.left_out == {why: 1}
    assert bought.span() == (bought.span()[0],) * 2


def test_numbers_of_parquet_are_taken_as_they_are(tmp_path: Path) -> None:
    arrow: Any = pa
    table = arrow.table({"id": ["ann"] * 2, "date": ["2026-01-01", "2026-02-01"], "amount": [4.1e11, 4.1e-7]})
    parquet.write_table(table, tmp_path / "a.parquet")

    bought = open_file(tmp_path / "a.parquet", tmp_path, TODAY, "id", "date", "amount")

    assert bought.until(bought.span()[1], bought.span()[1]).repeat_value.tolist() == [4.1e-7]


def test_a_column_with_several_values_a_row_is_refused(tmp_path: Path) -> None:
    arrow: Any = pa
    parquet.write_table(arrow.table({"id": [["ann"]], "date": ["2026-01-01"]}), tmp_path / "a.parquet")

    assert "holds several values a row" in refused(str(tmp_path / "a.parquet"), *COLUMNS[:4])


@pytest.mark.parametrize(
    ("rows", "more", "said"),
    [
        ([], (), "has no rows"),
        ([("a", "2026-01-01", "1.5"), ("a", "2026-01-02", "1,5")], (), "have points and commas"),
        ([("a", "soon", "1")] * 9, (), "does not look like dates: 'soon'"),
        ([("a", "03/04/2026", "1"), ("a", "05/06/2026", "1")], (), "can be read in two ways"),
        ([("", "2026-01-01", "1"), ("a", "2026-01-02", "1")], (), "1 rows have no customer"),
        ([("a", "2026-01-01", "x"), ("a", "2026-01-02", "1")], (), "1 rows have no value"),
        ([("a", "2026-01-01", "1")], (), "tells of 2026-01-01 to 2026-01-01"),
        ([("a", "2026-01-01", "1"), ("a", "2026-03-01", "1")], (), "0 of 1 customers"),
        (
            [("a", "2026-01-01", "1"), ("a", "2026-03-01", "1")],
            ("--calibration-end", "2030-01-01"),
            "Name a day between",
        ),
        ([("a", "2026-01-01", "1")], ("--value", "sum"), "has no column 'sum'"),
        ([("a", "2026-01-01", "1")], ("--unit", "month"), "no unit 'month'"),
        ([("a", "2026-01-01", "1")], ("--model", "best"), "no purchase_model named 'best'"),
        ([("a", "2026-01-01", "-1")], (), "holds no purchase"),
    ],
)
def test_what_cannot_be_answered_is_said(rows: Rows, more: tuple[str, ...], said: str, tmp_path: Path) -> None:
    assert said in " ".join(refused(str(written(tmp_path / "a.csv", rows)), *COLUMNS, *more).split())


def test_no_model_is_chosen_where_nothing_is_left_to_judge_it_on(cdnow: Path) -> None:
    assert "nothing is left to judge models on" in refused(str(cdnow), *COLUMNS, "--calibration-end", "1998-06-30")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    assert "There is no file" in refused(str(tmp_path / "none.csv"), *COLUMNS)
