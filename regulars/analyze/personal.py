"""What the tables of this room hold about people."""

from regulars.model import Hangs, Holding, Impersonal

FOLDED = "given as traits, finished and in words"

DECLARED = (
    Holding(
        table="trait_state",
        title="Sums behind your traits",
        hangs=Hangs.CUSTOMER,
        keys=("customer",),
        kept=("*",),
        why_kept=FOLDED,
    ),
    Holding(
        table="cell_*",
        title="Sums behind your traits",
        hangs=Hangs.CUSTOMER,
        keys=("customer",),
        kept=("*",),
        why_kept=FOLDED,
    ),
    Holding(
        table="segment_member",
        title="Segments you are in",
        hangs=Hangs.CUSTOMER,
        keys=("customer",),
        told=("segment", "since"),
    ),
    Holding(
        table="segment_move",
        title="Segments you entered and left",
        hangs=Hangs.CUSTOMER,
        keys=("customer",),
        told=("segment", "entered", "at"),
        kept=("id", "day"),
        why_kept="numbers of our own bookkeeping",
    ),
    Holding(
        table="trait_complete",
        title="Whether your past has been folded",
        hangs=Hangs.CUSTOMER,
        keys=("customer",),
    ),
    Holding(
        table="score",
        title="Scores computed about you",
        hangs=Hangs.CUSTOMER,
        keys=("customer",),
        told=("model", "version", "as_of_day", "value", "parts", "grade"),
    ),
    Holding(
        table="score_change",
        title="How your scores changed",
        hangs=Hangs.CUSTOMER,
        keys=("customer",),
        told=("model", "version", "as_of_day", "value", "grade"),
    ),
    Holding(
        table="lifecycle_stage",
        title="How far you have come with us",
        hangs=Hangs.CUSTOMER,
        keys=("customer",),
        told=("stage", "since"),
    ),
    Holding(
        table="lifecycle_move",
        title="How you came there",
        hangs=Hangs.CUSTOMER,
        keys=("customer",),
        told=("before", "after", "at"),
        kept=("id", "day"),
        why_kept="numbers of our own bookkeeping",
    ),
    Holding(
        table="opportunity_member",
        title="Opportunities a search counts you among",
        hangs=Hangs.CUSTOMER,
        keys=("customer",),
        told=("name", "stake_cents", "reasons"),
    ),
    Impersonal("opportunity_run", "when the past year was searched, and how it ended"),
    Impersonal("opportunity", "what a search found: sums over many"),
    Holding(
        table="persona_member",
        title="Groups of customers you act alike",
        hangs=Hangs.CUSTOMER,
        keys=("customer",),
        told=("lens", "persona", "distance", "since_day"),
    ),
    Impersonal("persona", "what a group is like: sums over all who are in it"),
    Impersonal("persona_fit", "groups as centers: sums over all customers"),
    Impersonal("persona_size", "how many were in a group on a day"),
    Impersonal("as_of", "the day that windows end with"),
    Impersonal("trait_definition", "which traits there are"),
    Impersonal("segment_definition", "which segments there are"),
    Impersonal("score_model", "a model over all customers: sums and parameters"),
)
