"""What the tables of this room hold about people."""

from regulars.model import Hangs, Holding

DECLARED = (
    Holding(
        table="erasure",
        title="That you asked to be erased, while it is under way",
        hangs=Hangs.CUSTOMER,
        keys=("customer",),
        told=("asked_at", "erased_at", "state"),
        kept=(
            *("id", "token", "actor", "reason", "withdrawal", "gone"),
            *("sought", "memory", "report", "signature", "done_at"),
        ),
        why_kept="what we look for to prove that nothing of you is left, emptied once that is proved",
    ),
)
