"""Who did it: every event gets its customer, by a rule that gives one answer whatever the order of arrival.

Takes: batches of journalled events (`identify`), withdrawn events (`forget`), stewards' decisions.
Gives: the customer of each event with what changed (`People`), `look_up` for a till, `identifiers`, `evaluate`; views
    event_customer and customer_identifier.
Writes tables: resolve_secret, value, signature, link, record, customer, carrier_span, redirect, identity_event, cut,
    decision.
Never: lets the clock or a coin decide who is who (a steward's decision and a rebuild only say when they happened),
    deletes evidence that nobody withdrew, joins people by their names (names only part them), or looks at their money.
"""

from regulars.resolve import decide, normalize
from regulars.resolve.decide import Steward
from regulars.resolve.errors import CustomerUnknown, DecisionRefused
from regulars.resolve.evaluate import Evaluation, evaluate
from regulars.resolve.explain import Explanation, Hop, Refusal, explain
from regulars.resolve.identify import identify
from regulars.resolve.look_up import Identifier, current, identifiers, look_up
from regulars.resolve.partition import partition
from regulars.resolve.rebuild import rebuild
from regulars.resolve.withdrawal import forget

__all__ = [
    "CustomerUnknown",
    "DecisionRefused",
    "Evaluation",
    "Explanation",
    "Hop",
    "Identifier",
    "Refusal",
    "Steward",
    "current",
    "decide",
    "evaluate",
    "explain",
    "forget",
    "identifiers",
    "identify",
    "look_up",
    "normalize",
    "partition",
    "rebuild",
]
