"""Affinity: what people feel about the brand, the answers behind it, and who takes care of a bad one."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import msgspec
import segno
from litestar import Request, Response, get, post
from litestar.params import FromPath, FromQuery, URLEncodedBody
from litestar.response import Redirect

from regulars import analyze, engage
from regulars.analyze import affinity
from regulars.app import App
from regulars.kit.clock import day_date
from regulars.kit.errors import InputRefused
from regulars.web import access, accounts, audit, render, words
from regulars.web.api import affinity as api
from regulars.web.charts import COLORS, Chart, Series
from regulars.web.site import House

# Fewer answers than these are no point of a line.
POINT_MIN = 5
ASKED_DAYS = 90
# Modules of quiet around a QR code as its standard asks, and pixels a module.
CODE_BORDER, CODE_SCALE = 4, 8
VERDICTS = {"up": "Up", "down": "Down", "level": "No change can be told", "early": "Too early to say"}
TABS = {"open": "Open", "done": "Done", "lapsed": "Lapsed"}


class Asking(msgspec.Struct, kw_only=True):
    """Whom to ask what, by e-mail."""

    survey: str
    segment: str
    sure: str = ""
    """How many people that is, typed."""


class Form(msgspec.Struct, kw_only=True):
    """What becomes of a follow-up."""

    note: str = ""
    assignee: str = ""


@get("/affinity", opt=access.OFFICE, include_in_schema=False, sync_to_thread=True)
def affinity_page(app: House, request: Request[Any, Any, Any], days: FromQuery[int] = api.DAYS_USUAL) -> Response[str]:
    """Everything over a time against the same time before."""
    with app.transaction() as inside:
        view, counts = api.overview(inside, days), affinity.counts(inside)
    return render.page(
        app,
        "pages/affinity/affinity.html",
        request,
        view=view,
        counts=counts,
        title=title(view),
        drawn=drawn(view),
        choices=api.DAYS,
        stages=stage_titles(),
        said_change=change,
        verdicts=VERDICTS,
        least=affinity.MIN_ANSWERS,
        within=affinity.FOLLOW_UP_DAYS,
    )


@get("/affinity/answers", opt=access.OFFICE, include_in_schema=False, sync_to_thread=True)
def answers_page(
    app: House,
    request: Request[Any, Any, Any],
    touch_point: FromQuery[str] = api.ALL,
    measure: FromQuery[str] = api.ALL,
    stage: FromQuery[str] = api.ALL,
    bad: FromQuery[str] = "",
    before: FromQuery[int | None] = None,
) -> Response[str]:
    """The answers behind a number, newest first."""
    given = {"touch_point": touch_point, "measure": measure, "stage": stage}
    wanted = api.Filter(**{name: None if value == api.ALL else value for name, value in given.items()}, bad=bool(bad))
    audit.write(app, request.user, "read answers", "surveys")
    with app.transaction() as inside:
        found = api.answers(inside, wanted, before)
        names = api.names_of(inside, [one.customer for one in found])
        declared = affinity.surveys_or_usual(inside)
    part = request.headers.get("hx-target") == "more"
    return render.page(
        app,
        "pages/affinity/rows.html" if part else "pages/affinity/answers.html",
        request,
        answers=found,
        names=names,
        declared=declared,
        stages=stage_titles(),
        measures=affinity.MEASURES,
        given=given | {"bad": bad},
        after=found[-1].seq if len(found) == affinity.ANSWERS_A_PAGE else None,
    )


@get("/affinity/follow-ups", opt=access.OFFICE, include_in_schema=False, sync_to_thread=True)
def follow_ups_page(
    app: House,
    request: Request[Any, Any, Any],
    show: FromQuery[str] = "open",
    mine: FromQuery[str] = "",
    before: FromQuery[int | None] = None,
) -> Response[str]:
    """Bad answers that wait for somebody, or what came of them."""
    with app.transaction() as inside:
        found = affinity.follow_ups(inside, show, request.user.account if mine else None, before)
        counts = affinity.counts(inside)
        names = api.names_of(inside, [one.customer for one in found])
        declared, staff = affinity.surveys_or_usual(inside), staff_of(inside)
    return render.page(
        app,
        "pages/affinity/follow_ups.html",
        request,
        found=found,
        counts=counts,
        names=names,
        declared=declared,
        staff=staff,
        show=show,
        mine=mine,
        tabs=TABS,
        within=affinity.FOLLOW_UP_DAYS,
        after=found[-1].id if len(found) == affinity.ANSWERS_A_PAGE else None,
    )


@get("/affinity/follow-ups/{ident:int}", opt=access.OFFICE, include_in_schema=False, sync_to_thread=True)
def follow_up_page(app: House, request: Request[Any, Any, Any], ident: FromPath[int]) -> Response[str]:
    """One of them, with what was written: whoever calls must know it. Who reads it is written down."""
    audit.write(app, request.user, "read an answer", f"follow-up:{ident}")
    with app.transaction() as inside:
        one = affinity.follow_up(inside, ident)
        names = api.names_of(inside, [one.customer])
        declared, staff = affinity.surveys_or_usual(inside), staff_of(inside)
        text = affinity.written(inside, one.seq)
        others = affinity.affinity_of(inside, one.customer)[1] if one.customer is not None else []
    return render.page(
        app,
        "pages/affinity/follow_up.html",
        request,
        one=one,
        name=names.get(one.customer, f"Customer {one.customer}") if one.customer is not None else "Somebody",
        declared=declared,
        staff=staff,
        text=text,
        others=[other for other in others if other.seq != one.seq],
        most=affinity.NOTE_MAX_CHARACTERS,
        within=affinity.FOLLOW_UP_DAYS,
    )


@post("/affinity/follow-ups/{ident:int}/{action:str}", opt=access.OFFICE, include_in_schema=False, sync_to_thread=True)
def change_follow_up(
    app: House,
    request: Request[Any, Any, Any],
    ident: FromPath[int],
    action: FromPath[str],
    data: URLEncodedBody[Form],
) -> Response[Any]:
    """Give it to somebody, end it with a note, or open it again; then the page again."""
    if action not in ACTIONS:
        raise InputRefused(f"'{action[:40]}' is nothing to do with a follow-up", f"Use {', '.join(ACTIONS)}")
    audit.write(app, request.user, f"follow-up: {action}", f"follow-up:{ident}")
    with app.transaction() as inside:
        ACTIONS[action](inside, request, ident, data)
    return Redirect(f"/affinity/follow-ups/{ident}", status_code=303)


@get("/affinity/ask", opt=access.OFFICE, include_in_schema=False, sync_to_thread=True)
def ask_page(app: House, request: Request[Any, Any, Any]) -> Response[str]:
    """The questions, and all ways to ask them."""
    with app.transaction() as inside:
        declared = affinity.surveys(inside)
        counts = engage.askings(inside, ASKED_DAYS)
        kiosks = {name: engage.kiosk_link(inside, name) for name in declared.surveys}
        segments = analyze.segments(inside)
    return render.page(
        app,
        "pages/affinity/ask.html",
        request,
        declared=declared,
        counts=counts,
        kiosks=kiosks,
        segments=segments,
        measures=affinity.MEASURES,
        days=ASKED_DAYS,
        most=engage.ASKED_AT_ONCE_MAX,
        base=app.settings.base_url.rstrip("/"),
    )


@get("/affinity/ask/{name:str}/code", opt=access.OFFICE, include_in_schema=False, sync_to_thread=True)
def code_picture(app: House, name: FromPath[str]) -> Response[bytes]:
    """The address of a question as a QR code to print, a picture in SVG."""
    with app.transaction() as inside:
        link = engage.kiosk_link(inside, name)
    drawn = io.BytesIO()
    code = segno.make(link, error="m", micro=False)
    code.save(drawn, kind="svg", scale=CODE_SCALE, border=CODE_BORDER, light="#fff", title=f"QR code of {name}")
    return Response(drawn.getvalue(), media_type="image/svg+xml")


@post("/affinity/ask", opt=access.OFFICE, include_in_schema=False, sync_to_thread=True)
def ask_segment(app: House, request: Request[Any, Any, Any], data: URLEncodedBody[Asking]) -> Response[Any]:
    """A wish to write to everybody in a segment; then the outbox."""
    with app.transaction() as inside:
        sizes = {one.name: one.size for one in analyze.segments(inside)}
        if data.sure.strip().replace(",", "") != str(sizes.get(data.segment, "")):
            raise InputRefused(
                f"Nobody was asked: the segment holds {sizes.get(data.segment, 0):,} people, not {data.sure[:20]}",
                "Go back and write that number to be sure",
            )
        engage.ask_segment(inside, data.survey, data.segment, app.clock.now())
        audit.add(inside, request.user, f"asked by e-mail: {data.survey[:40]}", f"segment:{data.segment[:60]}")
    return Redirect("/outbox", status_code=303)


def _assign(app: App, request: Request[Any, Any, Any], ident: int, data: Form) -> None:
    if data.assignee and data.assignee not in map(str, staff_of(app)):
        raise InputRefused("There is no such account", "Choose one of the list")
    affinity.assign(app, ident, int(data.assignee) if data.assignee else None)


def _finish(app: App, request: Request[Any, Any, Any], ident: int, data: Form) -> None:
    api.finish(app, request.user, ident, data.note)


def _reopen(app: App, request: Request[Any, Any, Any], ident: int, data: Form) -> None:
    affinity.reopen(app, ident)


ACTIONS = {"assign": _assign, "done": _finish, "reopen": _reopen}


def staff_of(app: App) -> dict[int, str]:
    """Who can take care of something, by account."""
    return {one.id: one.name for one in accounts.accounts(app) if not one.disabled}


def stage_titles() -> Mapping[str, str]:
    """What stages are called; the empty one is nobody's."""
    return {stage.name: stage.title for stage in analyze.STAGES} | {"": "Not known to us"}


