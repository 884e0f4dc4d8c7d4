"""Whatever a field holds, every event gets an answer: one odd event must never stop the journal."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from regulars import resolve
from regulars.app import App
from regulars.model import Body, Event, Moment
from tests.bodies import NAMES, NOISE, bodies
from tests.resolve.test_stream import carry, forget_all

READ = (
    "email",
    "phone",
    "email_verified",
    "loyalty_card",
    "loyalty_card_verified",
    "payment_token",
    "order_id",
    "first_name",
    "last_name",
    "birth_date",
    "address",
)
NOW = datetime(2024, 1, 2, tzinfo=UTC)


def stated(seq: int, source_kind: str = "web", name: str = "Order Completed", **body: Any) -> Event:
    return Event(
        seq=seq, source="any", source_kind=source_kind, login_space="any", message_id=f"m{seq}", kind="track",
        name=name, occurred_at=NOW, received_at=NOW, body=Body(**body),
    )  # fmt: skip


kinds = st.sampled_from(("tills", "web", "email", "own"))


@settings(max_examples=100, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(told=st.lists(st.tuples(kinds, st.sampled_from(NAMES), bodies(READ)), min_size=2, max_size=6))
def test_no_body_the_door_lets_in_stops_the_room(app: App, told: list[tuple[str, str, Body]]) -> None:
    forget_all(app)
    parts = [(kind, name, {field: getattr(body, field) for field in FIELDS}) for kind, name, body in told]

    people = carry(app, [stated(seq, kind, name, **given) for seq, (kind, name, given) in enumerate(parts, 1)])

    assert len(people.customers) == len(told)
    with app.transaction() as inside:
        assert resolve.rebuild(inside).recompute == []


FIELDS = ("user_id", "anonymous_id", "properties", "traits", "context")


@pytest.mark.parametrize("named", [True, 2**63, -(2**63), "1", [1], 1.5])
def test_an_event_of_our_own_that_names_no_customer_stops_nobody(app: App, named: object) -> None:
    carry(app, [stated(1, user_id="u1")])

    assert carry(app, [stated(2, "own", context={"customer": named})]).customers == [None]


@pytest.mark.parametrize("shown", ["²", "１", "-1", "1.0", "", " 1", str(2**63), "9" * 5_000, NOISE])
def test_what_can_be_no_customer_id_finds_nobody(app: App, shown: str) -> None:
    carry(app, [stated(1, user_id="u1")])

    with app.transaction() as inside:
        assert resolve.look_up(inside, Moment(kind="customer", value=shown)) is None
        assert resolve.look_up(inside, Moment(kind="customer", value="1")) == 1
