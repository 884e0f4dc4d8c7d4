"""Refused messages are mended as one group, sent through the same door once, and remember what became of them."""

import json
from typing import Any

import pytest

from regulars import collect
from regulars.app import App
from regulars.collect import Mend, RefusalSearch, Source
from regulars.collect.errors import MendRefused
from regulars.kit.clock import ManualClock
from regulars.kit.errors import NotFound


def refused(app: App, *messages: object, name: str = "till") -> Source:
    """These messages among the refusals of a source."""
    with app.transaction() as inside:
        source, _ = collect.register(inside, name, "web")
        receipt = collect.accept(inside, source, messages, received_at=app.clock.now())
    assert receipt.accepted == 0
    return source


def odd(number: int, **fields: Any) -> dict[str, Any]:
    return {"type": "tracked", "event": "Order Completed", "userId": f"u{number}", "messageId": f"m{number}", **fields}


def groups(app: App, **asked: str) -> list[collect.RefusalGroup]:
    with app.transaction() as inside:
        return collect.refusal_groups(inside, RefusalSearch(**asked))


def ordered(app: App, like: int, *mends: Mend) -> int:
    with app.transaction() as inside:
        return collect.order_replay(inside, like, mends, "a test")


def done(app: App, ident: int) -> collect.Replay:
    """The order, carried out."""
    while collect.carry_replay(app, ident):
        pass
    with app.transaction() as inside:
        return collect.refusal_replays(inside, ident)[0]


def journal(app: App) -> list[tuple[Any, ...]]:
    with app.transaction() as inside:
        return inside.db.execute("select message_id, kind, received_at, body from journal order by seq").fetchall()


AS_TRACK = Mend(do="set", field="type", value="track")


def test_refusals_of_one_reason_are_one_group_whatever_the_value(app: App) -> None:
    refused(app, odd(1), odd(2), odd(3) | {"type": "page view"}, {"type": "track", "event": "X", "messageId": "n"})
    refused(app, odd(4), name="shop")

    assert [(group.source, group.code, group.count) for group in groups(app)] == [
        ("till", "RG-1102", 3),
        ("till", "RG-1103", 1),
        ("shop", "RG-1102", 1),
    ]
    assert [group.count for group in groups(app, source="shop")] == [1]
    assert [group.code for group in groups(app, text="page view")] == ["RG-1102"]


def test_a_group_is_mended_and_taken_as_of_the_time_it_first_came(app: App, clock: ManualClock) -> None:
    first = app.clock.now()
    refused(app, *(odd(number) for number in range(5)))
    clock.sleep(3600)
    like = groups(app)[0].like

    with app.transaction() as inside:
        before = collect.try_replay(inside, like, [])
        after = collect.try_replay(inside, like, [AS_TRACK])
    result = done(app, ordered(app, like, AS_TRACK))

    assert (before.would_pass, after.would_pass, after.samples[0].passes) == (0, 5, True)
    assert (result.total, result.accepted, result.refused) == (5, 5, 0)
    assert [(row[0], row[2]) for row in journal(app)] == [(f"m{number}", first) for number in range(5)]
    assert groups(app) == []
    with app.transaction() as inside:
        found = collect.one_refusal(inside, like)
    assert (found.refusal.state, found.refusal.became, found.became_seq) == ("replayed", "accepted", 1)


def test_what_is_refused_again_waits_on_and_says_why_without_a_second_row(app: App) -> None:
    refused(app, odd(1), odd(2, userId=None))
    result = done(app, ordered(app, groups(app)[0].like, AS_TRACK))

    assert (result.accepted, result.refused) == (1, 1)
    with app.transaction() as inside:
        waiting = collect.search_refusals(inside, RefusalSearch())
    assert [(each.message_id, "RG-1103" in (each.became or "")) for each in waiting] == [("m2", True)]


def test_sending_a_group_twice_makes_one_event_of_each_message(app: App) -> None:
    refused(app, {"type": "odd", "event": "X", "userId": "a"}, odd(1))
    like = groups(app)[0].like
    one, other = ordered(app, like, AS_TRACK), ordered(app, like, AS_TRACK)

    results = done(app, other), done(app, one)

    assert [(each.total, each.accepted) for each in results] == [(2, 2), (2, 0)]
    assert sorted(row[0] for row in journal(app)) == ["m1", f"refusal:{like}"]


