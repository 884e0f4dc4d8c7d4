"""What the audit found, as pages draw it: sorted sources, who joins whom, how revenue got its names. Pure."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec

from regulars.collect import FieldAudit, SourceAudit
from regulars.resolve import KINDS, Audit, joinable
from regulars.web import words
from regulars.web.charts import COLORS

LONG_AGO = datetime.min.replace(tzinfo=UTC)
HEAT_STEPS = 3
NOBODY = "Not recognized"


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """A column that can be sorted by: what a person clicks and what the address says."""

    name: str
    title: str
    is_number: bool = True
    width: str = ""


SOURCE_COLUMNS = (
    Column(name="name", title="Source", is_number=False),
    Column(name="records", title="Records"),
    Column(name="filled", title="Filled", is_number=False, width="16%"),
    Column(name="joinable", title="Joinable", is_number=False, width="16%"),
    Column(name="refused", title="Refused"),
    Column(name="fresh", title="Freshness", is_number=False),
)
FIELD_COLUMNS = (
    Column(name="field", title="Field", is_number=False),
    Column(name="looks", title="Looks like", is_number=False),
    Column(name="filled", title="Filled", is_number=False, width="16%"),
    Column(name="distinct", title="Distinct"),
    Column(name="valid", title="Valid"),
    Column(name="personal", title="Personal data", is_number=False),
    Column(name="joins", title="Match potential", is_number=False),
)
PERSONAL_ORDER = ("none", "identifier", "contact", "sensitive")


def sorted_sources(audit: Audit, by: str) -> list[SourceAudit]:
    """The brand's own sources in this order (a name of SOURCE_COLUMNS, "-" before it: the other way round)."""
    keys: dict[str, Callable[[SourceAudit], Any]] = {
        "name": lambda one: one.use.source.name,
        "records": lambda one: one.use.events,
        "filled": lambda one: one.filled or 0.0,
        "joinable": lambda one: joinable(audit, one) or 0.0,
        "refused": lambda one: one.use.refusals,
        "fresh": lambda one: one.use.last_received_at or LONG_AGO,
    }
    theirs = [one for one in audit.report.sources if one.use.source.kind != "own"]
    key = keys.get(by.removeprefix("-"), keys["records"])
    return sorted(theirs, key=key, reverse=by.startswith("-"))


def sorted_fields(audit: Audit, source: SourceAudit, fields: list[FieldAudit], by: str) -> list[FieldAudit]:
    """Fields in this order; those of the most frequent event first where nothing is asked."""
    keys: dict[str, Callable[[FieldAudit], Any]] = {
        "field": lambda one: (one.field, one.event),
        "looks": lambda one: (one.looks_like, one.field),
        "filled": lambda one: one.share,
        "distinct": lambda one: one.different,
        "valid": lambda one: 2.0 if one.valid_share is None else one.valid_share,
        "personal": lambda one: PERSONAL_ORDER.index(one.personal),
        "joins": lambda one: joins(audit, source, one) or 0,
    }
    frequent = {event.event: place for place, event in enumerate(source.events)}
    key = keys.get(by.removeprefix("-"), lambda one: (frequent.get(one.event, 0), one.field))
    return sorted(fields, key=key, reverse=by.startswith("-"))


def joins(audit: Audit, source: SourceAudit, field: FieldAudit) -> int | None:
    """Records of the source that the identifier of this field joins with others; None: it is no identifier."""
    match = audit.match(source.use.source.name, field.identifier) if field.identifier else None
    return match.joins if match else None


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """One cell of the grid: which share of the row's records the column's source knows, too."""

    records: int
    share: float

    @property
    def heat(self) -> int:
        """Little to much in HEAT_STEPS; 0 for nothing."""
        return min(HEAT_STEPS, 1 + int(HEAT_STEPS * self.share)) if self.records else 0


class Grid(msgspec.Struct, frozen=True, kw_only=True):
    """Who joins whom: rows and columns are sources."""

    title: str
    names: list[str]
    cells: dict[str, dict[str, Cell]]


def grid(audit: Audit) -> Grid | None:
    """Who joins whom; None with fewer than two sources, or before anything was measured."""
    by_name = {one.use.source.name: one for one in audit.report.sources if one.use.source.kind != "own" and one.read}
    whole = {match.source: match for match in audit.matches if not match.type and match.source in by_name}
    if len(by_name) < 2 or not whole:
        return None
    cells = {
        name: {
            other: Cell(
                records=(records := whole[name].joins_with.get(other, 0) if name in whole else 0),
                share=records / by_name[name].read,
            )
            for other in by_name
            if other != name
        }
        for name in by_name
    }
    best = max(whole.values(), key=lambda match: match.joins / by_name[match.source].read)
    share = words.percent(best.joins / by_name[best.source].read, 0)
    title = f"{best.source} joins best: another source knows {share} of its records"
    return Grid(title=title if best.joins else "No source joins another yet", names=list(by_name), cells=cells)


class Joining(msgspec.Struct, frozen=True, kw_only=True):
    """One type of identifier over all sources."""

    name: str
    carried: int
    joins: int


def joining(audit: Audit) -> list[Joining]:
    """Which identifiers join records, the most first."""
    sums: dict[str, tuple[int, int]] = {}
    for match in audit.matches:
        if match.type:
            carried, joins = sums.get(match.type, (0, 0))
            sums[match.type] = (carried + match.carried, joins + match.joins)
    made = [
        Joining(name=words.opened(KINDS.get(kind, kind)), carried=carried, joins=joins)
        for kind, (carried, joins) in sums.items()
    ]
    return sorted(made, key=lambda one: (-one.joins, -one.carried))


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One piece of revenue."""

    name: str
    cents: int
    share: float
    color: str


def revenue(audit: Audit) -> tuple[str, list[Part]]:
    """The finding, and revenue by how the buyer was recognized, nobody last; no parts before the first sale."""
    sums: dict[str, int] = {}
    for one in audit.recognized:
        sums[one.type] = sums.get(one.type, 0) + one.revenue_cents
    whole = sum(sums.values())
    if whole <= 0:
        return "", []
    known = sorted(((cents, kind) for kind, cents in sums.items() if kind), reverse=True)
    colors = [*COLORS, *["--chart-other"] * len(known)]
    parts = [
        Part(name=words.opened(KINDS.get(kind, kind)), cents=cents, share=cents / whole, color=color)
        for (cents, kind), color in zip(known, colors, strict=False)
    ]
    if sums.get(""):
        parts.append(Part(name=NOBODY, cents=sums[""], share=sums[""] / whole, color="--chart-other"))
    title = f"The {KINDS.get(known[0][1], known[0][1])} names most of the revenue" if known else "Nobody is recognized"
    return title, parts
