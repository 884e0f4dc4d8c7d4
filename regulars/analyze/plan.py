"""Which state the declared traits need: every leaf once, scalars in the row, cells by family. Pure.

Two traits with the same selection share their state. A state is named after the trait that is exactly it, else after
what it holds; names that are already stored stay, so that adding a trait never renames a column.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import blake2b
from typing import Literal

from regulars.analyze.errors import TraitRefused
from regulars.analyze.expressions import (
    COPIED,
    LEAVES,
    SUMMED,
    TYPES,
    WIDE_KEYS,
    Copied,
    Distinct,
    Expression,
    Facts,
    Field,
    Held,
    Kind,
    Leaf,
    OfDays,
    OfKeys,
    Op,
    Quantile,
    Root,
    Scalar,
    Sequence,
    Since,
    Today,
    Week,
    When,
    Windowed,
)

DAYS_KEPT = 1_000
NAME_LIMIT_CHARACTERS = 40
COLUMN_TYPES: dict[Kind, str] = {
    "whole": "bigint",
    "fraction": "double precision",
    "text": 'text collate "C"',
    "truth": "boolean",
}


Freshness = Literal["live", "daily"]


@dataclass(frozen=True)
class Trait:
    """A declared trait: a name that is a column, a title people read, what it is, and how it is shown."""

    name: str
    title: str
    expression: Expression
    unit: str = ""
    """cents, days, share, date or empty."""
    freshness: Freshness = "live"
    """live: folded with every batch; daily: from the lake once a day, and only the value is kept."""
    history: bool = field(default=False, repr=False)
    """Every change of a customer's value is kept, with time and cause."""


@dataclass(frozen=True)
class Segment:
    """A declared segment: a claim over traits."""

    name: str
    title: str
    rule: Expression


@dataclass(frozen=True)
class ScalarState:
    """One scalar in the row. first and last keep (t, id) beside the value."""

    name: str
    leaf: Scalar

    @property
    def is_pair(self) -> bool:
        """Has three columns."""
        return self.leaf.fold in ("first", "last")

    @property
    def columns(self) -> list[tuple[str, str]]:
        """Names and PostgreSQL types."""
        type_ = COLUMN_TYPES[self.leaf.kind]
        if self.is_pair:
            return [(f"{self.name}__t", "bigint"), (f"{self.name}__id", "bigint"), (self.name, type_)]
        return [(self.name, f"{type_} not null default 0" if self.leaf.fold in SUMMED else type_)]


@dataclass(frozen=True)
class Measure:
    """One summed column of a family of cells."""

    name: str
    facts: Facts
    column: str | None
    """None: the number of facts."""


Celled = Windowed | OfDays | OfKeys | Distinct | Quantile | Sequence


@dataclass(frozen=True)
class Output:
    """One number that the finish reads out of a family, stored in the row until the family is touched again."""

    name: str
    leaf: Celled
    measure: str

    @property
    def is_zero_without(self) -> bool:
        """Nothing counted is 0; a key or a day that is not there is not known."""
        if isinstance(self.leaf, Quantile):
            return False
        return self.leaf.kind == "whole" and not (isinstance(self.leaf, OfDays) and self.leaf.what == "newest")


@dataclass(frozen=True)
class Family:
    """Cells of one key.

    kind: window (day, longest window kept), days (day, newest kept), key (all), distinct (hash, smallest kept),
    histogram (digits and leading two of the value, all) or sequence (instant, longest window kept).
    """

    name: str
    kind: str
    key: str
    measures: tuple[Measure, ...]
    outputs: tuple[Output, ...]

    @property
    def table(self) -> str:
        """Its table in PostgreSQL."""
        return f"cell_{self.name}"

    @property
    def key_type(self) -> str:
        """PostgreSQL type of its key."""
        return 'text collate "C"' if TYPES[self.key] == "text" else "bigint"

    def whats(self) -> set[str]:
        """What the outputs of a family of days or of keys say."""
        return {o.leaf.what for o in self.outputs if isinstance(o.leaf, OfDays | OfKeys)}

    @property
    def windows(self) -> list[int]:
        """The lengths its outputs look back, longest last."""
        return sorted({o.leaf.days for o in self.outputs if isinstance(o.leaf, Windowed)})


