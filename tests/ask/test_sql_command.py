"""`regulars sql`: one question, answered on the screen, as JSON, or into a file."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from regulars import ask
from regulars.cli import main

RUN = CliRunner()
pytestmark = pytest.mark.usefixtures("surroundings")


def run(*words: str) -> Any:
    """The command's result."""
    return RUN.invoke(main, ["sql", *words])


def test_a_question_is_answered_with_a_table() -> None:
    result = run("select first_name, email from customers order by customer limit 1")

    assert (result.exit_code, "C…e" in result.stdout, "c…0@e…m" in result.stdout) == (0, True, True)


def test_only_who_may_see_names_sees_them() -> None:
    result = run("select first_name from customers order by customer limit 1", "--role", "admin", "--json")

    assert json.loads(result.stdout) == {"columns": ["first_name"], "rows": [["Clementine"]], "has_more": False}


def test_more_rows_than_the_limit_are_said_to_be_there() -> None:
    told = run("select customer from customers order by customer", "--limit", "2", "--json")
    shown = run("select customer from customers order by customer", "--limit", "2")

    assert json.loads(told.stdout) == {"columns": ["customer"], "rows": [[1], [2]], "has_more": True}
    assert "There are more than these 2" in shown.stderr


def test_a_csv_holds_all_rows_and_no_formula(tmp_path: Path) -> None:
    path = tmp_path / "answer.csv"

    done = run(
        "select customer, '=1+1' as text, null::bigint as nothing from customers order by customer", "--csv", str(path)
    )

    with path.open(newline="") as file:
        rows = list(csv.reader(file))
    assert (done.exit_code, len(rows), rows[:2]) == (0, 49, [["customer", "text", "nothing"], ["1", "'=1+1", ""]])
    assert path.stat().st_mode & 0o077 == 0


def test_a_parquet_file_holds_all_rows_with_their_types(tmp_path: Path) -> None:
    path = tmp_path / "answer.parquet"

    done = run("select customer, day, revenue_cents from orders", "--parquet", str(path))

    table = pq.read_table(path)
    assert (done.exit_code, table.num_rows) == (0, 632)
    assert [str(field.type) for field in table.schema] == ["int64", "date32[day]", "int64"]


def test_an_answer_that_fails_leaves_no_file(tmp_path: Path) -> None:
    path = tmp_path / "answer.csv"

    done = run("select 1 / (customer - 40) from customers order by customer", "--csv", str(path))

    assert (done.exit_code, list(tmp_path.iterdir())) == (1, [])
    assert "division by zero" in done.stderr


def test_without_a_question_the_views_are_listed() -> None:
    told = json.loads(run("--json").stdout)

    assert [view["name"] for view in told["views"]] == [view.name for view in ask.VIEWS]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["delete from customers"], "RG-2101"),
        (["select nope from customers"], "RG-2102"),
        (["select nope from customers", "--engine", "duckdb"], "RG-2102"),
        (["select count(*) from events a, events b, events c, events d", "--seconds", "1"], "RG-2103"),
        (
            ["select count(*) from events a, events b, events c, events d", "--seconds", "1", "--engine", "duckdb"],
            "RG-2103",
        ),
        (["select * from orders", "--engine", "postgres"], "RG-2101"),
        (["select 1", "--engine", "oracle"], "RG-1004"),
        (["select 1", "--csv", "x", "--json"], "RG-1004"),
    ],
)
def test_what_cannot_be_answered_is_refused_with_its_code(words: list[str], code: str) -> None:
    result = run(*words)

    assert (result.exit_code, f"({code})" in result.stderr or code in result.stdout) == (1, True), result.output
