"""Events as they arrive, each with its verdict, newest first, a page at a time.

Three streams make one list: the journal (accepted, violating), refusals (refused, conflicting) and duplicates. Each is
read by its own number, which grows with every row that becomes visible, so a cursor is three numbers and any process
can answer for all of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from heapq import merge
from itertools import accumulate, islice
from typing import Any, TypeGuard, cast

import msgspec

from regulars.app import App
from regulars.collect import errors
from regulars.collect.journal import Entry
from regulars.kit.errors import InputRefused
from regulars.store import queries

SQL = queries("regulars.collect.live")

ACCEPTED, VIOLATING, DUPLICATE = "accepted", "violating", "duplicate"
REFUSED, CONFLICTING, ASIDE, WITHDRAWN = "refused", "conflicting", "set aside", "withdrawn"
VERDICTS = (ACCEPTED, VIOLATING, DUPLICATE, REFUSED, CONFLICTING)
PAGE_ROWS = 50
# A search reads so many rows of a stream from its end, so that a word nobody sent costs no more than this.
LOOKED_THROUGH_ROWS = 20_000
# So many to find those among: of other sources, or of our own.
PASSED_OVER_ROWS = 400_000
NEW_COUNTED_MAX = 100
BODY_SHOWN_CHARACTERS = 4_000

NAME_SHOWN_CHARACTERS = 200
WHO_FIELDS = {
    "login": "userId",
    "email": "email",
    "phone": "phone",
    "loyalty_card": "loyalty_card",
    "payment_token": "payment_token",
    "cookie": "anonymousId",
}

_decode = msgspec.json.Decoder().decode


class Cursor(msgspec.Struct, frozen=True):
    """A place in the three streams."""

    seq: int
    refusal: int
    change: int

    def __str__(self) -> str:
        return f"{self.seq}.{self.refusal}.{self.change}"


BEGINNING = Cursor(0, 0, 0)


class Heads(msgspec.Struct, frozen=True):
    """Where everything ends now."""

    cursor: Cursor
    judged_seq: int
    """Up to where the watch has compared events with the plan."""
    plan: int | None
    """The version that is compared with; None: no plan is loaded."""


class Search(msgspec.Struct, frozen=True, kw_only=True):
    """What to show; empty: everything but our own events."""

    source: str = ""
    verdict: str = ""
    name: str = ""
    text: str = ""
    in_bodies: bool = True
    """Whether `text` is looked for inside messages and ids, too; else it is a whole id or part of a name or reason."""


class Arrived(msgspec.Struct, frozen=True, kw_only=True):
    """One arrival. It stands in the journal at `seq`, or among the refusals under `refusal`."""

    verdict: str
    source: str | None
    """None: the sender is not known."""
    received_at: datetime
    kind: str
    name: str
    message_id: str | None
    who: dict[str, str]
    """Kind of identifier to value, as sent; to be masked where it is shown."""
    seq: int | None = None
    refusal: int | None = None
    change: int | None = None
    times: int = 0
    """Of a duplicate: how often it came beyond the first time."""
    code: str = ""
    why: str = ""


class ArrivalPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of arrivals, newest first. `older` continues it; None: there is no more within what is looked through."""

    arrivals: list[Arrived]
    older: Cursor | None


def note_duplicates(app: App, entries: Sequence[Entry]) -> None:
    """Count these entries as come again, in the transaction that appended; the journal's lock is held."""
    if entries:
        app.db.execute(
            SQL.note_duplicates,
            {
                "source_id": [entry.source.id for entry in entries],
                "message_id": [entry.row.message_id for entry in entries],
                "received_at": [entry.received_at for entry in entries],
            },
        )


def cursor_of(text: str) -> Cursor:
    """The cursor that is written so. Raises InputRefused."""
    parts = text.split(".")
    if len(parts) != 3 or not all(part.isascii() and part.isdigit() and len(part) < 19 for part in parts):
        raise InputRefused(f"'{text[:40]}' is no place in the list", "Begin again at /live")
    return Cursor(*map(int, parts))


def heads(app: App) -> Heads:
    """Where the streams end now."""
    seq, refusal, change, judged, plan = app.db.execute(SQL.heads).fetchall()[0]
    return Heads(Cursor(seq, refusal, change), judged, plan)


def arrivals(app: App, search: Search, before: Cursor | None = None) -> ArrivalPage:
    """The newest arrivals of this search, or those before a cursor."""
    if before is None:
        head = heads(app).cursor
        before = Cursor(head.seq + 1, head.refusal + 1, head.change + 1)
    streams = _streams(app, search, BEGINNING, before, PAGE_ROWS)
    shown = list(islice(_merged(streams), PAGE_ROWS))
    if len(shown) < PAGE_ROWS:
        return ArrivalPage(arrivals=shown, older=None)
    older = Cursor(
        seq=min([before.seq, *(row.seq for row in shown if row.seq and not row.change)]),
        refusal=min([before.refusal, *(row.refusal for row in shown if row.refusal)]),
        change=min([before.change, *(row.change for row in shown if row.change)]),
    )
    return ArrivalPage(arrivals=shown, older=older)


