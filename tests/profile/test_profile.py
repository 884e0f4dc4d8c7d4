"""Golden fields, consents, search and time lines on a real PostgreSQL."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg.types.json as pj
import pytest

from regulars import profile
from regulars.app import App
from regulars.model import Batch, Body, Event, Merge, People
from regulars.profile.timeline import summarize

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
SIGNATURE = """
insert into signature (id, customer, reach, first_seq, first_day, last_day)
values (%(customer)s, %(customer)s, %(customer)s, %(customer)s, 0, 0) on conflict do nothing
"""


class World:
    """A journal, customers by decree, and profile.apply on top: who is who is not this room's matter."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.events: dict[int, Event] = {}
        with app.transaction() as inside:
            inside.db.execute(
                "insert into source (id, name, kind, login_space, created_at) overriding system value"
                " values (1, 'web', 'web', 'web', now())"
            )

    def event(self, seq: int, customer: int, *, hours: int = 0, name: str = "", **body: Any) -> Event:
        kind = "track" if name else "identify"
        at = START + timedelta(hours=hours)
        event = Event(
            seq=seq, source="web", source_kind="web", login_space="web", message_id=f"m{seq}", kind=kind, name=name,
            occurred_at=at, received_at=at, body=Body(**body),
        )  # fmt: skip
        self.events[seq] = event
        with self.app.transaction() as inside:
            inside.db.execute(
                "insert into journal (seq, source_id, message_id, kind, name, occurred_at, received_at, body, "
                "body_hash) overriding system value values (%s, 1, %s, %s, %s, %s, %s, %s, '')",
                [seq, event.message_id, kind, name, at, at, pj.Jsonb(body)],
            )
            self.own(inside, seq, customer)
        return event

    def own(self, inside: App, seq: int, customer: int) -> None:
        inside.db.execute(
            "insert into customer (id, known, founder_signature) values (%s, true, %s) on conflict do nothing",
            [customer, customer],
        )
        inside.db.execute(SIGNATURE, {"customer": customer})
        inside.db.execute("insert into record (seq, signature) values (%s, %s)", [seq, customer])

    def apply(
        self, *given: tuple[Event, int | None], merged: list[Merge] | None = None, recompute: list[int] | None = None
    ) -> Any:
        events = [event for event, _ in given]
        batch = Batch(events=events, last_seq=max((e.seq for e in events), default=0))
        people = People(
            batch=batch, customers=[c for _, c in given], created=[], merged=merged or [], recompute=recompute or []
        )
        with self.app.transaction() as inside:
            return profile.apply(inside, people)

    def values(self, customer: int) -> dict[str, str]:
        with self.app.transaction() as inside:
            return {field.name: field.value for field in profile.read(inside, customer).fields}


@pytest.fixture
def world(app: App) -> World:
    return World(app)


def test_a_verified_value_survives_a_later_unverified_one(world: World) -> None:
    first = world.event(1, 1, traits={"email": "Anna@Example.com", "email_verified": True})
    later = world.event(2, 1, hours=5, traits={"email": "other@example.com", "first_name": "Anna"})

    changes = world.apply((first, 1), (later, 1))

    assert world.values(1) == {"email": "anna@example.com", "first_name": "Anna"}
    assert next((c.field, c.before, c.after) for c in changes.fields) == ("email", None, "anna@example.com")


def test_the_order_of_arrival_changes_nothing(world: World) -> None:
    stated = [
        world.event(1, 1, hours=3, traits={"last_name": "Smith", "phone": "(212) 555-0142"}),
        world.event(2, 1, hours=1, traits={"last_name": "Smyth", "phone": "212 555 0199", "phone_verified": True}),
        world.event(3, 1, hours=3, traits={"last_name": "Smithe"}),
    ]
    results = []

    for order in itertools.permutations(stated):
        with world.app.transaction() as inside:
            inside.db.execute("delete from profile_field")
        for event in order:
            world.apply((event, 1))
        results.append(world.values(1))

    assert results == [{"last_name": "Smithe", "phone": "+12125550199"}] * 6


