"""One question to whoever has the link: from a letter, or at a tablet by the door. Nobody signs in.

Looking answers nothing: mail scanners and browsers that fetch ahead look. The button does.
"""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromPath, FromQuery, URLEncodedBody

from regulars import engage
from regulars.analyze import affinity
from regulars.app import App
from regulars.web import access, render
from regulars.web.site import House

# How long a tablet says thanks before it asks the next one.
THANKS_SECONDS = 6
# The question is the brand's and no secret; a page may keep it a while.
QUESTION_KEPT_SECONDS = 300


class Given(msgspec.Struct, kw_only=True):
    """What was pressed, and perhaps written."""

    score: str = ""
    words: str = ""
    view: str = ""
    """At a tablet: which view of the page this is, so that a double tap is one answer."""


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """A question as a page of the brand asks it."""

    survey_id: str
    question: str
    measure: str
    touch_point: str
    scale_low: int
    scale_high: int
    low_words: str
    high_words: str
    why: str
    language: str


@get("/q/{token:str}", opt=access.PUBLIC, include_in_schema=False, sync_to_thread=True)
def question_page(
    app: House, request: Request[Any, Any, Any], token: FromPath[str], score: FromQuery[str] = ""
) -> Response[str]:
    """The question, with the answer that was clicked in the letter already chosen."""
    with app.transaction() as inside:
        asked = engage.question(inside, token)
    return _page(app, request, "question", asked, score=score)


@post("/q/{token:str}", opt=access.BY_ANYBODY, include_in_schema=False, status_code=200, sync_to_thread=True)
def answer_question(
    app: House, request: Request[Any, Any, Any], token: FromPath[str], data: URLEncodedBody[Given]
) -> Response[str]:
    """Keep the answer. Whoever has the link may, so no cookie is asked."""
    with app.transaction() as inside:
        asked = engage.answer(inside, token, data.score, data.words, app.clock.now())
    return _page(app, request, "question", asked, score=data.score)


@get("/kiosk/{token:str}", opt=access.PUBLIC, include_in_schema=False, sync_to_thread=True)
def kiosk_page(app: House, request: Request[Any, Any, Any], token: FromPath[str]) -> Response[str]:
    """One large question for the next who comes by."""
    with app.transaction() as inside:
        asked = engage.at_kiosk(inside, token)
    return _page(app, request, "kiosk", asked, view=engage.new_view(app), token=token, wait=THANKS_SECONDS)


@post("/kiosk/{token:str}", opt=access.BY_ANYBODY, include_in_schema=False, status_code=200, sync_to_thread=True)
def answer_at_kiosk(
    app: House, request: Request[Any, Any, Any], token: FromPath[str], data: URLEncodedBody[Given]
) -> Response[str]:
    """Keep what was pressed, say thanks, and ask the next one by itself."""
    with app.transaction() as inside:
        asked = engage.answer_at_kiosk(inside, token, data.view, data.score, app.clock.now())
    limit = engage.KIOSK_ANSWERS_A_MINUTE
    return _page(app, request, "kiosk", asked, view="", token=token, wait=THANKS_SECONDS, most_a_minute=limit)


@get("/surveys/{name:str}/question", opt=access.PUBLIC, include_in_schema=False, sync_to_thread=False)
def shown_question(app: House, name: FromPath[str]) -> Response[Shown]:
    """The question for a page of the brand's: what anybody may read there anyway."""
    survey = affinity.surveys(app).named(name)
    shown = Shown(
        survey_id=name,
        question=survey.question,
        measure=survey.measure,
        touch_point=survey.touch_point,
        scale_low=survey.low,
        scale_high=survey.high,
        low_words=survey.low_words,
        high_words=survey.high_words,
        why=survey.why,
        language=survey.language,
    )
    headers = {"access-control-allow-origin": "*", "cache-control": f"public, max-age={QUESTION_KEPT_SECONDS}"}
    return Response(shown, headers=headers)


def _page(
    app: App, request: Request[Any, Any, Any], template: str, asked: engage.Question, **given: Any
) -> Response[str]:
    most = engage.WORDS_MAX_CHARACTERS
    answer = render.page(app, f"pages/affinity/{template}.html", request, asked=asked, most=most, **given)
    # The address is the proof: it goes to nobody, and into no store.
    answer.headers["referrer-policy"] = "no-referrer"
    answer.headers["cache-control"] = "no-store"
    return answer


routes = [question_page, answer_question, kiosk_page, answer_at_kiosk, shown_question]
