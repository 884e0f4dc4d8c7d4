"""What the tables of this room hold about people."""

from regulars.model import Hangs, Holding, Impersonal

DECLARED = (
    Holding(
        table="erasure",
        title="That you asked to be erased, while it is under way",
        hangs=Hangs.CUSTOMER,
        keys=("customer",),
        told=("asked_at", "erased_at", "state"),
        kept=(
            *("id", "token", "people", "actor", "reason", "withdrawal", "gone"),
            *("sought", "memory", "report", "signature", "done_at"),
        ),
        why_kept="what we look for to prove that nothing of you is left, emptied once that is proved",
    ),
    Holding(
        table="privacy_request",
        title="What you asked of us about your data, and what became of it",
        hangs=Hangs.CUSTOMER,
        keys=("customer",),
        told=(
            *("kind", "regime", "received_at", "acknowledge_by", "due_on", "extended_because", "acknowledged_at"),
            *("proof", "state", "ended_at", "contact"),
        ),
        kept=("id", "assignee", "opened_at", "erasure"),
        why_kept="names our staff, or is a number of our own bookkeeping",
    ),
    Holding(
        table="privacy_step",
        title="What we did about it",
        hangs=Hangs.ROW,
        keys=("request",),
        of="privacy_request",
        told=("at", "action"),
        kept=("number", "actor", "note"),
        why_kept="names our staff, and notes may speak of other people",
    ),
    Impersonal("opendsr_request", "numbers under which other systems handed in requests of the desk"),
    Impersonal("opendsr_call", "which systems were told how a request stands"),
    Impersonal("retention_reading", "how many events of a class are over their time"),
    Impersonal("retention_beginning", "since when there is history of a class"),
)