@dataclass(frozen=True)
class Plan:
    """All state of a catalogue."""

    traits: tuple[Trait, ...]
    segments: tuple[Segment, ...]
    scalars: tuple[ScalarState, ...]
    families: tuple[Family, ...]
    columns: Mapping[Held, str] = field(hash=False)
    daily: tuple[tuple[str, Leaf], ...] = ()
    """Columns of the row that the lake fills once a day; the scalars and families here are the live ones."""
    fields: tuple[tuple[str, Copied], ...] = ()
    """Columns of the row that other tables fill: profiles, consents, who is who, scores."""

    @cached_property
    def whole(self) -> Plan:
        """The same with the state of daily traits, too: what the lake is folded to."""
        scalars, families = _states({leaf: name for leaf, name in self.columns.items() if not isinstance(leaf, COPIED)})
        return Plan(self.traits, self.segments, scalars, families, self.columns, fields=self.fields)

    @cached_property
    def of_lake(self) -> Plan:
        """What the lake fills once a day alone, each column as a trait."""
        scalars, families = _states({leaf: name for name, leaf in self.daily})
        traits = tuple(Trait(name, name, leaf) for name, leaf in self.daily)
        return Plan(traits, (), scalars, families, self.columns)

    def freshness(self, expression: Expression) -> Freshness:
        """daily as soon as a part of it is."""
        daily = {leaf for _, leaf in self.daily}
        return "daily" if daily.intersection(leaves(expression)) else "live"

    @property
    def events(self) -> frozenset[str]:
        """Names of the facts that anything here looks at."""
        selections = [s.leaf.facts for s in self.scalars] + [m.facts for f in self.families for m in f.measures]
        return frozenset(facts.event for facts in selections)

    @property
    def values(self) -> list[Trait]:
        """Traits that have a stored column of their own: not a state under their own name, and not ageing."""
        return [t for t in self.traits if not ages(t.expression) and self._own_name(t.expression) != t.name]

    @cached_property
    def remembered(self) -> list[Trait]:
        """Traits whose changes are kept: what changes with the day alone, or with the lake, is none of them."""
        kept = [t for t in self.traits if t.history and not ages(t.expression)]
        return [t for t in kept if self.freshness(t.expression) == "live"]

    def _own_name(self, expression: Expression) -> str | None:
        held = _held(expression)
        return None if held is None else self.columns[held]

    @property
    def fingerprint(self) -> str:
        """Short name of this state, for temporary tables."""
        return blake2b(
            repr((self.scalars, self.families, self.traits, self.fields)).encode(), digest_size=4
        ).hexdigest()


def plan(
    traits: Iterable[Trait],
    segments: Iterable[Segment] = (),
    stored: Mapping[str, str] | None = None,
    also: Iterable[Expression] = (),
    coming: Iterable[Trait] = (),
) -> Plan:
    """The state these need, and `also` that, and that of versions to come.

    `stored` holds names by `repr(leaf)` as they already exist.
    """
    traits, segments, coming = tuple(traits), tuple(segments), tuple(coming)
    needed = [*[t.expression for t in (*traits, *coming)], *[s.rule for s in segments], *also]
    daily = _daily((*traits, *coming), segments)
    names = _names(traits, needed, daily, stored or {})
    scalars, families = _states({leaf: name for leaf, name in names.items() if leaf not in daily})
    copied = {part: _field_name(part, traits, stored or {}) for part in _fields(needed)}
    return Plan(
        traits=traits,
        segments=segments,
        scalars=scalars,
        families=families,
        columns={**names, **copied},
        daily=tuple((names[leaf], leaf) for leaf in names if leaf in daily),
        fields=tuple((name, part) for part, name in copied.items()),
    )


def _fields(expressions: list[Expression]) -> list[Copied]:
    return list(dict.fromkeys(part for expression in expressions for part in fields(expression)))


def _field_name(part: Copied, traits: tuple[Trait, ...], stored: Mapping[str, str]) -> str:
    free = [trait.name for trait in traits if trait.expression == part and trait.name not in stored.values()]
    return stored.get(repr(part)) or next(iter(free), None) or state_name(part)


