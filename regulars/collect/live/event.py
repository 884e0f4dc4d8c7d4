"""One event of the journal with everything the door and the plan know of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from regulars.app import App
from regulars.collect import errors
from regulars.collect.audit.masking import NOTHING, Look, in_the_clear, shown_name
from regulars.collect.facts import FACT_COLUMNS, facts_of
from regulars.collect.live.arrivals import SQL
from regulars.collect.live.difference import Difference, differences
from regulars.kit.errors import NotFound
from regulars.model import Body, Event

CONTRADICTIONS_SHOWN = 20
FACTS_SHOWN = 50

_decode = msgspec.json.Decoder().decode
_decode_body = msgspec.json.Decoder(Body).decode


class Broken(msgspec.Struct, frozen=True):
    """One way in which the event does not follow the plan."""

    event: str
    path: str
    rule: str
    what: str
    fix: str
    version: int


class Again(msgspec.Struct, frozen=True):
    """The same message, come again."""

    times: int
    first_received_at: datetime
    last_received_at: datetime


class Contradiction(msgspec.Struct, frozen=True):
    """Another body under the same id, which was not taken, and how it differs from the first one."""

    refusal: int
    received_at: datetime
    changes: list[Difference]
    """Empty where the kept text is cut and cannot be compared."""


class StoredEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One event as the journal holds it."""

    seq: int
    source: str
    source_kind: str
    kind: str
    name: str
    message_id: str
    occurred_at: datetime
    received_at: datetime
    message: dict[str, Any]
    aside: str | None
    """What broke when the flow tried to carry it; None: nothing did."""
    is_withdrawn: bool
    violations: list[Broken]
    again: Again | None
    contradictions: list[Contradiction]
    facts: list[dict[str, Any]]
    """Its typed rows, without what is empty; FACTS_SHOWN at most. None where it is bare."""


def stored_event(app: App, seq: int, look: Look = in_the_clear) -> StoredEvent:
    """The event at this position; its id, message, differences and facts as `look` shows them. Raises NotFound."""
    row = app.db.execute(SQL.one_event, {"seq": seq}).fetchone()
    if row is None:
        raise NotFound(f"There is no event at position {seq}", "Choose one from the list of arrivals")
    _, source, source_kind, kind, name, message_id, occurred_at, received_at, body, aside, is_withdrawn = row
    message: dict[str, Any] = _decode(body)
    event = Event(
        seq=seq,
        source=source,
        source_kind=source_kind,
        login_space="",
        message_id=message_id,
        kind=kind,
        name=name,
        occurred_at=occurred_at,
        received_at=received_at,
        body=_decode_body(body),
    )
    says = str if look is in_the_clear else shown_name
    again = app.db.execute(SQL.same_message, {"seq": seq}).fetchone()
    given = {"seq": seq, "conflict": errors.SAME_ID_OTHER_BODY, "limit": CONTRADICTIONS_SHOWN}
    others = app.db.execute(SQL.contradictions, given).fetchall()
    return StoredEvent(
        seq=seq,
        source=source,
        source_kind=source_kind,
        kind=kind,
        name=says(name),
        message_id=look(message_id, ("messageId",), NOTHING),
        occurred_at=occurred_at,
        received_at=received_at,
        message=look(message, (), NOTHING),
        aside=aside,
        is_withdrawn=is_withdrawn,
        violations=[
            Broken(says(event), says(path), rule, says(what), says(fix), version)
            for event, path, rule, what, fix, version in app.db.execute(SQL.violations_of, {"seq": seq})
        ],
        again=Again(*again) if again else None,
        contradictions=[Contradiction(ident, at, _changes(message, text, look)) for ident, at, text in others],
        facts=[] if aside or is_withdrawn else [look(fact, (), NOTHING) for fact in _facts(app, event)],
    )


def _facts(app: App, event: Event) -> list[dict[str, Any]]:
    names = [column.name for column in FACT_COLUMNS]
    rows = facts_of([event], app.settings.zone)[:FACTS_SHOWN]
    return [{name: value for name, value in zip(names, row, strict=True) if value is not None} for row in rows]


def _changes(first: dict[str, Any], text: str, look: Look) -> list[Difference]:
    try:
        return differences(first, _decode(text), look)
    except msgspec.MsgspecError:
        return []
