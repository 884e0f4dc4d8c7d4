"""A small brand with a season behind it, made through the same door as any other: accept, flow, tick, deliver."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from regulars import collect, flow, privacy
from regulars.app import App
from regulars.kit.clock import ManualClock
from regulars.kit.dice import share

FIRST = datetime(2025, 9, 1, 15, 0, tzinfo=UTC)
WEEKS = 26
PEOPLE = 48
HANDED_IN = "0b5ee7b4-0f0c-4b6e-9d2f-3a1c9d4e5f60"
RETENTION = """
classes:
  browsing: {events: [page], keep: 4 months, purposes: [analytics]}
  orders: {events: [Order Completed], keep: 5 months, law: "tax law"}
purposes: {analytics: 120 days}
holds: [{customer: 3, reason: court case 12}]
"""
LAPSING = 16
"""The first so many stop buying after half of the time."""
NAMES = ("Clementine", "Barnaby", "Wilhelmina", "Percival", "Odette", "Hazel", "Basil", "Marigold", "Otis", "Juniper")
SURNAMES = ("Sorrel", "Thistle", "Leek", "Quince", "Marrow", "Damson", "Wren", "Ashby", "Fennel")
CATEGORIES = ("BEEF", "SOFT DRINKS", "CAT FOOD", "BREAD", "CHEESE")
Say = dict[str, Any]


def person(number: int) -> Say:
    """What the CRM knows about somebody."""
    first, last = NAMES[number % len(NAMES)], SURNAMES[number % len(SURNAMES)]
    return {
        "first_name": first,
        "last_name": last,
        "email": f"{first}.{last}{number}@example.com".lower(),
        "email_verified": True,
        "phone": f"+1212555{number:04d}",
        "loyalty_card": f"44710{number:05d}",
        "timezone": "America/New_York",
        "consent": {"email": number % 7 != 3},
        "address": {"street": f"{number} Mill Street", "city": "Albany", "postcode": "12207", "country": "US"},
    }


def identify(number: int) -> Say:
    """The CRM record."""
    return message("identify", f"crm-{number}", FIRST, userId=f"u{number}", traits=person(number))


def order(number: int, week: int) -> Say:
    """A basket at the till, found by the card."""
    at = FIRST + timedelta(weeks=week, days=number % 6, hours=number % 5)
    lines = [
        {
            "product_id": f"p{line}",
            "category": CATEGORIES[(number + line) % len(CATEGORIES)],
            "department": "GROCERY",
            "brand": "Private" if line % 2 else "National",
            "quantity": 1 + line,
            "revenue": f"{10 + 30 * share(number, week, line):.2f}",
            "discount": "1.00",
            "coupon_discount": "0.00",
        }
        for line in range(3)
    ]
    total = sum(float(line["revenue"]) for line in lines)
    told = {
        "order_id": f"o{number}-{week}",
        "revenue": f"{total:.2f}",
        "discount": "3.00",
        "coupon_discount": "0.00",
        "currency": "USD",
        "store_id": str(300 + number % 3),
        "channel": "web" if number % 9 == 0 else "store",
        "loyalty_card": person(number)["loyalty_card"],
        "products": lines,
    }
    return message("track", f"order-{number}-{week}", at, event="Order Completed", properties=told)


def message(kind: str, ident: str, at: datetime, **fields: Any) -> Say:
    """One message as a client would send it."""
    return {"type": kind, "messageId": ident, "timestamp": at.isoformat(), **fields}


def orders_of_week(week: int) -> list[Say]:
    """Who buys in this week: everybody by a rhythm of her own; the lapsing stop half way."""
    active = (n for n in range(PEOPLE) if not (n < LAPSING and week >= WEEKS // 2))
    return [order(n, week) for n in active if (week + n) % (1 + n % 3) == 0]


def views_of_week(week: int) -> list[Say]:
    """A few signed-in visits of the web store."""
    at = FIRST + timedelta(weeks=week, days=2)
    return [
        message("page", f"page-{n}-{week}", at, userId=f"u{n}", anonymousId=f"c{n}", name="Offers")
        for n in range(week % 5, PEOPLE, 7)
    ]


def fill(app: App, clock: ManualClock, deliver: Callable[[App], object]) -> None:
    """The whole season, week by week, with a tick after each; `deliver` sends what may go."""
    with app.transaction() as inside:
        crm, _ = collect.register(inside, "crm", "crm", "members")
        web, _ = collect.register(inside, "web-store", "web", "members")
        tills, _ = collect.register(inside, "tills", "tills")
    send(app, crm, [identify(n) for n in range(PEOPLE)], FIRST)
    send(app, tills, [{"type": "track", "messageId": "bad-1", "properties": {}}], FIRST)
    for week in range(WEEKS):
        clock.move_to(FIRST + timedelta(weeks=week, days=6, hours=20))
        send(app, tills, orders_of_week(week), clock.now())
        send(app, web, views_of_week(week), clock.now())
        carry(app)
        clock.move_to(FIRST + timedelta(weeks=week + 1))
        with app.transaction() as inside:
            flow.on_tick(inside, clock.now())
        carry(app)
        deliver(app)
        carry(app)


def ask(app: App) -> None:
    """What people ask about their data: one late, one soon due, one with time, one answered; and what is too old."""
    home = app.settings.home_path
    home.mkdir(parents=True, exist_ok=True)
    (home / "retention.yaml").write_text(RETENTION)
    privacy.retention.try_out(app)
    asked = [
        ("access", "GDPR", 40, 1),
        ("erasure", "LGPD", 11, 2),
        ("opt_out", "CCPA", 2, None),
        ("access", "CCPA", 9, 3),
    ]
    with app.transaction() as inside:
        for kind, regime, days, customer in asked:
            number = privacy.open_request(
                inside,
                kind=kind,
                regime=regime,
                contact=str(person(days)["email"]),
                received_at=app.clock.now() - timedelta(days=days),
                actor="Administrator",
                customer=customer,
            )
        privacy.take(inside, number, "prove", "Administrator")
        privacy.take(inside, number, "answer", "Administrator")
        handed_in = {
            "subject_request_id": HANDED_IN,
            "subject_request_type": "access",
            "submitted_time": app.clock.now().isoformat(),
            "subject_identities": [{"identity_type": "email", "identity_value": person(4)["email"]}],
        }
        privacy.opendsr.submit(inside, "consent tool", json.dumps(handed_in).encode())


def send(app: App, source: collect.Source, messages: list[Say], at: datetime) -> None:
    """Through the door, in one transaction."""
    with app.transaction() as inside:
        collect.accept(inside, source, messages, received_at=at)


def carry(app: App) -> None:
    """What the worker does until nothing waits."""
    while True:
        with app.transaction() as inside:
            batch = collect.claim(inside, 5_000)
            if batch is not None:
                flow.on_events(inside, batch)
                collect.advance(inside, batch)
        moved = collect.publish(app)
        if batch is None and not moved:
            return
