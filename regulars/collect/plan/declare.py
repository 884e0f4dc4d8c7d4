"""A plan's file: YAML into a `Plan`, with every fault of it named at once. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, TypeVar, cast

import jsonschema_rs
import msgspec
import yaml
from msgspec.structs import replace

from regulars.collect import vocabulary
from regulars.collect.errors import PlanRefused
from regulars.collect.properties import PERSONAL, TYPES, EventSchema, Property
from regulars.collect.schema import Schema, message_schema, object_schema, properties_schema

PLAN_MAX_BYTES = 256 * 1024
DEPTH_MAX = 6
FAULTS_NAMED_MAX = 20
INTEGER_MAX = 2**63
# Patterns come from people: this engine runs in a time that grows with the text only, whatever the pattern.
PATTERNS = jsonschema_rs.RegexOptions(size_limit=1024 * 1024)
ALLOW, FLAG = "allow", "flag"
Form = TypeVar("Form")


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a plan says about one property."""

    type: str = ""
    meaning: str = ""
    required: bool = False
    enum: list[str | int | float | bool] = []
    pattern: str = ""
    minimum: float | None = None
    personal: str = ""
    example: Any = None
    of: dict[str, Rule] = {}


class Expected(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a plan says about one event."""

    meaning: str = ""
    sources: list[str] = []
    """Who may send it; empty: everybody."""
    properties: dict[str, Rule] = {}


class File(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The file as it is written."""

    plan: str
    unplanned: str = FLAG
    include: list[str] = []
    traits: dict[str, Rule] = {}
    events: dict[str, Expected] = {}
    sources: dict[str, list[str]] = {}


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """A plan that can be checked against."""

    name: str
    flags_unplanned: bool
    events: dict[str, EventSchema]
    traits: tuple[Property, ...]
    senders: dict[str, frozenset[str]]
    """Event to the sources that may send it; not in here: everybody may."""
    limits: dict[str, frozenset[str]]
    """Source to the events it may send; not in here: all."""

    def schema(self) -> Schema:
        """The plan as one JSON Schema of a message; what it says of identify stands under $defs, too."""
        made = message_schema(self.name, self.events.values())
        if self.traits:
            made["$defs"]["identify"] = object_schema(self.traits)
            is_identify = {"properties": {"type": {"const": "identify"}}}
            then = {"properties": {"traits": {"$ref": "#/$defs/identify"}}}
            made["allOf"].append({"if": is_identify, "then": then})
        return made


def declare(text: str) -> Plan:
    """The plan in this text. Raises PlanRefused, which names every fault."""
    faults: list[str] = []
    file = _read(text, faults)
    events = _included(file.include, faults)
    published = vocabulary.events()
    for name, expected in file.events.items():
        events[name] = EventSchema(
            name=name,
            meaning=expected.meaning or (published[name].meaning if name in published else ""),
            properties=_described(_properties(expected.properties, f"events.{name}", faults), published.get(name)),
        )
    traits = _properties(file.traits, "traits", faults)
    if file.unplanned not in (ALLOW, FLAG):
        faults.append(f"unplanned is '{file.unplanned}', not {ALLOW} or {FLAG}")
    faults += [
        f"sources.{source} names '{name}', which the plan does not know"
        for source, names in file.sources.items()
        for name in names
        if name not in events
    ]
    if faults:
        raise PlanRefused(f"The plan cannot be used: {'; '.join(faults)}", "Mend what it names; nothing was loaded")
    plan = Plan(
        name=file.plan,
        flags_unplanned=file.unplanned == FLAG,
        events=events,
        traits=traits,
        senders={name: frozenset(each.sources) for name, each in file.events.items() if each.sources},
        limits={source: frozenset(names) for source, names in file.sources.items()},
    )
    _try_out(plan)
    return plan


def compiled(schema: Schema) -> jsonschema_rs.Draft202012Validator:
    """The schema as what judges by it."""
    return jsonschema_rs.Draft202012Validator(schema, pattern_options=PATTERNS, validate_formats=True)


def _try_out(plan: Plan) -> None:
    """Compile all of it: what is found only behind the door would be found again by every step of the watch."""
    schemas = {f"events.{name}": properties_schema(event) for name, event in plan.events.items()}
    for place, schema in (schemas | {"traits": object_schema(plan.traits)}).items():
        try:
            compiled(schema)
        except (jsonschema_rs.ValidationError, ValueError, TypeError, OverflowError, RecursionError) as fault:
            said = " ".join(str(fault).split())[:200]
            raise PlanRefused(
                f"The plan cannot be used: {place} makes no schema ({said})", "Mend what it names; nothing was loaded"
            ) from None


def _read(text: str, faults: list[str]) -> File:
    """The file, without the parts that are of a wrong form: `faults` names those."""
    if len(text.encode()) > PLAN_MAX_BYTES:
        raise PlanRefused(f"The plan is over {PLAN_MAX_BYTES} bytes", "Split it, or leave out examples")
    try:
        # A few aliases of aliases unfold into more than any memory holds.
        if any(isinstance(event, yaml.AliasEvent) for event in _steps(text)):
            raise PlanRefused("The plan uses YAML aliases (*name)", "Write each rule out")
        loaded: object = yaml.safe_load(text)
        if odd := list(islice(_odd(loaded, ""), FAULTS_NAMED_MAX)):
            raise PlanRefused(
                f"The plan cannot be written as JSON: {'; '.join(odd)}", "Put quotes around it, or leave it out"
            )
        return _file(loaded, faults)
    except (yaml.YAMLError, RecursionError, ValueError) as fault:
        said = " ".join(str(fault).split())
        raise PlanRefused(f"The plan cannot be read: {said}", "Mend what it names; nothing was loaded") from None


def _file(loaded: object, faults: list[str]) -> File:
    """Piece by piece: of a whole file, only its first wrong piece would be told, and not of which event it is."""
    above = _without(_without(loaded, "traits"), "events")
    told = cast(dict[str, object], loaded) if isinstance(loaded, dict) else {}
    file = _converted(above, File, File(plan=""), "the plan", faults)
    events = {
        name: _expected(each, f"events.{name}", faults) for name, each in _members(told, "events", "events", faults)
    }
    return replace(file, events=events, traits=_rules(told, "traits", "traits", faults))


def _expected(told: object, place: str, faults: list[str]) -> Expected:
    above = _without(told, "properties")
    expected = _converted(above, Expected, Expected(), place, faults)
    return replace(expected, properties=_rules(told, "properties", place, faults))


def _rules(told: object, member: str, place: str, faults: list[str]) -> dict[str, Rule]:
    rules: dict[str, Rule] = {}
    for name, each in _members(told, member, place, faults):
        here = f"{place}.{name}"
        rule = _converted(_without(each, "of"), Rule, Rule(), here, faults)
        rules[name] = replace(rule, of=_rules(each, "of", here, faults))
    return rules


def _members(told: object, member: str, place: str, faults: list[str]) -> list[tuple[str, object]]:
    """What stands under a member of this object, by name."""
    if not isinstance(told, dict) or member not in told:
        return []
    inside = cast(dict[str, object], told)[member]
    if isinstance(inside, dict):
        return list(cast(dict[str, object], inside).items())
    faults.append(f"{place} has {member} that are no names with what is said of each")
    return []


def _without(told: object, member: str) -> object:
    if not isinstance(told, dict):
        return told
    return {name: value for name, value in cast(dict[str, object], told).items() if name != member}


def _converted(told: object, kind: type[Form], instead: Form, place: str, faults: list[str]) -> Form:
    try:
        return msgspec.convert(told, kind)
    except msgspec.ValidationError as fault:
        what, _, where = str(fault).partition(" - at `$")
        faults.append(f"{place}{where.rstrip('`')}: {what}")
        return instead


def _odd(value: object, place: str) -> Iterator[str]:
    """What JSON, or the text of a database, has no room for: dates, bytes, endless numbers, keys that are no text."""
    if isinstance(value, dict):
        for key, inside in cast(dict[object, object], value).items():
            here = f"{place}.{key}".lstrip(".").replace("\0", "\\0")
            if isinstance(key, str):
                yield from _odd(key, here)
            else:
                yield f"the key {here} is no text"
            yield from _odd(inside, here)
    elif isinstance(value, list):
        for number, inside in enumerate(cast(list[object], value)):
            yield from _odd(inside, f"{place}.{number}")
    elif isinstance(value, str):
        if "\0" in value or any("\ud800" <= sign <= "\udfff" for sign in value):
            yield f"{place} has a character that no text holds"
    elif isinstance(value, float) and not math.isfinite(value):
        yield f"{place} is no finite number"
    elif isinstance(value, int) and abs(value) >= INTEGER_MAX:
        yield f"{place} is too large a number"
    elif value is not None and not isinstance(value, int | float):
        yield f"{place} is a {type(value).__name__}"


def _steps(text: str) -> Iterable[object]:
    return cast(Iterable[object], yaml.parse(text, Loader=yaml.SafeLoader))  # pyright: ignore[reportUnknownMemberType]


def _included(names: list[str], faults: list[str]) -> dict[str, EventSchema]:
    known = set(vocabulary.groups)
    faults += [f"include names '{name}', no group of {', '.join(sorted(known))}" for name in names if name not in known]
    return {event.name: event for name in names if name in known for event in vocabulary.groups[name].events}


def _properties(rules: dict[str, Rule], place: str, faults: list[str], depth: int = 1) -> tuple[Property, ...]:
    if depth > DEPTH_MAX:
        faults.append(f"{place} is nested over {DEPTH_MAX} deep")
        return ()
    return tuple(_property(name, rule, f"{place}.{name}", faults, depth) for name, rule in rules.items())


def _described(planned: tuple[Property, ...], published: EventSchema | None) -> tuple[Property, ...]:
    """The same rules, with the published words and examples where the plan has none of its own."""
    known = {each.name: each for each in published.properties} if published else {}
    return tuple(
        replace(
            each,
            meaning=each.meaning or known[each.name].meaning,
            example=known[each.name].example if each.example is None else each.example,
            of=each.of and _described(each.of, EventSchema(name="", meaning="", properties=known[each.name].of)),
        )
        if each.name in known
        else each
        for each in planned
    )


def _property(name: str, rule: Rule, place: str, faults: list[str], depth: int) -> Property:
    if rule.type and rule.type not in TYPES:
        faults.append(f"{place} has type '{rule.type}', none of {', '.join(TYPES)}")
    if rule.personal and rule.personal not in PERSONAL:
        faults.append(f"{place} has personal-data class '{rule.personal}', none of {', '.join(PERSONAL)}")
    if rule.of and rule.type not in ("array", "object"):
        faults.append(f"{place} has parts (of) and is no array or object")
    if rule.pattern and not _is_pattern(rule.pattern):
        faults.append(f"{place} has a pattern that is no regular expression")
    return Property(
        name=name,
        type=rule.type,
        meaning=rule.meaning,
        example=rule.example,
        required=rule.required,
        one_of=tuple(rule.enum),
        pattern=rule.pattern,
        at_least=rule.minimum,
        personal=rule.personal,
        of=_properties(rule.of, place, faults, depth + 1),
    )


def _is_pattern(pattern: str) -> bool:
    try:
        jsonschema_rs.Draft202012Validator({"pattern": pattern}, pattern_options=PATTERNS)
    except (jsonschema_rs.ValidationError, ValueError):
        return False
    return True
