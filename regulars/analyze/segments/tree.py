"""The rule of a segment as data: groups (all, any, none) over leaves, each a claim about one customer. Pure.

    {"kind": "all", "of": [
        {"kind": "trait", "trait": "orders", "is": ">=", "value": 3},
        {"kind": "did", "event": "Order Line", "where": [{"column": "category", "is": "=", "value": "CAT FOOD"}],
         "is": ">=", "value": 2, "days": 90},
        {"kind": "none", "of": [{"kind": "segment", "segment": "best_customers"}]}]}

A rule from outside is data: names are looked up, values become literals, nothing is ever evaluated. Every leaf says by
itself which claim it is; `spoken` says it in words. A rule that cannot be read names its part: `$.of[1].days`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Annotated, Any, ClassVar, cast, get_args

import msgspec
from msgspec import Meta, Struct

from regulars.analyze.errors import RuleRefused, TraitRefused
from regulars.analyze.expressions import Op
from regulars.analyze.segments.parts import (
    Name,
    Part,
    Path,
    Sign,
    Text,
    Value,
    Vocabulary,
    Whole,
    compared,
    refused,
)
from regulars.analyze.segments.standing import Consent, GradeIs, Identity, InStage, ScoreIs
from regulars.analyze.traits import (
    MEASURES,
    TYPES,
    WINDOW_LIMIT_DAYS,
    Expression,
    Facts,
    Scalar,
    Sequence,
    Since,
    Windowed,
    count,
    total,
)

DEPTH_LIMIT = 8
CLAUSES_LIMIT = 50
# A rule with all that the segments in it claim: one statement judges it for everybody, and nests as deep as it does.
COMPARISONS_LIMIT = 500
JOINTS_DEPTH_LIMIT = 60
CONDITIONS_LIMIT = 5

DAYS_LIMIT = 10_000
# Days since 1970-01-01.
DAY_LIMIT = 100_000
# A level of a rule is two of its JSON: the object, and the list in it.
JSON_DEPTH_LIMIT = 2 * DEPTH_LIMIT + 3

# What tells one fact from another is no claim about a customer, and a draft would hold a row for each fact of the lake.
NOT_ASKED = ("seq", "line", "fact_id", "event", "occurred_us", "order_hash", "product_hash")
ADDED_UP = tuple(name for name in MEASURES if name not in NOT_ASKED)

JOINTS = ("and", "or", "not")


class Condition(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A column of a fact against a constant."""

    column: Name
    sign: Sign = msgspec.field(name="is", default="=")
    value: Whole | Text


Conditions = Annotated[tuple[Condition, ...], Meta(max_length=CONDITIONS_LIMIT)]


class TraitIs(Part, frozen=True, kw_only=True, tag="trait"):
    """A trait against a value, or against another trait."""

    trait: Name
    sign: Sign = msgspec.field(name="is")
    value: Value | None = None
    than: Name | None = None

    def claim(self, known: Vocabulary, path: Path = ()) -> Expression:
        left = _trait(self.trait, known, (*path, "trait"))
        if (self.value is None) is (self.than is None):
            raise refused(path, "a comparison needs a value or another trait", "Give either value or than")
        if known.traits[self.trait].unit == "date" and self.than is None and not _is_day(self.value):
            raise refused((*path, "value"), f"{self.value} is no day", "Give a number of days since 1970-01-01")
        right = self.value if self.than is None else _trait(self.than, known, (*path, "than"))
        assert right is not None, "one of the two was given"
        return compared(left, self.sign, right, path)


class Did(Part, frozen=True, kw_only=True, tag="did"):
    """How often something happened, or what it sums to, ever or in the last `days`."""

    event: Name
    where: Conditions = ()
    measure: Name | None = None
    """What is added up; None: the number of times."""
    sign: Sign = msgspec.field(name="is", default=">=")
    value: Whole = 1
    days: int | None = None

    def claim(self, known: Vocabulary, path: Path = ()) -> Expression:
        return compared(self.counted(path), self.sign, self.value, path)

    def counted(self, path: Path = ()) -> Scalar | Windowed:
        """The number that is compared."""
        if self.measure is not None and self.measure not in ADDED_UP:
            raise refused((*path, "measure"), f"'{self.measure}' is no measure", f"Choose one of {', '.join(ADDED_UP)}")
        facts = selection(self.event, self.where, path)
        leaf = count(facts) if self.measure is None else total(Facts(facts.event, self.measure, facts.conditions))
        if self.days is None:
            return leaf
        try:
            within = leaf.within(days=self.days)
        except TraitRefused as fault:
            raise refused((*path, "days"), fault.what, fault.fix) from None
        assert isinstance(within, Windowed), "a sum or a count has windows"
        return within


