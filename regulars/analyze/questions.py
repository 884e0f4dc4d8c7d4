"""Questions about stored values: what do we know of her, how many match a rule, why is she in it, by her events."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import singledispatch
from typing import Any, LiteralString, cast

import msgspec
from sqlglot import exp

from regulars.analyze import compiled, past
from regulars.analyze.expressions import (
    COMPARISONS,
    SKETCH_HASHES,
    SUMMED,
    Consented,
    Copied,
    Distinct,
    Expression,
    Field,
    Graded,
    Identified,
    Leaf,
    OfKeys,
    Op,
    Quantile,
    Scalar,
    ScoreIs,
    Sequence,
    Since,
    Windowed,
)
from regulars.analyze.held import PARTS_OF_ADDRESS
from regulars.analyze.past import SQL
from regulars.analyze.plan import Plan, Segment, Trait, fields, leaves
from regulars.analyze.relations import NAMING_STATES, RECORDS
from regulars.analyze.rules import clauses, sentence, shown
from regulars.analyze.schema import ready
from regulars.analyze.scores import scores
from regulars.analyze.segments import made, spoken, tree
from regulars.analyze.segments.making import vocabulary
from regulars.analyze.segments.members import segment_named
from regulars.analyze.sketches import EXACT_BELOW
from regulars.analyze.statements import AS_OF
from regulars.app import App
from regulars.collect import FACT_COLUMNS, facts_of
from regulars.lake.dialect import POSTGRES, Node, column, literal, named, render

PLACE = {column.name: place for place, column in enumerate(FACT_COLUMNS)}
# Events looked through for evidence, and events named as evidence: the newest are what people ask about.
EVIDENCE_SEARCHED_EVENTS = 2_000
EVIDENCE_SHOWN_EVENTS = 20
# Facts that are made of events with another name or kind.
SOURCE_NAMES = {"Order Line": "Order Completed"}
SOURCE_KINDS = {"Page Viewed": "page", "Screen Viewed": "screen"}


SIGNS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}


class TraitValue(msgspec.Struct, frozen=True, kw_only=True):
    """One value of one customer."""

    name: str
    title: str
    value: int | float | str | bool | None
    """None: not known, or never happened."""
    shown: str
    unit: str
    is_estimate: bool = False
    """Out of a sketch that no longer holds everything: `shown` says about."""


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """An event that a value came from."""

    seq: int
    name: str
    at: datetime


class Clause(msgspec.Struct, frozen=True, kw_only=True):
    """One comparison of a rule, for one customer."""

    rule: str
    value: str
    holds: bool
    wanted: bool = True
    """False: the rule asks that it does not hold."""
    events: list[Evidence]
    """The newest events behind the value, newest first."""


class Why(msgspec.Struct, frozen=True, kw_only=True):
    """Why a customer is, or is not, in a segment."""

    segment: str
    title: str
    customer: int
    is_member: bool
    clauses: list[Clause]


def traits_of(app: App, customer: int) -> list[TraitValue]:
    """All traits of a customer in the order of the catalogue; none for somebody we hold no facts about."""
    return traits_of_each(app, [customer]).get(customer, [])


def traits_of_each(app: App, customers: list[int]) -> dict[int, list[TraitValue]]:
    """The same of several customers, by customer; whoever we hold no facts about is not there."""
    plan, currency = ready(app).plan, app.settings.brand_currency
    rows = _rows(app, plan, [trait.expression for trait in plan.traits], customers)
    return {
        customer: [valued(t, value, currency) for t, value in zip(plan.traits, row, strict=True)]
        for customer, *row in rows
    }


def valued(trait: Trait, value: Any, currency: str) -> TraitValue:
    """A value of a trait as people see it."""
    estimated = is_estimate(trait.expression, value)
    said = shown(value, trait.unit, currency)
    return TraitValue(
        name=trait.name,
        title=trait.title,
        value=value,
        shown=f"about {said}" if estimated else said,
        unit=trait.unit,
        is_estimate=estimated,
    )


def is_estimate(expression: Expression, value: Any) -> bool:
    """Whether a value is only near the truth: of different things from SKETCH_HASHES on, of a histogram from 100."""
    if value is None:
        return False
    if isinstance(expression, Distinct):
        return value >= SKETCH_HASHES
    if isinstance(expression, Quantile):
        return abs(value) >= EXACT_BELOW
    return any(isinstance(leaf, Distinct | Quantile) for leaf in leaves(expression))


def everybodys_traits(app: App) -> list[tuple[Any, ...]]:
    """Customer and all traits of everybody who has a row."""
    plan = ready(app).plan
    columns = [named(_value(plan, trait.expression), trait.name) for trait in plan.traits]
    return app.db.execute(_sql(exp.select(column("customer"), *columns).from_("trait_state"))).fetchall()


def members_with_traits(app: App, segment: str, piece: int) -> Iterator[list[tuple[Any, ...]]]:
    """Members by customer, since when, and all their traits, in pieces of so many rows."""
    plan = ready(app).plan
    columns = [named(_value(plan, trait.expression), trait.name) for trait in plan.traits]
    query = exp.select(column("customer"), column("since"), *columns).from_("segment_member")
    query = query.join("trait_state", using=["customer"], join_type="left")
    query = query.where(exp.EQ(this=column("segment"), expression=literal(segment))).order_by(column("customer"))
    with app.db.cursor(name="members") as rows:
        rows.execute(_sql(query))
        while found := rows.fetchmany(piece):
            yield found


def count(app: App, rule: Expression | tree.Rule) -> int:
    """How many customers we know match a rule now. Every number it looks at must be kept already."""
    plan = ready(app).plan
    claim = rule if isinstance(rule, Expression) else tree.claimed(rule, vocabulary(app))
    query = exp.select(exp.Count(this=exp.Star())).from_("trait_state").where(column("known"), _value(plan, claim))
    row = app.db.execute(_sql(query)).fetchone()
    assert row is not None, "a count has a row"
    return row[0]


def why(app: App, segment: str, customer: int) -> Why:
    """Every comparison of the segment's rule with her value, whether it holds, and the events it came from."""
    plan, declared, currency = ready(app).plan, segment_named(app, segment), app.settings.brand_currency
    parts = _parts(app, declared)
    claims = [claim for _, claim, _ in parts]
    values = [claim.left if isinstance(claim, Op) and claim.sign in COMPARISONS else claim for claim in claims]
    row = _row(app, plan, [declared.rule, *claims, *values], customer)
    known = row or (None,) * (1 + 2 * len(parts))
    units = {trait.expression: trait.unit for trait in plan.traits}
    found = zip(parts, values, known[1 : 1 + len(parts)], known[1 + len(parts) :], strict=True)
    return Why(
        segment=segment,
        title=declared.title,
        customer=customer,
        is_member=bool(known[0]),
        clauses=[
            Clause(
                rule=said,
                value=_told(value, of, units, currency),
                holds=bool(holds),
                wanted=wanted,
                events=evidence(app, claim, customer),
            )
            for (said, claim, wanted), of, holds, value in found
        ],
    )


