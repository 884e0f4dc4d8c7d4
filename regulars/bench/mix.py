"""A year of a shop in small, always alike for a seed: known customers who order, look at pages and open mails."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from regulars.kit.dice import Dice, SeededDice

START = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
PRODUCTS_PER_ORDER = 10
# Of 100 events: orders at a till or on the web, mails opened, the rest page views.
ORDERS = 35
OPENED = 10
CATEGORIES = 60
STORES = 20
# One in twenty bought every week and then stopped, five weeks before the stream: they are whom a journey writes to.
LAPSED_ONE_IN = 20
LAPSED_ORDERS = 6
LAPSED_SINCE_DAYS = 35

Message = dict[str, Any]


def below(dice: Dice, bound: int) -> int:
    """A whole number from 0 to below `bound`."""
    return int(dice.jitter() * bound)


def people(customers: int, seed: int) -> Iterator[Message]:
    """Everybody signs up: a login with a verified e-mail and a loyalty card, as a CRM export tells it."""
    dice = SeededDice(seed)
    for number in range(customers):
        traits = {
            "first_name": f"Name{below(dice, 400)}",
            "last_name": f"Family{number}",
            "email": f"customer{number}@example.com",
            "email_verified": True,
            "loyalty_card": f"{4_000_000_000 + number}",
            "birth_date": f"{1940 + number % 60}-{1 + number % 12:02}-{1 + number % 28:02}",
            "address": {
                "street": f"{number} Main Street",
                "city": "Springfield",
                "postcode": f"{10_000 + number % 900}",
            },
        }
        when = START + timedelta(seconds=number)
        yield {
            "type": "identify", "messageId": f"person-{number}", "userId": f"c{number}", "traits": traits,
            "timestamp": when.isoformat(),
        }  # fmt: skip


def lapsed(customers: int, seed: int) -> Iterator[tuple[str, Message]]:
    """(source, message) of those who used to come and may be written to: weekly orders, then none."""
    dice = SeededDice(seed)
    for her in range(0, customers, LAPSED_ONE_IN):
        allowed = {"channel": "email", "purpose": "marketing", "address": f"customer{her}@example.com"}
        first = START - timedelta(days=LAPSED_SINCE_DAYS + 7 * (LAPSED_ORDERS - 1))
        said = {"messageId": f"consent-{her}", "timestamp": first.isoformat(), "userId": f"c{her}"}
        yield "crm", said | {"type": "track", "event": "Consent Given", "properties": allowed}
        for week in range(LAPSED_ORDERS):
            number = f"lapsed-{her}-{week}"
            when = (first + timedelta(days=7 * week)).isoformat()
            yield "tills", {"messageId": number, "timestamp": when} | _order(number, her, True, dice)


def events(count: int, customers: int, seed: int, days: int) -> Iterator[tuple[str, Message]]:
    """(source, message) in order of time over `days` days, each another customer's turn; the lapsed have none."""
    dice = SeededDice(seed)
    step = timedelta(days=days) / count
    coming = [number for number in range(customers) if number % LAPSED_ONE_IN] or [0]
    for number in range(count):
        her, kind = coming[below(dice, len(coming))], below(dice, 100)
        message: Message = {
            "messageId": f"event-{number}",
            "timestamp": (START + timedelta(days=1) + number * step).isoformat(),
        }
        if kind < ORDERS:
            at_till = kind < ORDERS * 2 // 3
            yield ("tills" if at_till else "web"), message | _order(str(number), her, at_till, dice)
        elif kind < ORDERS + OPENED:
            opened = {"email": f"customer{her}@example.com", "campaign_id": str(below(dice, 9))}
            yield "mail", message | {"type": "track", "event": "Email Opened", "properties": opened}
        else:
            page = {"path": f"/shelf/{below(dice, 500)}", "title": "Corner Market"}
            yield "web", message | {"type": "page", "name": "Shelf", "userId": f"c{her}", "properties": page}


def _order(number: str, her: int, at_till: bool, dice: Dice) -> Message:
    products: list[Message] = [
        {
            "product_id": str(800_000 + below(dice, 100_000)),
            "category": f"CATEGORY {below(dice, CATEGORIES)}",
            "department": "GROCERY",
            "brand": ("National", "Private")[below(dice, 2)],
            "quantity": 1 + below(dice, 3),
            "revenue": (50 + below(dice, 1_950)) / 100,
            "discount": below(dice, 50) / 100,
            "coupon_discount": 0,
        }
        for _ in range(PRODUCTS_PER_ORDER)
    ]
    bought: Message = {
        "order_id": f"order-{number}",
        "revenue": round(sum(product["revenue"] for product in products), 2),
        "currency": "USD",
        "store_id": str(below(dice, STORES)),
        "channel": "store" if at_till else "web",
        "products": products,
    }
    if at_till:
        card = {"loyalty_card": f"{4_000_000_000 + her}"}
        return {"type": "track", "event": "Order Completed", "properties": bought | card}
    return {"type": "track", "event": "Order Completed", "userId": f"c{her}", "properties": bought}
