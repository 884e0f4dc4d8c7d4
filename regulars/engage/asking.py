"""One question to one person: whether it may be asked now, by which link, and what the link's answer becomes.

A link is signed and holds a key of ours, no name. Looking at it answers nothing, for mail scanners look at every link;
the button does, once: the first answer stands, whatever is pressed later. What was answered is an event like any other
source's, so meaning (`analyze.affinity`) does not know who asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import msgspec

from regulars import analyze, collect
from regulars.analyze import affinity
from regulars.app import App
from regulars.engage.arbiter import MARKETING
from regulars.engage.decide import decide
from regulars.engage.errors import AskingRefused, LinkRefused
from regulars.engage.signing import Signer, signer
from regulars.model import Intent, Outcome, Plays
from regulars.store import queries

SQL = queries("regulars.engage")
SURVEY, KIOSK = "survey", "kiosk"
# "SURV": class of the locks under which one person is asked.
ASKING_LOCK = 0x53555256
# A link of an old letter answers a question nobody remembers.
OPEN_DAYS = 60
TEMPLATE = "one_question"
# A question about last week's visit is worth nothing later.
VALID_DAYS = 7
WORDS_MAX_CHARACTERS = 1_000
KEY_BYTES = 12
KIOSK_SOURCE = "kiosk-answers"
# More than people who pass by can press; a link that got out is no open door.
KIOSK_ANSWERS_A_MINUTE = 30
ASKED_AT_ONCE_MAX = 5_000
# No cap looks back further; a tablet's answers count for a minute only.
KEPT_DAYS = max(affinity.EVERY_DAYS_MAX, OPEN_DAYS)
PRUNED_AT_ONCE_MAX = 10_000


class Wanted(NamedTuple):
    """Somebody wants to ask."""

    key: str
    survey: str
    customer: int
    channel: str


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """What a page shows to whoever has the link."""

    name: str
    survey: affinity.Survey
    touch_point: str
    answered: bool = False
    closed: bool = False
    kept: bool = False
    """The answer that was just given stands; False: an earlier one does, it came too late, or too many came at once."""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A question that may be asked, with its link; or why it may not."""

    asked: bool
    url: str = ""
    why: str = ""


def ask_each(app: App, wanted: Sequence[Wanted], now: datetime) -> set[str]:
    """Keys of those that may be asked now, written down; three statements whatever their number. In a transaction.

    Nobody is asked twice in the declared days, anywhere or at one touch point. Unknown surveys are asked of nobody.
    Raises SurveysRefused.
    """
    declared = affinity.surveys(app)
    known = [one for one in wanted if one.survey in declared.surveys][:ASKED_AT_ONCE_MAX]
    if not known:
        return set()
    app.db.execute(SQL.lock_asked, {"class": ASKING_LOCK, "customers": [one.customer for one in known]})
    places = [declared.surveys[one.survey].touch_point for one in known]
    given = {
        "keys": [one.key for one in known],
        "surveys": [one.survey for one in known],
        "touch_points": places,
        "channels": [one.channel for one in known],
        "customers": [one.customer for one in known],
        "here_since": [now - timedelta(days=declared.touch_points[place].every_days) for place in places],
        "since": now - timedelta(days=declared.every_days),
        "now": now,
    }
    return {key for (key,) in app.db.execute(SQL.ask, given)}


def ask(app: App, survey: str, customer: int, channel: str, now: datetime) -> Asked:
    """A link for one customer, by whatever way the caller has. Raises UnknownSurvey."""
    declared = affinity.surveys(app)
    declared.named(survey)
    key = f"ask:{app.dice.token(KEY_BYTES).hex()}"
    if not ask_each(app, [Wanted(key, survey, customer, channel[:40])], now):
        return Asked(asked=False, why=f"Was asked something in the last {declared.every_days} days, or here lately")
    return Asked(asked=True, url=survey_link(app, signer(app), key))


