"""Who is who, for stewards: why one person, drawn; telling apart and joining, each shown before it is done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Redirect

from regulars import design, flow, profile, resolve
from regulars.app import App
from regulars.kit.errors import InputRefused, RegularsError
from regulars.model import People
from regulars.resolve import Carried, Hop, RecordGroup, Steward, decide
from regulars.store import queries
from regulars.web import access, audit, render, words
from regulars.web.api import identity as api
from regulars.web.api.profile import purchases
from regulars.web.charts import Figure
from regulars.web.pages.identity import models, queue, waterfall
from regulars.web.pages.identity.waterfall import Waterfall
from regulars.web.site import House

SQL = queries("regulars.web")
REASON_MAX_CHARACTERS = 200
DRAWN_MAX, ALIKE_SHOWN_MAX = 12, 5
ROW_HEIGHT, LEFT, RIGHT = 44, 250, 470
KINDS = {
    "merge": "Joined by hand",
    "split": "Told apart by hand",
    "distinct": "Not the same person",
    "model": "Model of likeness put in force",
    "verify": "Card proven",
    "withdraw": "Identifier taken from a record",
    "block": "Identifier is nobody's",
    "close": "Identifier changed hands",
}


class Form(msgspec.Struct, kw_only=True):
    """What a steward wants, and why."""

    reason: str = ""
    records: str = ""
    """First records of the groups that leave, with spaces between."""
    other: str = ""
    """The customer to join with."""
    subject: str = ""
    """The decision to take back."""
    sure: str = ""
    """Not empty: seen beforehand what comes of it."""


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """One customer as a decision would leave it."""

    customer: int
    name: str
    orders: int
    spend_cents: int
    points: int


class Node(msgspec.Struct, frozen=True, kw_only=True):
    """A record or an identifier of the drawing."""

    y: float
    title: str
    small: str


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """From a record to what it carries."""

    from_y: float
    to_y: float
    joins: bool


class Arc(msgspec.Struct, frozen=True, kw_only=True):
    """From a record to one that is alike."""

    from_y: float
    to_y: float
    bits: float


class Alike(msgspec.Struct, frozen=True, kw_only=True):
    """Two records that a score joins, with what it is made of."""

    one: int
    other: int
    names: str
    bits: float
    waterfall: Waterfall


class Drawing(msgspec.Struct, frozen=True, kw_only=True):
    """Records on the left, identifiers on the right, a line where one carries the other, an arc where two are alike."""

    records: list[Node]
    values: list[Node]
    lines: list[Line]
    arcs: list[Arc]
    height: int
    left_out: int
    """Records that are in the table only."""


@get("/identity", opt=access.OFFICE, include_in_schema=False, sync_to_thread=True)
def health_page(app: House, request: Request[Any, Any, Any]) -> Response[str]:
    """Sizes, identifiers that are nobody's, conflicts, who looks like several people, what was decided."""
    with app.transaction() as inside:
        health, decided, waiting = resolve.health(inside), resolve.decisions(inside), resolve.waiting(inside)
        given = {"customers": [one.customer for one in health.suspicious] if health else []}
        names = {id: words.full_name(first, last, id) for id, first, last in inside.db.execute(SQL.full_names, given)}
    return render.page(
        app,
        "pages/identity/health.html",
        request,
        health=health,
        names=names,
        decided=decided,
        waiting=waiting,
        kinds=KINDS,
        title=health_title(health),
        figures=figures(health) if health else [],
        most=max((size.customers for size in health.sizes), default=0) or 1 if health else 1,
    )


def health_title(health: resolve.Health | None) -> str:
    """What to look at, as a sentence that can be wrong."""
    if health is None:
        return "Everybody is being counted"
    if not health.known:
        return "Nobody is known yet"
    if health.suspicious:
        few = len(health.suspicious)
        more = " or more" if few == resolve.HEALTH_LISTED_MAX else ""
        return f"{health.known:,} people known; {few}{more} look{'s' if few == 1 else ''} like several"
    return f"{health.known:,} people known, none of whom looks like several"


