"""One stretch of the lake read field by field, by DuckDB: what stands in each field, how often, and of which form.

A field is found where it stands, at any depth up to DEPTH: nobody declares it. Every distinct value of a stretch is
looked at once, whatever the number of events that carry it, so cleaners that judge one value at a time stay cheap.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from regulars.collect.audit.fields import is_payment_card, rule_of
from regulars.collect.audit.masking import hidden, masked
from regulars.collect.facts import ORDER
from regulars.lake.duckdb import Engine
from regulars.store import queries

SQL = queries(__package__ or "")
Judge = Callable[[str], bool]
"""Is this value a valid one of its kind?"""

# Smallest hashes kept of a field: up to so many distinct values are exact, more are known to about 3%.
KEPT_HASHES = 1_024
# Beyond these the least frequent events of a source, and the last fields of an event, are only counted.
EVENTS_MAX = 200
FIELDS_MAX = 200
DEPTH = 4
VALUE_MAX_CHARACTERS = 256
SAMPLE_VALUES = 3
CARD_NUMBERS_MAX = 5_000
# A value that so many events of a stretch carry is no secret of one person.
SHOWN_FROM_EVENTS = 5
# Stated by the transport itself: they say nothing about customers.
ENVELOPE = frozenset(
    {"type", "event", "messageId", "timestamp", "originalTimestamp", "sentAt", "receivedAt", "version"}
)
# Objects that nearly every event has: what they hold is asked with the first question.
USUAL = ("/context", "/properties", "/traits")
HEALTH = (
    r"\b(diabet\w*|allerg\w*|pregnan\w*|cancer|asthma|depress\w*|hiv|insulin|surgery|disabilit\w*|wheelchair"
    r"|heart attack|blood pressure|prescription)\b"
)
# Shorter texts are names of things: a shelf of diabetic food says nothing about who buys there.
PROSE_CHARACTERS = 30
FORM_COLUMNS = ("number", "date", "truth", "email", "phone", "health")


class Cell(NamedTuple):
    """One field of one event of one source in a stretch; the field "" is the event itself, "x[]" the items of x."""

    source_id: int
    event: str
    field: str
    filled: int
    different: int
    smallest: bytes
    forms: dict[str, int]
    valid: int | None
    sample: list[str]
    first_at: datetime
    last_at: datetime


class Owner(NamedTuple):
    """Events of one name from one source."""

    source: int
    event: str


class Use(NamedTuple):
    """The evidence of one source in a stretch: signatures, their events, what their orders paid; arrays as text."""

    source_id: int
    signatures: str
    events: str
    revenue_cents: str


def read(duck: Engine, files: Sequence[str], fact_files: Sequence[str], span: Mapping[str, int]) -> None:
    """Load the events of a span ("after", "to", "own": the id of our own source), past the rows of table `bare`."""
    duck.run(SQL.lake_any_order)
    if files:
        duck.run(SQL.lake_read, {**span, "files": list(files)})
    else:
        duck.run(SQL.lake_read_none)
    if fact_files:
        within = {"after": span["after"], "to": span["to"]}
        duck.run(SQL.lake_paid, within | {"files": list(fact_files), "order": ORDER})
    else:
        duck.run(SQL.lake_paid_none)


def uses(duck: Engine) -> list[Use]:
    """What each source brought."""
    return [Use(*row) for row in duck.rows(SQL.lake_uses)]


def cells(duck: Engine, judges: Mapping[str, Judge]) -> list[Cell]:
    """Every field of every event; `judges` tell valid values by the kind of identifier."""
    found: list[Cell] = []
    owners: list[Owner] = []
    seen: dict[int, int] = {}
    for source, event, count, first_at, last_at in duck.rows(SQL.lake_events):
        found.append(Cell(source, event, "", count, 0, b"", {}, None, [], first_at, last_at))
        seen[source] = seen.get(source, 0) + 1
        if seen[source] <= EVENTS_MAX:
            owners.append(Owner(source, event))
    for owner in owners:
        found += _of_event(duck, owner, judges)
    return found


def _of_event(duck: Engine, owner: Owner, judges: Mapping[str, Judge]) -> Iterator[Cell]:
    values, lists = _paths(duck, owner)
    if values:
        duck.run(SQL.lake_values, owner._asdict() | {"paths": values, "longest": VALUE_MAX_CHARACTERS})
        yield from _told(duck, owner, [_field("", path) for path in values], judges)
    for path in lists:
        yield from _of_elements(duck, owner, path, judges)


def _of_elements(duck: Engine, owner: Owner, path: str, judges: Mapping[str, Judge]) -> Iterator[Cell]:
    """The fields of the objects in the list at this path: what is inside of theirs is shown as one text."""
    items = _items(path)
    if items is None:
        duck.run(SQL.lake_quoted_elements, owner._asdict() | {"path": path})
    else:
        duck.run(SQL.lake_elements, owner._asdict() | {"items": items})
    ((count, first_at, last_at),) = duck.rows(SQL.lake_element_count)
    if not count:
        return
    above = _field("", path) + "[]"
    yield Cell(*owner, above, count, 0, b"", {}, None, [], first_at, last_at)
    paths = [f"/{_escaped(key)}" for (key,) in duck.rows(SQL.lake_element_keys, {"most": FIELDS_MAX})]
    if paths:
        duck.run(SQL.lake_element_values, {"paths": paths, "longest": VALUE_MAX_CHARACTERS})
        yield from _told(duck, owner, [_field(above, path) for path in paths], judges)


def _paths(duck: Engine, owner: Owner) -> tuple[list[str], list[str]]:
    """JSON pointers of values, and of lists, in the events of this name."""
    known, kinds = _keys(duck, owner, ["", *USUAL]), dict[str, set[str]]()
    values: list[str] = []
    lists: list[str] = []
    front = [""]
    for _ in range(DEPTH):
        known |= _keys(duck, owner, [path for path in front if path not in known])
        found = [path for above in front for path in known[above]][: FIELDS_MAX - len(values)]
        if not found:
            break
        # Each question reads every event once: what stands in the usual objects is asked with the objects themselves.
        asked = [*found, *(path for above in found for path in known.get(above, []))]
        kinds |= _kinds(duck, owner, [path for path in asked if path not in kinds])
        values += [path for path in found if kinds[path] - {"OBJECT", "ARRAY", "NULL"}]
        lists += [path for path in found if "ARRAY" in kinds[path]]
        front = [path for path in found if "OBJECT" in kinds[path]]
    return values, lists


def _keys(duck: Engine, owner: Owner, paths: list[str]) -> dict[str, list[str]]:
    """The paths right below each of these, by name."""
    below: dict[str, list[str]] = {path: [] for path in paths}
    given = owner._asdict() | {"paths": paths, "most": FIELDS_MAX + len(ENVELOPE)}
    told: list[tuple[int, str]] = duck.rows(SQL.lake_keys, given) if paths else []
    for place, key in told:
        above = paths[place - 1]
        if above or key not in ENVELOPE:
            below[above].append(f"{above}/{_escaped(key)}")
    return below


def _kinds(duck: Engine, owner: Owner, paths: list[str]) -> dict[str, set[str]]:
    """What stands at each of these paths: OBJECT, ARRAY, NULL and names of values."""
    kinds: dict[str, set[str]] = {path: set() for path in paths}
    told: list[tuple[int, str]] = duck.rows(SQL.lake_types, owner._asdict() | {"paths": paths}) if paths else []
    for place, kind in told:
        kinds[paths[place - 1]].add(kind)
    return kinds


def _told(duck: Engine, owner: Owner, fields: list[str], judges: Mapping[str, Judge]) -> Iterator[Cell]:
    """What table `told` says of these fields, by their places."""
    valid = _valid(duck, fields, judges)
    numbers = _card_numbers(duck)
    given = {"kept": KEPT_HASHES, "health": HEALTH, "prose": PROSE_CHARACTERS, "sample": SAMPLE_VALUES}
    for row in duck.rows(SQL.lake_fields, given):
        place, filled, different, smallest, first_at, last_at, *counts, often, times = row
        field = fields[int(place) - 1]
        forms = {form: count for form, count in zip(FORM_COLUMNS, counts, strict=True) if count}
        if numbers.get(place):
            forms["card_number"] = numbers[place]
        packed = b"".join(number.to_bytes(8) for number in smallest)
        sample = _sample(field, often, times)
        yield Cell(*owner, field, filled, different, packed, forms, valid.get(place), sample, first_at, last_at)


def _valid(duck: Engine, fields: list[str], judges: Mapping[str, Judge]) -> dict[int, int]:
    """How many values of each judged field pass, by its place."""
    judged = {place: rule.judge for place, field in enumerate(fields, 1) if (rule := rule_of(field)).judge in judges}
    valid = dict.fromkeys(judged, 0)
    for place, value, times in duck.rows(SQL.lake_texts, {"places": list(judged)}) if judged else ():
        valid[place] += times if judges[judged[place]](value) else 0
    return valid


def _card_numbers(duck: Engine) -> dict[int, int]:
    counted: dict[int, int] = {}
    for place, value, times in duck.rows(SQL.lake_card_numbers, {"most": CARD_NUMBERS_MAX}):
        counted[place] = counted.get(place, 0) + (times if is_payment_card(value) else 0)
    return counted


def _sample(field: str, values: Sequence[str], times: Sequence[int]) -> list[str]:
    """What may be shown: numbers and frequent words of fields that are no personal data; the rest is masked."""
    path = tuple(field.replace("[]", "").split("."))
    is_plain = rule_of(field).personal == "none"
    return [
        value if is_plain and count >= SHOWN_FROM_EVENTS and hidden(value, path) == value else masked(value)
        for value, count in zip(values, times, strict=True)
    ]


def _escaped(key: str) -> str:
    """A key as part of a JSON pointer."""
    return key.replace("~", "~0").replace("/", "~1")


def _items(path: str) -> str | None:
    """The items of the list at a JSON pointer, as JSONPath says them; None where a name cannot, even quoted."""
    parts = [part.replace("~1", "/").replace("~0", "~") for part in path.split("/")[1:]]
    if any(part in ("", "*") or '"' in part or "\\" in part for part in parts):
        return None
    return "$" + "".join(f'."{part}"' for part in parts) + "[*]"


def _field(above: str, path: str) -> str:
    """A JSON pointer as people write it: properties.revenue, properties.products[].price."""
    told = ".".join(part.replace("~1", "/").replace("~0", "~") for part in path.split("/")[1:])
    return f"{above}.{told}" if above else told
