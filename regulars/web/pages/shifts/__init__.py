"""Shifts: what changed by more than chance, the series behind each, and whose own rhythm broke."""

from __future__ import annotations

from functools import partial
from typing import Any

from litestar import Request, Response, get, post
from litestar.params import FromPath, FromQuery, URLEncodedBody
from litestar.response import Redirect

from regulars import analyze
from regulars.analyze import shifts
from regulars.app import App
from regulars.kit.clock import day_date
from regulars.kit.errors import NotFound
from regulars.web import access, audit, render, words
from regulars.web.api import personas as people
from regulars.web.api import shifts as api
from regulars.web.charts import Chart, Series
from regulars.web.site import House

BEFORE = "--chart-before"
NAME_MAX_CHARS = 100


@get("/shifts", opt=access.OFFICE, include_in_schema=False, sync_to_thread=True)
def shifts_page(app: House, request: Request[Any, Any, Any]) -> Response[str]:
    """Everything that changed, and every series that is watched."""
    audit.write(app, request.user, "read the members", "rhythms")
    with app.transaction() as inside:
        found, looks, broken = shifts.shifts(inside), shifts.looks(inside), shifts.recent(inside)
        titles = {one.name: one.title for one in analyze.segments(inside)}
        names = people.names_of(inside, [one.customer for one in broken])
    return render.page(
        app,
        "pages/shifts/shifts.html",
        request,
        found=found,
        looks=looks,
        broken=broken,
        names=names,
        title=title(found, looks),
        what=partial(what, titles),
        told=told,
        level=partial(level, app),
        rate=shifts.FALSE_ALARM_RATE,
        date_of=day_date,
    )


@get("/shifts/{ident:int}", opt=access.OFFICE, include_in_schema=False, sync_to_thread=True)
def shift_page(app: House, request: Request[Any, Any, Any], ident: FromPath[int]) -> Response[str]:
    """One change with its series."""
    with app.transaction() as inside:
        one = shifts.shift(inside, ident)
        looks = shifts.looks(inside, one.scope, one.series, one.part)
        titles = {segment.name: segment.title for segment in analyze.segments(inside)}
    return render.page(
        app,
        "pages/shifts/shift.html",
        request,
        one=one,
        look=looks[0] if looks else None,
        title=told(one),
        what=what(titles, one),
        drawn=drawn(looks[0], one, what(titles, one)) if looks else None,
        level=partial(level, app),
        event=shifts.series[one.series].event,
        date_of=day_date,
    )


@get("/shifts/series/{name:str}", opt=access.OFFICE, include_in_schema=False, sync_to_thread=True)
def series_page(
    app: House,
    request: Request[Any, Any, Any],
    name: FromPath[str],
    of: FromQuery[str] = "",
    part: FromQuery[str] = "",
) -> Response[str]:
    """One series that is watched, whether or not it changed."""
    with app.transaction() as inside:
        looks = shifts.looks(inside, of, name, part)
        titles = {segment.name: segment.title for segment in analyze.segments(inside)}
    if not looks:
        raise NotFound(f"No series '{name[:NAME_MAX_CHARS]}' is watched there", "Choose one from the page Shifts")
    return render.page(
        app,
        "pages/shifts/series.html",
        request,
        look=looks[0],
        what=what(titles, looks[0]),
        drawn=drawn(looks[0], None, what(titles, looks[0])),
        event=shifts.series[name].event,
        rate=shifts.FALSE_ALARM_RATE,
        date_of=day_date,
    )


@post("/shifts/{ident:int}", opt=access.OFFICE, include_in_schema=False, sync_to_thread=True)
def acknowledge_page(
    app: House, request: Request[Any, Any, Any], ident: FromPath[int], data: URLEncodedBody[api.Note]
) -> Redirect:
    """Somebody saw to it."""
    api.acknowledged(app, request, ident, data.note)
    return Redirect(f"/shifts/{ident}", status_code=303)


def title(found: list[shifts.Shift], looks: list[shifts.Look]) -> str:
    """The newest change that nobody saw to, or that there is none."""
    waiting = [one for one in found if one.acknowledged_at is None]
    if waiting:
        return told(waiting[0])
    if not looks:
        return "No series is watched yet"
    return "Nothing changed by more than chance" if not found else "Somebody saw to every change"


def told(one: shifts.Shift) -> str:
    """What changed, as a sentence."""
    subject = shifts.series[one.series].title + (f" {one.part}" if one.part else "")
    change = one.after - one.before if one.change is None else one.change
    size = f"{'rose' if change > 0 else 'fell'} {words.percent(abs(change))}"
    since = day_date(one.day)
    how = "little by little around" if one.shape == "slope" else "in"
    return f"{subject} {size} {how} the week of {since.day} {since:%B}"


def what(titles: dict[str, str], one: shifts.Shift | shifts.Look) -> str:
    """Whose, and which part of it."""
    return titles.get(one.scope, words.sentence(one.scope)) if one.scope else "Everybody"


def level(app: App, name: str, value: float, scope: str) -> str:
    """A weekly mean in words of its unit."""
    per = " for 100 people" if scope and shifts.series[name].unit != "share" else ""
    match shifts.series[name].unit:
        case "cents":
            return words.money(round(value), app.settings.brand_currency) + per
        case "share":
            return words.percent(value)
        case _:
            return words.number(value, 0 if value >= 100 else 1) + per


def drawn(look: shifts.Look, one: shifts.Shift | None, scope: str) -> Chart:
    """The series by week, before and after its change in two colors."""
    declared = shifts.series[look.series]
    factor = {"cents": 0.01, "share": 100.0}.get(declared.unit, 1.0)
    values = [None if value is None else round(value * factor, 2) for value in look.values]
    days = [look.first_day + 7 * at for at in range(len(values))]
    labels = [f"{day_date(day).day} {day_date(day):%b %Y}" for day in days]
    if one is None:
        lines = [Series(name=declared.title, values=values)]
    else:
        old = [value if day < one.day else None for value, day in zip(values, days, strict=True)]
        new = [value if day >= one.day else None for value, day in zip(values, days, strict=True)]
        lines = [Series(name="Before", values=old, color=BEFORE, role="before"), Series(name="Since", values=new)]
    name = f"{declared.title}{f': {look.part}' if look.part else ''}"
    holidays = ", ".join(labels[place].rpartition(" ")[0] for place in look.holidays)
    return Chart(
        title=told(one) if one else name,
        measure=f"{name}, {scope if look.scope else scope.lower()}; whole weeks from Monday",
        over="Week from",
        labels=labels,
        series=lines,
        sentence=f"{told(one) if one else name}, {len(values)} weeks from {labels[0]} to {labels[-1]}.",
        from_zero=declared.unit != "share",
        decimals=0 if declared.unit == "count" and not look.scope else 1,
        suffix="%" if declared.unit == "share" else "",
        note=f"Left out, with a holiday: {holidays}" if holidays else "",
    )


routes = [shifts_page, shift_page, series_page, acknowledge_page]
