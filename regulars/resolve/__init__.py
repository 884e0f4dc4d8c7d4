"""Who did it: every event gets its customer, by a rule that gives one answer whatever the order of arrival.

Takes: batches of journalled events (`identify`), withdrawn events (`forget`), stewards' decisions,
    customers to be erased (`erase`).
Gives: the customer of each event with what changed (`People`), `look_up` for a till, `identifiers`, `evaluate`, who
    lives with whom (`household`, `households`), what stewards read (`record_groups`, `decisions`, `health`), `audit` of
    what the brand's data is worth for knowing people; views event_customer and customer_identifier.
Writes tables: resolve_secret, value, signature, link, record, customer, carrier_span, redirect, identity_event, cut,
    decision, match_measure, erased_value, doubt, likeness_model, pair, block, block_size,
    health_reading.
Never: lets the clock, money or a coin decide who is who (a steward's decision and a rebuild only say when they
    happened), deletes evidence that nobody withdrew or erased, or joins people by their names without an approved
    model (names only part them).
"""

from regulars.resolve import decide, normalize
from regulars.resolve.alike import models
from regulars.resolve.alike.models import Model, Trial
from regulars.resolve.alike.scoring import Part
from regulars.resolve.audit import KINDS, Audit, Finding, audit, overview
from regulars.resolve.audit_answer import answer, as_csv, joinable
from regulars.resolve.decide import Steward
from regulars.resolve.desk import (
    HEALTH_LISTED_MAX,
    Carried,
    Conflict,
    Decided,
    Doubtful,
    Generic,
    Health,
    RecordGroup,
    Said,
    Suspicious,
    decisions,
    doubtful,
    health,
    is_health_old,
    keep_health,
    record_groups,
    records_of_groups,
    side_by_side,
    waiting,
)
from regulars.resolve.ended import Ended
from regulars.resolve.erasure import (
    Erased,
    Told,
    erase,
    erase_records,
    positions_of,
    proof,
    record_keys,
    records_carrying,
    refuse_waiting,
    spellings,
)
from regulars.resolve.errors import CustomerUnknown, DecisionRefused, LinkRefused, NotCounted
from regulars.resolve.evaluate import Evaluation, evaluate
from regulars.resolve.explain import Explanation, Hop, Refusal, explain
from regulars.resolve.find import ID_TYPES, Named, find, former_ids, type_name
from regulars.resolve.households import HOLDERS_MAX, PEOPLE_MAX, Clue, Crowd, Living, Mate, household, households
from regulars.resolve.identify import identify, read_ahead
from regulars.resolve.likeness import Bands
from regulars.resolve.linkage import link
from regulars.resolve.linkage.bands import AUTOMATIC_BITS, REVIEW_BITS
from regulars.resolve.linkage.pairs import BLOCK_MAX as LINK_BLOCK_MAX
from regulars.resolve.linkage.quality import b_cubed, pairwise
from regulars.resolve.linkage.state import ENGINES as LINK_ENGINES
from regulars.resolve.linkage.state import Followed as LinkFollowed
from regulars.resolve.linkage.state import Task as LinkTask
from regulars.resolve.look_up import (
    Identifier,
    card_holders,
    current,
    current_ids,
    customer_id,
    founder_records,
    identifiers,
    look_up,
)
from regulars.resolve.partition import partition
from regulars.resolve.potential import Match, Recognized, prepare
from regulars.resolve.rebuild import rebuild
from regulars.resolve.sure import surely_one
from regulars.resolve.withdrawal import forget

__all__ = [
    "AUTOMATIC_BITS",
    "HEALTH_LISTED_MAX",
    "HOLDERS_MAX",
    "ID_TYPES",
    "KINDS",
    "LINK_BLOCK_MAX",
    "LINK_ENGINES",
    "PEOPLE_MAX",
    "REVIEW_BITS",
    "Audit",
    "Bands",
    "Carried",
    "Clue",
    "Conflict",
    "Crowd",
    "CustomerUnknown",
    "Decided",
    "DecisionRefused",
    "Doubtful",
    "Ended",
    "Erased",
    "Evaluation",
    "Explanation",
    "Finding",
    "Generic",
    "Health",
    "Hop",
    "Identifier",
    "LinkFollowed",
    "LinkRefused",
    "LinkTask",
    "Living",
    "Match",
    "Mate",
    "Model",
    "Named",
    "NotCounted",
    "Part",
    "Recognized",
    "RecordGroup",
    "Refusal",
    "Said",
    "Steward",
    "Suspicious",
    "Told",
    "Trial",
    "answer",
    "as_csv",
    "audit",
    "b_cubed",
    "card_holders",
    "current",
    "current_ids",
    "customer_id",
    "decide",
    "decisions",
    "doubtful",
    "erase",
    "erase_records",
    "evaluate",
    "explain",
    "find",
    "forget",
    "former_ids",
    "founder_records",
    "health",
    "household",
    "households",
    "identifiers",
    "identify",
    "is_health_old",
    "joinable",
    "keep_health",
    "link",
    "look_up",
    "models",
    "normalize",
    "overview",
    "pairwise",
    "partition",
    "positions_of",
    "prepare",
    "proof",
    "read_ahead",
    "rebuild",
    "record_groups",
    "record_keys",
    "records_carrying",
    "records_of_groups",
    "refuse_waiting",
    "side_by_side",
    "spellings",
    "surely_one",
    "type_name",
    "waiting",
]