def test_a_chunk_that_breaks_leaves_nothing_and_the_next_try_does_it_whole(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("regulars.collect.refused.replay.CHUNK_REFUSALS", 2)
    refused(app, *(odd(number) for number in range(5)))
    ident = ordered(app, groups(app)[0].like, AS_TRACK)
    assert collect.carry_replay(app, ident) == 2

    def broken(*_: object) -> None:
        raise KeyboardInterrupt("killed before the commit")

    with monkeypatch.context() as patch:
        patch.setattr("regulars.collect.refused.replay._note", broken)
        with pytest.raises(KeyboardInterrupt):
            collect.carry_replay(app, ident)
    with app.transaction() as inside:
        half = collect.refusal_replays(inside, ident)[0]
    assert (half.accepted, half.done, half.ended_at, len(journal(app))) == (2, 2, None, 2)

    result = done(app, ident)

    assert (result.accepted, len(journal(app))) == (5, 5)
    assert result.ended_at is not None


def test_every_mend_does_what_it_says(app: App) -> None:
    body = {"type": "track", "event": "X", "userId": "a", "timestamp": "24.12.2025 18:30", "properties": {"sum": "3.5"}}
    mends = [
        Mend(do="cast", field="timestamp", value="time"),
        Mend(do="rename", field="properties.sum", value="properties.revenue"),
        Mend(do="cast", field="properties.revenue", value="number"),
        Mend(do="set", field="context.device.id", value="till-3"),
        Mend(do="set", field="properties.points", value="12"),
        Mend(do="remove", field="event"),
        Mend(do="set", field="event", value="Order Completed"),
        Mend(do="remove", field="nothing.there"),
    ]
    refused(app, body)
    assert done(app, ordered(app, groups(app)[0].like, *mends)).accepted == 1

    stored = journal(app)[0][3]
    assert stored["timestamp"] == "2025-12-24T18:30:00+00:00"
    assert stored["properties"] == {"revenue": 3.5, "points": 12}
    assert (stored["event"], stored["context"]) == ("Order Completed", {"device": {"id": "till-3"}})


def test_what_is_no_json_passes_once_the_text_that_breaks_it_is_replaced(app: App) -> None:
    refused(app, {"type": "track", "event": "X", "userId": "a", "properties": {"revenue": float("nan")}})
    like = groups(app)[0].like

    with app.transaction() as inside:
        assert "no JSON" in collect.try_replay(inside, like, []).samples[0].why
    result = done(app, ordered(app, like, Mend(do="replace", field="NaN", value="null")))

    assert result.accepted == 1


def test_a_refusal_that_is_kept_in_part_is_left_out_and_says_so(app: App) -> None:
    refused(app, odd(1, properties={"note": "x" * 40_000}))

    result = done(app, ordered(app, groups(app)[0].like, AS_TRACK))

    assert (result.accepted, result.left_out) == (0, 1)
    with app.transaction() as inside:
        assert "16 KB" in (collect.search_refusals(inside, RefusalSearch())[0].became or "")


def test_one_can_be_rewritten_by_hand_or_dismissed_once(app: App) -> None:
    refused(app, odd(1), odd(2))
    one, other = (each.id for each in reversed(searched(app)))
    with app.transaction() as inside:
        assert "RG-1102" in collect.send_by_hand(inside, one, json.dumps(odd(1)))
        assert collect.send_by_hand(inside, one, json.dumps(odd(1) | {"type": "track"})) == "accepted"
        collect.dismiss_refusal(inside, other)

    with app.transaction() as inside:
        for ident in (one, other):
            with pytest.raises(NotFound):
                collect.send_by_hand(inside, ident, "{}")
        assert collect.refusal_states(inside) == {"open": 0, "replayed": 1, "dismissed": 1}


def searched(app: App) -> list[collect.KeptRefusal]:
    with app.transaction() as inside:
        return collect.search_refusals(inside, RefusalSearch())


def test_mends_that_cannot_be_used_name_every_fault_and_send_nothing(app: App) -> None:
    refused(app, odd(1))
    wrong = [Mend(do="guess", field="a"), Mend(do="rename", field="b"), Mend(do="cast", field="c", value="money")]

    with pytest.raises(MendRefused) as fault:
        ordered(app, groups(app)[0].like, *wrong)

    assert all(word in str(fault.value) for word in ("'guess'", "rename of b", "'money'"))
    assert groups(app)[0].count == 1


def test_an_order_that_breaks_ends_with_a_note_and_the_next_one_is_carried_out(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused(app, odd(1))
    refused(app, odd(2), name="shop")
    breaking, good = (ordered(app, group.like, AS_TRACK) for group in groups(app))

    def broken(*_: object) -> None:
        raise ValueError("a customer's words")

    with monkeypatch.context() as patch:
        patch.setattr("regulars.collect.refused.replay._note", broken)
        assert collect.carry_replay(app) == 1
    results = done(app, breaking), done(app, good)

    assert [(each.accepted, each.ended_at is not None) for each in results] == [(0, True), (1, True)]
    assert "ValueError" in (results[0].fault or "")
    assert "customer" not in (results[0].fault or "")
    assert results[1].fault is None


def test_replacements_that_would_make_a_text_without_end_are_not_even_begun(app: App) -> None:
    refused(app, odd(1))
    like = groups(app)[0].like
    growing = [Mend(do="replace", field="a", value="a" * 60)] * 5

    with app.transaction() as inside:
        trial = collect.try_replay(inside, like, growing)
    result = done(app, ordered(app, like, *growing))

    assert "32 KB" in trial.samples[0].why
    assert (result.left_out, result.fault) == (1, None)
