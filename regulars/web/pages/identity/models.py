"""Models of likeness: what another one would change, shown first; put in force with a reason, or the old one again."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Redirect

from regulars import flow, resolve
from regulars.app import App
from regulars.kit.errors import InputRefused, RegularsError
from regulars.resolve import Model, Said, Steward, Trial
from regulars.web import access, audit, render, words
from regulars.web.charts import Figure
from regulars.web.site import House

REASON_MAX_CHARACTERS = 200


class Choice(msgspec.Struct, kw_only=True):
    """Which model, and why."""

    number: str = ""
    """0: none."""
    reason: str = ""


class Example(msgspec.Struct, frozen=True, kw_only=True):
    """Two customers who would become one, or come apart, by the two records of theirs that are most alike."""

    is_merge: bool
    customer: int
    other: int
    one: Said | None
    two: Said | None
    bits: float | None


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What putting a model in force would change, as the page shows it."""

    number: int
    title: str
    figures: list[Figure]
    examples: list[Example]


@get("/identity/models", opt=access.OFFICE, include_in_schema=False, sync_to_thread=True)
def models_page(app: House, request: Request[Any, Any, Any]) -> Response[str]:
    """The models kept, and which is in force."""
    return shown(app, request, Choice())


def shown(
    app: App,
    request: Request[Any, Any, Any],
    choice: Choice,
    fault: RegularsError | None = None,
    seen: Seen | None = None,
) -> Response[str]:
    """The page; with `seen`, what would change."""
    with app.transaction() as inside:
        models = resolve.models.listed(inside)
    return render.page(
        app,
        "pages/identity/models.html",
        request,
        fault.status if fault else 200,
        title=title(models),
        models=models,
        force=next((one for one in models if one.is_in_force), None),
        choice=choice,
        fault=fault,
        seen=seen,
        counted=resolve.models.PAIRS_COUNTED_MAX,
    )


def title(models: list[Model]) -> str:
    """Who is joined by likeness."""
    force = next((one for one in models if one.is_in_force), None)
    if force is None:
        return "Nobody is joined by likeness"
    more = " or more" if force.pairs == resolve.models.PAIRS_COUNTED_MAX else ""
    return f"Model {force.number} says who is alike: {words.plural(force.pairs, 'pair')} of records{more} compared"


@post("/identity/models/{action:str}", opt=access.OFFICE, include_in_schema=False, sync_to_thread=True)
def choose(
    app: House, request: Request[Any, Any, Any], action: FromPath[str], data: URLEncodedBody[Choice]
) -> Response[Any]:
    """`try`: what would change, carried out and rolled back. `approve`: for good, with a reason."""
    try:
        number = resolve.customer_id(data.number.strip())
        if number is None or action not in ("try", "approve"):
            raise InputRefused("A model is tried or approved by its number", "Choose one of the list")
        if action == "try":
            return shown(app, request, data, None, tried(app, number))
        why = " ".join(data.reason.replace("\0", "").split())[:REASON_MAX_CHARACTERS]
        if not why:
            raise InputRefused("A model in force needs a reason", "Say what you looked at; it is kept beside your name")
        audit.write(app, request.user, "put a model of likeness in force", f"model:{number}", why)
        with app.transaction() as inside:
            steward = Steward(request.user.name, why)
            flow.on_decision(inside, resolve.models.approve(inside, steward, number or None))
    except RegularsError as fault:
        return shown(app, request, data, fault)
    return Redirect("/identity/models", status_code=303)


def tried(app: App, number: int) -> Seen:
    """The difference, with what the worst examples say."""
    trial = resolve.models.tried(app, number or None)
    ends = {end for one in trial.examples for end in (one.one, one.two) if end is not None}
    with app.transaction() as inside:
        said = resolve.side_by_side(inside, sorted(ends))
    examples = [
        Example(
            is_merge=one.kind == "merge", customer=one.customer, other=one.other, bits=one.bits,
            one=said.get(one.one or 0), two=said.get(one.two or 0),
        )
        for one in trial.examples
    ]  # fmt: skip
    return Seen(number=number, title=sentence(trial), figures=figures(trial), examples=examples)


def sentence(trial: Trial) -> str:
    """What it comes to."""
    if not trial.merges and not trial.splits:
        return "Nobody would become one or come apart"
    return (
        f"{words.plural(trial.merges, 'customer')} would go up in others and {words.number(trial.splits)} come apart;"
        f" {kept_percent(trial)} of ids stay"
    )


def kept_percent(trial: Trial) -> str:
    """Of the ids that stand now, those that still stand for somebody; never rounded up to all."""
    if not trial.ids_changed:
        return "100%"
    return f"{min(99.9, 100 - 100 * trial.ids_changed / trial.before):.1f}%"


def figures(trial: Trial) -> list[Figure]:
    """The difference in numbers."""
    return [
        Figure(name="Become one", value=words.number(trial.merges), than="customers who go up in another"),
        Figure(name="Come apart", value=words.number(trial.splits), than="customers who leave another"),
        Figure(
            name="Ids that lead elsewhere",
            value=words.number(trial.ids_changed),
            than="the former ids go on leading there",
        ),
        Figure(
            name="Customers afterwards", value=words.number(trial.customers), than=f"{words.number(trial.before)} now"
        ),
    ]


routes = [models_page, choose]