def test_a_house_move_replaces_the_whole_address(world: World) -> None:
    old = world.event(
        1, 1, traits={"address": {"street": "1 Elm St", "city": "Troy", "state": "NY", "postcode": "12180"}}
    )
    new = world.event(
        2, 1, hours=1, traits={"address": {"street": "5 Oak Ave", "city": "Utica", "postalCode": "13501"}}
    )

    world.apply((new, 1), (old, 1))

    with world.app.transaction() as inside:
        row = inside.db.execute("select street, city, postcode, state from profile").fetchone()
    assert row == ("5 Oak Ave", "Utica", "13501", None)


def test_merging_two_customers_equals_rebuilding_the_survivor(world: World) -> None:
    a = world.event(1, 1, hours=2, traits={"first_name": "Jon", "email": "jon@example.com"})
    b = world.event(2, 2, hours=1, traits={"first_name": "John", "birth_date": "1984-02-01"})
    world.apply((a, 1), (b, 2))
    with world.app.transaction() as inside:
        inside.db.execute("update signature set customer = 1 where id = 2")

    world.apply(merged=[Merge(2, 1)])
    merged = world.values(1)
    world.apply(recompute=[1, 2])

    assert merged == world.values(1) == {"birth_date": "1984-02-01", "email": "jon@example.com", "first_name": "Jon"}


def test_a_split_gives_each_side_back_what_its_own_events_said(world: World) -> None:
    a = world.event(1, 1, traits={"first_name": "Jon"})
    b = world.event(2, 1, hours=1, traits={"first_name": "Mary"})
    world.apply((a, 1), (b, 1))
    with world.app.transaction() as inside:
        inside.db.execute("insert into customer (id, known, founder_signature) values (2, true, 2)")
        inside.db.execute(SIGNATURE, {"customer": 2})
        inside.db.execute("update record set signature = 2 where seq = 2")

    changes = world.apply(recompute=[1, 2])

    assert (world.values(1), world.values(2)) == ({"first_name": "Jon"}, {"first_name": "Mary"})
    assert changes.touched == [1, 2]


def test_fillers_never_become_a_contact_point(world: World) -> None:
    event = world.event(1, 1, traits={"email": "noemail@store.com", "phone": "0000000000", "first_name": "Al"})

    world.apply((event, 1))

    assert world.values(1) == {"first_name": "Al"}


def consents(world: World) -> dict[tuple[int, str, str], bool]:
    with world.app.transaction() as inside:
        rows = inside.db.execute("select customer, channel, address, allowed from consent_state").fetchall()
    return {(customer, channel, address): allowed for customer, channel, address, allowed in rows}


def test_unsubscribing_an_address_stops_it_for_all_its_holders(world: World) -> None:
    anna = world.event(1, 1, traits={"email": "fam@example.com", "consent": {"email": True}})
    ben = world.event(2, 2, traits={"email": "fam@example.com", "consent": {"email": True}})
    stop = world.event(3, 1, hours=2, name="Unsubscribed", properties={"email": "FAM@example.com"})
    again = world.event(
        4, 2, hours=3, name="Consent Given", properties={"channel": "email", "address": "fam@example.com"}
    )

    world.apply((anna, 1), (ben, 2))
    world.apply((stop, 1))
    stopped = consents(world)
    world.apply((again, 2))

    assert stopped == {(1, "email", "fam@example.com"): False, (2, "email", "fam@example.com"): False}
    assert consents(world) == {(1, "email", "fam@example.com"): False, (2, "email", "fam@example.com"): True}


