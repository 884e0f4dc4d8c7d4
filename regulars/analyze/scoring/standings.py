"""What the shelf of scores says: each score with its spread and its back-test, and who stands where."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from regulars.analyze.errors import ScoreUnknown, WeightsRefused
from regulars.analyze.scores import Part, Score, Tried, Unit, scores
from regulars.analyze.scores.best_customers import WEIGHTS, BestCustomers
from regulars.analyze.scoring.applying import (
    SQL,
    Change,
    PartValue,
    Spread,
    Standing,
    changes_of,
    scores_of,
    version_of,
)
from regulars.analyze.scoring.backtests import Judgement, backtests_of, in_words, latest
from regulars.app import App

RANKED_MAX = 1_000


class ScoreView(msgspec.Struct, frozen=True, kw_only=True):
    """A score as a list shows it."""

    name: str
    title: str
    question: str
    unit: Unit
    low: float
    high: float | None
    source: str
    grades: tuple[str, ...]
    as_of_day: int | None
    """When everybody was scored last; None: nobody is, for there is too little to learn from."""
    spread: Spread | None
    backtest: str
    """What the newest back-test says, in words."""
    verdict: str
    """better, no better, worse, or too early."""
    judgement: Judgement | None


class Model(msgspec.Struct, frozen=True, kw_only=True):
    """What scores today."""

    version: int
    as_of_day: int
    customers: int
    error: float
    error_measure: str
    params: Any
    tried: tuple[Tried, ...]


class Ranked(msgspec.Struct, frozen=True, kw_only=True):
    """A customer by her score, as of when everybody was scored last."""

    customer: int
    value: float
    parts: list[float | None]
    grade: str
    label: str | None


class ScorePage(msgspec.Struct, frozen=True, kw_only=True):
    """One score with all that is known about it."""

    view: ScoreView
    parts: tuple[Part, ...]
    needs: tuple[str, ...]
    every_days: int
    refit_days: int
    model: Model | None
    judgements: list[Judgement]
    """Newest first."""
    best: list[Ranked]
    worst: list[Ranked]


class Why(msgspec.Struct, frozen=True, kw_only=True):
    """One customer's score down to the traits it was computed from, and how her grade changed."""

    standing: Standing
    changes: list[Change]


class Weighed(msgspec.Struct, frozen=True, kw_only=True):
    """One of the best customers under some weights."""

    customer: int
    points: float
    components: dict[str, float]
    """Her standing by component, 0 to 100."""


class Hundredth(msgspec.Struct, frozen=True, kw_only=True):
    """A hundredth of the buyers of a year, the first one spent the most."""

    part: int
    customers: int
    spend_cents: int
    orders: int


def listed(app: App) -> list[ScoreView]:
    """Every score, by its title."""
    runs = {model: rest for model, *rest in app.db.execute(SQL.runs).fetchall()}
    looks = latest(app)
    found = [_view(score, runs.get(name), looks.get(name)) for name, score in scores.items()]
    return sorted(found, key=lambda view: view.title)


def shown(app: App, name: str, limit: int, grade: str | None = None, label: str | None = None) -> ScorePage:
    """One score; `best` holds those of a grade or a word, where one is given. Raises ScoreUnknown."""
    score = named(name)
    if grade is not None and grade not in score.grades:
        raise ScoreUnknown(f"'{name}' has no grade '{grade[:60]}'", f"Choose one of: {', '.join(score.grades)}")
    view = next(one for one in listed(app) if one.name == name)
    version = version_of(app, score)
    given = {"model": name, "limit": min(limit, RANKED_MAX), "grade": grade, "label": label}
    return ScorePage(
        view=view,
        parts=score.parts,
        needs=score.needs,
        every_days=score.every_days,
        refit_days=score.refit_days,
        model=None
        if version is None
        else Model(
            version=version.version,
            as_of_day=version.as_of_day,
            customers=version.customers,
            error=version.error,
            error_measure=score.error_measure,
            params=version.params,
            tried=version.tried,
        ),
        judgements=backtests_of(app, name),
        best=[_ranked(row) for row in app.db.execute(SQL.ranked, given).fetchall()],
        worst=[_ranked(row) for row in app.db.execute(SQL.ranked_from_below, given).fetchall()],
    )


def why(app: App, name: str, customer: int) -> Why:
    """Why a customer has this score now. Raises ScoreUnknown where there is no such score, or none of hers."""
    score = named(name)
    standing = next((one for one in scores_of(app, customer) if one.model == name), None)
    if standing is None:
        raise ScoreUnknown(
            f"Customer {customer} has no score '{name}'",
            f"'{score.title}' judges customers with what it reads: {', '.join(score.needs)}",
        )
    return Why(standing=standing, changes=changes_of(app, name, customer))


def weighed(app: App, weights: Mapping[str, float], limit: int) -> list[Weighed]:
    """The best customers by these weights of the components; what is left out counts 0. Raises WeightsRefused."""
    names = tuple(WEIGHTS)
    odd = [name for name in weights if name not in names]
    if odd:
        raise WeightsRefused(f"There is no component '{odd[0][:60]}'", f"Weigh {', '.join(names)}")
    chosen = [float(weights.get(name, 0)) for name in names]
    total = sum(chosen)
    if not all(0 <= one <= 100 for one in chosen) or total <= 0:
        raise WeightsRefused("Weights go from 0 to 100, and one of them is above 0", "For example 60, 25 and 15")
    first, second, third = (one / total for one in chosen)
    given = {"model": BestCustomers.name, "first": first, "second": second, "third": third}
    rows = app.db.execute(SQL.weighed, given | {"limit": min(limit, RANKED_MAX)}).fetchall()
    return [
        Weighed(customer=customer, points=points, components=dict(zip(names, parts, strict=True)))
        for customer, parts, points in rows
    ]


def concentration(app: App) -> list[Hundredth]:
    """Known buyers of the last 365 days by what they spent, in hundredths of people; fewer where there are fewer."""
    return [
        Hundredth(part=part, customers=customers, spend_cents=spend, orders=orders)
        for part, customers, spend, orders in app.db.execute(SQL.concentration).fetchall()
    ]


def named(name: str) -> Score:
    """The score of this name. Raises ScoreUnknown."""
    if name not in list(scores):
        raise ScoreUnknown(f"There is no score named '{name[:60]}'", f"Choose one of: {', '.join(scores)}")
    return scores[name]


def _view(score: Score, run: list[Any] | None, judgement: Judgement | None) -> ScoreView:
    found = judgement.found if judgement else None
    return ScoreView(
        name=score.name,
        title=score.title,
        question=score.question,
        unit=score.unit,
        low=score.low,
        high=score.high,
        source=score.source,
        grades=score.grades,
        as_of_day=run[1] if run else None,
        spread=msgspec.convert(run[3], Spread) if run else None,
        backtest=in_words(score, judgement),
        verdict=found.verdict if found else "too early",
        judgement=judgement,
    )


def _ranked(row: tuple[Any, ...]) -> Ranked:
    customer, value, parts, grade, label = row
    return Ranked(
        customer=customer,
        value=value,
        parts=[None if part != part else part for part in parts],
        grade=grade,
        label=label,
    )


__all__ = [
    "WEIGHTS",
    "Change",
    "Hundredth",
    "Model",
    "PartValue",
    "Ranked",
    "ScorePage",
    "ScoreView",
    "Spread",
    "Standing",
    "Weighed",
    "Why",
    "concentration",
    "listed",
    "named",
    "shown",
    "weighed",
    "why",
]
