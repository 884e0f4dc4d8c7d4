"""Who did it: every event gets its customer, by a rule that gives one answer whatever the order of arrival.

Takes: batches of journalled events (`identify`), withdrawn events (`forget`), stewards' decisions.
Gives: the customer of each event with what changed (`People`), `look_up` for a till, `identifiers`, `evaluate`, `audit`
    of what the brand's data is worth for knowing people; views event_customer and customer_identifier.
Writes tables: resolve_secret, value, signature, link, record, customer, carrier_span, redirect, identity_event, cut,
    decision, match_measure.
Never: lets the clock, money or a coin decide who is who (a steward's decision and a rebuild only say when they
    happened), deletes evidence that nobody withdrew, or joins people by their names (names only part them).
"""

from regulars.resolve import decide, normalize
from regulars.resolve.audit import KINDS, Audit, Finding, audit, overview
from regulars.resolve.audit_answer import answer, as_csv, joinable
from regulars.resolve.decide import Steward
from regulars.resolve.errors import CustomerUnknown, DecisionRefused
from regulars.resolve.evaluate import Evaluation, evaluate
from regulars.resolve.explain import Explanation, Hop, Refusal, explain
from regulars.resolve.identify import identify
from regulars.resolve.look_up import Identifier, current, identifiers, look_up
from regulars.resolve.partition import partition
from regulars.resolve.potential import Match, Recognized, prepare
from regulars.resolve.rebuild import rebuild
from regulars.resolve.withdrawal import forget

__all__ = [
    "KINDS",
    "Audit",
    "CustomerUnknown",
    "DecisionRefused",
    "Evaluation",
    "Explanation",
    "Finding",
    "Hop",
    "Identifier",
    "Match",
    "Recognized",
    "Refusal",
    "Steward",
    "answer",
    "as_csv",
    "audit",
    "current",
    "decide",
    "evaluate",
    "explain",
    "forget",
    "identifiers",
    "identify",
    "joinable",
    "look_up",
    "normalize",
    "overview",
    "partition",
    "prepare",
    "rebuild",
]
