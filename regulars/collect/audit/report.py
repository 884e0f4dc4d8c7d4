"""What the stretches add up to: of every field how full, how different, how valid, how fresh; and since when."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
import numpy as np

from regulars.app import App
from regulars.collect.audit.fields import Personal, nature, rule_of, valid_by_form
from regulars.collect.audit.look import KEPT_HASHES, SAMPLE_VALUES, SQL
from regulars.collect.audit.stretches import journal_until
from regulars.collect.keys import SourceUse, list_sources

HASH = ">u8"
HASHES = 2**64
DISTINCT_ERROR = 0.031
"""Standard error of a count of distinct values beyond KEPT_HASHES: 1 / sqrt(KEPT_HASHES - 2)."""


class FieldAudit(msgspec.Struct, frozen=True, kw_only=True):
    """One field of one event of one source."""

    event: str
    field: str
    looks_like: str
    personal: Personal
    why_personal: str
    identifier: str
    """Kind of identifier it carries, as the resolver names it; empty: none."""
    among: int
    """Events, or items of a list, in which it could stand."""
    filled: int
    different: int
    is_exact: bool
    """False: `different` is known to DISTINCT_ERROR."""
    valid: int | None
    """Filled values that are what the field looks like; None: any text will do."""
    first_at: datetime
    last_at: datetime
    sample: list[str]

    @property
    def share(self) -> float:
        """Of 1, how full."""
        return self.filled / self.among if self.among else 0.0

    @property
    def valid_share(self) -> float | None:
        """Of what is filled, how much is valid; None: not judged, or nothing is filled."""
        return None if self.valid is None or not self.filled else self.valid / self.filled


class EventAudit(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of event of one source."""

    event: str
    events: int
    first_at: datetime
    last_at: datetime


class SourceAudit(msgspec.Struct, frozen=True, kw_only=True):
    """One source: what it sent, field by field."""

    use: SourceUse
    events: list[EventAudit]
    fields: list[FieldAudit]

    @property
    def read(self) -> int:
        """Events that this audit has looked at."""
        return sum(event.events for event in self.events)

    @property
    def filled(self) -> float | None:
        """Mean share filled of all its fields, each weighed by the events it could stand in; None: nothing was read."""
        among = sum(field.among for field in self.fields)
        return sum(field.filled for field in self.fields) / among if among else None


class FieldReport(msgspec.Struct, frozen=True, kw_only=True):
    """Every source, and how far the reading is."""

    sources: list[SourceAudit]
    read_until: int
    """Journal position up to which everything was read."""
    journal_until: int
    read_at: datetime | None
    read_seconds: float
    """What reading took when it was done, all stretches together."""


def field_report(app: App, source: str | None = None) -> FieldReport:
    """What was read so far, of all sources or of one; events since the latest reading are told by `journal_until`."""
    uses = [use for use in list_sources(app) if source in (None, use.source.name)]
    number = next((use.source.id for use in uses), -1) if source else None
    return _report(app, uses, app.db.execute(SQL.cells, {"source": number}).fetchall())


def field_overview(app: App) -> FieldReport:
    """The same of all sources for a page that shows no field: `different` is only what one stretch has at least."""
    return _report(app, list_sources(app), app.db.execute(SQL.cells_without_hashes).fetchall())


def _report(app: App, uses: Sequence[SourceUse], rows: list[tuple[Any, ...]]) -> FieldReport:
    by_source: defaultdict[int, list[tuple[Any, ...]]] = defaultdict(list)
    for row in rows:
        by_source[row[0]].append(row[1:])
    stretches = app.db.execute(SQL.stretches).fetchall()
    return FieldReport(
        sources=[_source(use, by_source[use.source.id]) for use in uses],
        read_until=max((each[2] for each in stretches), default=0),
        journal_until=journal_until(app),
        read_at=max((each[4] for each in stretches), default=None),
        read_seconds=round(sum(each[5] for each in stretches), 3),
    )


def _source(use: SourceUse, rows: list[tuple[Any, ...]]) -> SourceAudit:
    by_field: dict[tuple[str, str], list[tuple[Any, ...]]] = {}
    for event, field, *rest in rows:
        by_field.setdefault((event, field), []).append(tuple(rest))
    events = [
        EventAudit(event=event, events=_sum(cells, 0), first_at=_first(cells), last_at=_last(cells))
        for (event, field), cells in by_field.items()
        if not field
    ]
    fields = [
        _field(event, field, cells, by_field[event, _base(field)])
        for (event, field), cells in by_field.items()
        if field and not field.endswith("[]")
    ]
    return SourceAudit(use=use, events=sorted(events, key=lambda one: (-one.events, one.event)), fields=fields)


def _base(field: str) -> str:
    """What it could stand in: the event, or an item of a list of the event."""
    head, is_inside, _ = field.rpartition("[].")
    return head + "[]" if is_inside else ""


def _field(event: str, field: str, cells: list[tuple[Any, ...]], base: list[tuple[Any, ...]]) -> FieldAudit:
    filled, among = _sum(cells, 0), _sum(base, 0)
    forms: defaultdict[str, int] = defaultdict(int)
    for cell in cells:
        for form, count in cell[3].items():
            forms[form] += count
    judged = [cell[4] for cell in cells if cell[4] is not None]
    what = nature(field, filled, forms)
    different, is_exact = _different(cells)
    return FieldAudit(
        event=event,
        field=field,
        looks_like=what.looks_like,
        personal=what.personal,
        why_personal=what.why,
        identifier=rule_of(field).judge,
        among=among,
        filled=filled,
        different=different,
        is_exact=is_exact,
        valid=sum(judged) if judged else valid_by_form(what.looks_like, forms),
        first_at=_first(cells),
        last_at=_last(cells),
        sample=list(dict.fromkeys(text for cell in reversed(cells) for text in cell[5]))[:SAMPLE_VALUES],
    )


def _different(cells: list[tuple[Any, ...]]) -> tuple[int, bool]:
    """Distinct values of all stretches from their smallest hashes; exact up to KEPT_HASHES, and of one stretch."""
    if len(cells) == 1:
        return cells[0][1], True
    if not any(cell[2] for cell in cells):
        return max(cell[1] for cell in cells), False
    smallest = np.unique(np.frombuffer(b"".join(cell[2] for cell in cells), dtype=HASH))[:KEPT_HASHES]
    if len(smallest) < KEPT_HASHES:
        return len(smallest), True
    estimate = (KEPT_HASHES - 1) * HASHES / int(smallest[-1])
    # Never fewer than one stretch alone counted, never more than there are values.
    return min(max(round(estimate), max(cell[1] for cell in cells)), _sum(cells, 0)), False


def _sum(cells: list[tuple[Any, ...]], place: int) -> int:
    return sum(cell[place] for cell in cells)


def _first(cells: list[tuple[Any, ...]]) -> datetime:
    return min(cell[6] for cell in cells)


def _last(cells: list[tuple[Any, ...]]) -> datetime:
    return max(cell[7] for cell in cells)