def _parts(app: App, segment: Segment) -> list[tuple[str, Expression, bool]]:
    """The comparisons of a segment in words, as claims, and whether it asks for them, in reading order."""
    row = next((row for row in made.stored(app.db) if row.name == segment.name and row.rule_in_force), None)
    if row is None or row.rule_in_force is None:
        traits, currency = ready(app).plan.traits, app.settings.brand_currency
        return [(sentence(part, traits, currency), part, wanted) for part, wanted in clauses(segment.rule)]
    known = vocabulary(app)
    parts = tree.parts(tree.read(row.rule_in_force))
    return [(spoken.said(leaf, known), leaf.claim(known), wanted) for leaf, wanted in parts]


def _told(value: object, of: Expression, units: dict[Expression, str], currency: str) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    unit = "days" if isinstance(of, Since) else units.get(of, "cents" if _is_money(of) else "")
    return shown(value, unit, currency)


def _is_money(of: Expression) -> bool:
    return isinstance(of, Scalar | Windowed) and of.column is not None and of.column.endswith("_cents")


def evidence(app: App, value: Trait | Expression, customer: int) -> list[Evidence]:
    """The newest events behind a trait, or behind a comparison, newest first, at most EVIDENCE_SHOWN_EVENTS."""
    expression = value.expression if isinstance(value, Trait) else value
    copied = fields(expression)
    behind = [*leaves(expression), *(leaf for one in copied for leaf in _scored_by(app, one))]
    behind = [part for leaf in behind for part in _steps(leaf)]
    wanted = {leaf.facts.event for leaf in behind}
    names = [SOURCE_NAMES.get(name, name) for name in wanted if name not in SOURCE_KINDS]
    kinds = [SOURCE_KINDS[name] for name in wanted if name in SOURCE_KINDS]
    events = past.newest(app, customer, names, kinds, EVIDENCE_SEARCHED_EVENTS)
    facts = facts_of(events, app.settings.zone)
    row = app.db.execute(SQL.as_of_day).fetchone()
    today = row[0] if row else 0
    seqs = {fact[0] for leaf in behind for fact in _behind(leaf, facts, today)}
    stated = [one for part in copied for one in _stated(part, app, customer)]
    shown_events = [event for event in events if event.seq in seqs][:EVIDENCE_SHOWN_EVENTS]
    return [*stated, *(Evidence(seq=e.seq, name=e.name or e.kind, at=e.occurred_at) for e in shown_events)]


