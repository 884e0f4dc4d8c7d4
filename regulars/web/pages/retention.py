"""How long what is kept, as a page: what goes, by class and month, drawn; what is held; where history begins."""

from __future__ import annotations

from string import digits
from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.params import URLEncodedBody
from litestar.response import Redirect

from regulars.app import App
from regulars.kit.errors import RegularsError
from regulars.privacy import RetentionRefused, retention
from regulars.web import access, audit, render, words
from regulars.web.api import retention as api
from regulars.web.charts import Chart, Series
from regulars.web.site import House

PATH = "/privacy/retention"
GOES, HELD, STAYS = "--chart-2", "--chart-4", "--chart-1"
NUMBER_MAX_CHARACTERS = 18


class Form(msgspec.Struct, frozen=True, kw_only=True):
    """The approval as it is typed."""

    number: str = ""


@get(PATH, opt=access.OFFICE, include_in_schema=False, sync_to_thread=True)
def retention_page(app: House, request: Request[Any, Any, Any]) -> Response[str]:
    """What goes when its time is over."""
    audit.write(app, request.user, "read how long what is kept", "privacy")
    return shown(app, request)


@post(PATH, opt=access.OFFICE, include_in_schema=False, sync_to_thread=True)
def approve_page(app: House, request: Request[Any, Any, Any], data: URLEncodedBody[Form]) -> Response[Any]:
    """Let it go; what is refused is said on the page."""
    typed = "".join(sign for sign in data.number if sign in digits)[:NUMBER_MAX_CHARACTERS]
    try:
        api.approved(app, request, int(typed) if typed else None)
    except RetentionRefused as fault:
        return shown(app, request, fault)
    return Redirect(PATH, status_code=303)


def shown(app: App, request: Request[Any, Any, Any], fault: RegularsError | None = None) -> Response[str]:
    """The page."""
    with app.transaction() as inside:
        kept = api.kept(inside)
    return render.page(
        app,
        "pages/privacy/retention.html",
        request,
        status=fault.status if fault else 200,
        fault=fault,
        kept=kept,
        reading=kept.reading,
        title=title(kept),
        charts={name: chart(name, one, kept.reading) for name, one in kept.reading.classes.items()}
        if kept.reading
        else {},
        needs_number=kept.reading is not None and kept.reading.share > retention.SHARE_MAX,
    )


def title(kept: api.Kept) -> str:
    """The finding."""
    reading = kept.reading
    if kept.fault:
        return "Nothing goes: retention.yaml cannot be read"
    if reading is None:
        return "Everything is kept: no period is declared"
    if reading.ended_at is None:
        return "The journal is being read by the declared periods"
    events = words.plural(reading.going, "event")
    if reading.approved_at is None:
        return f"{events} would go, and nobody has approved it"
    if not reading.takes:
        return f"{events} go from now on"
    return f"{events} went with the last reading"


def chart(name: str, one: retention.ClassReport, reading: retention.Reading) -> Chart:
    """One class by month: what goes, what a hold keeps, what stays."""
    months = sorted({*one.going, *one.held, *one.staying})
    went = "Went" if reading.takes else "Goes"
    parts = [(went, one.going, GOES), ("Held", one.held, HELD), ("Stays", one.staying, STAYS)]
    going = words.plural(sum(one.going.values()), "event")
    said = f"{words.opened(name.replace('_', ' '))}: {going} {'went' if reading.takes else 'would go'}"
    return Chart(
        title=said,
        measure="Events by month" + (f"; {one.law}" if one.law else ""),
        over="Month",
        labels=months,
        series=[
            Series(name=label, values=[float(by.get(month, 0)) for month in months], color=color)
            for label, by, color in parts
            if by
        ],
        sentence=f"{said}, in {words.plural(len(months), 'month')}. The table has them all.",
        kind="columns",
        stacked=True,
    )


routes = [retention_page, approve_page]