class LastDid(Part, frozen=True, kw_only=True, tag="last"):
    """How many days ago something happened for the last time; never true of whoever never did it."""

    event: Name
    where: Conditions = ()
    sign: Sign = msgspec.field(name="is", default=">")
    days: Annotated[int, Meta(ge=0, le=DAYS_LIMIT)]

    def claim(self, known: Vocabulary, path: Path = ()) -> Expression:
        last = Since(Scalar("max", selection(self.event, self.where, path), "day"))
        return compared(last, self.sign, self.days, path)


class Then(Part, frozen=True, kw_only=True, tag="sequence"):
    """Did one thing and then, within days, another (or did not in all of these days), all in the last `days`."""

    event: Name
    where: Conditions = ()
    then: Name
    then_where: Conditions = ()
    within: Annotated[int, Meta(ge=0, lt=WINDOW_LIMIT_DAYS)]
    """Days after the first; 0: later the same day."""
    followed: bool = True
    days: Annotated[int, Meta(ge=1, le=WINDOW_LIMIT_DAYS)] = 90

    def claim(self, known: Vocabulary, path: Path = ()) -> Expression:
        if self.within >= self.days:
            fix = f"Choose more than {self.within} days to look back"
            raise refused((*path, "within"), f"nothing of the last {self.days} days has so much time", fix)
        first, then = selection(self.event, self.where, path), selection(self.then, self.then_where, path, "then_where")
        return compared(Sequence(first, then, self.within, self.days, self.followed), ">=", 1, path)


class InSegment(Part, frozen=True, kw_only=True, tag="segment"):
    """In another segment now."""

    segment: Name

    def claim(self, known: Vocabulary, path: Path = ()) -> Expression:
        if self.segment not in known.segments:
            there = ", ".join(sorted(known.segments)) or "there is none yet"
            raise refused((*path, "segment"), f"There is no segment named '{self.segment}'", f"Choose one of: {there}")
        return known.segments[self.segment]


def joined(claims: list[Expression], joint: str) -> Expression:
    """One claim of several by "and" or "or", halved again and again: however many they are, none stands deep."""
    if len(claims) == 1:
        return claims[0]
    half = len(claims) // 2
    left, right = joined(claims[:half], joint), joined(claims[half:], joint)
    return left & right if joint == "and" else left | right


class Group(Part, frozen=True, kw_only=True):
    """Several parts under one joint."""

    of: Annotated[tuple[Rule, ...], Meta(min_length=1)]
    joint: ClassVar[str] = ""

    def claims(self, known: Vocabulary, path: Path) -> list[Expression]:
        """What its parts claim."""
        return [part.claim(known, (*path, "of", place)) for place, part in enumerate(self.of)]


class All(Group, frozen=True, kw_only=True, tag="all"):
    """Every part holds."""

    joint: ClassVar[str] = "and"

    def claim(self, known: Vocabulary, path: Path = ()) -> Expression:
        return joined(self.claims(known, path), self.joint)


class AnyOf(Group, frozen=True, kw_only=True, tag="any"):
    """At least one part holds."""

    joint: ClassVar[str] = "or"

    def claim(self, known: Vocabulary, path: Path = ()) -> Expression:
        return joined(self.claims(known, path), self.joint)


class NoneOf(Group, frozen=True, kw_only=True, tag="none"):
    """No part holds."""

    joint: ClassVar[str] = "or"

    def claim(self, known: Vocabulary, path: Path = ()) -> Expression:
        return ~joined(self.claims(known, path), self.joint)


Leaf = TraitIs | Did | LastDid | Then | InSegment | Consent | Identity | InStage | ScoreIs | GradeIs
Rule = All | AnyOf | NoneOf | Leaf


def read(given: object) -> Rule:
    """The rule that this JSON (text, or decoded) says. Raises RuleRefused, naming the part that cannot be read."""
    try:
        tree = msgspec.json.decode(given) if isinstance(given, str | bytes) else given
    except (msgspec.DecodeError, RecursionError) as fault:
        raise RuleRefused(f"The rule is not JSON that we read: {fault}"[:200], "Write it as an object") from None
    _check_size(tree)
    try:
        return msgspec.convert(tree, Rule)
    except msgspec.ValidationError as fault:
        what, _, where = str(fault).partition(" - at `")
        place = where.rstrip("`") or "$"
        raise RuleRefused(f"The rule cannot be read at {place}: {what}", _fix(what)) from None


