"""Scores: what they answer, how values are spread, whether they foretold what came, who stands where and why."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec
import numpy as np
from litestar import Request, get
from litestar.params import FromPath, FromQuery

from regulars import profile
from regulars.analyze import standings
from regulars.app import App
from regulars.kit.clock import day_date
from regulars.store import queries
from regulars.web import access, audit
from regulars.web.site import House
from regulars.web.words import full_name

SQL = queries(__package__ or "")
RANKED_SHOWN = 25
ENDS_SHOWN = 10
CURVE_STEPS = 20
NAME_MAX_CHARS = 60
FIFTHS = 5


class Face(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody in a ranking."""

    customer: int
    name: str
    spend_cents: int | None
    orders: int | None
    last_order: date | None


class Best(msgspec.Struct, frozen=True, kw_only=True):
    """One of the best customers under some weights."""

    face: Face
    points: float
    components: dict[str, float]
    """Standing by component, 0 to 100."""


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """So much of the buyers, most spending first, bring so much of the spend."""

    customers: float
    spend: float


class Fifth(msgspec.Struct, frozen=True, kw_only=True):
    """A fifth of the buyers; the first one spent the most."""

    place: int
    customers: int
    spend_cents: int
    orders: int
    share: float
    """Of all spend."""


class BestPage(msgspec.Struct, frozen=True, kw_only=True):
    """Who makes the money."""

    buyers: int
    spend_cents: int
    fifths: list[Fifth]
    curve: list[Step]
    """In even steps of buyers; empty while nobody bought."""
    half: float
    """The part of the buyers that brings half of the spend."""
    weights: dict[str, float]
    best: list[Best]


def page(app: App, name: str, grade: str | None = None, label: str | None = None) -> standings.ScorePage:
    """One score. Raises ScoreUnknown."""
    return standings.shown(app, name, RANKED_SHOWN if grade or label else ENDS_SHOWN, grade, label)


def faces(app: App, ranked: list[standings.Ranked] | list[int]) -> dict[int, Face]:
    """How the customers of a ranking are called, by id."""
    ids = [one if isinstance(one, int) else one.customer for one in ranked]
    return {
        customer: Face(
            customer=customer,
            name=full_name(first, last, customer),
            spend_cents=spend,
            orders=orders,
            last_order=None if last_day is None else day_date(last_day),
        )
        for customer, first, last, spend, orders, last_day in app.db.execute(SQL.faces, {"customers": ids}).fetchall()
    }


def why(app: App, name: str, customer: int) -> standings.Why:
    """Why a customer has this score; `customer` may be one that was merged into another. Raises NoSuchCustomer."""
    return standings.why(app, name, profile.read(app, customer).customer)


def best(app: App, weights: dict[str, float], limit: int = RANKED_SHOWN) -> BestPage:
    """Who makes the money, and who is best under these weights. Raises WeightsRefused."""
    parts = standings.concentration(app)
    total, buyers = sum(part.spend_cents for part in parts), sum(part.customers for part in parts)
    found = standings.weighed(app, weights, limit)
    known = faces(app, [one.customer for one in found])
    return BestPage(
        buyers=buyers,
        spend_cents=total,
        fifths=fifths(parts, total),
        curve=curve(parts, total, buyers),
        half=half_of_it(parts, total, buyers),
        weights=weights,
        best=[Best(face=known[one.customer], points=one.points, components=one.components) for one in found],
    )


def fifths(parts: list[standings.Hundredth], total: int) -> list[Fifth]:
    """Hundredths put together by twenty; with fewer people than a hundred, as even as they come."""
    found: list[Fifth] = []
    for place in range(FIFTHS):
        own = parts[len(parts) * place // FIFTHS : len(parts) * (place + 1) // FIFTHS]
        spend = sum(part.spend_cents for part in own)
        found.append(
            Fifth(
                place=place + 1,
                customers=sum(part.customers for part in own),
                spend_cents=spend,
                orders=sum(part.orders for part in own),
                share=spend / total if total else 0.0,
            )
        )
    return found


def curve(parts: list[standings.Hundredth], total: int, buyers: int) -> list[Step]:
    """The part of the spend that each so many of the buyers bring, in even steps; straight between two hundredths."""
    if not total:
        return []
    people = np.cumsum([0, *(part.customers for part in parts)]) / buyers
    money = np.cumsum([0, *(part.spend_cents for part in parts)]) / total
    at = [step / CURVE_STEPS for step in range(CURVE_STEPS + 1)]
    return [Step(customers=one, spend=float(np.interp(one, people, money))) for one in at]


def half_of_it(parts: list[standings.Hundredth], total: int, buyers: int) -> float:
    """The part of the buyers that brings half of the spend."""
    people = np.cumsum([0, *(part.customers for part in parts)]) / max(buyers, 1)
    money = np.cumsum([0, *(part.spend_cents for part in parts)]) / max(total, 1)
    return float(np.interp(0.5, money, people))


@get("/api/scores", opt=access.office("segments:read"), sync_to_thread=True)
def scores_json(app: House) -> list[standings.ScoreView]:
    """All scores: question, unit, source, spread of the values, and what the newest back-test says."""
    with app.transaction() as inside:
        return standings.listed(inside)


@get("/api/scores/{name:str}", opt=access.office("segments:read"), sync_to_thread=True)
def score_json(
    app: House,
    request: Request[Any, Any, Any],
    name: FromPath[str],
    grade: FromQuery[str | None] = None,
    label: FromQuery[str | None] = None,
) -> standings.ScorePage:
    """One score: its model, its back-tests, the customers it ranks highest (of a grade or a word) and lowest."""
    audit.write(app, request.user, "read a ranking", f"score:{name[:NAME_MAX_CHARS]}")
    with app.transaction() as inside:
        return page(inside, name, grade, label)


@get("/api/scores/{name:str}/why/{customer:int}", opt=access.office("customers:read"), sync_to_thread=True)
def why_json(
    app: House, request: Request[Any, Any, Any], name: FromPath[str], customer: FromPath[int]
) -> standings.Why:
    """Why this customer has this score, the traits it was computed from, and how her grade changed."""
    audit.write(app, request.user, "asked why", f"customer:{customer}", name[:NAME_MAX_CHARS])
    with app.transaction() as inside:
        return why(inside, name, customer)


@get("/api/best-customers", opt=access.office("customers:read"), sync_to_thread=True)
def best_json(
    app: House,
    request: Request[Any, Any, Any],
    spend: FromQuery[float] = standings.WEIGHTS["spend"],
    frequency: FromQuery[float] = standings.WEIGHTS["frequency"],
    evangelism: FromQuery[float] = standings.WEIGHTS["evangelism"],
) -> BestPage:
    """Who makes the money, and the best customers under these weights, 0 to 100 each; nothing is stored."""
    audit.write(app, request.user, "read a ranking", "best customers")
    with app.transaction() as inside:
        return best(inside, {"spend": spend, "frequency": frequency, "evangelism": evangelism})


routes = [scores_json, score_json, why_json, best_json]
