"""Refused events: what waits, by reason; mended in bulk or by hand, and sent again."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromPath, FromQuery, URLEncodedBody
from litestar.response import Redirect
from msgspec.structs import replace

from regulars import collect
from regulars.app import App
from regulars.collect import Look, Mend, RefusalSearch
from regulars.kit.errors import RegularsError
from regulars.web import access, audit, clear, render, words
from regulars.web.api import refusals as api
from regulars.web.charts import Figure
from regulars.web.site import House

STATES = {"open": "Waiting", "replayed": "Sent again", "dismissed": "Dismissed"}


class MendForm(msgspec.Struct, kw_only=True):
    """Three lines of the form; a line without a field is none."""

    like: int
    do1: str = ""
    field1: str = ""
    value1: str = ""
    do2: str = ""
    field2: str = ""
    value2: str = ""
    do3: str = ""
    field3: str = ""
    value3: str = ""

    @property
    def lines(self) -> list[tuple[str, str, str]]:
        """What stands in the form."""
        return [
            (self.do1, self.field1, self.value1),
            (self.do2, self.field2, self.value2),
            (self.do3, self.field3, self.value3),
        ]

    @property
    def mends(self) -> list[Mend]:
        """What it asks for."""
        return [
            Mend(do=do, field=field.strip(), value=value) for do, field, value in self.lines if do and field.strip()
        ]


class OneForm(msgspec.Struct, kw_only=True):
    """A message as somebody rewrote it."""

    body: str = ""


@get("/refusals", opt=access.OFFICE, include_in_schema=False, sync_to_thread=True)
def refusals_page(
    app: House,
    request: Request[Any, Any, Any],
    show: FromQuery[str] = "",
    source: FromQuery[str] = "",
    code: FromQuery[str] = "",
    q: FromQuery[str] = "",
    before: FromQuery[int | None] = None,
) -> Response[str]:
    """Groups of what waits, then one by one."""
    search = api.search_of(show, source, code, q)
    with app.transaction() as inside:
        states = collect.refusal_states(inside)
        groups = collect.refusal_groups(inside, search)
        shown = [api.listed(each) for each in collect.search_refusals(inside, search, before)]
        replays = collect.refusal_replays(inside)
        sources = [use.source.name for use in collect.list_sources(inside)]
    return render.page(
        app,
        "pages/refusals/refusals.html",
        request,
        title=title(states, groups),
        figures=figures(states),
        search=search,
        asked=asked(search),
        groups=groups,
        shown=shown,
        older=shown[-1].id if len(shown) == PAGE_ROWS else None,
        replays=replays,
        running=any(each.ended_at is None for each in replays),
        sources=sources,
        states=STATES,
    )


PAGE_ROWS = collect.REFUSALS_PER_PAGE


@get("/refusals/mend", opt=access.OFFICE, include_in_schema=False, sync_to_thread=True)
def mend_page(
    app: House,
    request: Request[Any, Any, Any],
    like: FromQuery[int] = 0,
    do1: FromQuery[str] = "",
    field1: FromQuery[str] = "",
    value1: FromQuery[str] = "",
    do2: FromQuery[str] = "",
    field2: FromQuery[str] = "",
    value2: FromQuery[str] = "",
    do3: FromQuery[str] = "",
    field3: FromQuery[str] = "",
    value3: FromQuery[str] = "",
) -> Response[str]:
    """The mends as they stand in the address, tried on real ones."""
    form = MendForm(
        like=like, do1=do1, field1=field1, value1=value1, do2=do2, field2=field2, value2=value2,
        do3=do3, field3=field3, value3=value3,
    )  # fmt: skip
    return mending(app, request, form)


def mending(app: App, request: Request[Any, Any, Any], form: MendForm, status: int = 200) -> Response[str]:
    """The page of one group; where mends cannot be used it says why and shows the group as it is."""
    fault = None
    audit.write(app, request.user, "read a refusal", f"refusal:{form.like}", "with those like it")
    with app.transaction() as inside:
        try:
            trial = collect.try_replay(inside, form.like, form.mends)
        except collect.MendRefused as refused:
            fault = refused
            trial = collect.try_replay(inside, form.like, [])
    return render.page(
        app,
        "pages/refusals/mend.html",
        request,
        status,
        trial=trial,
        form=form,
        operations=collect.MEND_OPERATIONS,
        fault=fault,
        title=mend_title(trial),
    )


@post("/refusals/replay", opt=access.OFFICE, include_in_schema=False, sync_to_thread=True)
def replay_group(app: House, request: Request[Any, Any, Any], data: URLEncodedBody[MendForm]) -> Response[Any]:
    """Order the group to be sent again."""
    try:
        api.order(app, request, data.like, data.mends)
    except RegularsError as fault:
        if not isinstance(fault, collect.MendRefused):
            raise
        return mending(app, request, data, fault.status)
    return Redirect("/refusals#replays", status_code=303)


@post("/refusals/dismiss", opt=access.OFFICE, include_in_schema=False, sync_to_thread=True)
def dismiss_group(app: House, request: Request[Any, Any, Any], data: URLEncodedBody[MendForm]) -> Response[Any]:
    """Give the group up."""
    with app.transaction() as inside:
        collect.dismiss_group(inside, data.like)
    audit.write(app, request.user, "dismissed refusals", f"refusal:{data.like}")
    return Redirect("/refusals", status_code=303)


@get("/refusals/{number:int}", opt=access.OFFICE, include_in_schema=False, sync_to_thread=True)
def refusal_page(app: House, request: Request[Any, Any, Any], number: FromPath[int]) -> Response[str]:
    """One refusal, what its message says of people masked."""
    audit.write(app, request.user, "read a refusal", f"refusal:{number}")
    with app.transaction() as inside:
        return one(app, request, collect.one_refusal(inside, number), collect.hidden)


@post("/refusals/{number:int}/clear", opt=access.OFFICE, include_in_schema=False, status_code=200, sync_to_thread=True)
def clear_page(
    app: House, request: Request[Any, Any, Any], number: FromPath[int], data: URLEncodedBody[clear.Reason]
) -> Response[str]:
    """The same in the clear, for a reason, to be rewritten and sent."""
    clear.note(app, request, f"refusal:{number}", data)
    with app.transaction() as inside:
        return one(app, request, collect.one_refusal(inside, number), collect.in_the_clear)


def one(
    app: App, request: Request[Any, Any, Any], found: collect.OneRefusal, look: Look, said: str = ""
) -> Response[str]:
    """The page of one refusal, given as it was kept, as `look` shows it; `said` is why it was refused again."""
    is_clear = look is collect.in_the_clear
    shown = found if is_clear else api.masked(found)
    return render.page(
        app,
        "pages/refusals/refusal.html",
        request,
        found=shown,
        refusal=shown.refusal,
        is_clear=is_clear,
        is_cut=collect.is_cut(found.refusal.body),
        said=said,
        states=STATES,
    )


@post("/refusals/{number:int}/send", opt=access.OFFICE, include_in_schema=False, sync_to_thread=True)
def send_one(
    app: House, request: Request[Any, Any, Any], number: FromPath[int], data: URLEncodedBody[OneForm]
) -> Response[Any]:
    """Send one as it was rewritten."""
    with app.transaction() as inside:
        became = collect.send_by_hand(inside, number, data.body)
    audit.write(app, request.user, "sent a refusal again", f"refusal:{number}")
    if became in ("accepted", "duplicate", "conflicting"):
        return Redirect(f"/refusals/{number}", status_code=303)
    with app.transaction() as inside:
        found = api.masked(collect.one_refusal(inside, number))
    # What somebody typed is no secret to them; the rest of the refusal stays masked.
    tried = replace(found, refusal=replace(found.refusal, body=data.body))
    return one(app, request, tried, collect.in_the_clear, became)


@post("/refusals/{number:int}/dismiss", opt=access.OFFICE, include_in_schema=False, sync_to_thread=True)
def dismiss_one(app: House, request: Request[Any, Any, Any], number: FromPath[int]) -> Response[Any]:
    """Give one up."""
    with app.transaction() as inside:
        collect.dismiss_refusal(inside, number)
    audit.write(app, request.user, "dismissed a refusal", f"refusal:{number}")
    return Redirect(f"/refusals/{number}", status_code=303)


def asked(search: RefusalSearch) -> str:
    """The search as it stands in an address."""
    given = {"show": search.state, "source": search.source, "code": search.code, "q": search.text}
    return urlencode({key: value for key, value in given.items() if value and (key, value) != ("show", "open")})


def title(states: dict[str, int], groups: list[collect.RefusalGroup]) -> str:
    """What waits, as a sentence that can be wrong."""
    waiting = states["open"]
    if not waiting:
        return "No refused event waits" if sum(states.values()) else "Nothing was refused"
    largest = max((each.count for each in groups), default=0)
    wait = "waits" if waiting == 1 else "wait"
    if largest > 1 and len(groups) > 1:
        return f"{words.plural(waiting, 'refused event')} {wait}; one mend may settle {largest:,} of them"
    return f"{words.plural(waiting, 'refused event')} {wait} to be mended"


def figures(states: dict[str, int]) -> list[Figure]:
    """Three states and all of them."""
    total = sum(states.values())
    return [
        Figure(name="Waiting", value=words.number(states["open"]), than="kept as received"),
        Figure(name="Sent again", value=words.number(states["replayed"]), than="through the same door"),
        Figure(name="Dismissed", value=words.number(states["dismissed"]), than="kept, asked for no more"),
        Figure(name="Refused since the beginning", value=words.number(total), than="none was dropped"),
    ]


def mend_title(trial: collect.Trial) -> str:
    """How the group fares."""
    if not trial.tried:
        return "None of this group waits any more"
    if trial.would_pass == trial.tried:
        return f"All {trial.tried:,} that were tried would pass"
    return f"{trial.would_pass:,} of {trial.tried:,} that were tried would pass"


routes = [
    refusals_page,
    mend_page,
    replay_group,
    dismiss_group,
    refusal_page,
    clear_page,
    send_one,
    dismiss_one,
]