def claimed(rule: Rule, known: Vocabulary) -> Expression:
    """What a rule claims with all that the segments in it claim. Raises RuleRefused, also where that is too much."""
    claim = rule.claim(known)
    level, comparisons = [claim], 0
    for _ in range(JOINTS_DEPTH_LIMIT):
        joints = [one for one in level if isinstance(one, Op) and one.sign in JOINTS]
        comparisons += len(level) - len(joints)
        if comparisons > COMPARISONS_LIMIT:
            raise RuleRefused(
                f"The rule and the segments in it make more than {COMPARISONS_LIMIT} comparisons",
                "Name fewer segments, or smaller ones",
            )
        level = [part for one in joints for part in ([one.left] if one.sign == "not" else [one.left, one.right])]
    if level:
        raise RuleRefused("The segments in the rule rest on others too deep", "Say in one rule what several say")
    return claim


def written(rule: Rule) -> str:
    """The rule as JSON text."""
    return msgspec.json.encode(rule).decode()


def as_tree(rule: Rule) -> Any:
    """The rule as decoded JSON."""
    return msgspec.to_builtins(rule)


def parts(rule: Rule, wanted: bool = True) -> Iterator[tuple[Leaf, bool]]:
    """The parts that are no groups, in reading order, and whether the rule asks for each or for its contrary."""
    if isinstance(rule, All | AnyOf | NoneOf):
        for part in rule.of:
            yield from parts(part, wanted != isinstance(rule, NoneOf))
    else:
        yield rule, wanted


def leaves(rule: Rule) -> Iterator[Leaf]:
    """The parts that are no groups, in reading order."""
    return (leaf for leaf, _ in parts(rule))


def named_segments(rule: Rule) -> set[str]:
    """Other segments that this rule looks at."""
    return {leaf.segment for leaf in leaves(rule) if isinstance(leaf, InSegment)}


def named_traits(rule: Rule) -> set[str]:
    """Traits that this rule looks at by name."""
    compared = [leaf for leaf in leaves(rule) if isinstance(leaf, TraitIs)]
    return {name for leaf in compared for name in (leaf.trait, leaf.than) if name}


def selection(event: str, where: Iterable[Condition], path: Path, field: str = "where") -> Facts:
    """The facts of an event under these conditions, which stand in this field of the part."""
    found: list[tuple[str, str, int | float | str]] = []
    for place, one in enumerate(where):
        here = (*path, field, place)
        if one.column not in TYPES or one.column in NOT_ASKED:
            offered = ", ".join(name for name in TYPES if name not in NOT_ASKED)
            raise refused((*here, "column"), f"Facts have no column '{one.column}'", f"Choose one of {offered}")
        if isinstance(one.value, str) is not (TYPES[one.column] == "text"):
            raise refused((*here, "value"), f"{one.column} is {TYPES[one.column]}", "Compare it with one of its type")
        if isinstance(one.value, str) and one.sign != "=":
            raise refused((*here, "is"), f"Texts are not {one.sign} each other", "Compare a text with =")
        found.append((one.column, one.sign, one.value))
    return Facts(event, None, tuple(sorted(set(found), key=repr)))


def _trait(name: str, known: Vocabulary, path: Path) -> Expression:
    if name not in known.traits:
        raise refused(path, f"There is no trait named '{name}'", f"Choose one of: {', '.join(sorted(known.traits))}")
    return known.traits[name].expression


def _is_day(value: Value | None) -> bool:
    return isinstance(value, int) and 0 <= value <= DAY_LIMIT


def _check_size(tree: object) -> None:
    """Before anything is built: what is too large would end Python's own stack."""
    leaves_left, level = CLAUSES_LIMIT, [tree]
    for _ in range(JSON_DEPTH_LIMIT):
        level = [part for one in level for part in _children(one)]
        leaves_left -= sum(1 for one in level if isinstance(one, dict) and "kind" in one and "of" not in one)
        if leaves_left < 0:
            raise RuleRefused("The rule has too many parts", f"Use at most {CLAUSES_LIMIT} comparisons")
    if level:
        raise RuleRefused("The rule is nested too deep", f"Use at most {DEPTH_LIMIT} levels")


def _children(tree: object) -> list[object]:
    if isinstance(tree, dict):
        return [*cast(dict[str, Any], tree).values()]
    return cast(list[object], tree) if isinstance(tree, list) else []


def _fix(what: str) -> str:
    if unknown := re.search(r"Invalid value '?(.*?)'?$", what):
        kinds = ", ".join(str(one.__struct_config__.tag) for one in (All, AnyOf, NoneOf, *get_args(Leaf)))
        return f"'{unknown[1][:60]}' is none of: {kinds}, or a sign >= <= > < ="
    return "Compare it with the examples in docs/reference/segments.md"
