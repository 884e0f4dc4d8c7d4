"""The seven steps of a customer's life with a brand, as claims over traits. Declared once; nothing runs here.

A customer stands on the highest step whose claim holds, so the claims need not exclude each other and everybody we know
stands somewhere: the first step asks for nothing. Steps from the third on ask for recent orders, so whoever stays away
falls back. A brand with another rhythm changes this file alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from regulars.analyze.catalogue import TRAITS
from regulars.analyze.traits import Expression

Phase = Literal["attract", "convert", "advocate"]
_expressions = {trait.name: trait.expression for trait in TRAITS}


@dataclass(frozen=True)
class Stage:
    """One step. `claim` None: whoever we know stands here at least."""

    name: str
    title: str
    phase: Phase
    meaning: str
    """What it says of a customer, as a sentence without its subject."""
    claim: Expression | None


def _trait(name: str) -> Expression:
    return _expressions[name]


_looks = (_trait("page_views_30") >= 1) | (_trait("email_opens_90") >= 1) | (_trait("email_clicks_90") >= 1)
_takes_part = (
    (_trait("email_clicks_90") >= 1)
    | (_trait("survey_answers") >= 1)
    | (_trait("redemptions") >= 1)
    | (_trait("channels") >= 2)
)
_is_content = ~((_trait("survey_answers") >= 1) & (_trait("survey_mean") < 3))

STAGES = (
    Stage("initiate", "Initiate", "attract", "Told us who they are, and no more yet", None),
    Stage("radiate", "Radiate", "attract", "Looks and reads, and has not bought", _looks),
    Stage("align", "Align", "convert", "Bought, and has not come back or stayed away long", _trait("orders") >= 1),
    Stage(
        "optimize",
        "Optimize",
        "convert",
        "Came back, and is finding a rhythm or losing it",
        (_trait("order_days") >= 2) & (_trait("days_since_order") <= 120),
    ),
    Stage(
        "nurture",
        "Nurture",
        "convert",
        "Comes again and again",
        (_trait("order_days") >= 4) & (_trait("days_since_order") <= 60),
    ),
    Stage(
        "engage",
        "Engage",
        "advocate",
        "Comes often and takes part: reads, answers, redeems, or buys in several places",
        (_trait("order_days") >= 8) & (_trait("days_since_order") <= 45) & _takes_part,
    ),
    Stage(
        "lifetime",
        "Lifetime",
        "advocate",
        "Has been a content regular for half a year and more",
        (_trait("order_days") >= 15)
        & (_trait("order_span_days") >= 180)
        & (_trait("days_since_order") <= 30)
        & _takes_part
        & _is_content,
    ),
)
RANK_BY_STAGE = {stage.name: rank for rank, stage in enumerate(STAGES)}
