"""Personas: the groups of every lens as cards, and one with what it has more of, how it grew and who is in it."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromPath, FromQuery, URLEncodedBody
from litestar.response import Redirect
from markupsafe import Markup

from regulars.analyze import TRAITS, personas, shown
from regulars.app import App
from regulars.kit.clock import day_date
from regulars.web import access, audit, render, words
from regulars.web.api import personas as api
from regulars.web.charts import Chart, Series
from regulars.web.site import House

BEFORE = "--chart-before"


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """What a marketer says of a group."""

    name: str = ""
    state: personas.State = "approved"


class FactRow(msgspec.Struct, frozen=True, kw_only=True):
    """What a group has more of, in words."""

    title: str
    above: str
    fact: personas.Fact


@get("/personas", opt=access.OFFICE, include_in_schema=False, sync_to_thread=True)
def personas_page(app: House, request: Request[Any, Any, Any]) -> Response[str]:
    """Every lens with its groups, or why it shows none."""
    with app.transaction() as inside:
        views = personas.views(inside)
    return render.page(
        app,
        "pages/personas/personas.html",
        request,
        views=views,
        title=title(views),
        drawn={view.name: agreement(view) for view in views},
        picture=picture,
        least=personas.MIN_JUDGED,
        date_of=day_date,
    )


@get("/personas/{ident:int}", opt=access.OFFICE, include_in_schema=False, sync_to_thread=True)
def persona_page(
    app: House,
    request: Request[Any, Any, Any],
    ident: FromPath[int],
    distance: FromQuery[float | None] = None,
    after: FromQuery[int | None] = None,
) -> Response[str]:
    """One group."""
    audit.write(app, request.user, "read the members", f"persona:{ident}")
    with app.transaction() as inside:
        view = api.shown(inside, ident, distance, after)
        lens = next(one for one in personas.views(inside) if one.name == view.persona.lens)
    facts = fact_rows(app, view.persona)
    return render.page(
        app,
        "pages/personas/persona.html",
        request,
        view=view,
        one=view.persona,
        lens=lens,
        facts=facts,
        compared=compared(view.persona, facts),
        history=history(view),
        titles={trait.name: trait.title for trait in TRAITS},
        picture=picture,
        date_of=day_date,
    )


@post("/personas/{ident:int}", opt=access.OFFICE, include_in_schema=False, sync_to_thread=True)
def decide_page(
    app: House, request: Request[Any, Any, Any], ident: FromPath[int], data: URLEncodedBody[Said]
) -> Redirect:
    """A name, and whether it is used."""
    api.decided(app, request, ident, api.Decision(name=data.name, state=data.state))
    return Redirect(f"/personas/{ident}", status_code=303)


def title(views: list[personas.LensView]) -> str:
    """What was found, in one sentence."""
    current = [one for view in views for one in view.current]
    if not any(view.fit for view in views):
        return "Nobody has looked for groups yet"
    if not current:
        return "No stable groups: what customers do differs by degrees"
    emerging = [one.name for one in current if one.portrait.growth and one.portrait.growth.verdict == "emerging"]
    told = f"{words.plural(len(current), 'stable group')} of customers"
    if not emerging:
        return told
    return f"{told}; {', '.join(emerging[:3])} {'is' if len(emerging) == 1 else 'are'} emerging"


def picture(one: personas.Persona) -> Markup:
    """Its drawing. Made of numbers, with the name escaped where it is drawn."""
    return Markup(personas.drawing(one.portrait.spokes, f"Picture of {one.name}"))


def agreement(view: personas.LensView) -> Chart | None:
    """How well groups of subsamples agree, by their number; None before anybody could say."""
    if view.fit is None or view.fit.stability is None:
        return None
    found = view.fit.stability
    best = max(found.agreement)
    if view.fit.params is not None:
        told = f"{found.groups} groups come back every time"
    else:
        told = "No number of groups comes back better than by chance"
    alike = f"look-alikes without groups reach at most {max(found.look_alikes):.2f}" if found.look_alikes else ""
    return Chart(
        title=told,
        measure="Adjusted Rand index between subsamples: 1 the same groups every time, 0 no better than lots",
        over="Number of groups",
        labels=[str(number) for number in range(2, len(found.agreement) + 2)],
        series=[Series(name="Agreement", values=[round(value, 3) for value in found.agreement])],
        sentence=f"{told}: agreement is {best:.2f} at best{', ' + alike if alike else ''}.",
        kind="columns",
        decimals=2,
        note=words.opened(alike) if alike else "",
    )


def fact_rows(app: App, one: personas.Persona) -> list[FactRow]:
    """What it has more of, each trait with its title and its mark."""
    declared = {trait.name: trait for trait in TRAITS}
    currency = app.settings.brand_currency
    return [
        FactRow(
            title=words.opened(declared[fact.trait].title) if fact.trait in declared else words.sentence(fact.trait),
            above=shown(round(fact.above, 4), declared[fact.trait].unit if fact.trait in declared else "", currency),
            fact=fact,
        )
        for fact in one.portrait.facts
    ]


def compared(one: personas.Persona, facts: list[FactRow]) -> Chart | None:
    """The group beside everybody; None where it stands out in nothing."""
    if not facts:
        return None
    first = facts[0]
    told = f"{first.title}: {first.fact.lift:.1f} times as often high as in everybody"
    return Chart(
        title=told,
        measure="Part above the mark that about one in five of the judged is above",
        over="Trait",
        labels=[row.title for row in facts],
        series=[
            Series(name=one.name, values=[round(100 * row.fact.share, 1) for row in facts]),
            Series(
                name="Everybody", values=[round(100 * row.fact.base, 1) for row in facts], color=BEFORE, role="before"
            ),
        ],
        sentence=f"{told}: {words.percent(first.fact.share)} against {words.percent(first.fact.base)}.",
        kind="bars",
        decimals=1,
        suffix="%",
    )


def history(view: api.Shown) -> Chart | None:
    """How many there were; None before there are two days."""
    if len(view.sizes) < 2:
        return None
    first, last = view.sizes[0], view.sizes[-1]
    labels = [f"{day_date(size.day).day} {day_date(size.day):%b %Y}" for size in view.sizes]
    told = f"From {words.number(first.customers)} to {words.number(last.customers)} since {labels[0]}"
    return Chart(
        title=told,
        measure="Customers in it, all days by today's groups",
        over="Day",
        labels=labels,
        series=[Series(name="Customers", values=[float(size.customers) for size in view.sizes])],
        sentence=f"{told}.",
    )


routes = [personas_page, persona_page, decide_page]
