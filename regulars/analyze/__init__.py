"""What it means: traits, segments and scores of every customer, kept up to date by folding what happened.

Takes: changes of a batch (`update`) or of time (`tick`), the facts of events, the catalogue of traits and segments.
Gives: trait values with why (`traits_of`), segments with members, sizes and evidence, stages of the lifecycle, moves
through both as journal events, scores,
the proof that all of it is what a rebuild from the lake says (`differences`), and lifetime values of a file (`clv`).
Writes tables: as_of, daily_run, trait_state, cell_*, trait_definition, trait_version, trait_change, trait_complete,
segment_definition, segment_member, segment_move, segment_made, segment_version, segment_stamp, segment_day, score,
score_model, score_change, score_run, score_backtest, lifecycle_stage, lifecycle_move, lifecycle_figure, lifecycle_flow,
lifecycle_net, lifecycle_counted, opportunity_run, opportunity, opportunity_member, opportunity_taken, expectation,
expectation_case, practice, persona, persona_fit, persona_member, persona_size, shift, shift_look, rhythm_break,
survey_answer, follow_up.
Never: reads a customer's name or address, reaches a customer, or computes what is not a fold or a fitted model.
"""

from regulars.analyze import affinity, clv, missed, personas, purchases, shifts
from regulars.analyze.backfill import backfill
from regulars.analyze.catalogue import SEGMENTS, TRAITS
from regulars.analyze.column_list import TraitColumn, trait_columns, traits_as_query
from regulars.analyze.daily import DailyRun, daily_run, refresh_daily
from regulars.analyze.erasure import forget
from regulars.analyze.explain import Explained, explain, freshness
from regulars.analyze.history import History, Pruned, forget_old, history
from regulars.analyze.kept import FOLDED, Kept, kept_state
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
from regulars.analyze.lifecycle import is_due as is_lifecycle_due
from regulars.analyze.lifecycle import keep as keep_lifecycle
from regulars.analyze.listing import Listed, TraitVersion, listed, missing_traits, trait_versions
from regulars.analyze.live import tick, update
from regulars.analyze.plan import Segment, Trait
from regulars.analyze.proof import Difference, differences
from regulars.analyze.purchases import gamma_gamma
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
from regulars.analyze.rebuild import ENGINES, Rebuilt, fold_lake, read_membership, rebuild, segment_sizes_on
from regulars.analyze.renewed import renew
from regulars.analyze.rules import sentence, shown
from regulars.analyze.schema import ensure_schema
from regulars.analyze.scores import scores
from regulars.analyze.scoring import standings
from regulars.analyze.scoring.applying import Standing, scores_of
from regulars.analyze.scoring.backtests import backtest
from regulars.analyze.scoring.backtests import is_due as is_backtest_due
from regulars.analyze.segments.adoption import adopt
from regulars.analyze.segments.drafts import DraftCount, draft
from regulars.analyze.segments.export import export
from regulars.analyze.segments.history import Came, Worth, came_and_went, worth
from regulars.analyze.segments.making import Draft, Version, archive, create, edit, restore, versions, vocabulary
from regulars.analyze.segments.members import (
    Made,
    Member,
    SegmentView,
    Size,
    Visit,
    check_named,
    members,
    segments,
    size_history,
    visits,
)
from regulars.analyze.segments.mirror import warm
from regulars.analyze.segments.offer import Offer, offered
from regulars.analyze.segments.spoken import heard, said
from regulars.analyze.segments.tree import DEPTH_LIMIT, Rule, Vocabulary, as_tree, read

__all__ = [
    "CONVERSION_DAYS",
    "DEPTH_LIMIT",
    "ENGINES",
    "FOLDED",
    "SEGMENTS",
    "STAGES",
    "STAGE_MEMBERS_A_PAGE",
    "TRAITS",
    "Came",
    "Clause",
    "DailyRun",
    "Difference",
    "Draft",
    "DraftCount",
    "Evidence",
    "Explained",
    "Flow",
    "History",
    "Kept",
    "Lifecycle",
    "Listed",
    "Made",
    "Member",
    "Offer",
    "Pruned",
    "Rebuilt",
    "Rule",
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
    "TraitVersion",
    "Version",
    "Visit",
    "Vocabulary",
    "Why",
    "Worth",
    "adopt",
    "affinity",
    "archive",
    "as_tree",
    "backfill",
    "backtest",
    "came_and_went",
    "check_named",
    "clv",
    "count",
    "create",
    "daily_run",
    "differences",
    "draft",
    "edit",
    "ensure_schema",
    "evidence",
    "explain",
    "export",
    "fold_lake",
    "forget",
    "forget_old",
    "freshness",
    "gamma_gamma",
    "heard",
    "history",
    "is_backtest_due",
    "is_lifecycle_due",
    "keep_lifecycle",
    "kept_state",
    "lifecycle",
    "listed",
    "members",
    "missed",
    "missing_traits",
    "offered",
    "personas",
    "purchases",
    "read",
    "read_membership",
    "rebuild",
    "refresh_daily",
    "renew",
    "restore",
    "said",
    "scores",
    "scores_of",
    "segment_sizes_on",
    "segments",
    "sentence",
    "shifts",
    "shown",
    "size_history",
    "stage_members",
    "stage_named",
    "standings",
    "standpoint",
    "tick",
    "trait_columns",
    "trait_versions",
    "traits_as_query",
    "traits_of",
    "traits_of_each",
    "update",
    "versions",
    "visits",
    "vocabulary",
    "warm",
    "why",
    "why_stage",
    "worth",
]