def count_new(app: App, search: Search, after: Cursor) -> int:
    """How many arrivals of this search came after a cursor, counted up to NEW_COUNTED_MAX."""
    streams = _streams(app, search, after, None, NEW_COUNTED_MAX)
    return min(NEW_COUNTED_MAX, sum(len(rows) for rows in streams))


def _streams(app: App, search: Search, after: Cursor, before: Cursor | None, limit: int) -> list[list[Arrived]]:
    """What each stream holds of this search, newest first; streams that cannot hold its verdict are not read."""
    given: dict[str, Any] = {
        "source": search.source or None,
        "name": search.name or None,
        "text": search.text.lower() or None,
        "in_bodies": search.in_bodies,
        "limit": limit,
        "within": LOOKED_THROUGH_ROWS,
        "within_all": PASSED_OVER_ROWS,
    }
    streams: list[list[Arrived]] = []
    if search.verdict in ("", ACCEPTED, VIOLATING):
        asked = given | {"after": after.seq, "before": before.seq if before else None}
        asked["violating"] = search.verdict == VIOLATING if search.verdict else None
        streams.append([_journalled(row) for row in app.db.execute(SQL.journalled, asked)])
    if search.verdict in ("", REFUSED, CONFLICTING):
        asked = given | {"after": after.refusal, "before": before.refusal if before else None}
        asked |= {"shown": BODY_SHOWN_CHARACTERS, "conflict": errors.SAME_ID_OTHER_BODY}
        asked["conflicting"] = search.verdict == CONFLICTING if search.verdict else None
        streams.append([_refused(row) for row in app.db.execute(SQL.refused, asked)])
    if search.verdict in ("", DUPLICATE):
        asked = given | {"after": after.change, "before": before.change if before else None}
        streams.append([_duplicated(row) for row in app.db.execute(SQL.duplicated, asked)])
    return streams


def _merged(streams: list[list[Arrived]]) -> Iterator[Arrived]:
    """One list, newest first. A row that was replayed keeps its first time, but stands where it was appended."""
    timed: list[list[tuple[datetime, Arrived]]] = []
    for rows in streams:
        oldest_first = rows[::-1]
        times = accumulate((row.received_at for row in oldest_first), max)
        timed.append(list(zip(times, oldest_first, strict=True))[::-1])
    return (row for _, row in merge(*timed, key=lambda each: each[0], reverse=True))


def _journalled(row: tuple[Any, ...]) -> Arrived:
    seq, source, received_at, kind, name, message_id, body, violations, what, is_aside, is_withdrawn = row
    verdict = VIOLATING if violations else ACCEPTED
    more = f", and {violations - 1} more" if violations and violations > 1 else ""
    return Arrived(
        verdict=WITHDRAWN if is_withdrawn else ASIDE if is_aside else verdict,
        source=source,
        received_at=received_at,
        kind=kind,
        name=name,
        message_id=message_id,
        who=who_in(_decode(body)),
        seq=seq,
        why=f"{what}{more}" if what else "",
    )


def _refused(row: tuple[Any, ...]) -> Arrived:
    ident, source, received_at, message_id, code, reason, body = row
    try:
        message: object = _decode(body)
    except msgspec.MsgspecError:
        message = None
    given = cast(dict[str, Any], message) if isinstance(message, dict) else {}
    return Arrived(
        verdict=CONFLICTING if code == errors.SAME_ID_OTHER_BODY else REFUSED,
        source=source,
        received_at=received_at,
        kind=str(given.get("type") or "")[:NAME_SHOWN_CHARACTERS],
        name=str(given.get("event") or given.get("name") or "")[:NAME_SHOWN_CHARACTERS],
        message_id=message_id,
        who=who_in(given),
        refusal=ident,
        code=code,
        why=reason,
    )


def _duplicated(row: tuple[Any, ...]) -> Arrived:
    change, source, received_at, kind, name, message_id, body, times, seq = row
    return Arrived(
        verdict=DUPLICATE,
        source=source,
        received_at=received_at,
        kind=kind,
        name=name,
        message_id=message_id,
        who=who_in(_decode(body)),
        seq=seq,
        change=change,
        times=times,
        why="The same message again, harmless",
    )


def who_in(message: dict[str, Any]) -> dict[str, str]:
    """What a message says of who it is about, by kind of identifier."""
    bags = [message]
    context = message.get("context")
    told = context.get("traits") if _is_object(context) else None
    bags += [bag for bag in (message.get("traits"), message.get("properties"), told) if _is_object(bag)]
    found: dict[str, str] = {}
    for kind, field in WHO_FIELDS.items():
        value = next((bag[field] for bag in bags if isinstance(bag.get(field), str | int) and bag[field] != ""), None)
        if value is not None:
            found[kind] = str(value)[:NAME_SHOWN_CHARACTERS]
    return found


def _is_object(value: Any) -> TypeGuard[dict[str, Any]]:
    return isinstance(value, dict)
