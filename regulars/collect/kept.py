"""What is kept of webhooks: deliveries and their state, one of them raw, the mapping and what it would do."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from regulars.app import App
from regulars.collect import payload
from regulars.collect.deliveries import Reader, Stored, draft
from regulars.collect.door import Refused
from regulars.collect.errors import DeliveryUnreadable
from regulars.collect.hooks import SQL, Hook
from regulars.collect.paths import Paths, checked
from regulars.kit.errors import NotFound

DELIVERIES_A_PAGE = 50
PREVIEWED_MAX = 3


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery in the list."""

    id: int
    delivery_id: str
    topic: str
    received_at: datetime
    state: str
    """waiting, mapped, silent or refused."""
    reason: str
    events: int
    size_bytes: int


class SavedMapping(msgspec.Struct, frozen=True, kw_only=True):
    """The mapping that holds, and who saved it."""

    version: int
    mapping: Paths
    actor: str
    saved_at: datetime


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """What a mapping makes of one stored delivery."""

    delivery: Delivery
    messages: list[dict[str, Any]]
    refused: list[str]
    """Why, for what could not be told."""
    note: str
    """Why nothing is told, where that is no fault."""


def deliveries(app: App, hook: Hook, before: int | None = None, state: str | None = None) -> list[Delivery]:
    """The latest deliveries, newest first, below the one named `before`."""
    given = {"source": hook.source.id, "before": before, "state": state, "limit": DELIVERIES_A_PAGE}
    return [_delivery(row) for row in app.db.execute(SQL.deliveries_of, given)]


def _delivery(row: tuple[Any, ...]) -> Delivery:
    names = Delivery.__struct_fields__
    return Delivery(**dict(zip(names, row[: len(names)], strict=True)))


def raw_delivery(app: App, hook: Hook, id: int) -> tuple[Delivery, bytes]:
    """One of them with its body as it came. Raises NotFound."""
    row = app.db.execute(SQL.raw_delivery, {"source": hook.source.id, "id": id}).fetchone()
    if row is None:
        raise NotFound(f"The source '{hook.source.name}' has no delivery {id}", "Choose one from the list")
    return _delivery(row), bytes(row[-1])


def save_mapping(app: App, hook: Hook, mapping: Paths, actor: str) -> int:
    """Keep this as the mapping of the source from now on; its version. Raises MappingRefused."""
    content = msgspec.json.encode(checked(mapping)).decode()
    given = {"source": hook.source.id, "content": content, "actor": actor, "now": app.clock.now()}
    row = app.db.execute(SQL.save_mapping, given).fetchone()
    assert row is not None, "an insert that returns"
    return row[0]


def latest_mapping(app: App, hook: Hook) -> SavedMapping | None:
    """The mapping that holds; None: none was saved yet."""
    row = app.db.execute(SQL.latest_mapping, {"source": hook.source.id}).fetchone()
    if row is None:
        return None
    return SavedMapping(version=row[0], mapping=msgspec.convert(row[1], Paths), actor=row[2], saved_at=row[3])


def preview(app: App, hook: Hook, mapping: Paths | None, limit: int = PREVIEWED_MAX) -> list[Preview]:
    """What this mapping would make of the latest deliveries; nothing is stored."""
    reader = Reader(hook.source, hook.plug_in, mapping)
    return [_previewed(app, hook, each, reader) for each in deliveries(app, hook)[:limit]]


def _previewed(app: App, hook: Hook, delivery: Delivery, reader: Reader) -> Preview:
    _, body = raw_delivery(app, hook, delivery.id)
    stored = Stored(delivery.id, hook.source.id, delivery.delivery_id, delivery.topic, delivery.received_at, body)
    made = draft(app, stored, reader)
    pairs = list(zip(made.said, made.rows, strict=True))
    return Preview(
        delivery=delivery,
        messages=[said.message for said, row in pairs if not isinstance(row, Refused)],
        refused=([made.fault.reason] if made.fault else [])
        + [row.reason for _, row in pairs if isinstance(row, Refused)],
        note=made.why_silent,
    )


def content_of(body: bytes) -> dict[str, Any] | None:
    """The JSON of a delivery; None where it is none."""
    try:
        return payload.read(body)
    except DeliveryUnreadable:
        return None
