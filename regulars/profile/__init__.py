"""DATA 5: what we know about each customer.

Takes: `People` (a batch with the customer of each event, merges, customers to recompute); the journal and resolve's
views `event_customer` and `customer_identifier` for rebuilding, time lines and card search.
Gives: `apply` (golden fields and consents as differences), `read`, `search`, `timeline`, and the tables `profile`
and `consent_state` for the rooms on the right.
Writes tables: profile_field, profile, profile_token, consent, consent_state.
Never: decides who is who, sends anything, or invents a value nobody stated.
"""

from regulars.profile.apply import apply
from regulars.profile.errors import NoSuchCustomer, PurposesRefused
from regulars.profile.purposes import Purpose, Purposes, purposes
from regulars.profile.read import Consent, Field, Profile, read
from regulars.profile.receipts import Decided, history, receipts
from regulars.profile.search import Hit, search
from regulars.profile.timeline import TimelineItem, timeline

__all__ = [
    "Consent",
    "Decided",
    "Field",
    "Hit",
    "NoSuchCustomer",
    "Profile",
    "Purpose",
    "Purposes",
    "PurposesRefused",
    "TimelineItem",
    "apply",
    "history",
    "purposes",
    "read",
    "receipts",
    "search",
    "timeline",
]