def figures(health: resolve.Health) -> list[Figure]:
    """Customers, what they are made of, what was kept out."""
    refused = sum(conflict.links for conflict in health.conflicts)
    return [
        Figure(
            name="Known customers", value=words.number(health.known), than=f"{health.anonymous:,} anonymous visitors"
        ),
        Figure(
            name="Records", value=words.number(health.records), than=f"{health.groups:,} once equal evidence is one"
        ),
        Figure(
            name="Identifiers that are nobody's",
            value=words.number(health.generic_values),
            than="too many people share them",
        ),
        Figure(name="Links refused", value=words.number(refused), than="two people would have become one"),
    ]


@get("/customers/{customer:int}/identity", opt=access.OFFICE, include_in_schema=False, sync_to_thread=True)
def identity_page(app: House, request: Request[Any, Any, Any], customer: FromPath[int]) -> Response[str]:
    """Why one person, drawn."""
    audit.write(app, request.user, "asked why one person", f"customer:{customer}")
    return shown(app, request, customer, Form())


def shown(
    app: App,
    request: Request[Any, Any, Any],
    customer: int,
    form: Form,
    fault: RegularsError | None = None,
    sides: list[Side] | None = None,
    action: str = "",
) -> Response[str]:
    """The page; with `sides`, what the `action` that was asked for would leave."""
    with app.transaction() as inside:
        view = api.identity(inside, customer)
    return render.page(
        app,
        "pages/identity/customer.html",
        request,
        fault.status if fault else 200,
        view=view,
        title=title(view),
        drawing=draw(view.groups, view.explanation.hops),
        alike=alike(view),
        kinds=KINDS,
        form=form,
        leaving=set(form.records.split()),
        fault=fault,
        sides=sides,
        action=action,
    )


def title(view: api.Identity) -> str:
    """What makes them one person."""
    name = view.profile.name
    if len(view.groups) < 2:
        return f"One kind of record tells of {name}"
    strengths = Counter(hop.strength for hop in view.explanation.hops)
    joined = " and ".join(strength for strength, _ in strengths.most_common(2)) or "a steward"
    return f"{len(view.groups)} kinds of record are {name}, joined by {joined}"


def alike(view: api.Identity) -> list[Alike]:
    """Where nothing but what they say joins her records: at most ALIKE_SHOWN_MAX, in the order in which they join."""
    names = {group.first_record: group.name.title() for group in view.groups}
    return [
        Alike(
            one=hop.from_record, other=hop.to_record, bits=hop.bits,
            names=" and ".join(names.get(end) or f"record {end}" for end in (hop.from_record, hop.to_record)),
            waterfall=waterfall.draw(hop.waterfall, view.explanation.auto_bits or 0.0),
        )
        for hop in view.explanation.hops
        if hop.bits is not None
    ][:ALIKE_SHOWN_MAX]  # fmt: skip


def draw(groups: list[RecordGroup], hops: Sequence[Hop] = ()) -> Drawing:
    """The first DRAWN_MAX records, and the identifiers that most of them carry. Pure."""
    drawn = groups[:DRAWN_MAX]
    carried = Counter((one.type, one.value) for group in drawn for one in group.identifiers if one.type != "order")
    first: dict[tuple[str, str], Carried] = {
        (one.type, one.value): one for group in reversed(drawn) for one in group.identifiers
    }
    values = [key for key, _ in carried.most_common(DRAWN_MAX)]
    height = ROW_HEIGHT * max(len(drawn), len(values), 1)
    rows = [height * (place + 0.5) / max(1, len(drawn)) for place in range(len(drawn))]
    places = {group.first_record: y for group, y in zip(drawn, rows, strict=True)}
    columns = {key: height * (place + 0.5) / len(values) for place, key in enumerate(values)}
    return Drawing(
        records=[
            Node(
                y=y,
                title=" ".join(part.capitalize() for part in group.name.split()) or ", ".join(group.sources),
                small=f"{words.plural(group.records, 'record')}, {', '.join(group.sources)}",
            )
            for y, group in zip(rows, drawn, strict=True)
        ],
        values=[Node(y=columns[key], title=key[1], small=words.opened(first[key].strength)) for key in values],
        lines=[
            Line(from_y=y, to_y=columns[one.type, one.value], joins=one.joins)
            for y, group in zip(rows, drawn, strict=True)
            for one in group.identifiers
            if (one.type, one.value) in columns
        ],
        arcs=[
            Arc(from_y=places[hop.from_record], to_y=places[hop.to_record], bits=hop.bits)
            for hop in hops
            if hop.bits is not None and hop.from_record in places and hop.to_record in places
        ],
        height=height,
        left_out=len(groups) - len(drawn),
    )