def _steps(leaf: Leaf) -> list[Leaf]:
    """Of one thing after another both: the first ones of the window, and what may have followed."""
    if not isinstance(leaf, Sequence):
        return [leaf]
    return [Windowed("count", each, None, leaf.last) for each in (leaf.first, leaf.then)]


def _scored_by(app: App, one: Copied) -> list[Leaf]:
    """What a score looks at."""
    if not isinstance(one, Graded | ScoreIs):
        return []
    needs = scores[one.score if isinstance(one, Graded) else one.of.score].needs
    return [leaf for trait in ready(app).plan.traits if trait.name in needs for leaf in leaves(trait.expression)]


@singledispatch
def _stated(one: Copied, app: App, customer: int) -> list[Evidence]:
    """The events in which this was stated of her; of scores there are none but those of what they look at."""
    return []


@_stated.register
def _(one: Field, app: App, customer: int) -> list[Evidence]:
    if one.overlay:
        return []
    field = "address" if one.name in PARTS_OF_ADDRESS else one.name
    return _told_in(app, SQL.field_evidence, {"customer": customer, "fields": [field]})


@_stated.register
def _(one: Consented, app: App, customer: int) -> list[Evidence]:
    given = {"customer": customer, "channel": one.channel, "purpose": one.purpose}
    return _told_in(app, SQL.consent_evidence, given)


@_stated.register
def _(one: Identified, app: App, customer: int) -> list[Evidence]:
    given = {"customer": customer, "limit": EVIDENCE_SHOWN_EVENTS}
    if one.type == RECORDS:
        return _told_in(app, SQL.record_evidence, given)
    pattern = "login:%" if one.type == "login" else one.type
    return _told_in(app, SQL.identifier_evidence, given | {"type": pattern, "states": [*NAMING_STATES]})


def _told_in(app: App, query: Any, given: dict[str, Any]) -> list[Evidence]:
    return [Evidence(seq=seq, name=name, at=at) for seq, name, at in app.db.execute(query, given).fetchall()]


def _behind(leaf: Leaf, facts: list[tuple[Any, ...]], today: int) -> list[tuple[Any, ...]]:
    """Of these facts, newest first, the ones that decide this leaf."""
    chosen = [fact for fact in facts if _is_selected(leaf, fact)]
    if isinstance(leaf, Windowed):
        return [fact for fact in chosen if today - leaf.days < fact[PLACE["day"]] <= today]
    if isinstance(leaf, OfKeys) and leaf.wanted is not None:
        return [fact for fact in chosen if fact[PLACE[leaf.key]] == leaf.wanted]
    if not isinstance(leaf, Scalar) or leaf.fold in SUMMED or leaf.column is None:
        return chosen
    place = PLACE[leaf.column]
    carrying = [fact for fact in chosen if fact[place] is not None]
    if leaf.fold in ("first", "last"):
        return carrying[-1:] if leaf.fold == "first" else carrying[:1]
    best = (min if leaf.fold == "min" else max)((fact[place] for fact in carrying), default=None)
    return [fact for fact in carrying if fact[place] == best]


def _is_selected(leaf: Leaf, fact: tuple[Any, ...]) -> bool:
    if fact[PLACE["event"]] != leaf.facts.event:
        return False
    for name, sign, wanted in leaf.facts.conditions:
        held = fact[PLACE[name]]
        if held is None or not SIGNS[sign](held, wanted):
            return False
    return True


def values_of(app: App, plan: Plan, expressions: list[Expression], customer: int) -> list[Any] | None:
    """What these are of one customer; None for somebody we hold no facts about."""
    row = _row(app, plan, expressions, customer)
    return None if row is None else list(row)


def _row(app: App, plan: Plan, expressions: list[Expression], customer: int) -> tuple[Any, ...] | None:
    rows = _rows(app, plan, expressions, [customer])
    return rows[0][1:] if rows else None


def _rows(app: App, plan: Plan, expressions: list[Expression], customers: list[int]) -> list[tuple[Any, ...]]:
    if not customers:
        return []
    columns = [named(_value(plan, e), f"v{place}") for place, e in enumerate(expressions)]
    asked = exp.In(this=column("customer"), expressions=[literal(customer) for customer in customers])
    query = exp.select(column("customer"), *columns).from_("trait_state").where(asked)
    return app.db.execute(_sql(query)).fetchall()


def _value(plan: Plan, expression: Expression) -> Node:
    return compiled.finish(expression, lambda leaf: column(plan.columns[leaf]), AS_OF)


def _sql(query: Node) -> LiteralString:
    # Values are literals that SQLGlot quoted; psycopg runs it without parameters.
    return cast(LiteralString, render(query, POSTGRES))
