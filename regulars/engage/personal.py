"""What the tables of this room hold about people."""

from regulars.model import Hangs, Holding, Impersonal

DECLARED = (
    Holding(
        table="outbox",
        title="What we sent you, wanted to send you, and why not",
        hangs=Hangs.CUSTOMER,
        keys=("customer",),
        told=(
            *("channel", "purpose", "template", "origin", "state", "reason", "why", "held", "payload", "created_at"),
            *("decided_at", "not_before", "valid_until", "address", "consent_seq", "ended_at", "offer_until"),
        ),
        kept=("key", "priority", "message_id", "sender", "sending_at", "attempts"),
        why_kept="numbers of our own bookkeeping",
    ),
    Holding(
        table="cap_slot",
        title="Messages of a week, counted",
        hangs=Hangs.CUSTOMER,
        keys=("customer",),
        kept=("channel", "week", "n", "outbox_key"),
        why_kept="counts rows of outbox",
    ),
    Holding(
        table="suppression",
        title="Addresses of yours that we must not write to",
        hangs=Hangs.ADDRESS,
        keys=("channel", "address"),
        told=("channel", "address", "reason", "at"),
        kept=("outbox_key",),
        why_kept="a number of our own bookkeeping",
    ),
    Holding(
        table="survey_asking",
        title="Questions we asked you, and when you answered",
        hangs=Hangs.CUSTOMER,
        keys=("customer",),
        told=("survey", "touch_point", "channel", "asked_at", "answered_at"),
        kept=("key",),
        why_kept="a number of our own bookkeeping",
    ),
    Impersonal("line_rest", "channels that did not answer"),
    Impersonal("signing_key", "keys that links are signed with"),
)