@post(
    "/customers/{customer:int}/identity/{action:str}", opt=access.OFFICE, include_in_schema=False, sync_to_thread=True
)
def decide_on(
    app: House,
    request: Request[Any, Any, Any],
    customer: FromPath[int],
    action: FromPath[str],
    data: URLEncodedBody[Form],
) -> Response[Any]:
    """Split, merge or undo: first what would come of it, then for sure."""
    try:
        steward = Steward(request.user.name, reason_of(data))
        if data.sure or action == "undo":
            audit.write(app, request.user, f"decided on people: {action}", f"customer:{customer}", steward.reason)
            with app.transaction() as inside:
                flow.on_decision(inside, stated(inside, customer, action, data, steward))
            return Redirect(f"/customers/{customer}/identity", status_code=303)
        sides = tried(app, customer, action, data, steward)
    except RegularsError as fault:
        return shown(app, request, customer, data, fault)
    return shown(app, request, customer, data, None, sides, action)


def reason_of(form: Form) -> str:
    """Why, in one line. Raises InputRefused without one."""
    why = " ".join(form.reason.replace("\0", "").split())[:REASON_MAX_CHARACTERS]
    if not why:
        raise InputRefused("A decision about people needs a reason", "Say how you know; it is kept beside your name")
    return why


def stated(inside: App, customer: int, action: str, form: Form, steward: Steward) -> People:
    """The decision, in this transaction. Raises DecisionRefused, InputRefused."""
    current = profile.read(inside, customer).customer
    match action:
        case "split":
            leaving = [number_of(word) for word in form.records.split()]
            groups = [group.first_record for group in resolve.record_groups(inside, current)]
            staying = [first for first in groups if first not in set(leaving)]
            return decide.split(inside, steward, staying, resolve.records_of_groups(inside, current, leaving))
        case "merge":
            other = profile.read(inside, number_of(form.other)).customer
            return decide.merge(inside, steward, resolve.founder_records(inside, [current, other]))
        case "undo":
            return decide.undo(inside, steward, form.subject.replace("\0", ""))
        case _:
            raise InputRefused(f"'{action[:40]}' is no decision", "Use split, merge or undo")


def number_of(text: str) -> int:
    """A position or customer id as typed. Raises InputRefused."""
    number = resolve.customer_id(text.strip())
    if number is None:
        raise InputRefused(f"'{text[:40]}' is no number of a customer or record", "Copy it from the page of a customer")
    return number


def tried(app: App, customer: int, action: str, form: Form, steward: Steward) -> list[Side]:
    """Who there would be afterwards: carried through all rooms, looked at, and rolled back."""
    with app.transaction() as inside, inside.db.transaction(force_rollback=True):
        people = stated(inside, customer, action, form, steward)
        flow.on_decision(inside, people)
        touched = {*people.created, *people.recompute, customer, *(merge.survivor for merge in people.merged)}
        left = sorted({found for one in touched if (found := resolve.current(inside, one)) is not None})
        return [side(inside, one) for one in left]


def side(inside: App, customer: int) -> Side:
    """One customer in numbers."""
    orders, spend = purchases(inside, customer)
    return Side(
        customer=customer,
        name=profile.read(inside, customer).name,
        orders=orders,
        spend_cents=spend,
        points=design.balance(inside, customer).available,
    )


routes = [health_page, identity_page, decide_on, *queue.routes, *models.routes]
