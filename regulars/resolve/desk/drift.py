"""What changes slowly: how often records join and part, and what the records that a model joins have in common."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

import msgspec

from regulars.app import App
from regulars.kit.clock import EPOCH
from regulars.store import queries

SQL = queries(__package__)
LATE_DAYS, BEFORE_DAYS = 28, 84
# Of the pairs that are joined, so many are looked at.
PAIRS_LOOKED_AT_MAX = 50_000
# Fewer answers on either side say nothing of a change; a smaller change asks nobody to learn anew.
ANSWERS_MIN = 30
MOVED_BITS = 0.5


class Rate(msgspec.Struct, frozen=True, kw_only=True):
    """Of a thousand new kinds of record, in the LATE_DAYS and the BEFORE_DAYS before them; None: there were none."""

    name: str
    before: float | None
    lately: float | None


class Weight(msgspec.Struct, frozen=True, kw_only=True):
    """One answer of the model in force, where it joins: its share among those who answer, before and lately."""

    comparison: str
    answer: str
    before: float
    lately: float
    bits: float
    """By so many bits its weight would change if the model were learned from the late ones."""


class Drift(msgspec.Struct, frozen=True, kw_only=True):
    """What moved."""

    rates: list[Rate]
    weights: list[Weight]
    """Those that moved by MOVED_BITS or more, most first."""
    compared: int
    """Answers that were frequent enough to be compared; 0: too early to say."""


class Weeks(msgspec.Struct, frozen=True):
    """The LATE_DAYS up to `today` begin at `since`, the BEFORE_DAYS before them at `before`."""

    today: int
    since: int
    before: int


def weeks_of(app: App) -> Weeks:
    """As of now."""
    today = (app.clock.now() - EPOCH).days
    return Weeks(today, today - LATE_DAYS, today - LATE_DAYS - BEFORE_DAYS)


def drift(app: App, weeks: Weeks, groups: Sequence[int]) -> Drift:
    """The last LATE_DAYS against the time before: BEFORE_DAYS for rates, all that is kept for a model's answers.

    `groups`: kinds of record that were new before and lately, and of these who joined somebody before and lately.
    """
    old, new, *joined = groups
    [counts] = app.db.execute(SQL.moved, msgspec.structs.asdict(weeks)).fetchall()
    names = ("joined somebody who was there", "made two customers one", "took customers apart")
    told = [*joined, *counts]
    rates = [
        Rate(name=name, before=_in_thousand(before, old), lately=_in_thousand(late, new))
        for name, before, late in zip(names, told[::2], told[1::2], strict=True)
    ]
    rows = app.db.execute(SQL.answers, {"since": weeks.since, "limit": PAIRS_LOOKED_AT_MAX}).fetchall()
    weights = moved(rows)
    return Drift(
        rates=rates,
        weights=sorted([one for one in weights if abs(one.bits) >= MOVED_BITS], key=lambda one: -abs(one.bits)),
        compared=len(weights),
    )


def moved(rows: list[tuple[str, str, int, int]]) -> list[Weight]:
    """Answers as (comparison, words, how often before, how often lately), those that enough gave. Pure."""
    old, new = Counter[str](), Counter[str]()
    for comparison, _, before, late in rows:
        old[comparison] += before
        new[comparison] += late
    return [
        Weight(
            comparison=comparison,
            answer=answer,
            before=before / old[comparison],
            lately=late / new[comparison],
            bits=math.log2(late / new[comparison] / (before / old[comparison])),
        )
        for comparison, answer, before, late in rows
        if min(before, late) >= ANSWERS_MIN
    ]


def _in_thousand(count: int, of: int) -> float | None:
    return 1_000 * count / of if of else None
