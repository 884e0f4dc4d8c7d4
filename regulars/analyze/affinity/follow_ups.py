"""The closed loop: who answered badly is taken care of by somebody, and what came of it is written down."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, get_args

import msgspec

from regulars.analyze.affinity.answers import SQL
from regulars.analyze.affinity.view import LAST_POSITION
from regulars.analyze.errors import FollowUpRefused
from regulars.app import App
from regulars.kit.errors import InputRefused, NotFound

State = Literal["open", "done", "lapsed"]
STATES: tuple[str, ...] = get_args(State)
PAGE_FOLLOW_UPS = 50
NOTE_MAX_CHARACTERS = 1_000


class FollowUp(msgspec.Struct, frozen=True, kw_only=True):
    """A bad answer that somebody should take care of."""

    id: int
    seq: int
    """The answer's event."""
    customer: int | None
    made_at: datetime
    state: str
    assignee: int | None
    """An account; None: nobody has taken it."""
    note: str
    ended_at: datetime | None
    ended_by: str
    survey: str
    touch_point: str
    measure: str
    score: int
    sentiment: int | None
    words: str


class Written(msgspec.Struct, frozen=True):
    """What stood in an answer, as the journal still has it; None: nothing, or it was erased."""

    answer: str | None
    question: str | None


def follow_ups(
    app: App, state: str | None = "open", assignee: int | None = None, before: int | None = None
) -> list[FollowUp]:
    """A page, newest first. Raises FollowUpRefused for a state that there is not."""
    if state is not None and state not in STATES:
        raise InputRefused(f"There is no state '{state[:40]}'", f"Choose one of: {', '.join(STATES)}")
    return _read(app, state=state, assignee=assignee, before=before)


def follow_up(app: App, ident: int) -> FollowUp:
    """One of them. Raises FollowUpRefused."""
    found = _read(app, ident=ident)
    if not found:
        raise NotFound(f"There is no follow-up {ident}", "Open one from the list of follow-ups")
    return found[0]


def counts(app: App) -> dict[str, int]:
    """How many are open, done and lapsed."""
    return dict.fromkeys(STATES, 0) | dict(app.db.execute(SQL.follow_up_counts).fetchall())


def written(app: App, seq: int) -> Written:
    """What stood in an answer."""
    row = app.db.execute(SQL.words_of, {"seq": seq}).fetchone()
    return Written(*row) if row else Written(None, None)


def assign(app: App, ident: int, assignee: int | None) -> None:
    """This account takes care of it; None: nobody does. Raises FollowUpRefused."""
    _change(app, SQL.assign, {"id": ident, "assignee": assignee}, "is not open, so nobody can be asked to do it")


def finish(app: App, ident: int, note: str, by: str, account: int | None) -> None:
    """It is done, with what came of it. Raises FollowUpRefused."""
    note = note.strip()
    if not note or len(note) > NOTE_MAX_CHARACTERS:
        raise FollowUpRefused(
            "A follow-up ends with a note", f"Write what came of it, up to {NOTE_MAX_CHARACTERS:,} characters"
        )
    given = {"id": ident, "note": note, "by": by, "account": account, "now": app.clock.now()}
    _change(app, SQL.end_follow_up, given, "is done already")


def reopen(app: App, ident: int) -> None:
    """It was not done after all; the note stays, its days begin again. Raises FollowUpRefused."""
    _change(app, SQL.reopen, {"id": ident, "now": app.clock.now()}, "is open already")


def _change(app: App, statement: Any, given: dict[str, Any], otherwise: str) -> None:
    if app.db.execute(statement, given).fetchone() is None:
        raise FollowUpRefused(
            f"Follow-up {follow_up(app, given['id']).id} {otherwise}", "Reload the page to see where it stands"
        )


def _read(
    app: App,
    *,
    state: str | None = None,
    assignee: int | None = None,
    before: int | None = None,
    ident: int | None = None,
) -> list[FollowUp]:
    given = {
        "state": state,
        "assignee": assignee,
        "id": ident,
        "before": LAST_POSITION if before is None else before,
        "limit": PAGE_FOLLOW_UPS,
    }
    fields = FollowUp.__struct_fields__
    return [FollowUp(**dict(zip(fields, row, strict=True))) for row in app.db.execute(SQL.follow_ups, given).fetchall()]
