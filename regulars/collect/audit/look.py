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


class Use(NamedTuple):
    """The evidence of one source in a stretch: signatures, their events, what their orders paid."""

    source_id: int
    signatures: list[int]
    events: list[int]
    revenue_cents: list[int]


def read(duck: Engine, files: Sequence[str], fact_files: Sequence[str], span: Mapping[str, int]) -> None:
    """Load the events of a span ("after", "to", "own": the id of our own source), past the rows of table `bare`."""
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
    by_source: dict[int, Use] = {}
    for source, signature, events, paid in duck.rows(SQL.lake_uses):
        use = by_source.setdefault(source, Use(source, [], [], []))
        use.signatures.append(signature)
        use.events.append(events)
        use.revenue_cents.append(paid)
    return list(by_source.values())


def cells(duck: Engine, judges: Mapping[str, Judge]) -> Iterator[Cell]:
    """Every field of every event; `judges` tell valid values by the kind of identifier."""
    seen: dict[int, int] = {}
    for source, event, count, first_at, last_at in duck.rows(SQL.lake_events):
        yield Cell(source, event, "", count, 0, b"", {}, None, [], first_at, last_at)
        seen[source] = seen.get(source, 0) + 1
        if seen[source] > EVENTS_MAX:
            continue
        duck.run(SQL.lake_one, {"source": source, "event": event})
        yield from _within(duck, (source, event), "", judges)


def _within(duck: Engine, owner: tuple[int, str], above: str, judges: Mapping[str, Judge]) -> Iterator[Cell]:
    """The fields of what table `one` holds, then of the objects in its lists."""
    values, lists = _paths(duck, is_whole=not above)
    yield from _told(duck, owner, above, values, judges)
    if above:
        return
    for path in lists:
        field = _field("", path) + "[]"
        duck.run(SQL.lake_elements, {"path": path})
        ((count, first_at, last_at),) = duck.rows(SQL.lake_element_count)
        if not count:
            continue
        yield Cell(*owner, field, count, 0, b"", {}, None, [], first_at, last_at)
        duck.run(SQL.lake_take_elements)
        yield from _within(duck, owner, field, judges)
        duck.run(SQL.lake_one, {"source": owner[0], "event": owner[1]})


def _paths(duck: Engine, is_whole: bool) -> tuple[list[str], list[str]]:
    """JSON pointers of values, and of lists, in the objects of table `one`."""
    values: list[str] = []
    lists: list[str] = []
    front = [""]
    for _ in range(DEPTH):
        found: list[str] = []
        for path in front:
            told = duck.rows(SQL.lake_keys, {"path": path})
            keys = sorted({key for (keys,) in told for key in keys or ()})
            found += [f"{path}/{_escaped(key)}" for key in keys if not (is_whole and not path and key in ENVELOPE)]
        found = found[: FIELDS_MAX - len(values)]
        if not found:
            break
        if not is_whole:
            # Items of lists are many, and what is inside of theirs is shown as one text.
            return found, []
        types: dict[str, set[str | None]] = {path: set() for path in found}
        for (kinds,) in duck.rows(SQL.lake_types, {"paths": found}):
            for path, kind in zip(found, kinds, strict=True):
                types[path].add(kind)
        values += [path for path in found if types[path] - {"OBJECT", "ARRAY", "NULL", None}]
        lists += [path for path in found if "ARRAY" in types[path]]
        front = [path for path in found if "OBJECT" in types[path]]
    return values, lists


def _told(
    duck: Engine, owner: tuple[int, str], above: str, paths: list[str], judges: Mapping[str, Judge]
) -> Iterator[Cell]:
    if not paths:
        return
    fields = [_field(above, path) for path in paths]
    duck.run(SQL.lake_values, {"paths": paths, "longest": VALUE_MAX_CHARACTERS})
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


def _field(above: str, path: str) -> str:
    """A JSON pointer as people write it: properties.revenue, properties.products[].price."""
    told = ".".join(part.replace("~1", "/").replace("~0", "~") for part in path.split("/")[1:])
    return f"{above}.{told}" if above else told
