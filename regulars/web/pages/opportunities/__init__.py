"""Opportunities: ranked by money with their intervals drawn, and one with its evidence, its people and its test."""

from __future__ import annotations

from functools import partial
from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from regulars.analyze import missed
from regulars.app import App
from regulars.kit.clock import day_date
from regulars.web import access, audit, render, words
from regulars.web.api import opportunities as api
from regulars.web.charts import Chart, Series
from regulars.web.site import House

# How a unit of evidence is drawn: factor, prefix, suffix, decimals. Money gets its sign where it is drawn.
SCALES = {"share": (100.0, "", "%", 1), "count": (1.0, "", "", 0), "number": (1.0, "", "", 1)}


class Range(msgspec.Struct, frozen=True, kw_only=True):
    """Money of an opportunity on a common scale: where its interval begins, how wide it is, and its expected value."""

    one: missed.Opportunity
    start: float
    width: float
    middle: float


@get("/opportunities", opt=access.OFFICE, include_in_schema=False, sync_to_thread=True)
def opportunities_page(app: House, request: Request[Any, Any, Any]) -> Response[str]:
    """What the newest search found."""
    with app.transaction() as inside:
        newest = api.newest(inside)
    return render.page(
        app,
        "pages/opportunities/opportunities.html",
        request,
        newest=newest,
        title=title(app, newest),
        ranges=ranges(newest.found) if newest else [],
        as_of=day_date(newest.as_of_day) if newest and newest.as_of_day is not None else None,
        between=partial(between, app),
        whole=partial(whole, app),
    )


@get("/opportunities/{name:str}", opt=access.OFFICE, include_in_schema=False, sync_to_thread=True)
def opportunity_page(
    app: House,
    request: Request[Any, Any, Any],
    name: FromPath[str],
    stake_cents: FromQuery[int | None] = None,
    after: FromQuery[int | None] = None,
) -> Response[str]:
    """One opportunity."""
    audit.write(app, request.user, "read the members", f"opportunity:{name[: api.NAME_MAX_CHARS]}")
    with app.transaction() as inside:
        view = api.shown(inside, name, stake_cents, after)
    part = request.headers.get("hx-target") == "more"
    return render.page(
        app,
        f"pages/opportunities/{'people' if part else 'opportunity'}.html",
        request,
        view=view,
        one=view.one,
        drawn=drawn(app, view.one),
        history=history(app, view),
        between=partial(between, app),
        whole=partial(whole, app),
        told=partial(told, app),
    )


@post("/opportunities/{name:str}/take-up", opt=access.OFFICE, include_in_schema=False, sync_to_thread=True)
def take_up(app: House, request: Request[Any, Any, Any], name: FromPath[str]) -> Redirect:
    """Make a group of it, with a holdout, and go on to what was made."""
    api.taken_up(app, request, name)
    return Redirect(f"/opportunities/{name}#taken", status_code=303)


def title(app: App, newest: missed.Missed | None) -> str:
    """What was found, in one sentence."""
    if newest is None:
        return "Nobody has searched the past year yet"
    if newest.as_of_day is None:
        return "Nothing was bought in the past year"
    if not newest.found:
        return "Nothing in the past year is more than chance explains"
    first = newest.found[0]
    count = words.plural(len(newest.found), "opportunity", "opportunities")
    return f"{count}: {first.title[:1].lower()}{first.title[1:]} come first, worth {between(app, first)} in 13 weeks"


def between(app: App, one: missed.Opportunity) -> str:
    """$87 to $1,791: whole amounts, for nobody knows a prediction to the cent."""
    return f"{whole(app, one.money.low)} to {whole(app, one.money.high)}"


def whole(app: App, cents: float) -> str:
    """$1,791, without cents."""
    return f"{currency(app)}{cents / 100:,.0f}"


def currency(app: App) -> str:
    """The sign before an amount."""
    return words.SYMBOLS.get(app.settings.brand_currency, app.settings.brand_currency + " ")


def told(app: App, value: float, unit: str) -> str:
    """A number of the evidence."""
    return missed.told_value(value, unit, app.settings.brand_currency)


def ranges(found: list[missed.Opportunity]) -> list[Range]:
    """All intervals on the scale of the widest, in percent of its upper end."""
    most = max((one.money.high for one in found), default=0.0) or 1.0
    return [
        Range(
            one=one,
            start=100 * one.money.low / most,
            width=100 * (one.money.high - one.money.low) / most,
            middle=100 * one.money.expected / most,
        )
        for one in found
    ]


def drawn(app: App, one: missed.Opportunity) -> Chart | None:
    """What is against what chance or comparison would give."""
    if not one.bars:
        return None
    scale, prefix, suffix, decimals = SCALES.get(one.unit, (0.01, currency(app), "", 0))
    return Chart(
        title=one.measure,
        measure="Solid: observed; grey: what chance or comparison gives",
        over="Which",
        labels=[bar.name for bar in one.bars],
        series=[
            Series(name="Observed", values=[round(bar.value * scale, 2) for bar in one.bars]),
            Series(
                name="By chance or comparison",
                values=[round(bar.expected * scale, 2) for bar in one.bars],
                color="--chart-before",
                role="before",
            ),
        ],
        sentence=f"{one.finding}. {len(one.bars)} pairs of bars; the table has them all.",
        kind="bars",
        prefix=prefix,
        suffix=suffix,
        decimals=decimals,
    )


def history(app: App, view: api.Shown) -> Chart | None:
    """Expected money in the searches of the past; None before there are three."""
    if len(view.trend) < 3:
        return None
    days = [day_date(day) for day, _ in view.trend]
    labels = [f"{day.day} {day:%b %Y}" for day in days]
    values = [cents / 100 for _, cents in view.trend]
    moved = "grew" if values[-1] > values[0] else "shrank" if values[-1] < values[0] else "stayed the same"
    found = f"Its expected money {moved} over {len(values)} searches"
    return Chart(
        title=found,
        measure="Expected money of each search; 0 where nothing was beyond chance",
        over="Last day with an order",
        labels=labels,
        series=[Series(name="Expected", values=[round(value, 2) for value in values])],
        sentence=f"{found}, from {labels[0]} to {labels[-1]}.",
        prefix=currency(app),
    )


routes = [opportunities_page, opportunity_page, take_up]
