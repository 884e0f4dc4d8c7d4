"""Judging events by a plan: what is wrong, where, and how to mend it. Pure; schemas are compiled once a version.

A violation never repeats a value: it may be a customer's. It says what was expected; the event itself stands beside it.
"""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from itertools import islice
from typing import Any, NamedTuple, cast

import jsonschema_rs

from regulars.collect.plan.declare import Plan, compiled
from regulars.collect.schema import object_schema, properties_schema

VIOLATIONS_PER_EVENT_MAX = 10
TEXT_MAX_CHARACTERS = 500
NAMES_REMEMBERED_MAX = 10_000
OWN_KIND = "own"
BY_KIND = {"page": "Page Viewed", "screen": "Screen Viewed"}
"""A page is checked only where the plan names it so: every visit of every page is no event anybody plans."""
KNOWN_AS = {"string": "text", "number": "a number", "integer": "a whole number", "boolean": "true or false"} | {
    "array": "a list",
    "object": "an object",
}
TYPE_NAMES = {"bool": "boolean", "int": "number", "float": "number", "str": "string", "list": "array", "dict": "object"}


class Told(NamedTuple):
    """One message as it is judged."""

    seq: int
    source: str
    source_kind: str
    kind: str
    name: str
    body: dict[str, Any]


class Violation(NamedTuple):
    """One way in which an event does not follow the plan."""

    seq: int
    event: str
    source: str
    path: str
    """Where in the properties (or traits): products.3.price. Empty: the event as a whole."""
    rule: str
    """missing, type, enum, pattern, minimum, format, unplanned, source or unchecked."""
    what: str
    fix: str


class Checker:
    """A plan, compiled."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._by_event = {name: compiled(properties_schema(event)) for name, event in plan.events.items()}
        self._traits = compiled(object_schema(plan.traits)) if plan.traits else None
        self._fix_by_name: dict[str, str] = {}

    def violations(self, told: Told) -> list[Violation]:
        """What is wrong with this event, at most VIOLATIONS_PER_EVENT_MAX of it."""
        if told.source_kind == OWN_KIND:
            return []
        try:
            return list(islice(self._judge(told), VIOLATIONS_PER_EVENT_MAX))
        except Exception as fault:
            # Whatever a checker stumbles over, the events behind it are to be judged; and that it was not is no secret.
            what = f"It could not be checked ({type(fault).__name__})"
            return [_of(told, told.name or told.kind, "", "unchecked", what, "Report this line with the event")]

    def _judge(self, told: Told) -> Iterator[Violation]:
        if told.kind == "identify":
            if self._traits is not None:
                yield from _faults(told, "identify", self._traits, told.body.get("traits") or {})
            return
        name = told.name if told.kind == "track" else BY_KIND.get(told.kind, "")
        validator = self._by_event.get(name)
        if validator is None:
            if told.kind == "track" and self._plan.flags_unplanned:
                yield self._unplanned(told)
            return
        yield from self._sender(told, name)
        yield from _faults(told, name, validator, told.body.get("properties") or {})

    def _unplanned(self, told: Told) -> Violation:
        fix = self._fix_by_name.get(told.name)
        if fix is None:
            # Looking for a similar name takes half a millisecond, and a source sends the same ones again and again.
            near = get_close_matches(told.name, self._plan.events, n=1)
            fix = f"Send it as '{near[0]}', or add it to the plan" if near else "Add it to the plan, or stop sending it"
            if len(self._fix_by_name) < NAMES_REMEMBERED_MAX:
                self._fix_by_name[told.name] = fix
        return _of(told, told.name, "", "unplanned", "The plan knows no event of this name", fix)

    def _sender(self, told: Told, name: str) -> Iterator[Violation]:
        allowed = self._plan.senders.get(name)
        limit = self._plan.limits.get(told.source)
        if (allowed is not None and told.source not in allowed) or (limit is not None and name not in limit):
            what = f"The plan does not expect it from the source '{told.source}'"
            fix = "Send it from a source the plan names, or add this one to the plan"
            yield _of(told, name, "", "source", what, fix)


def _faults(told: Told, name: str, validator: jsonschema_rs.Draft202012Validator, given: object) -> Iterator[Violation]:
    # Most events are as planned, and whether one is takes about five microseconds.
    if validator.is_valid(given):
        return
    for error in validator.iter_errors(given):
        path = ".".join(str(part) for part in error.instance_path)
        rule, path, what, fix = _said(error, path)
        yield _of(told, name, path, rule, what, fix)


def _said(error: jsonschema_rs.ValidationError, path: str) -> tuple[str, str, str, str]:
    """Rule, path, what and fix of one fault of the validator."""
    kind: Any = error.kind
    word = str(error.schema_path[-1]) if error.schema_path else ""
    if word == "required":
        missing = ".".join(filter(None, [path, str(kind.property)]))
        return "missing", missing, f"{missing} is missing", f"Send {missing} with every event of this name"
    place = path or "properties"
    if word == "type":
        wanted = " or ".join(KNOWN_AS.get(name, name) for name in cast(list[str], kind.types))
        sent = KNOWN_AS.get(_type_of(error.instance), "null")
        return "type", path, f"{place} is {sent}, not {wanted}", f"Send {place} as {wanted}"
    if word == "enum":
        values = ", ".join(str(value) for value in kind.options)
        return "enum", path, f"{place} is none of: {values}", "Send one of these, or add the new value to the plan"
    if word == "pattern":
        return "pattern", path, f"{place} does not fit the pattern {kind.pattern}", f"Send {place} in that form"
    if word == "minimum":
        return "minimum", path, f"{place} is below {kind.limit}", f"Send {kind.limit} or more"
    return "format", path, f"{place} is no date and time", "Write it as 2026-03-02T15:04:05Z"


def _type_of(value: object) -> str:
    return TYPE_NAMES.get(type(value).__name__, "null")


def _of(told: Told, name: str, path: str, rule: str, what: str, fix: str) -> Violation:
    short = slice(TEXT_MAX_CHARACTERS)
    return Violation(told.seq, name, told.source, path[short], rule, what[short], fix[short])
