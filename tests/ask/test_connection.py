"""From Python: typed, lazy, streaming, read-only."""

from __future__ import annotations

import doctest
import os
import subprocess
import sys
from datetime import date
from itertools import pairwise
from typing import Any

import pytest

import regulars as rg
from regulars import ask
from regulars.app import App
from regulars.ask import answer, connection
from regulars.ask.errors import LibraryMissing, QuestionRefused
from regulars.kit.errors import InputRefused


@pytest.mark.usefixtures("surroundings")
@pytest.mark.parametrize("module", [answer, connection], ids=["answer", "connection"])
def test_what_the_documentation_shows_is_what_happens(module: Any) -> None:
    done = doctest.testmod(module, optionflags=doctest.NORMALIZE_WHITESPACE)

    assert done.attempted > 0
    assert done.failed == 0


def test_importing_the_package_imports_nothing_else() -> None:
    told = "import sys, regulars; print(sorted(m for m in sys.modules if m.startswith('regulars')))"

    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "['regulars']"


def test_a_brand_is_named_by_its_database(surroundings: App) -> None:
    with rg.connect(surroundings.settings.database_url) as brand:
        assert brand.sql("select count(*) as n from customers").rows() == [{"n": 48}]


def test_nothing_is_asked_before_rows_are_wanted(analyst: ask.Connection) -> None:
    lazy = analyst.sql("select 1 / 0 as never")

    with pytest.raises(ask.QuestionFailed, match="division by zero"):
        lazy.to_arrow()


def test_a_large_answer_comes_in_batches_and_may_be_left_early(brand: App, analyst: ask.Connection) -> None:
    batches = analyst.sql("select a.*, b.seq as other from events a cross join events b").batches()
    first = next(batches)
    batches.close()

    assert 0 < first.num_rows < 1188 * 1188 / 10
    eventually_none(brand, "select count(*) from pg_stat_activity where query like 'copy (SELECT a.%'")


def eventually_none(brand: App, question: str) -> None:
    """Asks until the number is 0; the server looks once a second whether anybody still listens."""
    for _ in range(50):
        with brand.store.transaction() as db:
            if db.execute(question).fetchall() == [(0,)]:  # pyright: ignore[reportArgumentType, reportCallIssue]
                return
            db.execute("select pg_sleep(0.1)")
    raise AssertionError("somebody is still answering")


def test_two_answers_are_read_side_by_side(analyst: ask.Connection) -> None:
    one, other = analyst.segments().batches(), analyst.scores("rfm").batches()

    assert next(one).num_rows > 0
    assert next(other).num_rows == 48


def test_every_value_arrives_as_it_is_and_nothing_is_not_empty(analyst: ask.Connection) -> None:
    question = (
        "select null::text as a, '' as b, 'x,\"y\n' as c, true as d, 1.5::numeric as e, date '2026-01-01' as f,"
        " timestamp '2026-01-01 12:00:00.000001' as g, null::bigint as h, 9223372036854775807 as i, 'NULL' as j"
    )

    values = [analyst.sql(question, engine=engine).to_arrow().to_pylist()[0] for engine in ask.ENGINES]

    assert values[0]["a"] is None
    assert (values[0]["b"], values[0]["c"], values[0]["i"]) == ("", 'x,"y\n', 2**63 - 1)
    assert values[0] == values[1]


@pytest.mark.parametrize("engine", ask.ENGINES)
def test_an_answer_without_rows_has_its_columns(analyst: ask.Connection, engine: ask.EngineName) -> None:
    table = analyst.sql("select customer, email from customers where false", engine=engine).to_arrow()

    assert (table.num_rows, table.column_names) == (0, ["customer", "email"])


def test_traits_follow_a_condition_and_an_order(analyst: ask.Connection) -> None:
    rows = analyst.traits("orders", where="orders >= 13 and last_channel = 'store'").rows()

    assert rows
    assert all(row["orders"] >= 13 for row in rows)
    assert all(one["customer"] < other["customer"] for one, other in pairwise(rows))


def test_traits_of_a_past_day_are_what_the_lake_says_of_it(brand: App, analyst: ask.Connection) -> None:
    day = date(2025, 12, 1)
    found = analyst.traits("orders", "days_since_order", as_of=day).rows()

    counted = analyst.sql(
        "select customer, count(*) as orders, date '2025-12-01' - max(day) as days_since_order"
        " from orders where day <= date '2025-12-01' group by 1 order by 1"
    ).rows()
    assert found == counted


def test_traits_of_today_are_the_same_from_the_lake(analyst: ask.Connection) -> None:
    names = ("orders", "spend_cents", "spend_90_cents", "top_category", "gap_mean_days", "web_share")

    assert analyst.traits(*names, as_of=date(2026, 3, 2)).rows() == analyst.traits(*names).rows()


def test_a_condition_cannot_leave_its_place(analyst: ask.Connection) -> None:
    for where in (
        "true) union select * from (select 1",
        "1 = 1; select 1",
        "pg_sleep(9) is null",
        "true -- ",
        "true or (false",
    ):
        try:
            rows = analyst.traits("orders", where=where).rows()
        except QuestionRefused:
            continue
        assert {*rows[0]} == {"customer", "orders"}


def test_events_are_chosen_by_name_customer_and_day(analyst: ask.Connection) -> None:
    found = analyst.events("Order Completed", customer=1, since=date(2025, 9, 15), until=date(2025, 9, 16)).rows()

    assert [(row["event"], row["customer"], row["occurred_at"].date()) for row in found] == [
        ("Order Completed", 1, date(2025, 9, 15))
    ]


def test_pandas_gets_the_same_rows(analyst: ask.Connection) -> None:
    frame = analyst.segments().pandas()

    assert dict(zip(frame["segment"], frame["size"], strict=True))["one_channel"] == 48


def test_polars_gets_the_same_rows(analyst: ask.Connection) -> None:
    answer = analyst.traits("orders", "last_channel")

    assert answer.polars().to_dicts() == answer.rows()


def test_a_library_that_is_not_there_is_named_with_what_to_do(
    analyst: ask.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "polars", None)

    with pytest.raises(LibraryMissing, match="pip install polars"):
        analyst.segments().polars()


@pytest.mark.parametrize("wrong", ["spend", "orders; drop", ""])
def test_a_trait_that_does_not_exist_is_refused_with_the_near_one(analyst: ask.Connection, wrong: str) -> None:
    with pytest.raises(QuestionRefused, match="There is no trait"):
        analyst.traits(wrong)


def test_what_cannot_be_connected_is_refused() -> None:
    with pytest.raises(InputRefused, match="There is no role"):
        rg.connect(role="root")


def test_an_unknown_name_of_the_package_is_none() -> None:
    with pytest.raises(AttributeError, match="nothing"):
        _ = rg.nothing  # pyright: ignore[reportAttributeAccessIssue]


def test_the_lake_reads_no_file_but_its_own(brand: App, tmp_path: Any) -> None:
    from regulars.lake import duckdb

    secret = tmp_path / "secret.csv"
    secret.write_text("a\n1\n")
    with duckdb.engine() as duck:
        duck.confine(str(brand.lake.root))
        for statement in (
            f"select * from read_csv('{secret}')",
            f"select * from '{secret}'",
            f"copy (select 1) to '{tmp_path / 'out.csv'}'",
            f"attach '{tmp_path / 'x.db'}'",
            "install httpfs",
            "set enable_external_access = true",
        ):
            with pytest.raises(duckdb.duckdb.Error):
                duck.run(statement)
    assert os.listdir(tmp_path) == ["secret.csv"]
