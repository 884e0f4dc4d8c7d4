"""Daily traits come from the lake once a day; streaks and sketches are what counting by hand says."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

import pytest
from sqlglot import exp

from regulars import analyze, collect
from regulars.analyze import compiled
from regulars.analyze.catalogue import SEGMENTS, TRAITS
from regulars.analyze.plan import Family, Segment, Trait, plan
from regulars.analyze.rebuild import LAKE_COLUMNS
from regulars.analyze.sketches import bucket, middle, smallest
from regulars.analyze.traits import distinct, facts, gaps, quantile, share_of, total
from regulars.lake import duckdb
from regulars.lake.dialect import DUCKDB, POSTGRES, column, literal, named, render
from tests.analyze.test_engines import differences
from tests.analyze.town import EPOCH, Town, order, track

TODAY = 20_000
orders, lines = facts("Order Completed", value="revenue_cents"), facts("Order Line", value="revenue_cents")


def shopping(day: int, cents: int, products: int, start: int = 0) -> dict[str, Any]:
    """An order of so many different products."""
    items = [{"product_id": f"p{start + n}", "revenue": 1, "category": "BREAD"} for n in range(products)]
    return order(day, cents, products=items)


def values(town: Town, customer: int) -> dict[str, Any]:
    """Traits of a customer by name."""
    with town.app.transaction() as app:
        return {value.name: value for value in analyze.traits_of(app, customer)}


def test_daily_traits_are_not_known_before_the_lake_was_read_and_then_as_of_a_day(town: Town) -> None:
    town.app.clock.move_to(EPOCH + timedelta(days=TODAY))
    town.batch([(1, shopping(TODAY - 3, 1_000, 5)), (1, shopping(TODAY - 2, 5_000, 3)), (1, shopping(TODAY, 9_000, 9))])
    before = values(town, 1)["products"].value
    changes = town.daily()

    found = values(town, 1)
    assert before is None
    assert changes.touched == [1]
    assert (found["products"].value, found["products"].is_estimate) == (9, False)
    assert found["median_order_cents"].shown == "about $50.50"
    with town.app.transaction() as app:
        assert analyze.freshness(app)["products"] == "daily, as of 4 October 2024"
    assert differences(town) == []


def test_the_lake_is_read_once_a_day(town: Town) -> None:
    town.app.clock.move_to(EPOCH + timedelta(days=TODAY))
    town.batch([(1, shopping(TODAY, 1_000, 5))])
    town.daily()
    town.batch([(1, shopping(TODAY, 1_000, 5, start=5))])

    assert town.daily().touched == []
    assert values(town, 1)["products"].value == 5
    town.tick(TODAY + 1)
    town.daily()
    assert values(town, 1)["products"].value == 10


def test_a_merge_keeps_the_survivors_value_and_a_split_waits_for_the_next_day(town: Town) -> None:
    town.app.clock.move_to(EPOCH + timedelta(days=TODAY))
    town.batch([(1, shopping(TODAY, 1_000, 2)), (2, shopping(TODAY, 1_000, 3, start=2))])
    town.daily()
    town.merge(2, 1)
    merged = values(town, 1)["products"].value
    town.split(2, 2)

    assert merged == 2
    assert [values(town, each)["products"].value for each in (1, 2)] == [None, None]
    town.tick(TODAY + 1)
    town.daily()
    assert [values(town, each)["products"].value for each in (1, 2)] == [2, 3]


def test_a_segment_over_a_daily_trait_is_judged_when_the_trait_is(town: Town) -> None:
    products = next(trait for trait in TRAITS if trait.name == "products").expression
    analyze.ensure_schema(town.app, TRAITS, [*SEGMENTS[:1], Segment("curious", "Curious", products >= 5)])
    town.app.clock.move_to(EPOCH + timedelta(days=TODAY))
    at_once = town.batch([(1, shopping(TODAY, 1_000, 6)), (2, shopping(TODAY, 1_000, 2))]).moves

    moves = town.daily().moves

    assert at_once == []
    assert [(move.segment, move.customer, move.entered) for move in moves] == [("curious", 1, True)]


def test_many_different_things_are_estimated_and_said_to_be(town: Town) -> None:
    town.app.clock.move_to(EPOCH + timedelta(days=TODAY))
    town.batch([(1, shopping(TODAY, 1_000, 100, start=100 * n)) for n in range(10)])
    town.daily()

    found = values(town, 1)["products"]
    assert found.is_estimate
    assert found.shown.startswith("about ")
    # 64 smallest hashes: 13 % is one standard error.
    assert abs(found.value - 1_000) < 390


@pytest.mark.parametrize("seed", range(3))
def test_a_quantile_is_at_most_five_percent_off(seed: int) -> None:
    dice = random.Random(seed)
    amounts = [int(10 ** dice.uniform(0, 9)) for _ in range(500)]
    with duckdb.engine() as lake:
        lake.table("given", {"v": "bigint"}, [(amount,) for amount in [*amounts, 0, -1, -99, -100, -12_345]])
        said = lake.rows(f"select v, {render(middle(bucket(column('v'))), DUCKDB)} from given")

    assert all(abs(stands - v) <= 0.05 * abs(v) for v, stands in said)
    assert all(stands == v for v, stands in said if abs(v) < 100)


def test_three_ways_of_counting_agree_on_sketches_and_streaks_by_value_and_type(town: Town) -> None:
    dice = random.Random(7)
    traits = (
        Trait("products", "products", distinct(lines, by="product"), freshness="daily"),
        Trait("low", "low", quantile(orders, 20), freshness="daily"),
        Trait("middle", "middle", quantile(orders.above(revenue_cents=0), 50), freshness="daily"),
        Trait("longest", "longest", gaps(orders).longest(), freshness="daily"),
        Trait("weeks", "weeks", gaps(orders).weeks(), freshness="daily"),
        Trait("run", "run", gaps(orders).latest("weeks"), freshness="daily"),
    )
    town.batch([(dice.randrange(1, 5), happened(dice)) for _ in range(120)])
    collect.flush(town.app)
    whole = plan(traits).whole
    with town.app.transaction() as app, duckdb.engine() as lake:
        lake.read_facts("facts", collect.fact_files(app), {})
        names = [name for name, _ in lake.rows("select column_name, column_type from (describe facts)")]
        rows = lake.rows("select * from facts")
        columns = ", ".join(f'"{name}" {LAKE_COLUMNS[name]}' for name in names)
        app.db.execute(f"create temporary table facts ({columns}) on commit drop")
        with app.db.cursor().copy("copy facts from stdin") as copy:
            for row in rows:
                copy.write_row(row)
        here = {family.name: answers(lake.rows, lake.make, family, DUCKDB) for family in whole.families}

        def ask(query: str) -> list[Any]:
            return app.db.execute(query).fetchall()

        def make(name: str, query: str) -> None:
            app.db.execute(f'create temporary table "{name}" on commit drop as {query}')

        there = {family.name: answers(ask, make, family, POSTGRES) for family in whole.families}

    assert there == here
    by_hand = hand_counted(rows, names)
    assert {row[0]: row[1] for row in here["distinct_product_hash_order_line"]} == by_hand["products"]
    assert {row[0]: row[1] for row in here["days_order_completed"]} == by_hand["longest"]


def answers(ask: Any, make: Any, family: Family, dialect: Any) -> list[tuple[Any, ...]]:
    """What a family says of every signature, with the type of each value."""
    cells = compiled.cells(family, "facts", "signature", literal(TODAY))
    if family.kind == "distinct":
        cells = smallest(cells, ["signature"], 64)
    sums = [column(measure.name) for measure in family.measures]
    renamed = exp.select(named(column("signature"), "customer"), column("key"), *sums)
    make(family.table, render(renamed.from_(cells.subquery("c")), dialect))
    make(f"people_{family.name}", f'select distinct customer from "{family.table}"')
    read = compiled.read_cells(family, dialect, f"people_{family.name}", literal(TODAY))
    return sorted((*row, *map(type, row)) for row in ask(render(read, dialect)))


def hand_counted(rows: list[Any], names: list[str]) -> dict[str, dict[int, int]]:
    """Different products and the most days in a row, by signature, counted without SQL."""
    place = {name: at for at, name in enumerate(names)}
    products: dict[int, set[str]] = {}
    days: dict[int, set[int]] = {}
    for row in rows:
        if row[place["event"]] == "Order Line" and row[place["product"]] is not None:
            products.setdefault(row[place["signature"]], set()).add(row[place["product"]])
        if row[place["event"]] == "Order Completed" and row[place["day"]] <= TODAY:
            days.setdefault(row[place["signature"]], set()).add(row[place["day"]])
    longest = {who: max(length(held, day) for day in held) for who, held in days.items()}
    return {"products": {who: len(held) for who, held in products.items()}, "longest": longest}


def length(held: set[int], day: int) -> int:
    """Of the run that begins with this day."""
    return 1 + length(held, day + 1) if day in held else 0


def happened(dice: random.Random) -> dict[str, Any]:
    """An order of some days with ties, nothing, money taken back and large amounts."""
    day = TODAY - dice.choice([0, 1, 2, 3, 7, 8, 20, 21, 300])
    return shopping(day, dice.choice([0, 5, 99, 1_234, 99_999, -700, 2**33]), dice.choice([1, 3]), dice.randrange(12))


def test_the_current_streak_ends_by_itself(town: Town) -> None:
    town.app.clock.move_to(EPOCH + timedelta(days=TODAY))
    # 20,000 days since 1970-01-01 is a Friday.
    town.batch([(1, order(TODAY - n)) for n in (30, 14, 7, 1)])
    running = {name: values(town, 1)[name].value for name in ("week_streak", "longest_week_streak", "order_weeks")}
    town.tick(TODAY + 9)
    last_week = values(town, 1)["week_streak"].value
    town.tick(TODAY + 10)

    assert running == {"week_streak": 3, "longest_week_streak": 3, "order_weeks": 4}
    assert last_week == 3
    assert values(town, 1)["week_streak"].value == 0
    assert differences(town) == []


def test_the_spread_of_answers_is_the_sample_standard_deviation(town: Town) -> None:
    town.app.clock.move_to(EPOCH + timedelta(days=TODAY))
    town.batch([(1, track("Survey Answered", TODAY, score=score)) for score in (1, 5, 4, 10**12)])
    town.batch([(2, track("Survey Answered", TODAY, score=3))])

    assert values(town, 1)["survey_sd"].value == pytest.approx(2.0816659994661326, abs=1e-15)
    assert values(town, 2)["survey_sd"].value is None


def test_the_part_of_one_key_comes_out_of_the_cells_of_all(town: Town) -> None:
    part = Trait("bread_share", "bread", share_of(lines, by="category", key="BREAD"), "share")
    analyze.ensure_schema(town.app, [*TRAITS, part], [])
    town.app.clock.move_to(EPOCH + timedelta(days=TODAY))
    town.batch([(1, order(TODAY, 3_000)), (1, order(TODAY, 1_000, products=[{"category": "ZOO", "revenue": 10}]))])
    town.batch([(1, order(TODAY, 2_000))])

    assert values(town, 1)["bread_share"].value == 5_000 / 6_000
    assert len(plan([part, Trait("spend", "spend", total(lines))]).families) == 1
