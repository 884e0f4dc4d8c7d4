"""State kept in DuckDB: a day more gives what a build of everything would, and both give what a rebuild says."""

from collections.abc import Iterator
from typing import Any

import pytest

from regulars import analyze, collect
from regulars.analyze.plan import fields
from regulars.bench import everybody, shoppers
from regulars.lake import duckdb
from tests.analyze.town import Town, order, track

CUSTOMERS, EVENTS = 300, 60_000
DAYS = range(shoppers.LAST_DAY - 95, shoppers.LAST_DAY + 1)
YESTERDAY, TODAY = everybody.DAYS


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    root = tmp_path_factory.mktemp("lake")
    shoppers.write(root, EVENTS, CUSTOMERS, 3, DAYS)
    return shoppers.files(root)


@pytest.fixture
def lake() -> Iterator[duckdb.Engine]:
    with duckdb.engine() as found:
        everybody.who(found, CUSTOMERS)
        yield found


def built(lake: duckdb.Engine, files: list[str]) -> list[tuple[Any, ...]]:
    """What a build of all files says today, who is who as it is now."""
    with duckdb.engine() as other:
        everybody.who(other, CUSTOMERS)
        for table in ("membership", "everybody", "span"):
            columns = [name for (name,) in lake.rows(f'select column_name from (describe "{table}")')]
            types = dict.fromkeys(columns, "bigint") | {"known": "boolean"}
            rows = lake.rows(f'from "{table}"')
            other.drop(table)
            other.table(table, {name: types[name] for name in columns}, rows)
        state = analyze.kept_state(other)
        state.build(files, TODAY)
        return sorted(other.rows(state.values()), key=repr)


def refreshed(lake: duckdb.Engine, state: analyze.Kept, files: list[str]) -> list[tuple[Any, ...]]:
    """What a refresh says today."""
    state.refresh(files, TODAY)
    return sorted(lake.rows(state.values()), key=repr)


@pytest.mark.parametrize("days", [1, 40])
def test_a_refresh_by_some_days_is_a_build_of_all_days(lake: duckdb.Engine, files: list[str], days: int) -> None:
    state = analyze.kept_state(lake)
    state.build(files[:-days], TODAY - days)

    assert refreshed(lake, state, files) == built(lake, files)


def test_whoever_was_merged_split_or_lent_is_folded_again(lake: duckdb.Engine, files: list[str]) -> None:
    state = analyze.kept_state(lake)
    state.build(files[:-1], YESTERDAY)

    lake.run("update membership set customer = 7 where customer in (3, 4)")
    lake.run("delete from everybody where customer in (3, 4)")
    lake.run("update membership set customer = 9 where signature = 8")
    from_us = (TODAY - 30) * 86_400_000_000
    lake.run(f"insert into span values (5, {from_us}, {from_us + 20 * 86_400_000_000}, 6)")

    assert refreshed(lake, state, files) == built(lake, files)


def test_a_second_refresh_knows_what_the_first_one_added(lake: duckdb.Engine, files: list[str]) -> None:
    state = analyze.kept_state(lake)
    state.build(files[:-3], TODAY - 3)
    lake.run("update membership set customer = 7 where customer = 3")
    state.refresh(files[:-1], YESTERDAY)

    assert refreshed(lake, state, files) == built(lake, files)


def test_where_a_counted_file_is_gone_everything_is_built_again(lake: duckdb.Engine, files: list[str]) -> None:
    state = analyze.kept_state(lake)
    state.build(files[:-1], YESTERDAY)
    left = files[5:]

    assert refreshed(lake, state, left) == built(lake, left)


def test_the_state_says_what_a_rebuild_says(town: Town) -> None:
    for day in (20_000, 20_010, 20_011, 20_040):
        town.batch([(1, order(day, 1_000 + day)), (2, order(day, 99, channel="web")), (3, track("Email Opened", day))])
    town.merge(2, 1)
    town.tick(20_041)
    collect.flush(town.app)

    with town.app.transaction() as app, duckdb.engine() as lake:
        rebuilt = analyze.rebuild(app)
        analyze.read_membership(app, lake)
        state = analyze.kept_state(lake)
        state.build(collect.fact_files(app), rebuilt.as_of_day)
        told = {trait.name for trait in analyze.TRAITS if fields(trait.expression)}
        places = [place for place, name in enumerate(rebuilt.columns) if name not in told]
        folded = [tuple(row[place] for place in places) for row in rebuilt.rows]
        assert sorted(lake.rows(state.values()), key=repr) == sorted(folded, key=repr)


def test_a_count_out_of_the_state_is_the_count_of_its_rows(lake: duckdb.Engine, files: list[str]) -> None:
    state = analyze.kept_state(lake)
    state.build(files, TODAY)
    rule = "orders_365 >= 3 and orders_30 = 0 and email_opens_90 >= 2"
    [(members,)] = lake.rows(
        f"select count(*) from ({state.values()}) join everybody using (customer) where known and {rule}"
    )

    assert 0 < state.count(everybody.SEGMENT) == members
