"""Events of an erased person: the journal forgets what was in them, and every reader has them bare from the commit on.

Their rows stay as places and instants, under another id, so that positions keep meaning the same. What the law asks a
brand to keep of an order comes anew, under a number of no meaning: what was bought, where, when and for how much.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from hashlib import blake2b
from typing import Any, cast

import msgspec

from regulars.app import App
from regulars.collect.door import HASH_BYTES, Row
from regulars.collect.journal import APPEND_MAX_EVENTS, Entry, append
from regulars.collect.keys import SQL as SOURCES
from regulars.collect.keys import Source
from regulars.collect.plan.watch import forget_violations
from regulars.collect.withdrawals import WITHDRAWAL_LOCK
from regulars.model import Body, Event
from regulars.store import queries
from regulars.store.rows import array

SQL = queries(__package__)
RETAINED = frozenset(("Order Completed", "Order Refunded", "Item Returned"))
# Of an order and of each of its products.
RETAINED_PROPERTIES = (
    *("revenue", "total", "subtotal", "tax", "shipping", "currency", "discount", "coupon_discount"),
    *("product_id", "quantity", "price", "category", "department", "brand", "store_id", "channel"),
)
RETAINED_OF_PRODUCTS = (
    *("product_id", "sku", "category", "department", "brand", "quantity"),
    *("price", "revenue", "discount", "coupon_discount", "currency"),
)
REASON = "a person was erased"
TOMBSTONE_BYTES = 8
KEPT_AS = "retained:"


def bare(event: Event) -> Event:
    """As readers get an event that says nothing any more."""
    return msgspec.structs.replace(event, kind="aside", name="", body=Body(), facts=None, evidence=None)


def is_nobodys(event: Event) -> bool:
    """Whether this is what the law keeps of an order: it is counted among sales, and nobody gets anything for it."""
    return event.message_id.startswith(KEPT_AS)


def erase_events(app: App, positions: Sequence[int], *, actor: str = "regulars", reason: str = REASON) -> int:
    """Forget what these events say, in the caller's transaction; gives the withdrawal by which the lake follows.

    Who calls has taken them out of the projections, or has not let them in. Twice the same changes nothing.
    """
    app.db.execute(SOURCES.lock_journal, {"lock": WITHDRAWAL_LOCK})
    spans = ranges(positions)
    given = {"from": [first for first, _ in spans], "to": [last for _, last in spans]}
    row = app.db.execute(SOURCES.left_to_withdraw, given).fetchone()
    assert row is not None, "an aggregate has a row"
    given |= {"source_id": None, "actor": actor, "reason": reason, "now": app.clock.now(), "events": row[0]}
    made = app.db.execute(SOURCES.withdraw, given).fetchone()
    assert made is not None
    app.db.execute(SQL.rooms_followed, {"id": made[0], "now": app.clock.now()})
    forget_violations(app, spans)
    seqs = {"seqs": array(positions)}
    app.db.execute(SQL.forget_deliveries, seqs)
    app.db.execute(SQL.forget_told, seqs)
    app.db.execute(SQL.forget_duplicates, seqs)
    app.db.execute(SQL.forget_stretches, seqs)
    app.db.execute(SQL.forget_faults, seqs)
    app.db.execute(SQL.empty_journal_rows, seqs)
    return made[0]


def ranges(positions: Sequence[int]) -> list[tuple[int, int]]:
    """Positions as few (from, to), both included."""
    spans: list[tuple[int, int]] = []
    for seq in sorted(positions):
        if spans and seq <= spans[-1][1] + 1:
            spans[-1] = spans[-1][0], seq
        else:
            spans.append((seq, seq))
    return spans


class Retained(msgspec.Struct, frozen=True, kw_only=True):
    """What the law asks to keep of orders, on its way into the journal as nobody's."""

    entries: list[Entry]
    tombstones: dict[str, str]
    """Under which number an order is kept, by its own."""


def orders_among(app: App, positions: Sequence[int]) -> Retained:
    """What must be kept of the orders among these events, read before they are erased."""
    given = {"seqs": array(positions), "names": sorted(RETAINED)}
    rows = app.db.execute(SQL.orders_among, given).fetchall()
    known = {row[0]: Source(*row[:4]) for row in app.db.execute(SOURCES.all_sources)} if rows else {}
    tombstones: dict[str, str] = {}
    entries = [
        Entry(known[source], received_at, _retained(app, name, occurred_at, properties or {}, tombstones))
        for source, name, occurred_at, received_at, properties in rows
    ]
    return Retained(entries=entries, tombstones=tombstones)


def retain(app: App, orders: Retained) -> None:
    """Append them, last in the transaction that erased the others: it holds the journal."""
    for at in range(0, len(orders.entries), APPEND_MAX_EVENTS):
        append(app, orders.entries[at : at + APPEND_MAX_EVENTS])


def _retained(
    app: App, name: str, occurred_at: datetime, properties: dict[str, Any], tombstones: dict[str, str]
) -> Row:
    kept = {key: properties[key] for key in RETAINED_PROPERTIES if _is_plain(properties.get(key))}
    products = properties.get("products")
    if isinstance(products, list):
        kept["products"] = [_product(item) for item in cast("list[object]", products)]
    order = properties.get("order_id")
    if order is not None:
        number = tombstones.setdefault(str(order), f"erased-{app.dice.token(TOMBSTONE_BYTES).hex()}")
        kept["order_id"] = number
    message_id = f"{KEPT_AS}{app.dice.token(TOMBSTONE_BYTES).hex()}"
    body = {"type": "track", "event": name, "messageId": message_id, "properties": kept}
    encoded = msgspec.json.encode(body)
    return Row(
        message_id, "track", name, occurred_at, encoded.decode(), blake2b(encoded, digest_size=HASH_BYTES).digest()
    )


def _product(item: object) -> dict[str, Any]:
    some = cast("dict[str, object]", item) if isinstance(item, dict) else {}
    return {key: some[key] for key in RETAINED_OF_PRODUCTS if _is_plain(some.get(key))}


def _is_plain(field: object) -> bool:
    return isinstance(field, str | int | float)