def ask_segment(app: App, survey: str, segment: str, now: datetime) -> Outcome:
    """A wish to ask each member by e-mail; the arbiter decides about each. In a transaction.

    Raises UnknownSurvey, UnknownSegment, AskingRefused where the segment is empty or larger than ASKED_AT_ONCE_MAX.
    """
    asked = affinity.surveys(app).named(survey)
    members = analyze.members(app, segment, limit=ASKED_AT_ONCE_MAX + 1)
    if not 0 < len(members) <= ASKED_AT_ONCE_MAX:
        size = f"more than {ASKED_AT_ONCE_MAX:,}" if members else "0"
        raise AskingRefused(
            f"The segment '{segment}' holds {size} people", "Choose another segment, or ask by a journey"
        )
    wishes = [
        Intent(
            key=f"ask:{survey}:{one.customer}:{now.astimezone(app.settings.zone):%Y-%m-%d}",
            customer=one.customer,
            channel="email",
            purpose=MARKETING,
            template=TEMPLATE,
            origin=f"survey {survey}, segment {segment}"[:100],
            valid_until=now + timedelta(days=VALID_DAYS),
            payload={"survey": survey, "touch_point": asked.touch_point},
        )
        for one in members
    ]
    return decide(app, Plays(intents=wishes, at=now))


def prune_askings(app: App, now: datetime) -> int:
    """Forget a piece of what no cap and no link asks about any more; gives how many rows. In a transaction."""
    given = {
        "before": now - timedelta(days=KEPT_DAYS),
        "kiosk_before": now - timedelta(days=OPEN_DAYS),
        "limit": PRUNED_AT_ONCE_MAX,
    }
    return app.db.execute(SQL.prune_askings, given).rowcount


def survey_link(app: App, vouch: Signer, key: str) -> str:
    """The address at which this question is answered."""
    return f"{app.settings.base_url.rstrip('/')}/q/{vouch.token(SURVEY, key)}"


def facts_of(app: App, vouch: Signer, key: str, survey: str) -> dict[str, Any]:
    """A question as a template says it: words, and a link for each answer."""
    asked, link = affinity.surveys_or_usual(app).surveys[survey], survey_link(app, vouch, key)
    steps = [{"score": step, "url": f"{link}?score={step}"} for step in asked.steps]
    return {
        "question": asked.question,
        "low_words": asked.low_words,
        "high_words": asked.high_words,
        "steps": steps,
        "url": link,
    }


def question(app: App, token: str) -> Question:
    """What this link asks; nothing is answered by looking. Raises LinkRefused."""
    return _asking(app, str(signer(app).read(SURVEY, token)))[0]


def answer(app: App, token: str, score: str, words: str, at: datetime) -> Question:
    """Keep an answer, once; later ones change nothing. In a transaction. Raises LinkRefused, AskingRefused."""
    key = str(signer(app).read(SURVEY, token))
    asked, channel, customer = _asking(app, key)
    told = told_of(asked, score, words) | {"channel": channel}
    if asked.closed or asked.answered:
        return asked
    if app.db.execute(SQL.answer_asking, {"key": key, "now": at}).fetchone() is None:
        return msgspec.structs.replace(asked, answered=True)
    assert customer is not None, "what has a link was asked of somebody"
    event = collect.Announcement(
        message_id=f"answered:{key}", name=affinity.ANSWERED, customer=customer, occurred_at=at, properties=told
    )
    collect.announce(app, [event])
    return msgspec.structs.replace(asked, answered=True, kept=True)


def kiosk_link(app: App, survey: str, touch_point: str = "") -> str:
    """The address of a tablet or a QR code for this question: answers are nobody's. Raises UnknownSurvey."""
    declared = affinity.surveys(app)
    place = touch_point or declared.named(survey).touch_point
    return f"{app.settings.base_url.rstrip('/')}/kiosk/{signer(app).token(KIOSK, [survey, place])}"


