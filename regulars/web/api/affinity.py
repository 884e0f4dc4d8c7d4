"""Affinity: what people answered, what it adds up to, and who takes care of a bad answer."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request, get, post
from litestar.params import FromPath, FromQuery, JSONBody

from regulars import analyze, engage, profile
from regulars.analyze import affinity
from regulars.app import App
from regulars.engage import Asked
from regulars.kit.errors import InputRefused
from regulars.store import queries
from regulars.web import access, audit
from regulars.web.access import Visitor
from regulars.web.site import House
from regulars.web.words import full_name

SQL = queries("regulars.web")
DAYS = (30, 90, 365)
DAYS_USUAL = 90
ALL = "all"


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """Which answers; None: all."""

    touch_point: str | None = None
    measure: str | None = None
    stage: str | None = None
    """A stage of the lifecycle; empty: of nobody we knew."""
    bad: bool = False


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a follow-up."""

    note: str


class AskOne(msgspec.Struct, frozen=True, kw_only=True):
    """Who is to be asked, and by which way the link will reach them."""

    customer: int
    channel: str = "api"


class AnswerOne(msgspec.Struct, frozen=True, kw_only=True):
    """An answer by the link that was given."""

    url: str
    score: int
    words: str = ""


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """Whether this answer was the first, and in time."""

    accepted: bool


def overview(app: App, days: int) -> affinity.Overview:
    """Affinity over the last `days` against as many before. Raises InputRefused."""
    if days not in DAYS:
        raise InputRefused(f"{days} days cannot be looked at", f"Choose {', '.join(map(str, DAYS))} days")
    return affinity.overview(app, days, [stage.name for stage in analyze.STAGES])


def answers(app: App, wanted: Filter, before: int | None) -> list[affinity.Answer]:
    """A page of answers, newest first."""
    return affinity.answers(app, wanted.touch_point, wanted.measure, wanted.stage, bad=wanted.bad, before=before)


def names_of(app: App, customers: list[int | None]) -> dict[int, str]:
    """What these customers are called."""
    given = {"customers": [customer for customer in customers if customer is not None]}
    return {row[0]: full_name(row[1], row[2], row[0]) for row in app.db.execute(SQL.full_names, given)}


def finish(app: App, visitor: Visitor, ident: int, note: str) -> affinity.FollowUp:
    """A follow-up is done. Raises FollowUpRefused."""
    affinity.finish(app, ident, note, visitor.name, visitor.account)
    return affinity.follow_up(app, ident)


@get("/api/affinity", opt=access.office("segments:read"), sync_to_thread=True)
def affinity_json(app: House, days: FromQuery[int] = DAYS_USUAL) -> affinity.Overview:
    """What people feel by touch point, measure and stage, over 30, 90 or 365 days against as many before."""
    with app.transaction() as inside:
        return overview(inside, days)


@get("/api/affinity/answers", opt=access.office("customers:read"), sync_to_thread=True)
def answers_json(
    app: House,
    touch_point: FromQuery[str | None] = None,
    measure: FromQuery[str | None] = None,
    stage: FromQuery[str | None] = None,
    bad: FromQuery[bool] = False,
    before: FromQuery[int | None] = None,
) -> list[affinity.Answer]:
    """Answers, newest first; `before` is the position of the last row of the page before."""
    with app.transaction() as inside:
        return answers(inside, Filter(touch_point=touch_point, measure=measure, stage=stage, bad=bad), before)


@get("/api/follow-ups", opt=access.office("customers:read"), sync_to_thread=True)
def follow_ups_json(
    app: House, show: FromQuery[str] = "open", before: FromQuery[int | None] = None
) -> list[affinity.FollowUp]:
    """Bad answers that somebody should take care of: open, done, lapsed or all; newest first."""
    with app.transaction() as inside:
        return affinity.follow_ups(inside, None if show == ALL else show, None, before)


@post("/api/follow-ups/{ident:int}/done", opt=access.office("surveys:write"), status_code=200, sync_to_thread=True)
def finish_json(
    app: House, request: Request[Any, Any, Any], ident: FromPath[int], data: JSONBody[Outcome]
) -> affinity.FollowUp:
    """A follow-up is done, with what came of it."""
    audit.write(app, request.user, "ended a follow-up", f"follow-up:{ident}")
    with app.transaction() as inside:
        return finish(inside, request.user, ident, data.note)


@get("/api/surveys", opt=access.office("segments:read"), sync_to_thread=False)
def surveys_json(app: House) -> dict[str, affinity.Survey]:
    """The questions that are declared, by name."""
    return affinity.surveys(app).surveys


@post("/api/surveys/{name:str}/ask", opt=access.office("surveys:write"), status_code=200, sync_to_thread=True)
def ask_json(app: House, name: FromPath[str], data: JSONBody[AskOne]) -> Asked:
    """A link at which one customer answers this question, or why they may not be asked now."""
    with app.transaction() as inside:
        customer = profile.read(inside, data.customer).customer
        return engage.ask(inside, name, customer, data.channel, app.clock.now())


@post("/api/surveys/answers", opt=access.office("surveys:write"), status_code=200, sync_to_thread=True)
def answer_json(app: House, data: JSONBody[AnswerOne]) -> Answered:
    """Hand in the answer of a link; the first one stands."""
    with app.transaction() as inside:
        token = data.url.rpartition("/")[2].partition("?")[0]
        asked = engage.answer(inside, token, str(data.score), data.words, app.clock.now())
    return Answered(accepted=asked.kept)


routes = [
    ask_json,
    answer_json,
    affinity_json,
    answers_json,
    follow_ups_json,
    finish_json,
    surveys_json,
]
