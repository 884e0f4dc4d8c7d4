"""What was promised against what was measured: the acts around the shelf of expectations."""

from __future__ import annotations

import math
from typing import Literal

import msgspec

from regulars.analyze.expectations import PERIOD_DAYS, PERIODS, Expectation, expectations
from regulars.analyze.missed.errors import UnknownExpectation
from regulars.analyze.missed.telling import SQL
from regulars.app import App
from regulars.lake.duckdb import Engine

CASES = 200
CASES_SHOWN = 50
# Fewer cases than this are told, and not judged.
MIN_TRIALS = 30
NORMAL_95 = 1.96
# The latest stretches that are compared with the others.
LATEST = 3
Verdict = Literal["kept", "not kept", "too close to say", "too early to say"]


class Count(msgspec.Struct, frozen=True, kw_only=True):
    """Hits of trials, with the interval that holds the true share in 19 of 20 cases (Wilson)."""

    hits: int
    trials: int
    low: float
    high: float

    @property
    def share(self) -> float | None:
        """None where there was no case."""
        return self.hits / self.trials if self.trials else None


class Period(msgspec.Struct, frozen=True, kw_only=True):
    """Four weeks, by their last day."""

    last_day: int
    count: Count


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """A part of the business over the year."""

    name: str
    count: Count
    verdict: Verdict


class Promise(msgspec.Struct, frozen=True, kw_only=True):
    """One expectation as measured."""

    name: str
    title: str
    promise: float
    better: str
    measure: str
    cases: str
    year: Count
    verdict: Verdict
    trend: Literal["better", "worse", "no change proven", "too early to say"]
    """The latest twelve weeks against those before."""
    periods: list[Period]
    parts: list[Part]


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """An event that broke an expectation, and whose it is."""

    seq: int
    customer: int
    day: int


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """What one search counted of one expectation, and the newest cases."""

    name: str
    last_day: int
    rows: list[tuple[int, str, int, int]]
    cases: list[tuple[int, int, int]] = []


def measure(lake: Engine, last_day: int) -> list[Measured]:
    """Every expectation of the shelf, in a lake in which the year is bound."""
    found: list[Measured] = []
    for name, one in expectations.items():
        rows = [(int(p), str(part), int(h), int(t)) for p, part, h, t in lake.rows(one.count_query)]
        cases = [(int(c), int(s), int(d)) for c, s, d in lake.rows(one.case_query, {"most": CASES})]
        found.append(Measured(name=name, last_day=last_day - one.wait_days, rows=rows, cases=cases))
    return found


def keep(app: App, version: int, measured: list[Measured]) -> None:
    """Counts under the search's number, cases in place of the last ones."""
    told = [msgspec.json.encode(msgspec.structs.replace(one, cases=[])).decode() for one in measured]
    app.db.execute(SQL.add_expectations, {"version": version, "names": [m.name for m in measured], "told": told})
    rows = [(one.name, *case) for one in measured for case in one.cases]
    app.db.execute(SQL.clear_cases)
    names, customers, seqs, days = zip(*rows, strict=True) if rows else ((), (), (), ())
    given = {"names": list(names), "customers": list(customers), "seqs": list(seqs), "days": list(days)}
    app.db.execute(SQL.load_cases, given)


def promises(app: App) -> list[Promise]:
    """Every expectation as the newest search measured it; none before the first."""
    row = app.db.execute(SQL.newest_run).fetchone()
    if row is None:
        return []
    shelf = dict(expectations.items())
    told = app.db.execute(SQL.expectations_told, {"version": row[0]}).fetchall()
    return [_promise(shelf[name], msgspec.convert(each, Measured)) for name, each in told if name in shelf]


def promise(app: App, name: str) -> Promise:
    """One of them. Raises UnknownExpectation."""
    found = {one.name: one for one in promises(app)}
    if name not in found:
        known = ", ".join(sorted(found)) or "none yet: the first search has not run"
        raise UnknownExpectation(f"There is no expectation named '{name}'", f"Choose one of: {known}")
    return found[name]


def cases(app: App, name: str, limit: int = CASES_SHOWN) -> list[Case]:
    """The newest cases that broke it."""
    rows = app.db.execute(SQL.cases, {"name": name, "limit": limit}).fetchall()
    return [Case(seq=seq, customer=customer, day=day) for seq, customer, day in rows]


def counted(hits: int, trials: int) -> Count:
    """With Wilson's interval, which holds for small numbers and shares near 0 and 1, too."""
    if not trials:
        return Count(hits=0, trials=0, low=0.0, high=1.0)
    share, square = hits / trials, NORMAL_95**2
    middle = (share + square / (2 * trials)) / (1 + square / trials)
    reach = NORMAL_95 * math.sqrt(share * (1 - share) / trials + square / (4 * trials**2)) / (1 + square / trials)
    return Count(hits=hits, trials=trials, low=max(0.0, middle - reach), high=min(1.0, middle + reach))


def judged(count: Count, one: Expectation) -> Verdict:
    """Kept or not where the whole interval lies on one side of the promise."""
    if count.trials < MIN_TRIALS:
        return "too early to say"
    if one.better == "low":
        return "kept" if count.high <= one.promise else "not kept" if count.low > one.promise else "too close to say"
    return "kept" if count.low >= one.promise else "not kept" if count.high < one.promise else "too close to say"


def _promise(one: Expectation, measured: Measured) -> Promise:
    periods = [
        _sum([row for row in measured.rows if row[0] == period]) for period in range(PERIODS - 1, -1, -1)
    ]  # oldest first
    parts = {name: _sum([row for row in measured.rows if row[1] == name]) for name in {row[1] for row in measured.rows}}
    whole = _sum(measured.rows)
    return Promise(
        name=one.name,
        title=one.title,
        promise=one.promise,
        better=one.better,
        measure=one.measure,
        cases=one.cases,
        year=whole,
        verdict=judged(whole, one),
        trend=_trend(_sum(_within(measured, 0, LATEST)), _sum(_within(measured, LATEST, PERIODS)), one),
        periods=[
            Period(last_day=measured.last_day - (PERIODS - 1 - at) * PERIOD_DAYS, count=count)
            for at, count in enumerate(periods)
        ],
        parts=[Part(name=name, count=parts[name], verdict=judged(parts[name], one)) for name in sorted(parts)],
    )


def _within(measured: Measured, first: int, after: int) -> list[tuple[int, str, int, int]]:
    return [row for row in measured.rows if first <= row[0] < after]


def _sum(rows: list[tuple[int, str, int, int]]) -> Count:
    return counted(sum(row[2] for row in rows), sum(row[3] for row in rows))


def _trend(
    now: Count, before: Count, one: Expectation
) -> Literal["better", "worse", "no change proven", "too early to say"]:
    if min(now.trials, before.trials) < MIN_TRIALS:
        return "too early to say"
    pooled = (now.hits + before.hits) / (now.trials + before.trials)
    error = math.sqrt(pooled * (1 - pooled) * (1 / now.trials + 1 / before.trials))
    change = now.hits / now.trials - before.hits / before.trials
    if error == 0 or abs(change) <= NORMAL_95 * error:
        return "no change proven"
    return "better" if (change > 0) == (one.better == "high") else "worse"
