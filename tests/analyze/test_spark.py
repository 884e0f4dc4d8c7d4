"""Spark folds the lake to the same traits and segments as DuckDB, value by value and type by type."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

import pytest

from regulars import analyze
from regulars.lake import spark
from tests.analyze.town import EPOCH, Town, order, track

TODAY = 20_000
PEOPLE, BATCHES, EVENTS = 40, 12, 30
KEYS = ["BREAD", "Käse", "CAT FOOD", "ZOO", "Zoo", "", "äpfel"]


@pytest.fixture(autouse=True)
def short_lived(monkeypatch: pytest.MonkeyPatch) -> None:
    """So little work is done before anything compiled for speed would pay."""
    monkeypatch.setenv("JAVA_TOOL_OPTIONS", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC")
    monkeypatch.setitem(spark.OWN, "spark.sql.codegen.wholeStage", "false")
    monkeypatch.setitem(spark.OWN, "spark.sql.shuffle.partitions", "1")
    monkeypatch.setitem(spark.OWN, "spark.sql.adaptive.enabled", "false")
    monkeypatch.setitem(spark.OWN, "spark.sql.autoBroadcastJoinThreshold", "-1")
    monkeypatch.setitem(spark.OWN, "spark.sql.inMemoryColumnarStorage.compressed", "false")


def happened(dice: random.Random) -> dict[str, Any]:
    """Something that a customer did, with ties, late and future days, money taken back and large amounts."""
    day = TODAY - dice.choice([0, 0, 1, 29, 30, 89, 200, 420, -1])
    kind = dice.randrange(6)
    if kind < 3:
        cents = dice.choice([0, 1, 999, -700, 400_000, 2**33 + 1])
        lines = [
            {
                "category": dice.choice(KEYS),
                "brand": dice.choice(["Private", "National"]),
                "quantity": 2,
                "revenue": 1.5,
                "product_id": f"p{dice.randrange(200)}",
            }
            for _ in range(dice.choice([1, 2, 3, 40]))
        ]
        given = {"products": lines, "store_id": dice.choice(KEYS), "channel": dice.choice(["web", "store"])}
        return order(day, cents, **given, coupon_discount=dice.choice([0, 0.5]))
    if kind == 3:
        return track("Survey Answered", day, score=dice.choice([1, 5, None]))
    return track(*(("Item Returned", day) if kind == 4 else ("Email Opened", day)), revenue=dice.choice([0.1, 12.34]))


def test_three_engines_say_the_same_of_everybody(town: Town) -> None:
    dice = random.Random(11)
    town.app.clock.move_to(EPOCH + timedelta(days=TODAY))
    for _ in range(BATCHES):
        town.batch([(dice.randrange(1, PEOPLE), happened(dice)) for _ in range(EVENTS)])
    town.merge(2, 1)
    town.lend(3, TODAY - 30, TODAY, 5)
    town.tick(TODAY + 2)
    town.daily()

    with town.app.transaction() as app:
        here, there = analyze.rebuild(app), analyze.rebuild(app, engine="spark")
        differences = analyze.differences(app)

    assert differences == []
    assert max(row[here.columns.index("products")] for row in here.rows) > 64
    assert there.columns == here.columns
    assert len(here.rows) > PEOPLE - 5
    typed = [
        sorted((tuple((type(value), value) for value in row) for row in built.rows), key=lambda row: row[0][1])
        for built in (here, there)
    ]
    assert typed[1] == typed[0]
