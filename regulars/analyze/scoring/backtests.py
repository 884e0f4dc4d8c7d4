"""Acts for back-tests: every score as of a past day, judged by what came after, on the brand's own data.

Two past days are read from the lake, AHEAD_DAYS and twice that before today, each with what came after it. The older
pair teaches what a score can only learn from a past (the choice of a model, a regression); the score is fitted and
applied as of the younger day, and what came since judges it: nothing that it could not have known then is used. Then
the younger pair teaches the version that scores from now on.

Identities are those of today: who is who was not known better or worse by the score than by us.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import msgspec

from regulars.analyze.scores import AHEAD_DAYS, Fit, Foresight, Lesson, Score, scores
from regulars.analyze.scoring.applying import SCORE_LOCK, SQL, add_version, score_everybody, table_to_fit, version_of
from regulars.analyze.scoring.foresight import Backtest, judged
from regulars.analyze.scoring.trait_tables import read_lesson
from regulars.app import App
from regulars.kit.clock import day_number
from regulars.kit.money import MINUS

# A month: long enough that something new came, rare enough for a laptop.
BACKTEST_DAYS = 28
# Customers looked at: with so many a tenth of them is known to a hundredth of its measure.
CUSTOMERS_MAX = 50_000
BACKTESTS_KEPT = 12
Breathe = Callable[[], object]


def _go_on() -> None:
    """Nobody waits."""


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """A back-test as it is kept."""

    as_of_day: int
    until_day: int
    customers: int
    sampled: int
    found: Backtest | None
    """None: too early to say."""
    at: datetime


def is_due(app: App) -> bool:
    """Some score was not looked at for BACKTEST_DAYS, and the lake reaches back far enough to look."""
    return bool(_due(app, _today(app))) and _days(app) is not None


def backtest(app: App, breathe: Breathe = _go_on, names: list[str] | None = None) -> int:
    """Look at every score that is due (or these), teach and score anew those that learn. Gives how many were looked at.

    Transactions of its own; the flow goes on meanwhile. `breathe` is called between scores.
    """
    with app.transaction() as inside:
        today = _today(inside)
        chosen = _due(inside, today) if names is None else [scores[name] for name in names]
        days = _days(inside)
        if not chosen or days is None:
            return 0
        customers, sampled = _sample(inside)
        older = read_lesson(inside, chosen, sampled, (days[0], days[1])) if days[0] is not None else {}
    breathe()
    with app.transaction() as inside:
        younger = read_lesson(inside, chosen, sampled, (days[1], days[2]))
    for score in chosen:
        breathe()
        lesson = younger[score.name]
        fitted = score.fit(lesson.before, older.get(score.name), None)
        found = None if fitted is None else judged(score, fitted.params, lesson)
        with app.transaction() as inside:
            _keep(inside, score, days[1], days[2], customers, len(sampled), found)
        if score.learns:
            _teach(app, score, lesson)
    return len(chosen)


def backtests_of(app: App, model: str) -> list[Judgement]:
    """The back-tests of a score, newest first."""
    return [_judgement(row) for row in app.db.execute(SQL.backtests_of, {"model": model}).fetchall()]


def latest(app: App) -> dict[str, Judgement]:
    """The newest back-test of each score."""
    return {model: _judgement(row) for model, *row in app.db.execute(SQL.latest_backtests).fetchall()}


def _judgement(row: Sequence[Any]) -> Judgement:
    as_of_day, until_day, customers, sampled, found, at = row
    return Judgement(
        as_of_day=as_of_day,
        until_day=until_day,
        customers=customers,
        sampled=sampled,
        found=None if found is None else msgspec.convert(found, Backtest),
        at=at,
    )


def in_words(score: Score, judgement: Judgement | None) -> str:
    """What a back-test says, as a sentence: does the score know more than the plain rule?"""
    foresight = score.foresight
    if judgement is None:
        return f"Not looked at yet: it needs {AHEAD_DAYS} days of orders and {AHEAD_DAYS} more to judge by."
    found, days = judgement.found, judgement.until_day - judgement.as_of_day
    if found is None:
        return f"Too early to say: too few customers did, or did not, what it is judged by in {days} days."
    knows = {
        "better": "It knew better than the plain rule",
        "no better": "It knew no more than the plain rule",
        "worse": "The plain rule knew better",
    }[found.verdict]
    return f"{knows} {foresight.outcome} in the next {days} days: {_figures(foresight, found)}."


def _figures(foresight: Foresight, found: Backtest) -> str:
    what = "of two customers it put the right one first" if foresight.kind == "yes" else "correlation of ranks"
    one, other, ahead = found.score.value, found.naive.value, found.ahead
    if foresight.kind == "yes":
        return (
            f"{what} in {one:.0%} of cases, {foresight.naive} in {other:.0%}"
            f" ({_signed(ahead.low * 100, 0)} to {_signed(ahead.high * 100, 0)} points)"
        )
    between = f"{_signed(ahead.low, 2)} to {_signed(ahead.high, 2)}"
    return f"{what} {one:.2f} against {other:.2f} by {foresight.naive} ({between})"


def _signed(number: float, decimals: int) -> str:
    return f"{number:+.{decimals}f}".replace("-", MINUS)


def _due(app: App, today: int) -> list[Score]:
    rows = app.db.execute(SQL.last_backtests).fetchall()
    rested = {name for name, until_day in rows if today - until_day < BACKTEST_DAYS}
    return [score for name, score in scores.items() if name not in rested]


def _days(app: App) -> tuple[int | None, int, int] | None:
    """The older day (None: the lake is too young for a lesson), the younger one and the last whole day of the lake."""
    row = app.db.execute(SQL.reach_of_lake).fetchone()
    if row is None or row[0] is None:
        return None
    first, last = row[0], min(row[1], _today(app)) - 1
    younger, older = last - AHEAD_DAYS, last - 2 * AHEAD_DAYS
    if younger <= first:
        return None
    return (older if older > first else None), younger, last


def _sample(app: App) -> tuple[int, list[int]]:
    """How many known customers have ordered, and the numbers of those to look at."""
    row = app.db.execute(SQL.buyers).fetchone()
    assert row is not None, "a count has a row"
    parts = max(1, -(-row[0] // CUSTOMERS_MAX))
    return row[0], [customer for (customer,) in app.db.execute(SQL.sampled, {"parts": parts}).fetchall()]


def _keep(
    app: App, score: Score, as_of_day: int, until_day: int, customers: int, sampled: int, found: Backtest | None
) -> None:
    app.db.execute(
        SQL.keep_backtest,
        {
            "model": score.name,
            "as_of_day": as_of_day,
            "until_day": until_day,
            "customers": customers,
            "sampled": sampled,
            "found": None if found is None else msgspec.json.encode(found).decode(),
            "at": app.clock.now(),
        },
    )
    app.db.execute(SQL.drop_old_backtests, {"model": score.name, "kept": BACKTESTS_KEPT})


def _teach(app: App, score: Score, lesson: Lesson) -> None:
    """A version that has learned, and everybody scored by it."""
    with app.transaction() as inside:
        today = _today(inside)
        table, newest = table_to_fit(inside, score, today), version_of(inside, score)
    fitted: Fit | None = score.fit(table, lesson, newest.params if newest else None)
    if fitted is None:
        return
    with app.transaction() as inside:
        inside.db.execute(SQL.one_at_a_time, {"lock": SCORE_LOCK})
        version = add_version(inside, score, fitted, today, inside.clock.now())
        score_everybody(inside, score, version, today)


def _today(app: App) -> int:
    return day_number(app.clock.now(), app.settings.zone)


__all__ = ["Judgement", "backtest", "backtests_of", "in_words", "is_due", "latest"]