def at_kiosk(app: App, token: str) -> Question:
    """What a tablet asks. Raises LinkRefused."""
    survey, place = _kiosk(app, token)
    return Question(name=survey, survey=_declared(app).surveys[survey], touch_point=place)


def answer_at_kiosk(app: App, token: str, view: str, score: str, at: datetime) -> Question:
    """Keep what was pressed, once for each `view` of the page. In a transaction. Raises LinkRefused, AskingRefused."""
    asked = at_kiosk(app, token)
    told = told_of(asked, score, "") | {"channel": "kiosk"}
    if not view.isalnum() or len(view) > 64:
        raise AskingRefused("This page was not opened here", "Open the link again")
    key = f"kiosk:{view}"
    given = {
        "key": key,
        "survey": asked.name,
        "touch_point": asked.touch_point,
        "now": at,
        "since": at - timedelta(minutes=1),
        "most": KIOSK_ANSWERS_A_MINUTE,
    }
    added = app.db.execute(SQL.answer_at_kiosk, given).fetchone() is not None
    if added:
        source, _ = collect.register(app, KIOSK_SOURCE, "other")
        message = {"type": "track", "event": affinity.ANSWERED, "messageId": key, "anonymousId": key}
        collect.accept(app, source, [message | {"timestamp": at.isoformat(), "properties": told}], received_at=at)
    # A double tap stands as its first press; above the limit nothing stands, and the page says so.
    kept = added or app.db.execute(SQL.asking, {"key": key}).fetchone() is not None
    return msgspec.structs.replace(asked, answered=True, kept=kept)


def new_view(app: App) -> str:
    """Names one view of a kiosk's page."""
    return app.dice.token(KEY_BYTES).hex()


def askings(app: App, days: int) -> dict[str, tuple[int, int]]:
    """How many were asked each question in the last days by a link of their own, and how many answered."""
    since = app.clock.now() - timedelta(days=days)
    return {
        name: (asked, answered) for name, asked, answered in app.db.execute(SQL.askings_by_survey, {"since": since})
    }


def told_of(asked: Question, score: str, words: str) -> dict[str, Any]:
    """An answer as properties of its event. Raises AskingRefused."""
    steps = {str(step): step for step in asked.survey.steps}
    if score not in steps:
        raise AskingRefused(
            f"'{score[:20]}' is no answer to this question",
            f"Choose from {asked.survey.low} to {asked.survey.high}",
        )
    said = " ".join(words.split())[:WORDS_MAX_CHARACTERS]
    return {
        "survey_id": asked.name,
        "question": asked.survey.question,
        "score": steps[score],
        "scale_low": asked.survey.low,
        "scale_high": asked.survey.high,
        "measure": asked.survey.measure,
        "touch_point": asked.touch_point,
    } | ({"answer": said} if said else {})


def _asking(app: App, key: str) -> tuple[Question, str, int | None]:
    row = app.db.execute(SQL.asking, {"key": key}).fetchone()
    declared = _declared(app)
    if row is None or row[0] not in declared.surveys:
        raise LinkRefused("This question is not asked any more", "There is nothing to do; thank you for coming back")
    name, place, channel, customer, asked_at, answered_at = row
    closed = asked_at < app.clock.now() - timedelta(days=OPEN_DAYS)
    shown = Question(
        name=name,
        survey=declared.surveys[name],
        touch_point=place,
        answered=answered_at is not None,
        closed=closed and answered_at is None,
    )
    return shown, channel, customer


def _kiosk(app: App, token: str) -> tuple[str, str]:
    survey, place = signer(app).read(KIOSK, token)
    if survey not in _declared(app).surveys:
        raise LinkRefused("This question is not asked any more", "Make a new link under Affinity, Questions")
    return str(survey), str(place)


def _declared(app: App) -> affinity.Surveys:
    return affinity.surveys_or_usual(app)
