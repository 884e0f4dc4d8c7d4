"""The audit of the data a brand has: sources, fields, what joins what, what to do next. One answer for all doors."""

from __future__ import annotations

import time
from datetime import datetime, timedelta

import msgspec

from regulars import collect
from regulars.app import App
from regulars.collect import FieldAudit, FieldReport, SourceAudit, System
from regulars.kit.money import money
from regulars.resolve.potential import Match, Measure, Recognized, measured

# A source that was silent this much longer than it ever is counts as late; sources that send rarely get a week.
LATE_AFTER = timedelta(days=7)
# Below these a field is worth a finding.
VALID_ENOUGH = 0.95
FILLED_ENOUGH = 0.05
FEW_RECORDS = 50
# An identifier that more than this share of a source's records carry, and no other source.
LONELY_FROM = 0.05
FINDINGS_MAX = 12
PRESSING = ("silent", "late", "sensitive", "unnamed", "invalid", "lonely", "apart", "empty")
# What names a person by itself; cookies and devices are one source's own, and logins may be.
NAMING = ("card", "email", "phone", "payment")
# What one can ask a customer for.
ASKED_FOR = ("card", "email", "phone")
KINDS = {
    "login": "login",
    "card": "loyalty card",
    "email": "e-mail",
    "phone": "phone",
    "payment": "payment token",
    "device": "device",
    "cookie": "cookie",
    "order": "order number",
}


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """Something worth a look, with one next step."""

    kind: str
    """silent, late, sensitive, unnamed, invalid, lonely, apart, empty: the most pressing first."""
    source: str
    field: str
    what: str
    next: str
    records: int
    """How many it concerns: among equals the most come first."""


