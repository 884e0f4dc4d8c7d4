"""Where every customer stands on the way from first interest to a lifetime, live, with history and why.

Takes: the traits that a batch or a day changed. Gives: stages, moves between them as events, sizes on past days, flows
and conversion. Never: computes a past by today's rules, or moves anybody while the past of a trait is being folded.
"""

from regulars.analyze.lifecycle.figures import CONVERSION_DAYS, is_due, keep
from regulars.analyze.lifecycle.judge import forget_stages, settle_everybody, settle_stages
from regulars.analyze.lifecycle.view import (
    STAGE_MEMBERS_A_PAGE,
    Flow,
    Lifecycle,
    Sizes,
    StageFigures,
    StageMember,
    StageVisit,
    Standpoint,
    lifecycle,
    stage_members,
    stage_named,
    standpoint,
)
from regulars.analyze.lifecycle.why import StageStep, StageWhy, why_stage
from regulars.analyze.stages import RANK_BY_STAGE, STAGES, Phase, Stage

__all__ = [
    "CONVERSION_DAYS",
    "RANK_BY_STAGE",
    "STAGES",
    "STAGE_MEMBERS_A_PAGE",
    "Flow",
    "Lifecycle",
    "Phase",
    "Sizes",
    "Stage",
    "StageFigures",
    "StageMember",
    "StageStep",
    "StageVisit",
    "StageWhy",
    "Standpoint",
    "forget_stages",
    "is_due",
    "keep",
    "lifecycle",
    "settle_everybody",
    "settle_stages",
    "stage_members",
    "stage_named",
    "standpoint",
    "why_stage",
]