def title(view: affinity.Overview) -> str:
    """What was found, as a sentence that can be wrong."""
    now = view.all.trend
    if now.mean is None:
        return f"Nobody answered a question in {view.days} days"
    said = f"Answers stand at {words.number(now.mean * 100)} of 100"
    if now.verdict == "early" or now.before is None:
        return f"{said}; too early to say where they go"
    if now.verdict == "level":
        return f"{said}; no change can be told from {words.number(now.before * 100)}"
    return f"{said}, {now.verdict} from {words.number(now.before * 100)}"


def change(one: affinity.Trend) -> str:
    """A change in points of 100, with between what it lies."""
    if one.change is None or one.change_low is None or one.change_high is None:
        return ""
    low, high = words.number(one.change_low * 100), words.number(one.change_high * 100)
    points = round(one.change * 100)
    return f"{'+' if points > 0 else ''}{words.number(points)} ({low} to {high})"


def moved_most(view: affinity.Overview) -> str:
    """Which measure moved, as a sentence."""
    sure = [one for one in view.measures if one.trend.verdict in ("up", "down") and one.trend.change is not None]
    if not sure:
        return "No measure moved so far that it can be told from chance"
    most = max(sure, key=lambda one: abs(one.trend.change or 0.0))
    return f"{most.title} went {most.trend.verdict} by {words.number(abs(most.trend.change or 0.0) * 100)} points"