def leaves(expression: Expression) -> list[Leaf]:
    """The folds in an expression, in reading order."""
    return [part for part in _walk(expression) if isinstance(part, LEAVES)]


def fields(expression: Expression) -> list[Copied]:
    """What is copied into the row for an expression, in reading order."""
    return [part for part in _walk(expression) if isinstance(part, COPIED)]


def kept_parts(expression: Expression) -> list[Held]:
    """Whatever in an expression has a column of its own."""
    return [*leaves(expression), *fields(expression)]


def _walk(expression: Expression) -> Iterator[Expression]:
    yield expression
    parts: tuple[Expression, ...] = ()
    if isinstance(expression, Op):
        parts = (expression.left,) if expression.sign == "not" else (expression.left, expression.right)
    elif isinstance(expression, When):
        parts = (expression.claim, expression.value, expression.otherwise)
    elif isinstance(expression, Root):
        parts = (expression.of,)
    elif isinstance(expression, Since | Week):
        parts = (expression.day,)
    for part in parts:
        yield from _walk(part)


def ages(expression: Expression) -> bool:
    """It changes with the day alone, so it is read and not stored. Windows age too, but by expiring cells."""
    return any(isinstance(part, Since | Today) for part in _walk(expression))


def slug(of: Facts) -> str:
    """A readable name of a selection, unique by a hash where conditions narrow it."""
    name = re.sub(r"\W+", "_", of.event.lower()).strip("_")
    if not of.conditions and len(name) <= NAME_LIMIT_CHARACTERS:
        return name
    return f"{name[:NAME_LIMIT_CHARACTERS]}_{_short(of.conditions)}"


def _states(names: Mapping[Leaf, str]) -> tuple[tuple[ScalarState, ...], tuple[Family, ...]]:
    scalars = tuple(ScalarState(name, leaf) for leaf, name in names.items() if isinstance(leaf, Scalar))
    return scalars, _families(names)


def _daily(traits: tuple[Trait, ...], segments: tuple[Segment, ...]) -> frozenset[Leaf]:
    """What only daily traits look at. Raises TraitRefused where a live one wants what is only kept once a day."""
    live: set[Leaf] = set()
    for trait in traits:
        if trait.freshness == "live":
            live.update(leaves(trait.expression))
            _refuse_live(trait.name, [leaf for leaf in leaves(trait.expression) if _must_be_daily(leaf)])
    daily = {leaf for trait in traits for leaf in leaves(trait.expression)} - live
    for segment in segments:
        only = [leaf for leaf in leaves(segment.rule) if _must_be_daily(leaf) and leaf not in daily]
        _refuse_live(segment.name, only)
    return frozenset(daily)


def _must_be_daily(leaf: Leaf) -> bool:
    return isinstance(leaf, Distinct | Quantile) or (isinstance(leaf, OfKeys) and leaf.key in WIDE_KEYS)


def _refuse_live(name: str, cells: list[Leaf]) -> None:
    if cells:
        what = (
            f"different {cells[0].column.removesuffix('_hash')}s" if isinstance(cells[0], Distinct) else "a histogram"
        )
        what = "cells by product" if isinstance(cells[0], OfKeys) else what
        raise TraitRefused(
            f"'{name}' would keep {what} of '{cells[0].facts.event}' for every customer live",
            "Declare the trait with freshness='daily', or count order facts: count(facts('Order Completed'))",
        )


def _names(
    traits: tuple[Trait, ...], needed: Iterable[Expression], daily: frozenset[Leaf], stored: Mapping[str, str]
) -> dict[Leaf, str]:
    found: dict[Leaf, str] = {}
    taken = set(stored.values())
    direct = {leaf: t.name for t in reversed(traits) if (leaf := _leaf(t.expression)) and t.name not in taken}
    for expression in needed:
        for leaf in leaves(expression):
            if leaf not in found:
                found[leaf] = stored.get(repr(leaf)) or direct.get(leaf) or state_name(leaf)
    for leaf in [leaf for leaf in found if isinstance(leaf, OfDays) and leaf not in daily]:
        # A day behind the newest one is added by difference, for which both must be stored.
        for other in (OfDays("days", leaf.facts), OfDays("newest", leaf.facts), *_run_behind(leaf)):
            found.setdefault(other, stored.get(repr(other)) or direct.get(other) or state_name(other))
    return found


