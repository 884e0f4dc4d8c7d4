"""The audit of the data a brand has: sources, fields, what joins what, what to do next. One answer for all doors."""

from __future__ import annotations

import time
from datetime import datetime, timedelta

import msgspec

from regulars import collect
from regulars.app import App
from regulars.collect import FieldAudit, FieldReport, SourceAudit, System
from regulars.resolve.potential import Match, Measure, Recognized, measured

# A source that was silent this much longer than it ever is counts as late; sources that send rarely get a week.
LATE_AFTER = timedelta(days=7)
# Below these a field is worth a finding.
VALID_ENOUGH = 0.95
FILLED_ENOUGH = 0.05
FEW_EVENTS = 50
FINDINGS_MAX = 12
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
    """late, silent, invalid, empty, sensitive, apart."""
    source: str
    field: str
    what: str
    next: str
    weight: float
    """Events it concerns: the most comes first."""


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
    report, measure = collect.field_report(app, source), measured(app)
    systems = collect.inventory(app)
    matches = [one for one in measure.matches if source in (None, one.source)] if measure else []
    recognized = [one for one in measure.recognized if source in (None, one.source)] if measure else []
    return Audit(
        report=report,
        matches=matches,
        recognized=recognized,
        measured_at=measure.made_at if measure else None,
        systems=systems,
        missing=collect.missing(systems),
        findings=findings(report, measure, app.clock.now()),
        seconds=round(time.monotonic() - began, 3),
    )


def findings(report: FieldReport, measure: Measure | None, now: datetime) -> list[Finding]:
    """What is worth a look, most events first, at most FINDINGS_MAX."""
    found = [one for source in report.sources if source.use.source.kind != "own" for one in _of_source(source, now)]
    shown = {source.use.source.name for source in report.sources}
    found += [one for match in (measure.matches if measure else []) if match.source in shown for one in _apart(match)]
    return sorted(found, key=lambda one: (-one.weight, one.source, one.field))[:FINDINGS_MAX]


def _of_source(source: SourceAudit, now: datetime) -> list[Finding]:
    name, use = source.use.source.name, source.use
    found = [one for field in source.fields for one in _of_field(name, field)]
    if not use.events:
        what, step = f"{name} is connected and has sent nothing", "Send one event with its key, or import a file"
        found.append(Finding(kind="silent", source=name, field="", what=what, next=step, weight=float("inf")))
    elif use.last_received_at and now - use.last_received_at > LATE_AFTER:
        days = (now - use.last_received_at).days
        what = f"{name} has sent nothing for {days:,} days"
        step = "Ask its owner whether the system still runs; look at its refused events"
        found.append(Finding(kind="late", source=name, field="", what=what, next=step, weight=use.events))
    return found


def _of_field(source: str, field: FieldAudit) -> list[Finding]:
    where = f"{field.field} of {field.event}"
    found: list[Finding] = []
    if field.among < FEW_EVENTS:
        return found
    valid = field.valid_share
    if valid is not None and valid < VALID_ENOUGH:
        bad = field.filled - (field.valid or 0)
        what = f"{1 - valid:.0%} of {where} {'is' if bad == 1 else 'are'} no valid {field.looks_like.lower()}"
        step = f"Check at {source} what is typed there; values that are nobody's join nobody"
        found.append(Finding(kind="invalid", source=source, field=field.field, what=what, next=step, weight=bad))
    if field.share < FILLED_ENOUGH and field.identifier and field.identifier not in ("name", "birth"):
        what = f"{where} is filled in {field.share:.1%} of {field.among:,}"
        step = f"Ask for it where {source} meets customers: it joins records"
        weight = (field.among - field.filled) / 10
        found.append(Finding(kind="empty", source=source, field=field.field, what=what, next=step, weight=weight))
    if field.personal == "sensitive" and field.why_personal != "By its name":
        what = f"{where} holds sensitive data: {field.why_personal[:1].lower()}{field.why_personal[1:]}"
        step = "Decide whether you need it; stop sending it if not"
        found.append(Finding(kind="sensitive", source=source, field=field.field, what=what, next=step, weight=10**9))
    return found


def _apart(match: Match) -> list[Finding]:
    apart = match.joins - match.same
    if not match.type or apart < FEW_EVENTS or apart < (1 - VALID_ENOUGH) * match.joins:
        return []
    kind = KINDS.get(match.type, match.type)
    what = f"{apart:,} records of {match.source} share a {kind} with another source and were kept apart"
    step = "Look up one of them under Customers: its page says why they are not one person"
    return [Finding(kind="apart", source=match.source, field="", what=what, next=step, weight=apart)]
