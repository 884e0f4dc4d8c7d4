"""What it means: traits, segments and scores of every customer, kept up to date by folding what happened.

Takes: changes of a batch (`update`) or of time (`tick`), the facts of events, the catalogue of traits and segments.
Gives: trait values with why (`traits_of`), segments with members, sizes and evidence, stages of the lifecycle, moves
through both as journal events, scores,
the proof that all of it is what a rebuild from the lake says (`differences`), and lifetime values of a file (`clv`).
Writes tables: as_of, daily_run, trait_state, cell_*, trait_definition, trait_complete, segment_definition,
segment_member, segment_move, score, score_model, score_change, score_run, score_backtest,
lifecycle_stage, lifecycle_move, opportunity_run, opportunity, opportunity_member,
expectation, expectation_case, practice,
persona, persona_fit, persona_member, persona_size, survey_answer, follow_up.
Never: reads a customer's name or address, reaches a customer, or computes what is not a fold or a fitted model.
"""

from regulars.analyze import affinity, clv, missed, personas, standings
from regulars.analyze.backfill import backfill
from regulars.analyze.backtests import backtest
from regulars.analyze.backtests import is_due as is_backtest_due
from regulars.analyze.catalogue import SEGMENTS, TRAITS
from regulars.analyze.column_list import TraitColumn, trait_columns, traits_as_query
from regulars.analyze.daily import DailyRun, daily_run, refresh_daily
from regulars.analyze.erasure import forget
from regulars.analyze.explain import Explained, explain, freshness
from regulars.analyze.lifecycle import (
    CONVERSION_DAYS,
    STAGE_MEMBERS_A_PAGE,
    STAGES,
    Flow,
    Lifecycle,
    Sizes,
    Stage,
    StageFigures,
    StageMember,
    StageStep,
    StageVisit,
    StageWhy,
    Standpoint,
    lifecycle,
    stage_members,
    stage_named,
    standpoint,
    why_stage,
)
from regulars.analyze.live import tick, update
from regulars.analyze.plan import Segment, Trait
from regulars.analyze.proof import Difference, differences
from regulars.analyze.questions import (
    Clause,
    Evidence,
    TraitValue,
    Why,
    count,
    evidence,
    traits_of,
    traits_of_each,
    why,
)
from regulars.analyze.rebuild import ENGINES, Rebuilt, fold_lake, rebuild, segment_sizes_on
from regulars.analyze.rules import clauses, parsed, sentence, shown
from regulars.analyze.schema import ensure_schema
from regulars.analyze.scores import scores
from regulars.analyze.scoring import Standing, scores_of
from regulars.analyze.segments import (
    Member,
    SegmentView,
    Size,
    Visit,
    members,
    segments,
    size_history,
    visits,
)

__all__ = [
    "CONVERSION_DAYS",
    "ENGINES",
    "SEGMENTS",
    "STAGES",
    "STAGE_MEMBERS_A_PAGE",
    "TRAITS",
    "Clause",
    "DailyRun",
    "Difference",
    "Evidence",
    "Explained",
    "Flow",
    "Lifecycle",
    "Member",
    "Rebuilt",
    "Segment",
    "SegmentView",
    "Size",
    "Sizes",
    "Stage",
    "StageFigures",
    "StageMember",
    "StageStep",
    "StageVisit",
    "StageWhy",
    "Standing",
    "Standpoint",
    "Trait",
    "TraitColumn",
    "TraitValue",
    "Visit",
    "Why",
    "affinity",
    "backfill",
    "backtest",
    "clauses",
    "clv",
    "count",
    "daily_run",
    "differences",
    "ensure_schema",
    "evidence",
    "explain",
    "fold_lake",
    "forget",
    "freshness",
    "is_backtest_due",
    "lifecycle",
    "members",
    "missed",
    "parsed",
    "personas",
    "rebuild",
    "refresh_daily",
    "scores",
    "scores_of",
    "segment_sizes_on",
    "segments",
    "sentence",
    "shown",
    "size_history",
    "stage_members",
    "stage_named",
    "standings",
    "standpoint",
    "tick",
    "trait_columns",
    "traits_as_query",
    "traits_of",
    "traits_of_each",
    "update",
    "visits",
    "why",
    "why_stage",
]
