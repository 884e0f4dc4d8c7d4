"""The journal keeps what happened once, in order."""

from datetime import timedelta
from typing import Any

import pytest

from regulars import collect
from regulars.app import App
from regulars.collect.errors import SourceRefused
from regulars.collect.journal import REFUSAL_SHOWN_CHARACTERS


def track(message_id: str, **fields: Any) -> dict[str, Any]:
    return {"type": "track", "event": "Order Completed", "userId": "ann", "messageId": message_id, **fields}


def test_what_was_accepted_is_claimed_in_order_and_once(app: App) -> None:
    with app.transaction() as inside:
        source, _ = collect.register(inside, "web-store", "web", "accounts")
        receipt = collect.accept(
            inside,
            source,
            [track("a", properties={"revenue": 12.5}), track("b", userId=17)],
            received_at=app.clock.now(),
        )
    assert (receipt.accepted, receipt.duplicates, receipt.conflicts, receipt.refusals) == (2, 0, 0, [])

    with app.transaction() as inside:
        batch = collect.claim(inside, 1000)
        assert batch is not None
        collect.advance(inside, batch)
    assert [event.message_id for event in batch.events] == ["a", "b"]
    assert (batch.events[0].source_kind, batch.events[0].login_space) == ("web", "accounts")
    assert batch.events[0].body.properties == {"revenue": 12.5}
    assert batch.events[1].body.user_id == "17"
    with app.transaction() as inside:
        assert collect.claim(inside, 1000) is None


def test_the_same_message_again_is_a_duplicate_and_with_another_body_a_kept_conflict(app: App) -> None:
    with app.transaction() as inside:
        source, _ = collect.register(inside, "till", "tills")
        collect.accept(inside, source, [track("a")], received_at=app.clock.now())

    with app.transaction() as inside:
        later = app.clock.now() + timedelta(minutes=5)
        again = [
            track("a", sentAt="2026-03-02T15:05:00Z"),
            track("a", userId="bob"),
            track("c"),
            track("c"),
            track("c", userId="x"),
        ]
        receipt = collect.accept(inside, source, again, received_at=later)

        assert (receipt.accepted, receipt.duplicates, receipt.conflicts) == (1, 2, 2)
        kept = collect.refusals(inside)
        assert [row.code for row in kept] == ["RG-1110", "RG-1110"]
        assert '"bob"' in kept[1].body
        assert inside.db.execute("select count(*) from journal").fetchone() == (2,)


def test_a_sender_that_repeats_a_refused_message_makes_one_row_of_it(app: App) -> None:
    nameless = {"type": "track", "event": "Seen", "properties": {"x": "y" * 5_000}}
    with app.transaction() as inside:
        source, _ = collect.register(inside, "till", "tills")
        for sent_at in ("2026-03-01", "2026-03-02"):
            repeated = [nameless | {"sentAt": sent_at}] * 3
            receipt = collect.accept(inside, source, repeated, received_at=app.clock.now())
            assert len(receipt.refusals) == 3

        kept = collect.refusals(inside)

    assert [(row.code, row.message_id) for row in kept] == [("RG-1103", None)]
    assert len(kept[0].body) == REFUSAL_SHOWN_CHARACTERS


def test_the_list_of_sources_says_what_each_one_sent_without_counting_the_journal(app: App) -> None:
    with app.transaction() as inside:
        till, _ = collect.register(inside, "till", "tills")
        web, _ = collect.register(inside, "web-store", "web")
        collect.accept(inside, till, [track("a"), track("b"), {"type": "nothing"}], received_at=app.clock.now())
    later = app.clock.now() + timedelta(minutes=5)
    with app.transaction() as inside:
        collect.accept_mixed(inside, [(till, track("b")), (till, track("c")), (web, track("a"))], received_at=later)
    announced = collect.Announcement(message_id="m", name="Points Earned", customer=1, occurred_at=later)
    with app.transaction() as inside:
        collect.announce(inside, [announced, announced])
        collect.publish(inside)

    with app.transaction() as inside:
        uses = {
            use.source.name: (use.events, use.refusals, use.last_received_at) for use in collect.list_sources(inside)
        }

    assert uses["till"] == (3, 1, later)
    assert uses["web-store"] == (1, 0, later)
    assert uses["regulars"][0] == 1


def test_an_announcement_reaches_the_journal_once_it_is_published(app: App) -> None:
    told = collect.Announcement(
        message_id="entered:lapsing:7:1",
        name="Segment Entered",
        customer=7,
        occurred_at=app.clock.now(),
        properties={"segment": "lapsing"},
    )
    with app.transaction() as inside:
        collect.announce(inside, [told])
        assert collect.claim(inside, 10) is None

    assert collect.publish(app) == 1
    assert collect.publish(app) == 0

    with app.transaction() as inside:
        batch = collect.claim(inside, 10)
    assert batch is not None
    event = batch.events[0]
    assert (event.source, event.source_kind, event.name) == ("regulars", "own", "Segment Entered")
    assert event.body.context == {"customer": 7}
    assert event.body.properties == {"segment": "lapsing"}


def test_nobody_outside_can_write_what_only_regulars_itself_may_say(app: App) -> None:
    told = collect.Announcement(message_id="m", name="Points Earned", customer=1, occurred_at=app.clock.now())
    with app.transaction() as inside:
        for name, kind in (("mine", "own"), ("regulars", "tills"), ("regulars", "own")):
            with pytest.raises(SourceRefused):
                collect.register(inside, name, kind)
        collect.announce(inside, [told])
        collect.publish(inside)

        assert collect.source_by_name(inside, "regulars") is None
        with pytest.raises(SourceRefused):
            collect.rotate(inside, "regulars")
        assert [use.source.kind for use in collect.list_sources(inside)] == ["own"]


def opened_by(app: App, key: str) -> collect.Source | None:
    holder = collect.holder_of(app, key)
    return holder.source if holder else None


def test_a_write_key_is_shown_once_and_stored_as_a_hash(app: App) -> None:
    with app.transaction() as inside:
        source, key = collect.register(inside, "till", "tills")
        again, none = collect.register(inside, "till", "tills")

        assert key is not None
        assert key.startswith("rk_live_write_")
        assert (again, none) == (source, None)
        assert opened_by(inside, key) == source
        assert opened_by(inside, key[:-1]) is None


def test_a_rotated_key_works_until_its_overlap_ends(app: App, clock: Any) -> None:
    with app.transaction() as inside:
        source, old = collect.register(inside, "till", "tills")
        new = collect.rotate(inside, "till", overlap_hours=1)
        assert old is not None
        assert opened_by(inside, old) == opened_by(inside, new) == source

        clock.move_to(app.clock.now() + timedelta(hours=2))

        assert opened_by(inside, old) is None
        assert opened_by(inside, new) == source
