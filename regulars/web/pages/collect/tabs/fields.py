"""Every field of a source: how full, how different, how valid, which personal data, and how far it joins others."""

from __future__ import annotations

from functools import partial
from typing import Any

from litestar import Request

from regulars import collect, resolve
from regulars.app import App
from regulars.collect import DISTINCT_ERROR, FieldAudit, SourceAudit, SourceUse
from regulars.resolve import KINDS, Audit, joinable
from regulars.web import words
from regulars.web.charts import Figure
from regulars.web.pages.collect import matching
from regulars.web.pages.collect.tabs import Tab, tabs

VALID_ENOUGH = 0.95
PERSONAL = ("sensitive", "contact", "identifier", "none")


def given(app: App, request: Request[Any, Any, Any], use: SourceUse) -> dict[str, object]:
    """The audit of this source, filtered and sorted as the address says."""
    asked = request.query_params
    found = resolve.audit(app, use.source.name)
    source = found.report.sources[0]
    event, personal, sort = asked.get("event", ""), asked.get("personal", ""), asked.get("sort", "")
    fields = [field for field in source.fields if event in ("", field.event) and personal in ("", field.personal)]
    return {
        "audit": found,
        "source": source,
        "finding": finding(found, source),
        "figures": figures(found, source),
        "matches": [match for match in found.matches if match.type],
        "fields": matching.sorted_fields(found, source, fields, sort),
        "columns": matching.FIELD_COLUMNS,
        "event": event,
        "personal": personal,
        "classes": PERSONAL,
        "sort": sort,
        "joins": partial(matching.joins, found, source),
        "kinds_of_identifier": KINDS,
        "distinct_error": words.percent(DISTINCT_ERROR, 0),
        "valid_enough": VALID_ENOUGH,
    }


def finding(found: Audit, source: SourceAudit) -> str:
    """What stands out: which identifier joins best, and what is least valid."""
    name = source.use.source.name
    if not source.read:
        return f"{name}: nothing has been read yet"
    matches = [match for match in found.matches if match.type and match.joins]
    best = max(matches, key=lambda match: match.joins, default=None)
    whole = found.match(name)
    said = "nothing joins it with another source yet"
    if best and whole:
        known = words.percent(whole.joins / source.read, 0)
        said = f"another source knows {known} of its records, most by {KINDS[best.type]}"
    worst = worst_field(source)
    if worst is None or worst.valid_share is None:
        return f"{name}: {said}"
    bad = words.percent(1 - worst.valid_share, 0)
    return f"{name}: {said}; {bad} of {collect.shown_name(worst.field.rpartition('.')[2])} values are not valid"


def worst_field(source: SourceAudit) -> FieldAudit | None:
    """The field with the most values that are not valid, if enough of them are."""
    judged = [field for field in source.fields if field.valid_share is not None and field.valid_share < VALID_ENOUGH]
    return max(judged, key=lambda field: field.filled - (field.valid or 0), default=None)


def figures(found: Audit, source: SourceAudit) -> list[Figure]:
    """Records, how full, how joinable, how many another source knows."""
    match = found.match(source.use.source.name)
    named = joinable(found, source)
    known = match.joins / source.read if match and source.read else None
    apart = match.joins - match.same if match else 0
    return [
        Figure(
            name="Records",
            value=words.number(source.use.events),
            than=f"{words.plural(len(source.events), 'kind')} of event, {words.plural(len(source.fields), 'field')}",
        ),
        Figure(name="Filled", value=words.percent(source.filled), than="of what could stand in its fields"),
        Figure(name="Joinable", value=words.percent(named), than="carry an identifier"),
        Figure(
            name="Known elsewhere",
            value=words.percent(known),
            than=f"{apart:,} of them kept apart" if apart else "share an identifier with another source",
        ),
    ]


def is_theirs(use: SourceUse) -> bool:
    """What Regulars itself said is not audited."""
    return use.source.kind != "own"


tabs.add("fields")(Tab("Fields", 10, "pages/collect/tabs/fields.html", given, is_theirs))
