"""Lifetime value from a file of transactions, for anybody who has one: who comes back, how often and for how much.

The models are those of the scores shelf; here they are fitted to a file, and judged on a time that they have not seen.
A purchase is a day on which a customer bought; what she gave back that day is taken off, and a day on which she gave
back more than she bought is none.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import numpy as np

from regulars.analyze.clv.read import Bought, Rows, open_file
from regulars.analyze.errors import TransactionsRefused
from regulars.analyze.purchases import (
    Fitted,
    Floats,
    History,
    PurchaseModel,
    gamma_gamma,
    median_wait,
    purchase_models,
    surprise,
)
from regulars.kit.clock import EPOCH_DAY, day_date

AUTO = "auto"
DAYS = {"week": 7, "day": 1}
HORIZON = {"week": 52, "day": 365}
# Where no day is named from which on the models are judged: the last third of the time.
SEEN_SHARE = 2 / 3
# Fewer people who came back tell more about chance than about the models.
MIN_RETURNERS = 30
# A date so far away says that nobody can tell.
WAIT_MAX_DAYS = 3_650


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked of a file."""

    file: Path
    today: date
    """Rows of later days are left out."""
    customer: str
    """Names of columns, here and below."""
    when: str
    value: str = ""
    """Empty: purchases are counted, and nothing is said of money."""
    calibration_end: date | None = None
    """The last day that the models see; None: they are judged on the last third, and then see all."""
    unit: str = "week"
    """One of DAYS."""
    model: str = AUTO
    """One of the shelf, or the one for which what came later was the least surprise."""


class Holdout(msgspec.Struct, frozen=True, kw_only=True):
    """What a model foresaw of a time it had not seen, for the customers it knew."""

    begin: date
    """The first day of it."""
    until: date
    customers: int
    actual: int
    """Purchases."""
    predicted: float
    mae: float
    """Mean absolute error, in purchases a customer."""
    correlation: float | None
    """None: all customers did the same."""
    log_likelihood: float
    """Of what they did then, knowing what they did before."""


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """A model as it was fitted and judged."""

    model: str
    title: str
    params: dict[str, float]
    log_likelihood: float
    holdout: Holdout | None


class Customer(msgspec.Struct, frozen=True, kw_only=True):
    """What may be expected of one."""

    customer: str
    purchases: int
    first: date
    last: date
    p_alive: float
    """The chance that she is still a customer, 0 to 1."""
    expected_purchases: float
    """Within the horizon."""
    next_purchase: date | None
    """The day by which she has bought again with an even chance, if she is still a customer; None: nobody can tell."""
    expected_value: float | None
    """Of one purchase."""
    lifetime_value: float | None
    """Of the purchases within the horizon."""


class Clv(msgspec.Struct, frozen=True, kw_only=True):
    """The answer."""

    model: str
    params: dict[str, float]
    """Of the model, and p, q, v of what is spent (Gamma-Gamma)."""
    log_likelihood: float
    holdout: Holdout | None
    customers: list[Customer]
    """The most valuable first."""
    as_of: date
    """The last day that was seen."""
    unit: str
    horizon: int
    """In units."""
    models: list[Candidate]
    spend_log_likelihood: float | None
    left_out: dict[str, int]
    """Rows that say nothing of a purchase, by why."""
    tracking: list[tuple[date, int, float]]
    """Day, repeat purchases until then, and what the model expects of new customers until then."""


def lifetime_values(task: Task) -> Clv:
    """Fit, judge and apply. Raises TransactionsRefused, FileRefused, InputRefused."""
    names = list(purchase_models) if task.model == AUTO else [purchase_models[task.model].name]
    with TemporaryDirectory(prefix="regulars-clv-") as folder:
        bought = open_file(task.file, Path(folder), task.today, task.customer, task.when, task.value)
        first, last = bought.span()
        as_of = last if task.calibration_end is None else (task.calibration_end - EPOCH_DAY).days
        if not first < as_of <= last:
            raise TransactionsRefused(
                f"{task.file.name} tells of {day_date(first)} to {day_date(last)}",
                "Name a day between them with --calibration-end" if task.calibration_end else "Bring more than one day",
            )
        seen = as_of if task.calibration_end else first + int((last - first) * SEEN_SHARE)
        if seen == last and task.model == AUTO:
            raise TransactionsRefused(
                f"{task.file.name} ends on {day_date(last)}: nothing is left to judge models on",
                "Name an earlier day with --calibration-end, or one model with --model",
            )
        every = DAYS[task.unit]
        rows = bought.until(as_of, as_of)
        known = _history(rows, as_of, every)
        before = known if seen == as_of else _history(bought.until(seen, seen), seen, every)
        after = _history(bought.until(last, seen), last, every)
        _check(before, task)
        candidates = [_candidate(purchase_models[name], before, after, seen, last, every) for name in names]
        best = max(candidates, key=_judged)
        model = purchase_models[best.model]
        fitted = Fitted(best.params, best.log_likelihood) if task.calibration_end else model.fit(known)
        return _answer(task, bought, rows, model, fitted, known, as_of, candidates, best)


