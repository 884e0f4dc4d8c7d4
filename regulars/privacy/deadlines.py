"""By when a request has to be answered: calendar rules of each regime. Pure.

    GDPR    one month, two more if she is told within the first         Art. 12(3)
    CCPA    acknowledged in 10 business days, answered in 45 days, 45 more; opt-out of sale in 15 business days
    LGPD    15 days                                                     Art. 19

Days are those of the brand's zone. Business days are Monday to Friday: public holidays differ by state, and leaving
them out makes us early, never late.
"""

from __future__ import annotations

import calendar
from datetime import date, timedelta
from typing import Literal, NamedTuple

Regime = Literal["GDPR", "CCPA", "LGPD"]
Kind = Literal["access", "erasure", "rectification", "opt_out", "objection"]
SATURDAY = 5
GDPR_MONTHS, GDPR_MORE_MONTHS = 1, 2
CCPA_ACKNOWLEDGE_BUSINESS_DAYS, CCPA_DAYS, CCPA_MORE_DAYS, CCPA_OPT_OUT_BUSINESS_DAYS = 10, 45, 45, 15
LGPD_DAYS = 15
# Under the CCPA who says "do not sell or share mine" is not asked to wait as long.
STOPS = frozenset({"opt_out", "objection"})


class Deadline(NamedTuple):
    """The last days on which something may be done."""

    acknowledge_by: date | None
    """None: nothing has to be acknowledged apart."""
    due_on: date


def deadline(regime: Regime, kind: Kind, received_on: date) -> Deadline:
    """By when a request received on this day has to be acknowledged and answered."""
    match regime:
        case "GDPR":
            return Deadline(None, months_later(received_on, GDPR_MONTHS))
        case "CCPA":
            if kind in STOPS:
                return Deadline(None, business_days_later(received_on, CCPA_OPT_OUT_BUSINESS_DAYS))
            acknowledge_by = business_days_later(received_on, CCPA_ACKNOWLEDGE_BUSINESS_DAYS)
            return Deadline(acknowledge_by, received_on + timedelta(days=CCPA_DAYS))
        case "LGPD":
            return Deadline(None, received_on + timedelta(days=LGPD_DAYS))


def extended(regime: Regime, kind: Kind, received_on: date) -> date | None:
    """The last day after an extension; None where the law knows none."""
    match regime:
        case "GDPR":
            # Counted from the day it came in, not from the first end: 31 Jan, 28 Feb, 30 Apr.
            return months_later(received_on, GDPR_MONTHS + GDPR_MORE_MONTHS)
        case "CCPA":
            return None if kind in STOPS else received_on + timedelta(days=CCPA_DAYS + CCPA_MORE_DAYS)
        case "LGPD":
            return None


def months_later(day: date, months: int) -> date:
    """The same day so many months later, or the last one of that month where it has no such day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def business_days_later(day: date, count: int) -> date:
    """The so-maniest day from Monday to Friday after this one."""
    while count:
        day += timedelta(days=1)
        count -= day.weekday() < SATURDAY
    return day
