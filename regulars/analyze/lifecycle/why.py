"""Why a customer stands where she stands: every step with its comparisons, her values, and the events behind them."""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from regulars.analyze.errors import UnknownStage
from regulars.analyze.lifecycle.view import standpoint
from regulars.analyze.questions import Clause, evidence, values_of
from regulars.analyze.rules import clauses, sentence, shown
from regulars.analyze.schema import Ready, ready
from regulars.analyze.stages import STAGES, Stage
from regulars.analyze.traits import Expression, Op
from regulars.app import App


class StageStep(msgspec.Struct, frozen=True, kw_only=True):
    """One stage, for one customer."""

    name: str
    title: str
    rule: str
    """As a sentence after "everybody with"."""
    holds: bool
    is_here: bool
    clauses: list[Clause]


class StageWhy(msgspec.Struct, frozen=True, kw_only=True):
    """All stages from the highest, so that the first one that holds is hers."""

    customer: int
    stage: str
    title: str
    steps: list[StageStep]


def why_stage(app: App, customer: int) -> StageWhy:
    """Every step's claim with her values. Raises UnknownStage for somebody who stands in none."""
    here = standpoint(app, customer)
    if here is None:
        raise UnknownStage(
            "This customer stands in no stage: nobody known, or nothing computed yet",
            "Stages are for customers with a name, a login, a card or an address",
        )
    catalogue = ready(app)
    steps = [_step(app, catalogue, stage, customer, here.stage) for stage in reversed(STAGES)]
    return StageWhy(customer=customer, stage=here.stage.name, title=here.stage.title, steps=steps)


def _step(app: App, catalogue: Ready, stage: Stage, customer: int, here: Stage) -> StageStep:
    if stage.claim is None:
        return StageStep(
            name=stage.name, title=stage.title, rule="a name", holds=True, is_here=stage is here, clauses=[]
        )
    plan, currency = catalogue.plan, app.settings.brand_currency
    parts = clauses(stage.claim)
    claims = [part for part, _ in parts]
    row = values_of(app, plan, [stage.claim, *claims, *[claim.left for claim in claims]], customer)
    found = row or [None] * (1 + 2 * len(parts))
    units = {trait.expression: trait.unit for trait in plan.traits}
    told = zip(parts, found[1 : 1 + len(parts)], found[1 + len(parts) :], strict=True)
    return StageStep(
        name=stage.name,
        title=stage.title,
        rule=sentence(stage.claim, plan.traits, currency),
        holds=bool(found[0]),
        is_here=stage is here,
        clauses=[
            replace(_clause(app, part, holds, value, units, customer, currency), wanted=wanted)
            for (part, wanted), holds, value in told
        ],
    )


def _clause(
    app: App, part: Op, holds: object, value: object, units: dict[Expression, str], customer: int, currency: str
) -> Clause:
    traits = ready(app).plan.traits
    return Clause(
        rule=sentence(part, traits, currency),
        value=shown(value, units.get(part.left, ""), currency),
        holds=bool(holds),
        events=evidence(app, part, customer),
    )