def _judged(candidate: Candidate) -> float:
    held = candidate.holdout
    return candidate.log_likelihood if held is None else held.log_likelihood


def _history(rows: Rows, end: int, every: int) -> History:
    """What they did until `end`, in units of so many days."""
    return History(x=rows.purchases - 1.0, t_x=(rows.last - rows.first) / every, t=(end - rows.first) / every)


def _check(history: History, task: Task) -> None:
    back = int((history.x > 0).sum())
    if back < MIN_RETURNERS:
        raise TransactionsRefused(
            f"{back:,} of {len(history.x):,} customers of {task.file.name} came back in the time the models learn from",
            f"Bring at least {MIN_RETURNERS} who did: more customers, or more time",
        )


def _candidate(model: PurchaseModel, before: History, after: History, seen: int, last: int, every: int) -> Candidate:
    fitted = model.fit(before)
    return Candidate(
        model=model.name,
        title=model.title,
        params=fitted.params,
        log_likelihood=fitted.log_likelihood,
        holdout=_held(model, fitted, before, after, seen, last, every) if last > seen else None,
    )


def _held(
    model: PurchaseModel, fitted: Fitted, before: History, after: History, seen: int, last: int, every: int
) -> Holdout:
    actual = after.x - before.x
    predicted = model.expected(fitted.params, before, (last - seen) / every)
    varies = actual.std() > 0 and predicted.std() > 0
    return Holdout(
        begin=day_date(seen + 1),
        until=day_date(last),
        customers=len(actual),
        actual=int(actual.sum()),
        predicted=float(predicted.sum()),
        mae=float(np.abs(predicted - actual).mean()),
        correlation=float(np.corrcoef(predicted, actual)[0, 1]) if varies else None,
        log_likelihood=surprise(model, fitted.params, before, after),
    )


def _answer(
    task: Task,
    bought: Bought,
    rows: Rows,
    model: PurchaseModel,
    fitted: Fitted,
    known: History,
    as_of: int,
    candidates: list[Candidate],
    best: Candidate,
) -> Clv:
    every, horizon = DAYS[task.unit], HORIZON[task.unit]
    alive = model.alive(fitted.params, known)
    coming = model.expected(fitted.params, known, horizon)
    wait = np.ceil(median_wait(fitted.params, known) * every)
    money = _money(rows.repeat_value, known.x) if task.value else None
    worth = gamma_gamma.expected(money.params, known.x, rows.repeat_value) if money else np.full(len(alive), np.nan)
    order = np.lexsort((np.arange(len(alive)), -(coming * worth if money else coming)))
    ids = bought.names(as_of)
    customers = [
        Customer(
            customer=ids[at],
            purchases=int(rows.purchases[at]),
            first=day_date(int(rows.first[at])),
            last=day_date(int(rows.last[at])),
            p_alive=float(alive[at]),
            expected_purchases=float(coming[at]),
            next_purchase=day_date(as_of + int(wait[at])) if wait[at] <= WAIT_MAX_DAYS else None,
            expected_value=float(worth[at]) if money else None,
            lifetime_value=float(coming[at] * worth[at]) if money else None,
        )
        for at in map(int, order)
    ]
    spend: dict[str, Any] = msgspec.to_builtins(money.params) if money else {}
    return Clv(
        model=model.name,
        params=fitted.params | spend,
        log_likelihood=fitted.log_likelihood,
        holdout=best.holdout,
        customers=customers,
        as_of=day_date(as_of),
        unit=task.unit,
        horizon=horizon,
        models=candidates,
        spend_log_likelihood=money.log_likelihood if money else None,
        left_out=bought.left_out,
        tracking=_tracking(bought, model, fitted, as_of, every),
    )


def _money(mean: Floats, repeats: Floats) -> gamma_gamma.Fitted | None:
    """Of what is spent on days after the first, by who came back; None where too few spent anything."""
    back = (repeats > 0) & (mean > 0)
    return gamma_gamma.fit(repeats[back], mean[back]) if int(back.sum()) >= MIN_RETURNERS else None


def _tracking(
    bought: Bought, model: PurchaseModel, fitted: Fitted, as_of: int, every: int
) -> list[tuple[date, int, float]]:
    """By week or so: what customers who came until `as_of` did, and what was to be expected of them."""
    first, last = bought.span()
    starts, customers = bought.starts(as_of)
    days, bought_then = bought.repeats_by_day(as_of)
    step = max(DAYS["week"], (last - first) // 100)
    found: list[tuple[date, int, float]] = []
    for end in (*range(first + step, last, step), last):
        age = np.maximum(end - starts, 0) / every
        nothing = np.zeros_like(age)
        expected = model.expected_so_far(fitted.params, History(x=nothing, t_x=nothing, t=age))
        found.append((day_date(end), int(bought_then[days <= end].sum()), float(expected @ customers)))
    return found
