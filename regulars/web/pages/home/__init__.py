"""Home: what changed, revenue and activity, best customers, data freshness; live while events come in."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from functools import partial
from typing import Any

import anyio
from litestar import Request, Response, get
from litestar.response import ServerSentEvent, ServerSentEventMessage

from regulars.app import App
from regulars.web import access, render, words
from regulars.web.api import home as api
from regulars.web.api import optimize
from regulars.web.api.collect import Pulse, pulse
from regulars.web.charts import COLORS, Chart, Figure, Series
from regulars.web.site import House

TICK_SECONDS = 2.0
# An open stream ends after this long; the browser opens it again by itself.
STREAM_TICKS = 900
# Fewer events waiting than this is the flow at work, not a load.
LOADING_FROM = 5_000
FINDINGS = ("purchase_trends", "segment_shift", "product_mix")


@get("/", opt=access.OFFICE, include_in_schema=False, sync_to_thread=True)
def home_page(app: House, request: Request[Any, Any, Any]) -> Response[str]:
    """Home."""
    return shown(app, request, "pages/home/home.html")


@get("/home/numbers", opt=access.OFFICE, include_in_schema=False, sync_to_thread=True)
def numbers_part(app: House, request: Request[Any, Any, Any]) -> Response[str]:
    """The numbers again, while a load moves them."""
    return shown(app, request, "pages/home/numbers.html")


def shown(app: App, request: Request[Any, Any, Any], template: str) -> Response[str]:
    """Home or its numbers."""
    with app.transaction() as inside:
        view = api.home(inside)
    return render.page(
        app,
        template,
        request,
        view=view,
        title=title(app, view),
        figures=figures(app, view),
        charts=charts(app, view),
        whole=partial(whole, app),
        loading=view.pulse.behind > LOADING_FROM,
    )


@get("/home/findings", opt=access.OFFICE, include_in_schema=False, sync_to_thread=True)
def findings_part(app: House, request: Request[Any, Any, Any]) -> Response[str]:
    """What the reports found, fetched after the page stands: they read the whole lake."""
    on_shelf = {one.name for one in optimize.shelf()}
    results = [optimize.run(app, name, {}) for name in FINDINGS if name in on_shelf]
    with app.transaction() as inside:
        moves = api.moved(inside)
    return render.page(
        app, "pages/home/findings.html", request, results=[each for each in results if each.rows], moves=moves
    )


def whole(app: App, cents: float) -> str:
    """$1,791: a prediction without cents."""
    sign = words.SYMBOLS.get(app.settings.brand_currency, app.settings.brand_currency + " ")
    return f"{sign}{cents / 100:,.0f}"


def title(app: App, view: api.Home) -> str:
    """What happened last week, in one sentence."""
    weeks = view.full_weeks
    if not view.pulse.events:
        return f"{app.settings.brand_name} has no events yet"
    if len(weeks) < 2:
        return f"{view.pulse.events:,} events are in; {words.plural(view.pulse.customers, 'customer')} known"
    now, before = weeks[-1], weeks[-2]
    number = now.monday.isocalendar().week
    if not before.revenue_cents:
        return f"Week {number}: {words.money(now.revenue_cents, app.settings.brand_currency)} from identified customers"
    change = now.revenue_cents / before.revenue_cents - 1
    moved = "unchanged" if abs(change) < 0.0005 else f"{'up' if change > 0 else 'down'} {words.percent(abs(change))}"
    buyers = now.buyers - before.buyers
    more = f"{abs(buyers):,} {'more' if buyers >= 0 else 'fewer'} {'buyer' if abs(buyers) == 1 else 'buyers'}"
    return f"Week {number}: revenue {moved}, {more}"


def figures(app: App, view: api.Home) -> list[Figure]:
    """Revenue, buyers, customers, messages."""
    weeks, counted = view.full_weeks, view.pulse.messages
    now, before = (weeks[-1] if weeks else None), (weeks[-2] if len(weeks) > 1 else None)
    currency = app.settings.brand_currency
    noes = f"{counted.get('suppressed', 0):,} not allowed, {counted.get('held', 0):,} held out"
    return [
        compared(
            "Revenue, last full week",
            [week.revenue_cents for week in weeks],
            words.money(now.revenue_cents, currency) if now else "Not known",
            words.money(before.revenue_cents, currency) if before else "",
        ),
        compared(
            "Buyers, last full week",
            [week.buyers for week in weeks],
            words.number(now.buyers) if now else "Not known",
            words.number(before.buyers) if before else "",
        ),
        Figure(
            name="Customers known",
            value=words.number(view.pulse.customers),
            live="customers",
            than=f"and {view.pulse.anonymous:,} anonymous visitors",
        ),
        Figure(name="Messages sent", value=words.number(counted.get("sent", 0)), live="sent", than=noes),
    ]


def compared(name: str, values: list[int], now: str, before: str) -> Figure:
    """A figure with its change since the week before."""
    if len(values) < 2 or not values[-2]:
        return Figure(name=name, value=now, than="no week before to compare with" if values else "no full week yet")
    change = values[-1] / values[-2] - 1
    return Figure(
        name=name,
        value=now,
        delta=words.percent(abs(change)),
        falls=change < 0,
        tone="good" if change > 0 else "bad" if change < 0 else "",
        than=f"from {before}",
        spark=[float(value) for value in values[-13:]],
    )


def charts(app: App, view: api.Home) -> list[Chart]:
    """Revenue by week and buyers by week, once there are two full weeks."""
    weeks = view.full_weeks
    if len(weeks) < 2:
        return []
    currency = words.SYMBOLS.get(app.settings.brand_currency, app.settings.brand_currency + " ")
    revenue, buyers = [week.revenue_cents / 100 for week in weeks], [float(week.buyers) for week in weeks]
    return [
        weekly("Revenue", "Revenue a week, identified customers", weeks, revenue, currency),
        weekly("Buyers", "Different customers who bought in the week", weeks, buyers, ""),
    ]


def weekly(name: str, measure: str, weeks: list[api.Week], values: list[float], prefix: str) -> Chart:
    """One line over the weeks; its title says where the last four stand against the four before."""
    labels = [f"{week.monday.day} {week.monday:%b}" for week in weeks]
    last, before = values[-4:], values[-8:-4]
    found = f"{name} by week"
    if len(before) == 4 and sum(before):
        change = sum(last) / sum(before) - 1
        moved = "as before" if abs(change) < 0.005 else f"{'up' if change > 0 else 'down'} {words.percent(abs(change))}"
        found = f"{name} {moved} over four weeks"
    first, latest = f"{prefix}{values[0]:,.0f}", f"{prefix}{values[-1]:,.0f}"
    sentence = f"{found}: {first} in the week of {labels[0]}, {latest} in that of {labels[-1]}."
    series = [Series(name=name, values=[round(value, 2) for value in values], color=COLORS[0])]
    return Chart(
        title=found, measure=measure, over="Week of", labels=labels, series=series, sentence=sentence, prefix=prefix
    )


@get("/home/live", opt=access.OFFICE, include_in_schema=False)
async def live(app: House) -> ServerSentEvent:
    """Figures as they move, every other second, as server-sent events."""
    return ServerSentEvent(figures_stream(app))


async def figures_stream(app: App) -> AsyncGenerator[ServerSentEventMessage, None]:
    """One message a tick, while somebody listens."""
    for _ in range(STREAM_TICKS):
        now = await anyio.to_thread.run_sync(read_pulse, app)
        yield ServerSentEventMessage(data=json.dumps(spoken(now)), event="figures")
        await asyncio.sleep(TICK_SECONDS)


def read_pulse(app: App) -> Pulse:
    """The pulse in a transaction of its own."""
    with app.transaction() as inside:
        return pulse(inside)


def spoken(now: Pulse) -> dict[str, Any]:
    """The pulse as the page's places show it."""
    loading = now.behind > LOADING_FROM
    return {
        "events": words.number(now.events),
        "records": words.number(now.records),
        "behind": words.number(now.behind),
        "refused": words.number(now.refused),
        "customers": words.number(now.customers),
        "sent": words.number(now.messages.get("sent", 0)),
        "carried": now.carried,
        "loading": loading,
        "share": round(100 * now.carried / now.events, 1) if now.events else 0,
        "load": f"{now.carried:,} of {now.events:,} events carried" if loading else "",
        "state": "",
    }


routes = [home_page, numbers_part, findings_part, live]
