"""The page of a household: its people, what they are together, the evidence drawn, and when who came and went."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec
from litestar import Request, Response, get
from litestar.params import FromPath

from regulars.resolve import HOLDERS_MAX, PEOPLE_MAX
from regulars.web import access, audit, render, words
from regulars.web.api import households as api
from regulars.web.api.households import Household, Person
from regulars.web.charts import Figure
from regulars.web.site import House

ROW_HEIGHT = 44
# How wide a line of the picture of who lived there when is, in parts of a hundred.
WHOLE = 100.0
KINDS = {
    "home": "Same address and last name",
    "email": "Same e-mail",
    "phone": "Same phone",
    "card": "Same loyalty card",
    "payment": "Same payment card",
}


class Node(msgspec.Struct, frozen=True, kw_only=True):
    """A person, or a piece of evidence, of the drawing."""

    y: float
    title: str
    small: str


class Drawing(msgspec.Struct, frozen=True, kw_only=True):
    """People on the left, what they share on the right, a line where one has the other."""

    people: list[Node]
    clues: list[Node]
    lines: list[tuple[float, float]]
    height: int


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """From when to when somebody lived with the one who was asked about, in parts of the whole time."""

    person: Person
    start: float
    width: float
    says: str


@get("/households/{customer:int}", opt=access.OFFICE, include_in_schema=False, sync_to_thread=True)
def household_page(app: House, request: Request[Any, Any, Any], customer: FromPath[int]) -> Response[str]:
    """The household a customer lives in."""
    audit.write(app, request.user, "looked up a household", f"customer:{customer}")
    with app.transaction() as inside:
        view = api.household(inside, customer)
    today = app.today
    return render.page(
        app,
        "pages/households/household.html",
        request,
        view=view,
        title=title_of(view),
        figures=figures(view, app.settings.brand_currency, today),
        drawing=draw(view),
        spans=spans(view, today),
        kinds=KINDS,
        HOLDERS_MAX=HOLDERS_MAX,
        PEOPLE_MAX=PEOPLE_MAX,
    )


def title_of(view: Household) -> str:
    """What one looks for first, as a sentence."""
    name = view.members[0].name
    if view.is_crowded:
        return f"Too many people share what {name} is known by"
    if view.household is None:
        return f"{name} lives with nobody we know"
    since = max((one.from_date for one in view.members if one.from_date), default=None)
    whole = f", all together since {since.day} {since:%B %Y}" if since else ""
    return f"{view.name}: {words.plural(len(view.members), 'person', 'people')}{whole}"


def figures(view: Household, currency: str, today: date) -> list[Figure]:
    """What they are together."""
    buyers = sum(1 for one in view.members if one.orders)
    days = (today - view.last_order).days if view.last_order else None
    ago = "Nobody has bought yet" if days is None else "today" if days == 0 else f"{words.plural(days, 'day')} ago"
    return [
        Figure(name="Spent together", value=words.money(view.spend_cents, currency), than="as far as we know them"),
        Figure(
            name="Orders",
            value=words.number(view.orders),
            than=f"by {words.plural(buyers, 'buyer')}" if buyers else ago,
        ),
        Figure(
            name="Last purchase",
            value=f"{view.last_order.day} {view.last_order:%b %Y}" if view.last_order else "None",
            than=ago,
        ),
        Figure(
            name="Lived here before",
            value=words.number(len(view.former)),
            than="moved out, as their addresses say" if view.former else "nobody moved out",
        ),
    ]


def draw(view: Household) -> Drawing:
    """The evidence as a picture. Pure."""
    height = ROW_HEIGHT * max(len(view.members), len(view.evidence), 1)
    rows = {one.customer: height * (place + 0.5) / len(view.members) for place, one in enumerate(view.members)}
    clues = [height * (place + 0.5) / len(view.evidence) for place in range(len(view.evidence))]
    return Drawing(
        people=[
            Node(y=rows[one.customer], title=one.name, small=one.address or "No address known") for one in view.members
        ],
        clues=[
            Node(
                y=y, title=one.value, small=f"{KINDS[one.kind]}, {words.plural(len(one.customers), 'person', 'people')}"
            )
            for y, one in zip(clues, view.evidence, strict=True)
        ],
        lines=[(rows[customer], y) for y, one in zip(clues, view.evidence, strict=True) for customer in one.customers],
        height=height,
    )


def spans(view: Household, today: date) -> list[Span]:
    """Everybody who lives or lived with the one who was asked about, the longest ago first. Pure."""
    people = [one for one in (*view.members, *view.former) if one.from_date]
    first = min((one.from_date for one in people if one.from_date), default=today)
    whole = max((today - first).days, 1)
    found: list[Span] = []
    for one in sorted(people, key=lambda person: (person.from_date or today, person.customer)):
        assert one.from_date is not None, "who was asked about is not among them"
        until = one.until_date or today
        start = WHOLE * (one.from_date - first).days / whole
        width = max(WHOLE * (until - one.from_date).days / whole, 1.0)
        ended = f" until {until.day} {until:%B %Y}" if one.until_date else ""
        says = f"since {one.from_date.day} {one.from_date:%B %Y}{ended}"
        found.append(Span(person=one, start=min(start, WHOLE - 1), width=width, says=says))
    return found


routes = [household_page]
