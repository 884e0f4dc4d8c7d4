"""Survivorship is a maximum: no order, no grouping and no repetition of facts changes what is known. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from regulars.model import Body, Event
from regulars.profile.survivorship import Fact, facts_of, fields_of, fold, tokens_of

START = datetime(2026, 1, 1, tzinfo=UTC)
CUSTOMERS = (1, 2)
FIELDS = ("email", "first_name", "address")


@st.composite
def facts(draw: st.DrawFn) -> list[Fact]:
    """Facts of a few customers, many at the same instant; of one field each event states one value."""
    size = draw(st.integers(0, 12))
    return [
        Fact(
            customer=draw(st.sampled_from(CUSTOMERS)),
            field=draw(st.sampled_from(FIELDS)),
            value=draw(st.sampled_from("abc")),
            verified=draw(st.booleans()),
            occurred_at=START + timedelta(days=draw(st.integers(0, 2))),
            seq=seq,
        )
        for seq in range(size)
    ]


def owned_by(customer: int, stated: list[Fact]) -> list[Fact]:
    return [fact._replace(customer=customer) for fact in stated]


@given(facts(), st.randoms(use_true_random=False))
def test_any_order_and_any_repetition_gives_the_same_values(stated: list[Fact], random) -> None:
    shuffled = [*stated, *stated[:3]]
    random.shuffle(shuffled)

    assert fold(shuffled) == fold(stated)


@given(facts(), facts())
def test_folding_in_two_batches_equals_folding_at_once(first: list[Fact], second: list[Fact]) -> None:
    later = [fact._replace(seq=fact.seq + 100) for fact in second]

    assert fold([*fold(first), *later]) == fold([*first, *later])


@given(facts())
def test_merging_two_customers_equals_rebuilding_them_as_one(stated: list[Fact]) -> None:
    merged = fold(owned_by(1, fold(stated)))

    assert merged == fold(owned_by(1, stated))


@given(facts())
def test_a_rule_that_took_the_last_arrival_would_be_caught(stated: list[Fact]) -> None:
    """The negative control: arrival is no argument, so reversing must not matter for us, and does for that rule."""

    def last_arrival(given_facts: list[Fact]) -> dict[tuple[int, str], str]:
        return {(fact.customer, fact.field): fact.value for fact in given_facts}

    values = {(fact.customer, fact.field): fact.value for fact in fold(stated)}

    assert values == {(f.customer, f.field): f.value for f in fold(stated[::-1])}
    control = [stated_fact(0, "a"), stated_fact(1, "b")]
    assert last_arrival(control) != last_arrival(control[::-1])


def stated_fact(seq: int, value: str) -> Fact:
    return Fact(1, "email", value, False, START, seq)


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


def test_the_words_of_a_customer_are_folded() -> None:
    words = tokens_of({"first_name": "José-María", "phone": "+12125550142", "email": "j.m@example.com"})

    assert {"jose", "maria", "12125550142", "2125550142", "=j.m@example.com", "@example.com"} <= words
