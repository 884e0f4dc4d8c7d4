"""DATA 5: what we know about each customer.

Takes: `People` (a batch with the customer of each event, merges, customers to recompute); the journal and resolve's
views `event_customer` and `customer_identifier` for rebuilding, time lines and card search; `profile.yaml`; what people
of the brand state (`hand`).
Gives: `apply` (golden fields and consents as differences), `read`, `search`, `timeline`, and the tables `profile`
and `consent_state` for the rooms on the right.
Writes tables: profile_policy, profile_purposes, profile_field, profile_hand, profile, profile_token, consent,
    consent_state, overlay_load, overlay_value, overlay_asking.
Never: decides who is who, sends anything, or invents a value nobody stated.
"""

from regulars.profile import hand, overlays
from regulars.profile.apply import apply
from regulars.profile.consent import DECISIONS
from regulars.profile.declared import BUILT_IN, STEWARD, Declared, in_force, of_file
from regulars.profile.erasure import forget, keep_refusals
from regulars.profile.errors import (
    DeclarationRefused,
    HandRefused,
    NoSuchCustomer,
    OverlayBusy,
    OverlayRefused,
    ProviderAway,
    PurposesRefused,
)
from regulars.profile.events import Asked, HeldEvent, Lifetime, events, groups, lifetime
from regulars.profile.hand import Author, Entry
from regulars.profile.overlays import Bought, Loaded
from regulars.profile.purposes import Notice, Purpose, Purposes, purposes, purposes_of_file, remember_purposes
from regulars.profile.read import Consent, Field, Other, Profile, fields_of_each, read
from regulars.profile.receipts import Decided, history, receipts
from regulars.profile.refresh import adopt, refresh
from regulars.profile.search import Hit, search
from regulars.profile.timeline import TOPICS, TimelineItem, timeline

__all__ = [
    "BUILT_IN",
    "DECISIONS",
    "STEWARD",
    "TOPICS",
    "Asked",
    "Author",
    "Bought",
    "Consent",
    "Decided",
    "DeclarationRefused",
    "Declared",
    "Entry",
    "Field",
    "HandRefused",
    "HeldEvent",
    "Hit",
    "Lifetime",
    "Loaded",
    "NoSuchCustomer",
    "Notice",
    "Other",
    "OverlayBusy",
    "OverlayRefused",
    "Profile",
    "ProviderAway",
    "Purpose",
    "Purposes",
    "PurposesRefused",
    "TimelineItem",
    "adopt",
    "apply",
    "events",
    "fields_of_each",
    "forget",
    "groups",
    "hand",
    "history",
    "in_force",
    "keep_refusals",
    "lifetime",
    "of_file",
    "overlays",
    "purposes",
    "purposes_of_file",
    "read",
    "receipts",
    "refresh",
    "remember_purposes",
    "search",
    "timeline",
]
