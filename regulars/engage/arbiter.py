"""May we, with what, when: one pure judgement for whatever wants to reach a customer.

A "no" is a value with its reason. The checks stand in the order in which a person would ask: is it still worth sending,
do we have an address, may we use it at all, does she want it, is it the time.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

import msgspec

from regulars.engage.quiet import NIGHT, Window, next_allowed
from regulars.kit.clock import day_number

MARKETING = "marketing"
# Messages of one channel a week to one person, from Monday to Sunday of her zone.
WEEKLY_CAP = 2
WEEK_DAYS = 7
# 1970-01-01 was a Thursday: three days later in the count, weeks begin on Mondays.
THURSDAY = 3


class Reason(StrEnum):
    """Why a message stands where it stands."""

    ALLOWED = "allowed"
    HOLDOUT = "holdout"
    EXPIRED = "expired"
    NO_CHANNEL = "no_channel"
    NO_ADDRESS = "no_address"
    SUPPRESSED = "suppressed"
    NEVER_ASKED = "never_asked"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"
    BASELESS = "baseless"
    NOT_YET = "not_yet"
    QUIET_HOURS = "quiet_hours"
    WEEKLY_CAP = "weekly_cap"
    ACCEPTED = "accepted"
    RECONCILED = "reconciled"
    REFUSED = "refused"
    TRY_AGAIN = "try_again"
    GAVE_UP = "gave_up"
    NO_TEMPLATE = "no_template"
    ASKED_LATELY = "asked_lately"
    NO_QUESTION = "no_question"
    UNREADABLE = "surveys_unreadable"
    UNFIT = "unfit"
    NO_LINE = "no_line"
    NOT_TAKEN = "not_taken"
    NOBODY_KNOWS = "nobody_knows"


# The same in words; no names or dates, so that equal cases count together.
WHY = {
    Reason.ALLOWED: "Consent, hour and weekly cap allow it",
    Reason.HOLDOUT: "Held out on purpose, to measure what the messages cause",
    Reason.EXPIRED: "Too late: it was worth sending only until then",
    Reason.NO_CHANNEL: "No plug-in carries this channel",
    Reason.NO_ADDRESS: "No address known on this channel",
    Reason.SUPPRESSED: "The address is on the suppression list",
    Reason.NEVER_ASKED: "Never agreed to marketing on this channel; silence is no",
    Reason.WITHDRAWN: "Consent was withdrawn",
    Reason.LAPSED: "The consent has ended by its date",
    Reason.BASELESS: "The events that led to it were withdrawn",
    Reason.NOT_YET: "Its time has not come",
    Reason.QUIET_HOURS: "Quiet hours where the customer lives",
    Reason.WEEKLY_CAP: "The weekly cap is reached",
    Reason.ACCEPTED: "Our mail server took it",
    Reason.RECONCILED: "Found in the mail server's record after an interruption",
    Reason.REFUSED: "The mail server refused the address or the message",
    Reason.TRY_AGAIN: "The mail server asked to try again later",
    Reason.GAVE_UP: "Tried as often as we may",
    Reason.NO_TEMPLATE: "The template cannot be used",
    Reason.ASKED_LATELY: "Was asked another question lately",
    Reason.NO_QUESTION: "The question is asked no more",
    Reason.UNREADABLE: "surveys.yaml cannot be read: it waits until the file is mended",
    Reason.UNFIT: "The letter cannot be written, or our mail server cannot carry the address",
    Reason.NO_LINE: "The line broke before it was handed over: sent again",
    Reason.NOT_TAKEN: "Not in the mail server's record after an interruption: sent again",
    Reason.NOBODY_KNOWS: "Interrupted while sending and no record to ask: never sent again",
}


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the outbox with everything that decides about it."""

    key: str
    customer: int
    channel: str
    purpose: str
    held: bool
    not_before: datetime | None
    valid_until: datetime | None
    address: str | None
    zone: ZoneInfo
    suppressed: bool
    consent: bool | None
    """None: never asked."""
    consent_until: datetime | None = None
    """When that yes ends by itself; None: it does not."""
    is_asked_for: bool = False
    """What she asked for herself (a receipt, a password): it needs no consent, and knows no night."""


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of a wish now. `state` is a state of the outbox."""

    state: str
    reason: Reason
    not_before: datetime | None = None


def judge(wish: Wish, now: datetime, channels: frozenset[str], windows: tuple[Window, ...] = NIGHT) -> Verdict:
    """Everything but the cap, which only the database can promise."""
    reason = _never(wish, now, channels)
    if reason is not None:
        return Verdict(state="suppressed", reason=reason)
    if wish.not_before is not None and wish.not_before > now:
        return Verdict(state="later", reason=Reason.NOT_YET, not_before=wish.not_before)
    if not wish.is_asked_for:
        opens = next_allowed(now, wish.zone, windows)
        if opens > now:
            return _later(wish, opens, Reason.QUIET_HOURS)
    return Verdict(state="held", reason=Reason.HOLDOUT) if wish.held else Verdict(state="ready", reason=Reason.ALLOWED)


def _never(wish: Wish, now: datetime, channels: frozenset[str]) -> Reason | None:
    if wish.valid_until is not None and wish.valid_until <= now:
        return Reason.EXPIRED
    if wish.channel not in channels:
        return Reason.NO_CHANNEL
    if not wish.address:
        return Reason.NO_ADDRESS
    if wish.is_asked_for:
        return None
    if wish.suppressed:
        return Reason.SUPPRESSED
    if wish.consent is None:
        return Reason.NEVER_ASKED
    if not wish.consent:
        return Reason.WITHDRAWN
    return Reason.LAPSED if wish.consent_until is not None and wish.consent_until <= now else None


def over_cap(wish: Wish, now: datetime, windows: tuple[Window, ...] = NIGHT) -> Verdict:
    """This week is full: the first allowed instant of her next week, if it is still worth it then."""
    local = now.astimezone(wish.zone)
    monday = local.date() + timedelta(days=WEEK_DAYS - local.weekday())
    opens = next_allowed(datetime.combine(monday, datetime.min.time(), wish.zone), wish.zone, windows)
    return _later(wish, opens, Reason.WEEKLY_CAP)


def week_of(now: datetime, zone: ZoneInfo) -> int:
    """Number of the week, from Monday, in her zone."""
    return (day_number(now, zone) + THURSDAY) // WEEK_DAYS


def is_capped(wish: Wish) -> bool:
    """Does the weekly cap count it?"""
    return not wish.is_asked_for


def _later(wish: Wish, opens: datetime, reason: Reason) -> Verdict:
    if wish.valid_until is not None and opens >= wish.valid_until:
        return Verdict(state="suppressed", reason=reason)
    return Verdict(state="later", reason=reason, not_before=opens)