class Audit(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the audit says, as of its reading."""

    report: FieldReport
    matches: list[Match]
    recognized: list[Recognized]
    measured_at: datetime | None
    systems: list[System]
    missing: list[collect.Missing]
    findings: list[Finding]
    seconds: float
    """What it took to add this answer up."""

    @property
    def named_share(self) -> float | None:
        """Of revenue, how much is tied to a person we know; None: nothing was sold yet."""
        whole = sum(one.revenue_cents for one in self.recognized)
        return sum(one.revenue_cents for one in self.recognized if one.type) / whole if whole else None

    @property
    def connected(self) -> int:
        """Systems that send."""
        return sum(1 for system in self.systems if system.status == "connected")

    def match(self, source: str, kind: str = "") -> Match | None:
        """How far a source joins others by one type of identifier, or by all."""
        return next((one for one in self.matches if one.source == source and one.type == kind), None)


def audit(app: App, source: str | None = None) -> Audit:
    """What was read and measured so far, of all sources or of one; `prepare` brings it up to date."""
    began = time.monotonic()
    return _answer(app, collect.field_report(app, source), source, began)


def overview(app: App) -> Audit:
    """The same of all sources for a page that shows no field: distinct values are not counted, which is most of it."""
    began = time.monotonic()
    return _answer(app, collect.field_overview(app), None, began)


def _answer(app: App, report: FieldReport, source: str | None, began: float) -> Audit:
    measure, systems = measured(app), collect.inventory(app)
    matches = [one for one in measure.matches if source in (None, one.source)] if measure else []
    recognized = [one for one in measure.recognized if source in (None, one.source)] if measure else []
    return Audit(
        report=report,
        matches=matches,
        recognized=recognized,
        measured_at=measure.made_at if measure else None,
        systems=systems,
        missing=collect.missing(systems),
        findings=findings(report, measure, app.clock.now(), app.settings.brand_currency),
        seconds=round(time.monotonic() - began, 3),
    )


def findings(report: FieldReport, measure: Measure | None, now: datetime, currency: str) -> list[Finding]:
    """What is worth a look, the most pressing first, at most FINDINGS_MAX."""
    theirs = {source.use.source.name: source for source in report.sources if source.use.source.kind != "own"}
    found = [one for source in theirs.values() for one in _of_source(source, now)]
    for match in measure.matches if measure else []:
        if match.source in theirs and match.type in NAMING:
            found += _of_match(match, theirs[match.source].read)
    found += _unnamed([one for one in (measure.recognized if measure else []) if one.source in theirs], currency)
    return sorted(found, key=lambda one: (PRESSING.index(one.kind), -one.records, one.source, one.field))[:FINDINGS_MAX]


def _of_source(source: SourceAudit, now: datetime) -> list[Finding]:
    name, use = source.use.source.name, source.use
    found = [one for field in source.fields if field.among >= FEW_RECORDS for one in _of_field(name, field)]
    if not use.events:
        what, step = "It is connected and has sent nothing", "Send one event with its key, or import a file"
        if use.vendor:
            what, step = "None of its deliveries has told an event", "Look at its deliveries and their mapping"
        found.append(Finding(kind="silent", source=name, field="", what=what, next=step, records=0))
    elif use.last_received_at and now - use.last_received_at > LATE_AFTER:
        what = f"It has sent nothing for {(now - use.last_received_at).days:,} days"
        step = "Ask its owner whether the system still runs, and look at its refused events"
        found.append(Finding(kind="late", source=name, field="", what=what, next=step, records=use.events))
    return found


def _of_field(source: str, field: FieldAudit) -> list[Finding]:
    name, among = field.field.rpartition(".")[2], f"{field.among:,} {field.event} events"
    found: list[Finding] = []
    if field.personal == "sensitive" and field.why_personal != "By its name":
        what = (
            f'"{name}" of {field.event} holds sensitive data: {field.why_personal[:1].lower()}{field.why_personal[1:]}'
        )
        step = "Decide whether you need it, and have it no longer sent if not"
        found.append(
            Finding(kind="sensitive", source=source, field=field.field, what=what, next=step, records=field.filled)
        )
    valid = field.valid_share
    if valid is not None and valid < VALID_ENOUGH:
        bad = field.filled - (field.valid or 0)
        what = f'{bad:,} of {field.filled:,} values of "{name}" in {field.event} are not valid ({1 - valid:.0%})'
        step = "Check what is typed there: fillers and mistypes name nobody"
        found.append(Finding(kind="invalid", source=source, field=field.field, what=what, next=step, records=bad))
    if field.share < FILLED_ENOUGH and field.identifier in ASKED_FOR:
        what = f'"{name}" is filled in {field.share:.1%} of {among}'
        step = "Ask for it where this source meets customers: it joins records"
        missing = field.among - field.filled
        found.append(Finding(kind="empty", source=source, field=field.field, what=what, next=step, records=missing))
    return found


def _of_match(match: Match, read: int) -> list[Finding]:
    kind, apart = KINDS.get(match.type, match.type), match.joins - match.same
    named = f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"
    if not match.joins and match.carried > LONELY_FROM * read:
        what = f"{match.carried:,} of its records carry {named} that no other source carries"
        step = f"Have another source send the {kind}, too: then these records can be joined"
        return [Finding(kind="lonely", source=match.source, field="", what=what, next=step, records=match.carried)]
    if apart >= FEW_RECORDS and apart > (1 - VALID_ENOUGH) * match.joins:
        what = f"{apart:,} of its records share {named} with another source and were kept apart"
        step = "Open one of them under Customers: its page says why they are not one person"
        return [Finding(kind="apart", source=match.source, field="", what=what, next=step, records=apart)]
    return []


def _unnamed(recognized: list[Recognized], currency: str) -> list[Finding]:
    found: list[Finding] = []
    for source in sorted({one.source for one in recognized}):
        whole = sum(one.revenue_cents for one in recognized if one.source == source)
        cents = sum(one.revenue_cents for one in recognized if one.source == source and not one.type)
        if whole > 0 and cents > (1 - VALID_ENOUGH) * whole:
            what = f"{money(cents, currency)} of its revenue has no name ({cents / whole:.1%})"
            step = "Ask for the loyalty card, or offer the receipt by e-mail: nothing else names these buyers"
            found.append(Finding(kind="unnamed", source=source, field="", what=what, next=step, records=cents))
    return found