def test_a_late_arriving_older_decision_does_not_overrule_a_newer_one(world: World) -> None:
    no = world.event(1, 1, hours=5, name="Consent Withdrawn", properties={"channel": "sms", "address": "212-555-0142"})
    yes = world.event(2, 1, hours=1, name="Consent Given", properties={"channel": "sms", "address": "212-555-0142"})

    world.apply((no, 1))
    world.apply((yes, 1))

    assert consents(world) == {(1, "sms", "+12125550142"): False}


def test_merging_two_customers_merges_their_consents(world: World) -> None:
    a = world.event(1, 1, traits={"email": "a@example.com", "consent": {"email": True, "post": False}})
    b = world.event(2, 2, hours=1, traits={"email": "b@example.com", "consent": {"email": True, "post": True}})
    world.apply((a, 1), (b, 2))
    with world.app.transaction() as inside:
        inside.db.execute("update signature set customer = 1 where id = 2")

    world.apply(merged=[Merge(2, 1)])

    expected = {(1, "email", "a@example.com"): True, (1, "email", "b@example.com"): True, (1, "post", ""): True}
    assert consents(world) == expected


def test_search_finds_as_you_type_by_name_email_and_phone(world: World) -> None:
    traits = {"first_name": "Zoë", "last_name": "O'Neil", "email": "zoe.o@example.com", "phone": "(212) 555-0142"}
    one = world.event(1, 1, traits=traits)
    two = world.event(2, 2, traits={"first_name": "Zora", "last_name": "Park"})
    world.apply((one, 1), (two, 2))

    with world.app.transaction() as inside:
        found = {
            text: [hit.customer for hit in profile.search(inside, text)]
            for text in ("zo", "zoe", "nei zo", "zoe.o@ex", "212 555-01", "+1 212", "park zora", "zo quill", "  ")
        }

    assert found == {
        "zo": [1, 2], "zoe": [1], "nei zo": [1], "zoe.o@ex": [1], "212 555-01": [1], "+1 212": [1],
        "park zora": [2], "zo quill": [], "  ": [],
    }  # fmt: skip


def test_the_time_line_pages_backwards_in_event_time(world: World) -> None:
    world.event(1, 1, hours=5, name="Order Completed", properties={"revenue": 3.5, "products": [{}], "store_id": "7"})
    world.event(2, 1, hours=9, name="Call Received", properties={"reason": "complaint"})
    world.event(3, 1, hours=1, traits={"first_name": "Al"})

    with world.app.transaction() as inside:
        first = profile.timeline(inside, 1, limit=2)
        rest = profile.timeline(inside, 1, before=(first[-1].at, first[-1].seq))

    assert [item.summary for item in first] == ["Called: complaint", "Bought 1 product for $3.50 in store 7"]
    assert [item.seq for item in rest] == [3]


@pytest.mark.parametrize(
    ("kind", "name", "given", "said"),
    [
        ("identify", "", {"firstName": "Al", "birth_date": "1990-01-02"}, "Gave details: birth date, first name"),
        ("track", "Order Refunded", {"revenue": "42.1", "order_id": "o1"}, "Got $42.10 back for order o1"),
        (
            "track",
            "Order Refunded",
            {"revenue": "5", "order_id": "o1", "currency": "EUR"},
            "Got €5.00 back for order o1",
        ),
        ("track", "Order Refunded", {"revenue": "lots", "order_id": "o1"}, "Got lots back for order o1"),
        ("track", "Segment Entered", {"segment": "at_risk", "title": "At risk now"}, "Entered At risk now"),
        ("track", "Segment Left", {"segment": "lapsing_regulars"}, "Left Lapsing regulars"),
    ],
)
def test_an_event_is_a_sentence_without_our_names(kind: str, name: str, given: dict[str, Any], said: str) -> None:
    assert summarize(kind, name, given, "USD") == said


def test_asking_for_a_customer_that_never_was_says_so(world: World) -> None:
    with world.app.transaction() as inside, pytest.raises(profile.NoSuchCustomer, match="RG-1301"):
        profile.read(inside, 99)