def drawn(view: affinity.Overview) -> Chart | None:
    """Means by week, a line for each measure; None before there are two weeks."""
    weeks = sorted({week.day for week in view.weeks})
    if len(weeks) < 2:
        return None
    means = {(one.day, one.measure): one.mean for one in view.weeks if one.count >= POINT_MIN}
    shown = [one for one in view.measures if any((day, one.measure) in means for day in weeks)][: len(COLORS)]
    if not shown:
        return None
    labels = [f"{day_date(day).day} {day_date(day):%b %Y}" for day in weeks]
    return Chart(
        title=moved_most(view),
        measure=f"Mean of the four weeks up to then, of at least {POINT_MIN} answers; 0 is the worst, 100 the best",
        over="Week from",
        labels=labels,
        series=[
            Series(
                name=one.title,
                values=[None if (m := means.get((day, one.measure))) is None else round(m * 100, 1) for day in weeks],
                color=COLORS[at],
            )
            for at, one in enumerate(shown)
        ],
        sentence=f"Mean answers by week from {labels[0]} to {labels[-1]}; the table has them all.",
        decimals=0,
    )


routes = [
    affinity_page,
    answers_page,
    ask_page,
    code_picture,
    ask_segment,
    follow_ups_page,
    follow_up_page,
    change_follow_up,
]
