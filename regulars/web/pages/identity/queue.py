"""The stewards' queue: two records that are alike, what differs, what the score is made of; one key decides."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromQuery, URLEncodedBody
from litestar.response import Redirect

from regulars import flow, resolve
from regulars.app import App
from regulars.kit.errors import InputRefused, RegularsError
from regulars.model import People
from regulars.resolve import Doubtful, Said, Steward, decide
from regulars.web import access, audit, render, words
from regulars.web.pages.identity.waterfall import draw
from regulars.web.site import House

REASON_MAX_CHARACTERS = 200
SKIP_MAX = 1_000_000
FIELDS = {"First name": "first_name", "Last name": "surname", "Born": "birth", "Address": "address"}


class Verdict(msgspec.Struct, kw_only=True):
    """What a steward says of the two."""

    verdict: str = ""
    """yes, no or undo."""
    one: str = ""
    other: str = ""
    """First records of the two."""
    subject: str = ""
    """The decision to take back."""
    skip: str = "0"
    reason: str = ""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One thing both could say."""

    name: str
    one: str
    other: str
    differs: bool | None
    """None: one of them does not say."""


@get("/identity/doubts", opt=access.OFFICE, include_in_schema=False, sync_to_thread=True)
def queue_page(app: House, request: Request[Any, Any, Any], skip: FromQuery[int] = 0) -> Response[str]:
    """The next pair."""
    return shown(app, request, min(max(skip, 0), SKIP_MAX))


def shown(app: App, request: Request[Any, Any, Any], skip: int, fault: RegularsError | None = None) -> Response[str]:
    """The pair behind the skipped ones, or that nothing waits."""
    with app.transaction() as inside:
        count = resolve.waiting(inside)
        found = resolve.doubtful(inside, skip)
        if found is None and skip:
            skip, found = 0, resolve.doubtful(inside, 0)
        last = next((one for one in resolve.decisions(inside) if one.actor == request.user.name), None)
    for side in (found.one, found.other) if found else ():
        audit.write(app, request.user, "compared with another customer", f"customer:{side.customer or side.record}")
    return render.page(
        app,
        "pages/identity/queue.html",
        request,
        fault.status if fault else 200,
        title=title(count, found),
        found=found,
        rows=rows(found) if found else [],
        drawn=draw(found.waterfall, found.auto_bits) if found else None,
        skip=skip,
        last=last if last and last.subject.partition(":")[0] in ("merge", "distinct") and last.is_latest else None,
        fault=fault,
    )


def title(count: int, found: Doubtful | None) -> str:
    """What there is to do."""
    if not count:
        return "Nobody waits to be told apart or joined"
    if found is not None and found.twice_in is not None:
        return f"The same person twice in {found.twice_in or 'one system'}? {words.plural(count, 'pair')} to decide on"
    return f"{words.plural(count, 'pair')} could be one person: are these two?"


def rows(found: Doubtful) -> list[Row]:
    """What they say, line by line, differences marked. Pure."""
    told: list[Row] = []
    for name, field in FIELDS.items():
        one, other = (shown_as(field, getattr(side, field)) for side in (found.one, found.other))
        told.append(Row(name=name, one=one, other=other, differs=None if not one or not other else one != other))
    told.append(Row(name="Known by", one=listed(found.one), other=listed(found.other), differs=None))
    return told


def shown_as(field: str, said: str) -> str:
    """Names as people write them; the evidence is in small letters."""
    return said.title() if field in ("first_name", "surname") else said


def listed(side: Said) -> str:
    """Her identifiers, a few of them."""
    return ", ".join(side.identifiers[:4])


@post("/identity/doubts", opt=access.OFFICE, include_in_schema=False, sync_to_thread=True)
def say(app: House, request: Request[Any, Any, Any], data: URLEncodedBody[Verdict]) -> Response[Any]:
    """Yes: one person. No: two, whatever comes. Undo: as if nothing had been said."""
    skip = resolve.customer_id(data.skip) or 0
    why = " ".join(data.reason.replace("\0", "").split())[:REASON_MAX_CHARACTERS]
    steward = Steward(request.user.name, why or "seen side by side")
    try:
        with app.transaction() as inside:
            flow.on_decision(inside, stated(inside, data, steward))
    except RegularsError as fault:
        return shown(app, request, min(skip, SKIP_MAX), fault)
    about = f"record:{data.one},{data.other}" if data.verdict != "undo" else data.subject.replace("\0", "")[:80]
    audit.write(app, request.user, f"decided on people: {data.verdict}", about, steward.reason)
    return Redirect(f"/identity/doubts?skip={min(skip, SKIP_MAX)}", status_code=303)


def stated(inside: App, data: Verdict, steward: Steward) -> People:
    """The decision, in this transaction. Raises DecisionRefused, InputRefused."""
    if data.verdict == "undo":
        return decide.undo(inside, steward, data.subject.replace("\0", ""))
    ends = [resolve.customer_id(text.strip()) for text in (data.one, data.other)]
    if ends[0] is None or ends[1] is None:
        raise InputRefused("Two records are needed to decide on", "Open the queue again")
    match data.verdict:
        case "yes":
            return decide.merge(inside, steward, [ends[0], ends[1]])
        case "no":
            return decide.distinguish(inside, steward, ends[0], ends[1])
        case _:
            raise InputRefused(f"'{data.verdict[:40]}' is no verdict", "Say yes or no")


routes = [queue_page, say]
