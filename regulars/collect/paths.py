"""A mapping of nested JSON that people edit: which place of an event is filled from which path of a delivery. Pure.

The places are those of mapping files (`files.mapping`): userId, timestamp, properties.x, traits.x, context.x. A path
names a value: `order.total`, `tags.0`, or as a JSON pointer `/order/grand.total`. `items[].price` goes through a list;
put at `properties.products[].price`, each of its items is one product. There is no code in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, NamedTuple, cast

import msgspec

from regulars.collect import amounts
from regulars.collect.door import KINDS
from regulars.collect.errors import DeliveryUnreadable, MappingRefused
from regulars.collect.files.mapping import BAGS, FIELDS_BY_COLUMN
from regulars.collect.webhooks import Said

RULES_MAX = 20
FIELDS_MAX = 100
PATH_MAX_CHARACTERS = 200
PATH_MAX_STEPS = 12
LIST_ITEMS_MAX = 1_000
EACH = "[]"
CURRENCY = "properties.currency"
CURRENCY_CODE = re.compile(r"[A-Za-z]{3}")
DEFAULT_CURRENCY = "USD"
FIELDS = frozenset(FIELDS_BY_COLUMN.values()) - {"type", "messageId"} | {"name"}
PLACE = re.compile(r"[A-Za-z_$][\w$ -]*(?:\[\])?(?:\.[\w$ -]+(?:\[\])?)*")

AS_IT_IS, AMOUNT, MINOR_UNITS = "as it is", "amount", "minor units"
READINGS = (AS_IT_IS, AMOUNT, MINOR_UNITS)


class Field(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One place of the event, filled from a path or with a constant."""

    place: str
    path: str = ""
    constant: str = ""
    """Instead of a path: the same for every delivery."""
    reading: str = AS_IT_IS
    """One of READINGS. An amount becomes exact text of the event's currency."""


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One event that a delivery tells."""

    kind: str = "track"
    event: str = ""
    """Name of a track event."""
    topic: str = ""
    """Only deliveries of this topic; empty: all."""
    once: str = ""
    """Path to what makes it one event however often it is told, such as the order's id; empty: each delivery tells
    another one."""
    fields: list[Field] = []


class Paths(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A whole mapping."""

    rules: list[Rule] = []


class Wrong(NamedTuple):
    """Something of a mapping that cannot be used, and where: rule, and field (None: the rule itself)."""

    rule: int
    field: int | None
    words: str


def faults(mapping: Paths) -> list[Wrong]:
    """Everything that is wrong with a mapping."""
    found: list[Wrong] = []
    if len(mapping.rules) > RULES_MAX:
        found.append(Wrong(RULES_MAX, None, f"A mapping has at most {RULES_MAX} events"))
    for at, rule in enumerate(mapping.rules):
        if rule.kind not in KINDS:
            found.append(Wrong(at, None, f"There is no kind '{rule.kind}'"))
        if rule.kind == "track" and not rule.event:
            found.append(Wrong(at, None, "A track event needs a name"))
        if rule.once and (why := wrong_path(rule.once)):
            found.append(Wrong(at, None, f"Once per: {why}"))
        if len(rule.fields) > FIELDS_MAX:
            found.append(Wrong(at, None, f"An event has at most {FIELDS_MAX} fields"))
        for number, field in enumerate(rule.fields):
            if why := _wrong_field(field):
                found.append(Wrong(at, number, why))
    return found


def checked(mapping: Paths) -> Paths:
    """The mapping, if it can be used. Raises MappingRefused naming every fault."""
    found = faults(mapping)
    if found:
        told = "; ".join(f"event {each.rule + 1}: {each.words}" for each in found)
        raise MappingRefused(f"The mapping cannot be used: {told}", "Mend what it names and save again")
    return mapping


def _wrong_field(field: Field) -> str:
    if not (field.place in FIELDS or field.place.startswith(BAGS)) or not PLACE.fullmatch(field.place):
        return f"'{field.place}' is no place: use userId, timestamp, properties.x, traits.x or context.x"
    if field.place.endswith(EACH):
        return f"'{field.place}' names a list and no field of what is in it: write {field.place}.name"
    if field.reading not in READINGS:
        return f"There is no reading '{field.reading}'"
    if bool(field.path) == bool(field.constant):
        return "Give a path or a constant"
    if field.place.count(EACH) > 1 or field.path.count(EACH) > 1:
        return "Only one list can be gone through"
    if field.path and (EACH in field.path) != (EACH in field.place):
        return f"{EACH} stands on one side only"
    return wrong_path(field.path) if field.path else ""


def wrong_path(path: str) -> str:
    """Why this is no path, in words; empty: it is one."""
    if len(path) > PATH_MAX_CHARACTERS:
        return f"A path has at most {PATH_MAX_CHARACTERS} characters"
    steps = _steps(path)
    if len(steps) > PATH_MAX_STEPS:
        return f"A path has at most {PATH_MAX_STEPS} steps"
    return f"'{path}' is no path: write order.total or items[].price" if not all(steps) else ""


