"""Shelf of expectations: what customers may expect of the brand, as a share that is promised and measured.

An expectation is one file here. Its query gives, for each stretch of four weeks and each part of the business, of how
many cases how many did what is counted; another names the newest cases that broke it. What is promised is a number
that somebody can hold us to, and stands here.

Takes: the lake, in DuckDB. Gives: counts and cases. Never: writes, or names a customer.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from regulars.kit.registry import Shelf
from regulars.store import queries

SQL = queries(__name__)
PERIOD_DAYS = 28
PERIODS = 13


class Expectation(msgspec.Struct, frozen=True, kw_only=True):
    """One promise."""

    name: str
    title: str
    promise: float
    """The share that is promised."""
    better: Literal["low", "high"]
    """Whether the promise is kept by at most, or by at least, this share."""
    measure: str
    cases: str
    """What a case that broke it is."""
    wait_days: int
    """A case is counted only after so many days: before, it may still happen."""
    count_query: str
    """Rows (period, part, hits, trials): period 0 is the newest."""
    case_query: str
    """Rows (customer, seq, day), newest first, at most $most."""


expectations: Shelf[Expectation] = Shelf("expectation", __name__)

__all__ = ["PERIODS", "PERIOD_DAYS", "SQL", "Expectation", "expectations"]
