"""Segments that people made, as they are stored, and what their rules claim. Reads rows; thinks purely."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import msgspec
import psycopg

from regulars.analyze.errors import RuleRefused
from regulars.analyze.plan import Segment, Trait
from regulars.analyze.segments import tree
from regulars.analyze.traits import Expression
from regulars.store import queries

SQL = queries("regulars.analyze")
# Segments that rest on each other, the last one on none.
CHAIN_LIMIT = 60
FAILED = " cannot be run: "


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A segment that people made."""

    name: str
    version: int
    adopted: int
    """The version in force; 0: none yet, or none any more."""
    archived: bool
    fault: str | None
    """Why the newest version could not be taken over."""
    settled: bool
    """The flow has taken over what was saved, or said why it cannot."""
    title: str
    rule: str
    """The newest version, as JSON."""
    author: str
    reason: str
    at: datetime
    rule_in_force: str | None


def stored(db: psycopg.Connection) -> list[Row]:
    """All of them by name, archived ones too."""
    fields = Row.__struct_fields__
    found = db.execute(SQL.made_segments).fetchall()
    return [Row(**dict(zip(fields, row, strict=True))) for row in found]


def in_force(rows: Sequence[Row], traits: Iterable[Trait], declared: Iterable[Segment]) -> list[Segment]:
    """What the flow judges by now."""
    rules = {row.name: row.rule_in_force for row in rows if row.rule_in_force is not None}
    found = resolved(rules, traits, declared, {row.name: row.title for row in rows})
    return [one for one in found.values() if isinstance(one, Segment)]


def wanted(
    rows: Sequence[Row], traits: Iterable[Trait], declared: Iterable[Segment]
) -> dict[str, Segment | RuleRefused]:
    """What it should judge by: the newest version of each that is not in the archive, or why it cannot be."""
    rules = {row.name: row.rule for row in rows if not row.archived}
    return resolved(rules, traits, declared, {row.name: row.title for row in rows})


def broken_by(rows: Sequence[Row], traits: Iterable[Trait], declared: Iterable[Segment], fresh: Trait) -> list[str]:
    """Segments that name this trait, can be run now, and could not be run if it were declared like that."""
    traits = tuple(traits)
    after = [fresh if trait.name == fresh.name else trait for trait in traits]
    naming = {row.name for row in rows for rule in _rules(row) if fresh.name in _named(rule)}
    ended = _runnable(rows, traits, declared) - _runnable(rows, after, declared)
    return sorted({name for name, _ in ended} & naming)


def _runnable(rows: Sequence[Row], traits: Iterable[Trait], declared: Iterable[Segment]) -> set[tuple[str, bool]]:
    """Names of what can be run, each with whether as it is wanted or as it is in force."""
    found = wanted(rows, traits, declared).values()
    coming = {(one.name, True) for one in found if isinstance(one, Segment)}
    return coming | {(one.name, False) for one in in_force(rows, traits, declared)}


def _rules(row: Row) -> list[str]:
    """The rule in force, and the newest where it is not in the archive."""
    return [rule for rule in (row.rule_in_force, None if row.archived else row.rule) if rule is not None]


def looked_at(rows: Iterable[Row]) -> dict[str, list[str]]:
    """By trait, titles of the segments that name it in their newest rule or in the one in force."""
    found: dict[str, list[str]] = {}
    for row in rows:
        for name in sorted({name for rule in _rules(row) for name in _named(rule)}):
            found.setdefault(name, []).append(row.title)
    return found


def _named(rule: str) -> set[str]:
    try:
        return tree.named_traits(tree.read(rule))
    except RuleRefused:
        # Its fault says so; a rule that cannot be read looks at nothing.
        return set()


def resolved(
    rules: Mapping[str, str], traits: Iterable[Trait], declared: Iterable[Segment], titles: Mapping[str, str]
) -> dict[str, Segment | RuleRefused]:
    """Each rule as a segment that holds the rules of those it names; a refusal where a rule, or one it names, fails."""
    known = {trait.name: trait for trait in traits}
    done: dict[str, Expression | RuleRefused] = {segment.name: segment.rule for segment in declared}
    depth: dict[str, int] = {}
    for name in rules:
        _resolve(name, rules, known, done, depth)
    found: dict[str, Segment | RuleRefused] = {}
    for name in rules:
        claim = done[name]
        found[name] = claim if isinstance(claim, RuleRefused) else Segment(name, titles.get(name, name), claim)
    return found


def _resolve(
    name: str,
    rules: Mapping[str, str],
    traits: Mapping[str, Trait],
    done: dict[str, Expression | RuleRefused],
    depth: dict[str, int],
) -> None:
    """What this rule claims into `done`, after all that it names; a list of names is the stack, not Python's own."""
    path = [name] if name in rules and name not in done else []
    while path:
        one = path[-1]
        try:
            rule = tree.read(rules[one])
            others = sorted(tree.named_segments(rule))
            waiting = next((other for other in others if other in rules and other not in done), None)
            if waiting in path:
                circle = " in ".join([*path[path.index(waiting) :], waiting])
                raise RuleRefused(
                    f"A segment would look at itself: {circle}", "Take one of these segments out of a rule"
                )
            if waiting is not None:
                path.append(waiting)
                continue
            depth[one] = 1 + max((depth.get(other, 0) for other in others), default=0)
            done[one] = _claimed(rule, others, traits, done, depth[one])
        except RuleRefused as fault:
            done[one] = fault
        path.pop()


def _claimed(
    rule: tree.Rule,
    others: Iterable[str],
    traits: Mapping[str, Trait],
    done: Mapping[str, Expression | RuleRefused],
    depth: int,
) -> Expression:
    for other in others:
        if isinstance(failed := done.get(other), RuleRefused):
            # Told once, however many rest on it.
            told = failed.what if FAILED in failed.what else f"The segment '{other}'{FAILED}{failed.what}"
            raise RuleRefused(told, failed.fix)
    if depth > CHAIN_LIMIT:
        raise RuleRefused(
            f"The segments in the rule rest on others too deep: {depth} on each other",
            f"Say in one rule what several say; at most {CHAIN_LIMIT} may rest on each other",
        )
    claims = {key: claim for key, claim in done.items() if isinstance(claim, Expression)}
    return tree.claimed(rule, tree.Vocabulary(traits, claims))
