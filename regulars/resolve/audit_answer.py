"""The audit as programs and spreadsheets take it: plain objects, and one line a field as CSV."""

from __future__ import annotations

import csv
import io
from typing import Any

import msgspec

from regulars.collect import DISTINCT_ERROR, FieldAudit, SourceAudit
from regulars.kit.sheet import safe_cell
from regulars.resolve.audit import Audit

HEAD = (
    *("Source", "Event", "Field", "Looks like", "Personal data", "Could be filled", "Filled", "Filled share"),
    *("Distinct", "Distinct is", "Valid", "Valid share", "First seen", "Last seen", "Joins", "Sample"),
)


def answer(audit: Audit) -> dict[str, Any]:
    """The whole audit as one JSON object; shares are of 1."""
    report = audit.report
    return {
        "read_until": report.read_until,
        "journal_until": report.journal_until,
        "read_at": report.read_at,
        "read_seconds": report.read_seconds,
        "seconds": audit.seconds,
        "distinct_error": DISTINCT_ERROR,
        "systems_connected": audit.connected,
        "revenue_named_share": audit.named_share,
        "sources": [_source(audit, source) for source in report.sources],
        "matches": [msgspec.to_builtins(match) for match in audit.matches],
        "recognized": [msgspec.to_builtins(one) for one in audit.recognized],
        "systems": [msgspec.to_builtins(system) for system in audit.systems],
        "missing": [msgspec.to_builtins(each) for each in audit.missing],
        "findings": [msgspec.to_builtins(one) for one in audit.findings],
    }


def _source(audit: Audit, source: SourceAudit) -> dict[str, Any]:
    use = source.use
    return {
        "name": use.source.name,
        "kind": use.source.kind,
        "events": use.events,
        "events_read": source.read,
        "refusals": use.refusals,
        "last_received_at": use.last_received_at,
        "filled": source.filled,
        "joinable": joinable(audit, source),
        "fields": [
            msgspec.to_builtins(field) | {"share": field.share, "valid_share": field.valid_share}
            for field in source.fields
        ],
    }


def joinable(audit: Audit, source: SourceAudit) -> float | None:
    """Of the records read, how many carry an identifier; None: nothing was read or measured."""
    match = audit.match(source.use.source.name)
    return match.carried / source.read if match and source.read else None


def as_csv(audit: Audit) -> str:
    """One line a field, safe to open in a spreadsheet: no cell begins like a formula."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(HEAD)
    for source in audit.report.sources:
        for field in source.fields:
            writer.writerow([_cell(value) for value in _line(audit, source, field)])
    return out.getvalue()


def _line(audit: Audit, source: SourceAudit, field: FieldAudit) -> list[Any]:
    match = audit.match(source.use.source.name, field.identifier) if field.identifier else None
    return [
        *(source.use.source.name, field.event, field.field, field.looks_like, field.personal),
        *(field.among, field.filled, round(field.share, 4)),
        *(field.different, "exact" if field.is_exact else "about"),
        *(field.valid, None if field.valid_share is None else round(field.valid_share, 4)),
        *(field.first_at.isoformat(), field.last_at.isoformat()),
        *(match.joins if match else None, ", ".join(field.sample)),
    ]


def _cell(value: Any) -> Any:
    return safe_cell(value) if isinstance(value, str) else value
