"""What the tables of this room hold about people."""

from regulars.model import Hangs, Holding, Impersonal

NUMBERS = "numbers of our own bookkeeping"

DECLARED = (
    Holding(
        table="enrolment",
        title="Journeys you are or were in",
        hangs=Hangs.CUSTOMER,
        keys=("customer",),
        told=("journey", "status", "reason", "held", "node", "arrived_at", "entered_at", "due_at", "ended_at"),
        kept=("id", "version", "entry_key", "seed", "visit"),
        why_kept=NUMBERS,
    ),
    Holding(
        table="step_log",
        title="Steps you took in journeys",
        hangs=Hangs.ROW,
        keys=("enrolment",),
        of="enrolment",
        told=("node", "outcome", "at"),
        kept=("visit",),
        why_kept=NUMBERS,
    ),
    Holding(
        table="wallet",
        title="Your points",
        hangs=Hangs.CUSTOMER,
        keys=("customer",),
        told=("available", "pending", "debt"),
        kept=("next_day",),
        why_kept=NUMBERS,
    ),
    Holding(
        table="ledger_entry",
        title="Movements of your points",
        hangs=Hangs.CUSTOMER,
        keys=("customer",),
        told=("kind", "source", "cents", "day", "posted_at", "answer", "waived", "note"),
        kept=("id", "key", "body_hash", "parked", "seq"),
        why_kept=NUMBERS,
    ),
    Holding(
        table="transfer",
        title="From which account to which your points went",
        hangs=Hangs.ROW,
        keys=("entry",),
        of="ledger_entry",
        told=("points",),
        kept=("line", "source", "target"),
        why_kept="names of accounts of the books",
    ),
    Holding(
        table="lot",
        title="Points you earned, with their expiry",
        hangs=Hangs.CUSTOMER,
        keys=("customer",),
        told=(
            *("source", "line", "basis_cents", "points", "left_points", "returned", "returned_cents", "expired"),
            *("earned_day", "active_day", "expires_day"),
        ),
        kept=("id", "entry", "seq", "started"),
        why_kept=NUMBERS,
    ),
    Holding(
        table="allocation",
        title="Which of your points were spent",
        hangs=Hangs.ROW,
        keys=("lot",),
        of="lot",
        told=("points",),
        kept=("entry",),
        why_kept=NUMBERS,
    ),
    Impersonal("journey", "which journeys there are"),
    Impersonal("journey_version", "what was published"),
)