def _steps(path: str) -> list[str]:
    if path.startswith("/"):
        return [step.replace("~1", "/").replace("~0", "~") for step in path[1:].split("/")]
    return path.split(".")


def said(mapping: Paths, topic: str, content: dict[str, Any]) -> list[Said]:
    """What a delivery tells by this mapping. Raises DeliveryUnreadable."""
    return [_said(rule, content) for rule in mapping.rules if not rule.topic or rule.topic == topic]


def _said(rule: Rule, content: dict[str, Any]) -> Said:
    message: dict[str, Any] = {"type": rule.kind}
    if rule.event:
        message["event" if rule.kind == "track" else "name"] = rule.event
    currency = _currency(rule, content)
    for field in sorted(rule.fields, key=lambda each: bool(each.constant)):
        _fill(message, field, content, currency)
    if not rule.once:
        return Said("", message)
    name = value_at(content, rule.once)
    if name is None or isinstance(name, dict | list):
        raise DeliveryUnreadable(f"The delivery has no {rule.once}", "Mend the path that makes the event one")
    return Said(f"{rule.kind}:{rule.event}:{name}", message)


def _currency(rule: Rule, content: dict[str, Any]) -> str:
    field = next((each for each in rule.fields if each.place == CURRENCY), None)
    told = (field.constant or value_at(content, field.path)) if field else None
    return told.upper() if isinstance(told, str) and CURRENCY_CODE.fullmatch(told) else DEFAULT_CURRENCY


def _fill(message: dict[str, Any], field: Field, content: dict[str, Any], currency: str) -> None:
    if EACH not in field.place:
        value = field.constant or _read(value_at(content, field.path), field, currency)
        if value is not None:
            _put(message, field.place.split("."), value)
        return
    before, _, after = field.place.partition(EACH)
    found = _list_at(message, before.split("."))
    if field.constant:
        values: Iterator[Any] = iter([field.constant] * len(found))
    else:
        values = (_read(value, field, currency) for value in values_at(content, field.path))
    for at, value in enumerate(values):
        if at == len(found):
            found.append({})
        if value is not None:
            _put(found[at], after.lstrip(".").split("."), value)


def _list_at(message: dict[str, Any], steps: list[str]) -> list[dict[str, Any]]:
    inside = message
    for step in steps[:-1]:
        inside = inside.setdefault(step, {})
    return inside.setdefault(steps[-1], [])


def _put(message: dict[str, Any], steps: list[str], value: Any) -> None:
    inside = message
    for step in steps[:-1]:
        following = inside.setdefault(step, {})
        if not isinstance(following, dict):
            return  # a value stands where an object is meant; the first one wins
        inside = cast(dict[str, Any], following)
    inside[steps[-1]] = value


def _read(value: Any, field: Field, currency: str) -> Any:
    if value is None:
        return None
    if field.reading == AMOUNT:
        return amounts.text(value, currency)
    if field.reading == MINOR_UNITS:
        return amounts.of_minor(value, currency)
    return _plain(value)


def _plain(value: Any) -> Any:
    """The value with decimal numbers as text: they may be amounts."""
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in cast(dict[str, Any], value).items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in cast(list[Any], value)]
    return value


def value_at(content: object, path: str) -> Any:
    """The value at this path; None where there is none."""
    for step in _steps(path):
        content = _step(content, step)
    return content


def values_at(content: object, path: str) -> list[Any]:
    """The values of a path through a list, an item each; LIST_ITEMS_MAX at most."""
    before, _, after = path.partition(EACH)
    found = value_at(content, before.rstrip("./") if before else "")
    items = cast(list[Any], found)[:LIST_ITEMS_MAX] if isinstance(found, list) else []
    return [value_at(item, after.lstrip("./")) if after.strip("./") else item for item in items]


def _step(content: object, step: str) -> Any:
    if isinstance(content, dict):
        return cast(dict[str, Any], content).get(step)
    if isinstance(content, list) and step.isdecimal():
        items = cast(list[Any], content)
        return items[int(step)] if len(step) < 6 and int(step) < len(items) else None
    return None


def leaves(content: object, before: str = "", depth: int = 0) -> Iterator[tuple[str, Any]]:
    """Every path of a delivery with its value, for somebody who chooses one; of a list its first item, as `[]`."""
    if depth >= PATH_MAX_STEPS:
        return
    if isinstance(content, dict):
        for key, inner in cast(dict[str, Any], content).items():
            yield from leaves(inner, f"{before}.{key}" if before else key, depth + 1)
    elif isinstance(content, list) and content and EACH not in before:
        yield from leaves(cast(list[Any], content)[0], before + EACH, depth + 1)
    elif not isinstance(content, list):
        yield before, content
