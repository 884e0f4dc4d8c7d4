"""Points for what a batch brought: orders earn, returns take back, and points follow the people they belong to."""

from __future__ import annotations

from regulars import collect
from regulars.app import App
from regulars.design.ledger import SQL, Ordered, post_all
from regulars.design.loyalty import PROGRAM, Award, Earn, Return
from regulars.kit import dice
from regulars.kit.clock import day_number
from regulars.model import Changes, Event
from regulars.store.rows import quoted

EARNING = "Order Completed"
RETURNING = ("Order Refunded", "Item Returned")
# Part of a key, which has room for some 2,700 bytes.
ORDER_MAX_CHARACTERS = 200


def reward(app: App, changes: Changes) -> None:
    """Post the batch's orders and returns of identified customers, in journal order."""
    people = changes.people
    if people is None:
        return
    orders: list[Ordered] = []
    for event, customer in zip(people.batch.events, people.customers, strict=True):
        if customer is None or collect.erasure.is_nobodys(event):
            continue
        if event.name == EARNING:
            command = _earned(app, event)
        elif event.name in RETURNING:
            command = _returned(app, event)
        else:
            continue
        if command is not None:
            orders.append(Ordered(customer, command))
    post_all(app, orders + _found(app, orders))


def _earned(app: App, event: Event) -> Earn | None:
    cents = _cents(event)
    points = cents * PROGRAM.points_per_unit // 100
    if points <= 0:
        return None
    return Earn(
        key=f"order:{event.seq}",
        day=day_number(event.occurred_at, app.settings.zone),
        source=_order(event),
        awards=[Award(points=points, basis_cents=cents)],
        pending_days=PROGRAM.pending_days,
        ttl_days=PROGRAM.ttl_days,
        seq=event.seq,
    )


def _returned(app: App, event: Event) -> Return | None:
    cents = _cents(event)
    if cents <= 0:
        return None
    day = day_number(event.occurred_at, app.settings.zone)
    return Return(
        key=f"return:{event.seq}",
        day=day,
        source=_order(event),
        cents=cents,
        policy=PROGRAM.returns,
        seq=event.seq,
    )


def _found(app: App, orders: list[Ordered]) -> list[Ordered]:
    """Returns that came before one of these purchases, to carry out after it: the order of arrival does not matter."""
    earned = {o.command.source: o for o in orders if isinstance(o.command, Earn)}
    if not earned:
        return []
    found: list[Ordered] = []
    for key, customer, source, cents, seq in app.db.execute(SQL.parked_returns, {"sources": quoted(earned)}):
        order = earned[source]
        if order.customer == customer:
            again = Return(
                key=f"{key}:found", day=order.command.day, source=source, cents=cents, policy=PROGRAM.returns, seq=seq
            )
            found.append(Ordered(customer, again))
    return found


def _order(event: Event) -> str:
    """What the order is called; an id too long for a key is known by its hash, so that its return still finds it."""
    order = event.body.properties.get("order_id")
    if order is None:
        return f"{event.seq}"
    name = str(order)
    return name if len(name) <= ORDER_MAX_CHARACTERS else f"hash:{dice.hash64('order', name)}"


def _cents(event: Event) -> int:
    """Minor units of what was paid or given back; what is no amount, or above AMOUNT_LIMIT_CENTS, moves no points."""
    return collect.cents(event.body.properties.get("revenue")) or 0
