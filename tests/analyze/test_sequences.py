"""One thing after another: exact in any order of arrival, through merges and splits, and as time passes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from regulars import analyze, collect
from regulars.analyze import live
from regulars.analyze.segments import tree
from tests.analyze.test_making import make, who
from tests.analyze.town import EPOCH, Town, track

TODAY = 20_000
VIEW, BUY = "Page Liked", "Thing Bought"
THEN: dict[str, Any] = {"kind": "sequence", "event": VIEW, "then": BUY, "within": 3, "days": 20}
NEVER = THEN | {"followed": False}
# Without an order, the same event twice.
AGAIN: dict[str, Any] = {"kind": "sequence", "event": BUY, "then": BUY, "within": 0, "days": 20}

# (customer, name, day) in order of arrival, which is the order within a day; days come late.
DAYS = [TODAY - back for back in (0, 1, 2, 3, 4, 5, 6, 9, 17, 19, 20, 21)]
facts = st.tuples(st.integers(1, 3), st.sampled_from([VIEW, BUY]), st.sampled_from(DAYS))
histories = st.lists(facts, min_size=4, max_size=18)


@pytest.fixture
def unscored(town: Town, monkeypatch: pytest.MonkeyPatch) -> Town:
    """Nobody is scored there, for which a tick needs most of its time."""
    for name in ("score_all", "label_all", "find_breaks"):
        monkeypatch.setattr(live, name, lambda *_: [])
    return town


def expected(told: list[tuple[int, str, int]], rule: dict[str, Any], today: int) -> list[int]:
    """Who fits, by the words of the rule."""
    found: set[int] = set()
    for place, (customer, name, day) in enumerate(told):
        if name != rule["event"] or not today - rule["days"] < day <= today:
            continue
        later = [
            d - day
            for at, (c, n, d) in enumerate(told)
            if c == customer and n == rule["then"] and (d, at) > (day, place) and d <= today
        ]
        in_time = any(after <= rule["within"] for after in later)
        if in_time if rule.get("followed", True) else not in_time and today - day > rule["within"]:
            found.add(customer)
    return sorted(found)


def sizes(town: Town, names: list[str]) -> list[list[int]]:
    return [who(town, name) for name in names]


@settings(
    max_examples=6,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(told=histories, cuts=st.integers(1, 5))
def test_live_segments_are_what_the_words_say_and_what_the_lake_says(
    unscored: Town, told: list[tuple[int, str, int]], cuts: int
) -> None:
    town = unscored
    town.clear()
    town.app.clock.move_to(EPOCH + timedelta(days=TODAY))  # type: ignore[attr-defined]
    names = [named(town, title, rule) for title, rule in (("Then", THEN), ("Never", NEVER), ("Again", AGAIN))]

    for start in range(0, len(told), cuts):
        town.batch([(customer, track(name, day)) for customer, name, day in told[start : start + cuts]])

    for today in (TODAY, TODAY + 1, TODAY + 4, TODAY + 21):
        if today > TODAY:
            town.tick(today)
        assert sizes(town, names) == [expected(told, rule, today) for rule in (THEN, NEVER, AGAIN)]
    collect.flush(town.app)
    with town.app.transaction() as app:
        assert analyze.differences(app) == []


def named(town: Town, title: str, rule: dict[str, Any]) -> str:
    name = title.lower()
    with town.app.transaction() as app:
        if name in {one.name for one in analyze.segments(app)}:
            return name
    return make(town, title, rule)


def test_it_follows_merges_and_splits_and_is_counted_before_it_is_saved(town: Town) -> None:
    town.app.clock.move_to(EPOCH + timedelta(days=TODAY))  # type: ignore[attr-defined]
    town.batch([(1, track(VIEW, TODAY - 3)), (2, track(BUY, TODAY - 1)), (3, track(VIEW, TODAY - 6))])
    collect.flush(town.app)
    with town.app.transaction() as app:
        counts = [analyze.draft(app, tree.read(rule)).people for rule in (THEN, NEVER)]
    assert counts == [0, 1]
    names = [make(town, "Then", THEN), make(town, "Never", NEVER)]
    assert sizes(town, names) == [[], [3]]

    town.merge(2, 1)
    assert sizes(town, names) == [[1], [3]]
    town.split(2, 2)
    assert sizes(town, names) == [[], [3]]
    town.batch([(3, track(BUY, TODAY - 4))])
    assert sizes(town, names) == [[3], []]

    with town.app.transaction() as app:
        why = analyze.why(app, names[0], 3)
    collect.flush(town.app)
    with town.app.transaction() as app:
        assert analyze.differences(app) == []
    assert [event.name for event in why.clauses[0].events] == [BUY, VIEW]
