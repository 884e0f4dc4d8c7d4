"""What arrives is seen with its verdict, whichever process took it, and a search looks where it says it looks."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars import collect
from regulars.app import App
from regulars.collect import Arrived, Cursor, Search
from regulars.collect.keys import register_own
from regulars.collect.live import arrivals
from regulars.kit.clock import ManualClock
from tests.collect.door_server import Door, basic, post

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text("ab", max_size=2),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.sampled_from("abc"), inside, max_size=3),
    max_leaves=8,
)


def track(message_id: str, event: str = "Order Completed", **fields: Any) -> dict[str, Any]:
    return {"type": "track", "event": event, "userId": "ann", "messageId": message_id, **fields}


def send(door: Door, write_key: str, *messages: dict[str, Any]) -> None:
    """One request over HTTP."""
    assert post(door.url, "/v1/batch", {"batch": messages}, headers=basic(write_key)).status_code == 200


def shown(app: App, before: Cursor | None = None, **asked: str) -> list[Arrived]:
    with app.transaction() as inside:
        return collect.arrivals(inside, Search(**asked), before).arrivals


def verdicts(rows: list[Arrived]) -> list[tuple[str, str | None]]:
    return [(row.verdict, row.message_id) for row in rows]


def test_every_verdict_stands_in_the_list_newest_first(
    app: App, clock: ManualClock, door: Door, write_key: str
) -> None:
    with app.transaction() as inside:
        collect.load_plan(inside, "plan: A\nevents: {Order Completed: {}}\n", "a test")
    for message in (track("a"), track("b", "Unplanned"), track("a"), track("a", userId="bob"), {"type": "odd"}):
        clock.sleep(1)
        send(door, write_key, message)
    collect.Watch(app).step()

    rows = shown(app)

    assert [verdict for verdict, _ in verdicts(rows)] == [
        "refused",
        "conflicting",
        "duplicate",
        "violating",
        "accepted",
    ]
    assert verdicts(shown(app, verdict="violating")) == [("violating", "b")]
    assert verdicts(shown(app, verdict="conflicting")) == [("conflicting", "a")]
    assert verdicts(shown(app, name="Unplanned")) == [("violating", "b")]
    assert verdicts(shown(app, text="bob")) == [("conflicting", "a")]
    assert shown(app, source="nobody") == []


def test_our_own_events_behind_a_load_do_not_hide_what_the_sources_sent(
    app: App, door: Door, write_key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arrivals, "LOOKED_THROUGH_ROWS", 2)
    send(door, write_key, track("a"), track("b"), track("c"))
    with app.transaction() as inside:
        register_own(inside)
        own = next(use.source for use in collect.list_sources(inside) if use.source.name == "regulars")
        made = [track(f"own-{number}", "Segment Entered") for number in range(5)]
        collect.accept(inside, own, made, received_at=app.clock.now())

    rows = shown(app)

    assert verdicts(rows) == [("accepted", "c"), ("accepted", "b")]
    assert [row.message_id for row in shown(app, source=own.name)] == ["own-4", "own-3"]

    monkeypatch.setattr(arrivals, "PASSED_OVER_ROWS", 5)
    assert shown(app) == []


def test_a_repeated_message_is_one_row_that_counts(app: App, clock: ManualClock, door: Door, write_key: str) -> None:
    for _ in range(4):
        send(door, write_key, track("a"), track("b"))
        clock.sleep(1)

    rows = shown(app, verdict="duplicate")

    assert [(row.message_id, row.times, row.seq) for row in rows] in (
        [("a", 3, 1), ("b", 3, 2)],
        [("b", 3, 2), ("a", 3, 1)],
    )


def test_pages_of_the_list_show_everything_once(
    app: App, clock: ManualClock, door: Door, write_key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("regulars.collect.live.arrivals.PAGE_ROWS", 6)
    for number in range(20):
        clock.sleep(1)
        odd: list[Any] = [{"type": "odd", "n": number}] if number % 3 == 0 else []
        send(door, write_key, track(str(number)), *odd)

    seen: list[Arrived] = []
    before = None
    while True:
        with app.transaction() as inside:
            page = collect.arrivals(inside, Search(), before)
        seen += page.arrivals
        if page.older is None:
            break
        before = collect.cursor_of(str(page.older))

    keys = [(row.seq, row.refusal) for row in seen]
    assert len(keys) == len(set(keys)) == 20 + 7
    times = [row.received_at for row in seen]
    assert times == sorted(times, reverse=True)


def test_what_came_since_is_counted_by_the_same_search(app: App, door: Door, write_key: str) -> None:
    send(door, write_key, track("a"))
    with app.transaction() as inside:
        before = collect.heads(inside).cursor
    send(door, write_key, track("a"), track("b"), track("c", "Other"), {"type": "odd"})

    with app.transaction() as inside:
        assert collect.count_new(inside, Search(), before) == 4
        assert collect.count_new(inside, Search(name="Other"), before) == 1
        assert collect.count_new(inside, Search(verdict="refused"), before) == 1


def test_one_event_says_what_came_under_its_id_and_how_it_differs(app: App, door: Door, write_key: str) -> None:
    first = track("a", properties={"revenue": 3, "products": [{"product_id": "x"}]})
    send(door, write_key, first)
    send(door, write_key, first)
    send(door, write_key, first | {"properties": {"revenue": 4, "products": []}})

    with app.transaction() as inside:
        event = collect.stored_event(inside, 1)

    assert event.again is not None
    assert event.again.times == 1
    assert [(c.path, c.before, c.after) for c in event.contradictions[0].changes] == [
        ("properties.revenue", "3", "4"),
        ("properties.products.0", '{"product_id":"x"}', None),
    ]
    assert [fact["event"] for fact in event.facts] == ["Order Completed", "Order Line"]


def test_duplicates_beyond_those_that_are_kept_go_and_the_newest_stay(
    app: App, door: Door, write_key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("regulars.collect.plan.watch.DUPLICATES_KEPT", 2)
    for number in range(5):
        for _ in range(2):
            send(door, write_key, track(str(number)))

    collect.Watch(app).step()

    assert [row.message_id for row in shown(app, verdict="duplicate")] in (["4", "3", "2"], ["4", "3"])


@given(JSON, JSON)
def test_a_difference_is_told_exactly_where_two_messages_differ(one: Any, other: Any) -> None:
    changes = collect.differences(one, other)

    assert bool(changes) == (one != other)
    assert [(c.path, c.after, c.before) for c in collect.differences(other, one)] != [] or not changes
    assert {c.path for c in collect.differences(other, one)} == {c.path for c in changes}
