"""What the tables of this room hold about people."""

from regulars.model import Hangs, Holding, Impersonal

DECLARED = (
    Impersonal(table="profile_purposes", why="what the brand asks consent for"),
    Impersonal(table="profile_policy", why="what the brand declares about all profiles"),
    Holding(
        table="profile_field",
        title="What we know about you, with where each value comes from",
        hangs=Hangs.CUSTOMER,
        keys=("customer",),
        told=("field", "value", "source", "verified", "occurred_at", "seq", "rule"),
        kept=("digest",),
        why_kept="a hash of the value, for finding it again",
    ),
    Holding(
        table="profile_hand",
        title="What our people wrote down about you",
        hangs=Hangs.CUSTOMER,
        keys=("seq",),
        told=("id", "kind", "name", "value", "undoes", "reason", "at"),
        kept=("actor",),
        why_kept="the name of who works here is theirs",
    ),
    Holding(
        table="profile",
        title="The same, one row a person",
        hangs=Hangs.CUSTOMER,
        keys=("customer",),
        kept=("*",),
        why_kept="a copy of profile_field",
    ),
    Holding(
        table="profile_token",
        title="Words you are found by",
        hangs=Hangs.CUSTOMER,
        keys=("customer",),
        kept=("token",),
        why_kept="made of profile_field",
    ),
    Holding(
        table="consent",
        title="What you agreed to and what you took back",
        hangs=Hangs.RECORD,
        keys=("seq",),
        told=(
            *("channel", "purpose", "address", "allowed", "decided_at", "evidence", "collection_point", "basis"),
            *("notice", "notice_version", "notice_hash", "jurisdiction", "actor", "expires_at"),
        ),
    ),
    Holding(
        table="consent_state",
        title="Whether we may contact you, by channel, purpose and address",
        hangs=Hangs.CUSTOMER,
        keys=("customer",),
        told=("channel", "purpose", "address", "allowed", "expires_at"),
        kept=("decided_at", "seq", "is_mixed", "against"),
        why_kept="an address that several people use may have been stopped by another of them",
    ),
    Impersonal(table="overlay_load", why="what was bought as a whole: provider, license, cost, counts"),
    Holding(
        table="overlay_value",
        title="What we bought about you from others",
        hangs=Hangs.VALUE,
        keys=("value",),
        told=("overlay", "said"),
        kept=("load",),
        why_kept="the number under which it was bought",
    ),
    Impersonal(table="overlay_asking", why="how asking a provider goes, in counts"),
)
