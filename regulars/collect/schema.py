"""Declared events as JSON Schema (draft 2020-12). Pure.

Additional properties are always allowed: a source may say more than anybody declared. Empty values count as not sent,
as the door drops a message's own nulls.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from regulars.collect.properties import EventSchema, Property

DRAFT = "https://json-schema.org/draft/2020-12/schema"
Schema = dict[str, Any]


def message_schema(title: str, events: Iterable[EventSchema]) -> Schema:
    """One schema that judges a whole track message by its event; each event stands by itself under $defs."""
    given = list(events)
    return {
        "$schema": DRAFT,
        "title": title,
        "type": "object",
        "properties": {"type": {"type": "string"}, "event": {"type": "string"}, "properties": {"type": "object"}},
        "required": ["type"],
        "allOf": [_judged_by_name(event.name) for event in given],
        "$defs": {event.name: properties_schema(event) for event in given},
    }


def _judged_by_name(name: str) -> Schema:
    named = {"properties": {"type": {"const": "track"}, "event": {"const": name}}, "required": ["event"]}
    return {"if": named, "then": {"properties": {"properties": {"$ref": f"#/$defs/{_pointer(name)}"}}}}


def properties_schema(event: EventSchema) -> Schema:
    """The schema of one event's properties."""
    return {"title": event.name, "description": event.meaning} | object_schema(event.properties)


def object_schema(properties: Iterable[Property]) -> Schema:
    """The schema of an object with these properties."""
    given = list(properties)
    made: Schema = {"type": "object", "properties": {each.name: property_schema(each) for each in given}}
    needed = [each.name for each in given if each.required]
    return made | ({"required": needed} if needed else {})


def property_schema(each: Property) -> Schema:
    """The schema of one property."""
    if each.type == "datetime":
        made: Schema = {"type": "string", "format": "date-time"}
    elif each.type == "object":
        made = object_schema(each.of)
    elif each.type == "array":
        made = {"type": "array"} | ({"items": object_schema(each.of)} if each.of else {})
    else:
        made = {"type": each.type} if each.type else {}
    said: Schema = {
        "description": each.meaning,
        "enum": list(each.one_of),
        "pattern": each.pattern,
        "minimum": each.at_least,
        "examples": [] if each.example is None else [each.example],
        "x-personal-data": each.personal,
    }
    return made | {key: value for key, value in said.items() if value not in ("", [], None)}


def _pointer(name: str) -> str:
    """A name inside a JSON pointer that stands in an address."""
    return name.replace("~", "~0").replace("/", "~1").replace("%", "%25").replace(" ", "%20")
