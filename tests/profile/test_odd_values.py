"""Whatever a field holds, the room goes on: one odd event must never stop the journal or a page."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from regulars import profile
from regulars.app import App
from regulars.model import Body
from regulars.profile.consent import CHANNELS, Decision, read_decisions, yes_or_no
from regulars.profile.survivorship import clean_text, facts_of
from regulars.profile.timeline import SUMMARY_MAX_CHARACTERS, summarize
from tests.bodies import NAMES, NOISE, bodies
from tests.profile.test_laws import event
from tests.profile.test_profile import World, consents

READ = (
    "email",
    "phone",
    "email_verified",
    "first_name",
    "lastName",
    "birthday",
    "address",
    "timezone",
    "consent",
    "channel",
    "purpose",
    "notice",
    "revenue",
    "products",
    "order_id",
    "currency",
    "store_id",
    "coupon_id",
    "segment",
)
PRODUCTS: list[Any] = [5, True, "two", {"a": 1}, None]


@settings(max_examples=100, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(stated=st.lists(st.tuples(st.sampled_from(("", *NAMES)), bodies(READ)), min_size=2, max_size=6))
def test_no_body_the_door_lets_in_stops_the_room_or_the_page(app: App, stated: list[tuple[str, Body]]) -> None:
    with app.transaction() as inside:
        inside.db.execute("truncate source, journal, record, signature, customer cascade")
    world = World(app)

    world.apply(*[(world.event(seq, 1, name=name, **parts_of(body)), 1) for seq, (name, body) in enumerate(stated, 1)])
    world.apply(recompute=[1])

    with app.transaction() as inside:
        items = profile.timeline(inside, 1)
        profile.read(inside, 1)
    assert len(items) == len(stated)
    assert all(len(item.summary) <= SUMMARY_MAX_CHARACTERS for item in items)


def parts_of(body: Body) -> dict[str, Any]:
    return {"traits": body.traits, "properties": body.properties, "context": body.context}


@pytest.mark.parametrize("traits", [[1], "abc", 5, True])
def test_traits_of_the_context_that_are_no_object_state_nothing(traits: object) -> None:
    odd = event(context={"traits": traits}, properties={"email": "a@example.com"})

    assert [fact.field for fact in facts_of([(odd, 1)], "US")] == ["email"]


@pytest.mark.parametrize("birth", ["2999-01-01", "0001-01-01", "1899-12-31"])
def test_a_birth_that_nobody_living_had_before_she_told_us_states_nothing(birth: str) -> None:
    odd = event(context={"traits": {"birth_date": birth, "first_name": "Ada"}})

    assert [fact.field for fact in facts_of([(odd, 1)], "US")] == ["first_name"]


@pytest.mark.parametrize("products", PRODUCTS)
def test_an_order_whose_products_are_no_list_is_a_sentence(products: object) -> None:
    said = summarize("track", "Order Completed", {"products": products, "revenue": "9.5", "store_id": "7"}, "USD")

    assert said == "Bought 0 products for $9.50 in store 7"


@pytest.mark.parametrize("revenue", ["1e999999", "1e99999", "NaN", [1]])
def test_an_amount_beyond_reason_is_said_as_it_came(revenue: object) -> None:
    given_back = {"revenue": revenue, "order_id": "o1"}

    assert summarize("track", "Order Refunded", given_back, "USD") == f"Got {revenue} back for order o1"


def decided(name: str = "", **body: Any) -> list[Decision]:
    return read_decisions([event(kind="track" if name else "identify", name=name, **body)], "US")[0]


def yes_and_no(decisions: list[Decision]) -> dict[str, bool]:
    return {decision.channel: decision.allowed for decision in decisions}


@pytest.mark.parametrize("channel", ["Email", " EMAIL ", "e-mail", "email"])
def test_a_withdrawal_counts_however_its_channel_is_written(channel: str) -> None:
    assert yes_and_no(decided("Consent Withdrawn", properties={"channel": channel})) == {"email": False}


@pytest.mark.parametrize("channel", [None, "everything", ["email"], 7, True])
def test_a_withdrawal_from_no_channel_we_know_stops_them_all(channel: object) -> None:
    stopped = dict.fromkeys(CHANNELS, False)

    assert yes_and_no(decided("Consent Withdrawn", properties={"channel": channel})) == stopped
    assert decided("Consent Given", properties={"channel": channel}) == []


def test_a_no_in_words_is_a_no_and_what_is_no_yes_is_none() -> None:
    told = {"email": "false", "SMS": "No", "phone": "granted", "post": "perhaps"}

    assert yes_and_no(decided(traits={"consent": told})) == {"email": False, "sms": False, "phone": True}
    assert yes_and_no(decided(traits={"consent": {"Email": True, "email": "no"}})) == {"email": False}
    assert yes_and_no(decided(traits={"consent": "no"})) == dict.fromkeys(CHANNELS, False)
    assert decided(traits={"consent": "yes"}) == []


@pytest.mark.parametrize("value", ["", "yes?", "maybe", "2", 2, 0.5, [True], {"yes": True}, None])
def test_only_a_yes_is_a_yes(value: object) -> None:
    assert yes_or_no(value) is None


def test_what_cannot_be_read_is_counted() -> None:
    odd = event(kind="identify", traits={"consent": {"email": "perhaps"}})
    given_to_nothing = event(name="Consent Given", properties={"channel": "pigeon"})
    silent = event(kind="identify", traits={"consent": {"email": None, "pigeon": "yes"}})

    assert [read_decisions([one], "US")[1] for one in (odd, given_to_nothing, silent)] == [[1], [1], []]


def test_a_purpose_too_long_for_a_key_permits_nothing_and_still_stops_marketing(world: World) -> None:
    told = {"channel": "email", "purpose": NOISE, "address": "a@example.com"}

    world.apply((world.event(1, 1, name="Consent Given", properties=told), 1))
    assert consents(world) == {}
    world.apply((world.event(2, 1, name="Consent Withdrawn", properties=told), 1))

    assert consents(world) == {(1, "email", "a@example.com"): False}


def test_a_purpose_is_the_same_in_any_case() -> None:
    (stop,) = decided("Consent Withdrawn", properties={"channel": "email", "purpose": " Marketing"})

    assert stop.purpose == "marketing"


@pytest.fixture
def world(app: App) -> World:
    return World(app)


def test_half_a_surrogate_and_control_characters_fall_out_of_a_text() -> None:
    assert clean_text("on\ud800ward\0 and\x07\tup") == "onward and up"
    assert clean_text("\0") is None
