"""How a trait comes about: what it looks at, what is kept, its SQL, and one customer's arithmetic with her events."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec

from regulars.analyze import compiled, held
from regulars.analyze.daily import daily_run
from regulars.analyze.errors import UnknownTrait
from regulars.analyze.expressions import (
    SKETCH_HASHES,
    Consented,
    Copied,
    Field,
    Graded,
    Identified,
    Leaf,
    Scalar,
    ScoreIs,
    ScoreOf,
)
from regulars.analyze.plan import Celled, Family, Measure, Plan, Segment, Trait, ages, fields, leaves
from regulars.analyze.questions import Evidence, evidence, valued, values_of
from regulars.analyze.rules import words
from regulars.analyze.schema import ready
from regulars.analyze.statements import AS_OF
from regulars.app import App
from regulars.kit.clock import day_date
from regulars.lake.dialect import POSTGRES, column, render

KINDS = {
    "window": "cells by day, the longest window kept",
    "days": "the days themselves",
    "key": "cells by key",
    "sequence": "cells by instant, the longest window kept",
    "distinct": f"the {SKETCH_HASHES} smallest hashes: exact below {SKETCH_HASHES}, else an estimate",
    "histogram": "numbers of values by their digits and the two leading ones: at most 5 % off",
}


SOURCES: dict[type[Copied], str] = {
    Field: "profile",
    Consented: "consents",
    Identified: "who is who",
    Graded: "scores",
    ScoreOf: "scores",
    ScoreIs: "scores",
}


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One state that a trait is made of."""

    words: str
    event: str
    """Of the facts that it folds."""
    conditions: list[str]
    kept: str
    """What stands for it between two batches."""
    columns: list[str]
    sql: str
    """How facts become it."""
    value: Any = None
    """Of the customer asked about; None also where nothing is known."""


class Explained(msgspec.Struct, frozen=True, kw_only=True):
    """A trait with all that it comes from."""

    name: str
    title: str
    unit: str
    words: str
    freshness: str
    """live; ageing: it changes with the day alone and is computed when it is read; daily, with the day it is as of."""
    parts: list[Part]
    sql: str
    """How the states become the value, over a row of `trait_state`."""
    used_by: list[str]
    """Segments whose rule looks at it."""
    customer: int | None
    value: str | None
    """Of the customer asked about."""
    events: list[Evidence]
    """The newest events behind her value."""


def explain(app: App, name: str, customer: int | None = None) -> Explained:
    """The trait of this name. Raises UnknownTrait."""
    plan = ready(app).plan
    traits = {trait.name: trait for trait in plan.traits}
    if name not in traits:
        raise UnknownTrait(f"There is no trait named '{name[:60]}'", f"Choose one of: {', '.join(sorted(traits))}")
    trait = traits[name]
    found = list(dict.fromkeys(leaves(trait.expression)))
    told_by = list(dict.fromkeys(fields(trait.expression)))
    values = values_of(app, plan, [trait.expression, *found], customer) if customer is not None else None
    told = values or [None] * (1 + len(found))
    return Explained(
        name=name,
        title=trait.title,
        unit=trait.unit,
        words=words(trait.expression, ()),
        freshness=freshness_of(app, plan, trait),
        parts=[_part(plan, leaf, value) for leaf, value in zip(found, told[1:], strict=True)]
        + [_field(plan, one) for one in told_by],
        sql=render(compiled.finish(trait.expression, lambda leaf: column(plan.columns[leaf]), AS_OF), POSTGRES),
        used_by=[s.name for s in plan.segments if _looks_at(trait, s)],
        customer=customer,
        value=None if values is None else valued(trait, values[0], app.settings.brand_currency).shown,
        events=[] if customer is None else evidence(app, trait, customer),
    )


def freshness(app: App) -> dict[str, str]:
    """How fresh each trait is, by name: live, ageing, or daily with the day it is as of."""
    plan = ready(app).plan
    return {trait.name: freshness_of(app, plan, trait) for trait in plan.traits}


def freshness_of(app: App, plan: Plan, trait: Trait) -> str:
    """live, ageing, or daily with the day it is as of."""
    if plan.freshness(trait.expression) == "daily":
        run = daily_run(app)
        return f"daily, as of {day_date(run.day):%-d %B %Y}" if run else "daily, not computed yet"
    return "ageing" if ages(trait.expression) else "live"


def _looks_at(trait: Trait, segment: Segment) -> bool:
    mine = {*leaves(trait.expression), *fields(trait.expression)}
    return mine <= {*leaves(segment.rule), *fields(segment.rule)}


def _field(plan: Plan, one: Copied) -> Part:
    name = plan.columns[one]
    source = f"bought data, {one.overlay}" if isinstance(one, Field) and one.overlay else SOURCES[type(one)]
    return Part(
        words=words(one, ()),
        event=source,
        conditions=[],
        kept="copied into the row of trait_state in the batch that changes it",
        columns=[name],
        sql=held.fill(replace(plan, fields=((name, one),)), "fold_field"),
    )


def _part(plan: Plan, leaf: Leaf, value: Any) -> Part:
    facts = leaf.facts
    kept, columns, sql = _state(plan, leaf)
    return Part(
        words=words(leaf, ()),
        event=facts.event,
        conditions=[f"{name} {sign} {wanted}" for name, sign, wanted in facts.conditions],
        kept=kept,
        columns=columns,
        sql=sql,
        value=value,
    )


def _state(plan: Plan, leaf: Leaf) -> tuple[str, list[str], str]:
    """What is kept, under which names, and how facts become it."""
    daily = {known: name for name, known in plan.daily}
    if leaf in daily:
        _, _, text = _state(plan.whole, leaf)
        kept = "scalars" if isinstance(leaf, Scalar) else KINDS[_cells(plan.whole, leaf)[0].kind]
        return f"{kept}; folded from the lake once a day, and only the value is kept", [daily[leaf]], text
    if isinstance(leaf, Scalar):
        state = next(state for state in plan.scalars if state.leaf == leaf)
        lifted = "; ".join(render(node, POSTGRES) for _, node in compiled.lifted(state, POSTGRES))
        return f"{leaf.fold} in a row of trait_state", [name for name, _ in state.columns], lifted
    family, measure = _cells(plan, leaf)
    own = replace(family, measures=(measure,))
    text = render(compiled.cells(own, "facts", compiled.CUSTOMER, AS_OF), POSTGRES)
    return f"{KINDS[family.kind]}, in {family.table}", ["key", measure.name], text


def _cells(plan: Plan, leaf: Celled) -> tuple[Family, Measure]:
    for family in plan.families:
        for output in family.outputs:
            if output.leaf == leaf:
                return family, next(m for m in family.measures if m.name == output.measure)
    raise AssertionError("every leaf of a plan has a place")
