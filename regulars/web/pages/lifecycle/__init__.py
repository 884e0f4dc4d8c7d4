"""The lifecycle: where people stand, who got further, who fell back, and why one stands where they stand."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get
from litestar.params import FromPath, FromQuery

from regulars import analyze, profile
from regulars.analyze import Lifecycle
from regulars.kit.clock import day_date
from regulars.web import access, audit, render, words
from regulars.web.api import lifecycle as api
from regulars.web.charts import Chart, Series
from regulars.web.pages.lifecycle.streams import Drawing, Stream, draw
from regulars.web.site import House

COLORS = {"attract": "--chart-3", "convert": "--chart-1", "advocate": "--chart-2"}
OTHER = "--chart-other"
# By step; neighbors in the columns are told apart at a glance.
STAGE_COLORS = (OTHER, "--chart-3", "--chart-5", "--chart-6", "--chart-1", "--chart-4", "--chart-2")
NEW, GONE = "New to us", "No longer"
# A day with every change is too many columns: ends of about so many equal stretches are drawn.
COLUMNS_DRAWN = 26


@get("/lifecycle", opt=access.OFFICE, include_in_schema=False, sync_to_thread=True)
def lifecycle_page(app: House, request: Request[Any, Any, Any], days: FromQuery[int] = api.DAYS_USUAL) -> Response[str]:
    """All stages."""
    with app.transaction() as inside:
        view = api.overview(inside, days)
    return render.page(
        app,
        "pages/lifecycle/lifecycle.html",
        request,
        view=view,
        title=title(view),
        since=day_date(view.since_day),
        today=day_date(view.today),
        counted=day_date(view.figures_day),
        choices=api.DAYS,
        within=analyze.CONVERSION_DAYS,
        moved=moved(view),
        drawn=history(view),
        phases=phases(view),
    )


@get("/lifecycle/{stage:str}", opt=access.OFFICE, include_in_schema=False, sync_to_thread=True)
def stage_page(
    app: House, request: Request[Any, Any, Any], stage: FromPath[str], after: FromQuery[str] = ""
) -> Response[str]:
    """One stage with its people."""
    audit.write(app, request.user, "read the members", f"stage:{stage[:100]}")
    with app.transaction() as inside:
        view = api.stage_page(inside, stage, after)
        figures = next(one for one in api.overview(inside, api.DAYS_USUAL).stages if one.name == stage)
    part = request.headers.get("hx-target") == "more"
    template = "pages/lifecycle/members.html" if part else "pages/lifecycle/stage.html"
    return render.page(app, template, request, view=view, figures=figures, within=analyze.CONVERSION_DAYS)


@get("/lifecycle/why/{customer:int}", opt=access.OFFICE, include_in_schema=False, sync_to_thread=True)
def why_stage_page(app: House, request: Request[Any, Any, Any], customer: FromPath[int]) -> Response[str]:
    """Why somebody stands where they stand, down to the events."""
    audit.write(app, request.user, "asked why", f"customer:{customer}", "lifecycle")
    with app.transaction() as inside:
        why, person = api.why(inside, customer), profile.read(inside, customer)
        here = analyze.standpoint(inside, why.customer)
    assert here is not None, "who has a why stands somewhere"
    return render.page(app, "pages/lifecycle/why.html", request, why=why, person=person, here=here, titles=titles())


def titles() -> dict[str, str]:
    """What stages are called, by name."""
    return {stage.name: stage.title for stage in analyze.STAGES}


def title(view: Lifecycle) -> str:
    """What was found, as a sentence that can be wrong."""
    if not view.customers:
        return "Nobody stands in a stage yet"
    share = sum(stage.customers for stage in view.stages if stage.phase == "advocate") / view.customers
    people = words.plural(view.customers, "customer")
    return f"{words.percent(share)} of {people} are advocates; {view.up:,} moved up and {view.down:,} fell back"


def phases(view: Lifecycle) -> list[tuple[str, int, str]]:
    """Attract, convert, advocate: people and color of each."""
    found = list(dict.fromkeys(stage.phase for stage in view.stages))
    return [(phase, sum(s.customers for s in view.stages if s.phase == phase), COLORS[phase]) for phase in found]


def moved(view: Lifecycle) -> Drawing | None:
    """From where to where people got, drawn from left to right; None where nobody moved."""
    if not view.flows:
        return None
    names = titles()
    found = [
        Stream(
            source=names.get(flow.before, flow.before) if flow.before else NEW,
            target=names.get(flow.after, flow.after) if flow.after else GONE,
            value=flow.customers,
        )
        for flow in view.flows
    ]
    # A stage that is declared no more keeps its old name in what was stored.
    others = sorted({end for one in found for end in (one.source, one.target)} - {NEW, GONE, *names.values()})
    colors = dict.fromkeys([NEW, *others, GONE], OTHER) | {s.title: COLORS[s.phase] for s in view.stages}
    since = day_date(view.since_day)
    return draw(
        found,
        [NEW, *names.values(), *others, GONE],
        colors,
        f"{words.plural(sum(flow.customers for flow in view.flows), 'customer')} changed their stage",
        f"Left: where they stood on {since.day} {since:%B %Y}. Right: where they stand now",
    )


def history(view: Lifecycle) -> Chart | None:
    """Customers by stage at the end of days, spread evenly; None before there are two."""
    by_day = {size.day: size.customers for size in view.sizes}
    if len(by_day) < 2:
        return None
    step = max(1, (view.today - view.since_day) // COLUMNS_DRAWN)
    days = list(range(view.today, view.since_day - 1, -step))[::-1]
    known = sorted(by_day)
    ends = [by_day[max([day for day in known if day <= end], default=known[0])] for end in days]
    labels = [f"{day_date(day).day} {day_date(day):%b %Y}" for day in days]
    first, last = sum(ends[0]), sum(ends[-1])
    return Chart(
        title=f"{last:,} customers stand in a stage, {first:,} on {labels[0]}",
        measure="Customers by stage at the end of a day",
        over="Day",
        labels=labels,
        series=[
            Series(name=stage.title, values=[float(end[at]) for end in ends], color=STAGE_COLORS[at])
            for at, stage in enumerate(view.stages)
        ],
        sentence=f"Customers by stage from {labels[0]} to {labels[-1]}; the table has them all.",
        kind="columns",
        stacked=True,
    )


routes = [lifecycle_page, stage_page, why_stage_page]