def _run_behind(leaf: OfDays) -> list[OfDays]:
    """The longest run may be the latest, which goes on."""
    what = {"longest_days": "latest_days", "longest_weeks": "latest_weeks"}.get(leaf.what)
    return [OfDays("latest_days" if what == "latest_days" else "latest_weeks", leaf.facts)] if what else []


def state_name(leaf: Held) -> str:
    """What a state is called that no trait gives its name to."""
    if isinstance(leaf, Field):
        return f"field_{leaf.overlay}_{leaf.name}"[:NAME_LIMIT_CHARACTERS]
    if not isinstance(leaf, LEAVES):
        return f"{type(leaf).__name__.lower()}_{_short(leaf)}"
    if isinstance(leaf, Windowed):
        what = f"{leaf.fold}_{leaf.column or 'n'}_{leaf.days}d"
    elif isinstance(leaf, Scalar):
        what = f"{leaf.fold}_{leaf.column or 'n'}"
    elif isinstance(leaf, OfDays):
        what = leaf.what
    elif isinstance(leaf, OfKeys):
        what = f"{leaf.what}_{leaf.key}"
    elif isinstance(leaf, Sequence):
        what = f"{'then' if leaf.followed else 'not_then'}_{leaf.within}d_{leaf.last}d"
    else:
        what = f"distinct_{leaf.column}" if isinstance(leaf, Distinct) else f"q{leaf.percent}_{leaf.column}"
    return f"{what}__{slug(leaf.facts)}"[:NAME_LIMIT_CHARACTERS] + f"_{_short(leaf)}"


def _families(names: Mapping[Leaf, str]) -> tuple[Family, ...]:
    outputs: dict[tuple[str, str, str], list[Output]] = {}
    measures: dict[tuple[str, str, str], dict[str, Measure]] = {}
    for leaf, name in names.items():
        if isinstance(leaf, Scalar):
            continue
        if isinstance(leaf, Sequence):
            family, measure = (
                (f"then_{_short((leaf.first, leaf.then))}", "sequence", "occurred_us"),
                measure_of(leaf.first),
            )
            also = [measure_of(each, column) for each in (leaf.first, leaf.then) for column in (None, "day")]
            measures.setdefault(family, {}).update((one.name, one) for one in also)
        elif isinstance(leaf, Windowed):
            family, measure = ("window", "window", "day"), measure_of(leaf.facts, leaf.column)
        elif isinstance(leaf, OfDays):
            family, measure = (f"days_{slug(leaf.facts)}", "days", "day"), measure_of(leaf.facts, None)
        elif isinstance(leaf, OfKeys):
            family = (f"{leaf.key}_{slug(Facts(leaf.facts.event))}", "key", leaf.key)
            measure = measure_of(leaf.facts, leaf.facts.value)
        elif isinstance(leaf, Distinct):
            # The smallest hashes of one selection are not those of another.
            of = Facts(leaf.facts.event, None, leaf.facts.conditions)
            family, measure = (
                (f"distinct_{leaf.column}_{slug(of)}", "distinct", leaf.column),
                measure_of(leaf.facts, None),
            )
        else:
            family = (f"histogram_{leaf.column}_{slug(Facts(leaf.facts.event))}", "histogram", leaf.column)
            measure = measure_of(leaf.facts, None)
        outputs.setdefault(family, []).append(Output(name, leaf, measure.name))
        measures.setdefault(family, {})[measure.name] = measure
    return tuple(
        Family(name, kind, key, tuple(measures[name, kind, key].values()), tuple(out))
        for (name, kind, key), out in outputs.items()
    )


def measure_of(of: Facts, column: str | None = None) -> Measure:
    """The summed column for these facts."""
    facts = Facts(of.event, None, of.conditions)
    return Measure(f"{column or 'n'}__{slug(facts)}", facts, column)


def _leaf(expression: Expression) -> Leaf | None:
    return expression if isinstance(expression, LEAVES) else None


def _held(expression: Expression) -> Held | None:
    return expression if isinstance(expression, (*LEAVES, *COPIED)) else None


def _short(thing: object) -> str:
    return blake2b(repr(thing).encode(), digest_size=3).hexdigest()
