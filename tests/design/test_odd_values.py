"""Whatever an order says it was worth, the ledger goes on, and nobody gets rich by a typing error."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from regulars.app import App
from regulars.model import Body, Event
from tests.bodies import NAMES, NOISE, bodies
from tests.design.batches import event, react
from tests.design.books import check_books
from tests.design.test_points_of_people import bought, points, returned

READ = ("revenue", "order_id")
BEYOND = ["1e30", "999999999999999999", 10**17, "1e999997", "1e999999999", "-1e30", "NaN", "Infinity", [1], {"a": 1}]


def odd(app: App, seq: int, name: str, body: Body) -> Event:
    return event(seq, app.clock.now(), name, **body.properties)


@settings(max_examples=100, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(told=st.lists(st.tuples(st.sampled_from(NAMES[:3]), bodies(READ)), min_size=2, max_size=6))
def test_no_body_the_door_lets_in_stops_the_room(app: App, told: list[tuple[str, Body]]) -> None:
    with app.transaction() as inside:
        inside.db.execute("truncate wallet, ledger_entry, transfer, lot, allocation")

    react(app, [(odd(app, seq, name, body), 7) for seq, (name, body) in enumerate(told, 1)])

    check_books(app)


@pytest.mark.parametrize("revenue", BEYOND)
def test_an_amount_beyond_reason_earns_nothing_and_takes_nothing_back(app: App, revenue: object) -> None:
    paid = event(1, app.clock.now(), "Order Completed", order_id="a", revenue=revenue)
    given_back = event(3, app.clock.now(), "Order Refunded", order_id="b", revenue=revenue)

    react(app, [(paid, 7), (bought(app, 2, "20.00", "b"), 7), (given_back, 7)])

    assert points(app, 7) == 20
    check_books(app)


def test_a_return_finds_its_order_however_long_the_number_of_the_order_is(app: App) -> None:
    react(app, [(returned(app, 1, "5.00", NOISE), 7), (returned(app, 2, "5.00", NOISE[::-1]), 7)])
    react(app, [(bought(app, 3, "20.00", NOISE), 7)])

    assert points(app, 7) == 15
    check_books(app)
