"""Survivorship: no order, no grouping and no repetition of facts changes what is kept and which of it holds. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from regulars.model import Body, Event
from regulars.profile.choice import VALUES_KEPT, Values, add, move, settle, value_of
from regulars.profile.declared import ORDER, STEWARD, USUAL, Declared, FieldRule
from regulars.profile.survivorship import Fact, facts_of, fields_of, tokens_of

START = datetime(2026, 1, 1, tzinfo=UTC)
FIELDS = ("email", "first_name", "address")
SOURCES = ("crm", "web", "tills", STEWARD)
ORDERS = st.permutations(ORDER).map(lambda order: Declared(survivorship=tuple(order), trust={"crm": 90, "web": 10}))


@st.composite
def facts(draw: st.DrawFn) -> list[Fact]:
    """Facts of a few customers, many at the same instant, more than are kept; each event states one value."""
    size = draw(st.integers(0, 25))
    return [
        Fact(
            customer=draw(st.sampled_from((1, 2))),
            field=draw(st.sampled_from(FIELDS)),
            value=draw(st.sampled_from(("a", "b", "ccc", "dd", "e", "f", "gg", ""))),
            verified=draw(st.booleans()),
            occurred_at=START + timedelta(days=draw(st.integers(0, 2))),
            seq=seq,
            source=draw(st.sampled_from(SOURCES)),
        )
        for seq in range(size)
    ]


def kept(*batches: list[Fact], declared: Declared = USUAL, moves: tuple[tuple[int, int], ...] = ()) -> Values:
    """What stands after these batches, each settled as the room does, and after the merges."""
    values: Values = {}
    for batch in batches:
        settle(values, add(values, batch), declared)
    for loser, survivor in moves:
        settle(values, move(values, loser, survivor), declared)
    return values


def owned_by(customer: int, stated: list[Fact]) -> list[Fact]:
    return [fact._replace(customer=customer) for fact in stated]


def winner(*stated: Fact, declared: Declared = USUAL) -> tuple[str, str | None]:
    (place,) = kept(list(stated), declared=declared).values()
    return next((one.value, one.rule) for one in place.values() if one.rule is not None)


def said(value: str, source: str = "crm", *, verified: bool = False, day: int = 0, field: str = "first_name") -> Fact:
    return Fact(1, field, value, verified, START + timedelta(days=day), sum(map(ord, value)), source)


@given(facts(), ORDERS, st.randoms(use_true_random=False))
def test_any_order_and_any_repetition_keeps_the_same_and_chooses_the_same(
    stated: list[Fact], declared: Declared, random
) -> None:
    shuffled = [*stated, *stated[:3]]
    random.shuffle(shuffled)

    assert kept(shuffled, declared=declared) == kept(stated, declared=declared)


@given(facts(), facts(), ORDERS)
def test_two_batches_keep_what_one_would(first: list[Fact], second: list[Fact], declared: Declared) -> None:
    later = [fact._replace(seq=fact.seq + 100) for fact in second]

    assert kept(first, later, declared=declared) == kept([*first, *later], declared=declared)


@given(facts(), ORDERS)
def test_merging_two_customers_equals_rebuilding_them_as_one(stated: list[Fact], declared: Declared) -> None:
    merged = kept(stated, declared=declared, moves=((2, 1),))

    assert merged == kept(owned_by(1, stated), declared=declared)


@given(facts(), ORDERS)
def test_one_value_of_each_field_holds_and_says_why(stated: list[Fact], declared: Declared) -> None:
    values = kept(stated, declared=declared)

    assert all(sum(one.rule is not None for one in place.values()) == 1 for place in values.values())
    assert all(value_of(place) is not None or any(not one.value for one in place.values()) for place in values.values())


def test_a_rule_that_kept_the_last_arrivals_would_be_caught() -> None:
    """The negative control: with more values than are kept, arrival would decide which of them stay."""
    stated = [said(str(number), day=number) for number in range(VALUES_KEPT + 2)]

    assert kept(stated) == kept(stated[::-1])
    assert stated[-VALUES_KEPT:] != stated[::-1][-VALUES_KEPT:]


def test_each_criterion_decides_where_those_before_it_are_even() -> None:
    trusting = Declared(trust={"crm": 80, "web": 20})

    assert winner(said("Ann", verified=True), said("Anna", STEWARD, day=1)) == ("Ann", "verified")
    assert winner(said("Ann", STEWARD), said("Anna", day=9)) == ("Ann", "steward")
    assert winner(said("Ann", "crm"), said("Anna", "web", day=9), declared=trusting) == ("Ann", "trust")
    assert winner(said("Ann", "crm", day=9), said("Anna", "web")) == ("Ann", "newest")
    assert winner(said("Ann", "crm"), said("Annabel", "web")) == ("Annabel", "complete")
    assert winner(said("Ann", "crm"), said("Ann", "web", day=3)) == ("Ann", "only")


def test_one_field_may_be_chosen_by_another_order_than_the_rest() -> None:
    rule = FieldRule(survivorship=("complete", "newest"))
    declared = Declared(fields={"last_name": rule})
    stated = [said("Smith-Jones", field="last_name"), said("Smith", field="last_name", day=5)]

    assert winner(*stated, declared=declared) == ("Smith-Jones", "complete")
    assert winner(*stated) == ("Smith", "newest")


def event(kind: str = "track", source_kind: str = "tills", name: str = "x", **body: object) -> Event:
    return Event(
        seq=1, source="tills", source_kind=source_kind, login_space="tills", message_id="m", kind=kind, name=name,
        occurred_at=START, received_at=START, body=Body(**body),
    )  # fmt: skip


def test_the_e_mail_tool_only_repeats_addresses_and_states_nothing() -> None:
    told = event(source_kind="email", properties={"email": "a@example.com"})
    typed = event(source_kind="tills", properties={"email": "a@example.com"})

    assert facts_of([(told, 1)], "US") == []
    assert [fact.value for fact in facts_of([(typed, 1)], "US")] == ["a@example.com"]


def test_both_spellings_and_the_traits_of_the_context_are_read() -> None:
    snake = fields_of({"first_name": "Zoë", "birth_date": "1984-02-01", "timezone": "Europe/Berlin"}, "US")
    camel = fields_of({"firstName": "Zoë", "birthday": "1984-02-01T00:00:00Z", "timezone": "Mars/Base"}, "US")
    around = event(context={"traits": {"lastName": "Park"}})

    assert [value for _, value, _ in snake] == ["Zoë", "1984-02-01", "Europe/Berlin"]
    assert [value for _, value, _ in camel] == ["Zoë", "1984-02-01"]
    assert [fact.field for fact in facts_of([(around, 1)], "US")] == ["last_name"]


def test_what_cannot_be_read_is_left_out_and_nobodys_events_state_nothing() -> None:
    odd = {"email": ["a"], "phone": {"x": 1}, "birth_date": "yesterday", "address": "12 Elm St", "first_name": "  "}

    assert fields_of(odd, "US") == []
    assert facts_of([(event(kind="identify", traits={"first_name": "Al"}), None)], "US") == []


def test_a_field_stated_in_two_spellings_by_one_event_is_stated_once() -> None:
    assert fields_of({"firstName": "Al", "first_name": "Alan"}, "US") == [("first_name", "Alan", False)]


def test_declared_fields_are_read_by_their_types() -> None:
    declared = Declared(
        fields={
            "shoe_size": FieldRule(type="number"),
            "milk": FieldRule(type="choice", choices=("Whole", "Oat")),
            "member": FieldRule(type="yes_no", reads=("isMember",)),
            "since": FieldRule(type="date"),
            "motto": FieldRule(type="text"),
        }
    )
    told = {"shoeSize": "38.50", "milk": "oat", "isMember": True, "since": "2020-02-30", "motto": " be  brief "}

    assert fields_of(told, "US", declared) == [
        ("shoe_size", "38.5", False), ("milk", "Oat", False), ("member", "yes", False), ("motto", "be brief", False)
    ]  # fmt: skip
    assert fields_of({"shoe_size": "NaN", "milk": "goat", "isMember": "perhaps"}, "US", declared) == []


def test_the_words_of_a_customer_are_folded() -> None:
    words = tokens_of({"first_name": "José-María", "phone": "+12125550142", "email": "j.m@example.com"})

    assert {"jose", "maria", "12125550142", "2125550142", "=j.m@example.com", "@example.com"} <= words
