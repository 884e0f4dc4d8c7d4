"""The privacy desk: what people ask about their data, by when it is due, and a log of every step."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Literal, NamedTuple, get_args

import msgspec

from regulars import resolve
from regulars.app import App
from regulars.kit.errors import InputRefused
from regulars.privacy.deadlines import Kind, Regime, deadline, extended
from regulars.privacy.erase import ask_erasure
from regulars.privacy.errors import NoSuchRequest, StepRefused
from regulars.store import queries

SQL = queries(__package__ or "")
KINDS: tuple[Kind, ...] = get_args(Kind)
REGIMES: tuple[Regime, ...] = get_args(Regime)
Action = Literal[
    "acknowledge",
    "ask_proof",
    "prove",
    "fail_proof",
    "assign",
    "find",
    "extend",
    "note",
    "erase",
    "answer",
    "refuse",
    "cancel",
]
ACTIONS: tuple[Action, ...] = get_args(Action)
# These give a person's data away, or take it from her: not before we know that she is who she says.
NEEDS_PROOF = frozenset({"access", "erasure", "rectification"})
NEEDS_NOTE = frozenset({"extend", "assign", "find", "note", "refuse", "fail_proof"})
TEXT_MAX_CHARACTERS = 1_000
OLDEST = timedelta(days=10 * 365)
REQUESTS_SHOWN_MAX = 200


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """One request."""

    id: int
    kind: Kind
    regime: Regime
    received_at: datetime
    acknowledge_by: date | None
    due_on: date
    extended_because: str | None
    acknowledged_at: datetime | None
    proof: Literal["open", "asked", "proven", "failed"]
    assignee: str | None
    state: Literal["open", "answered", "refused", "cancelled"]
    ended_at: datetime | None
    customer: int | None
    contact: str
    erasure: int | None
    """The erasure that was begun for it."""

    def days_left(self, today: date) -> int:
        """Below zero: late."""
        return (self.due_on - today).days


class Step(msgspec.Struct, frozen=True):
    """Something that was done about it."""

    at: datetime
    actor: str
    action: str
    note: str


class Change(NamedTuple):
    """What a step changes; None: it stays."""

    proof: str | None = None
    assignee: str | None = None
    state: str | None = None
    customer: int | None = None
    erasure: int | None = None
    due_on: date | None = None
    extended_because: str | None = None
    is_acknowledged: bool = False


def open_request(
    app: App, *, kind: str, regime: str, contact: str, received_at: datetime, actor: str, customer: int | None = None
) -> int:
    """Write down a request and by when it is due; its number. Raises InputRefused."""
    if kind not in KINDS or regime not in REGIMES:
        raise InputRefused(
            f"There is no request of kind '{kind[:40]}' under '{regime[:40]}'",
            f"Name one of {', '.join(KINDS)} and one of {', '.join(REGIMES)}",
        )
    if received_at.tzinfo is None:
        received_at = received_at.replace(tzinfo=UTC)
    now = app.clock.now()
    if not now - OLDEST <= received_at <= now:
        raise InputRefused(
            f"A request cannot come in later than now, or more than {OLDEST.days // 365} years ago",
            "Give the day on which it reached you",
        )
    found = _known(app, customer) if customer is not None else None
    due = deadline(regime, kind, _day(app, received_at))
    given = {
        "kind": kind,
        "regime": regime,
        "received_at": received_at,
        "acknowledge_by": due.acknowledge_by,
        "due_on": due.due_on,
        "customer": found,
        "contact": _plain(contact),
        "now": now,
    }
    row = app.db.execute(SQL.open_request, given).fetchone()
    assert row is not None
    _log(app, row[0], actor, "open", "")
    return row[0]


def requests(app: App, *, is_open: bool = True) -> list[Asked]:
    """Those that wait, first due first; or those that ended, latest first. At most REQUESTS_SHOWN_MAX."""
    query = SQL.open_requests if is_open else SQL.ended_requests
    rows = app.db.execute(query, {"limit": REQUESTS_SHOWN_MAX})
    return [Asked(**dict(zip(Asked.__struct_fields__, row, strict=True))) for row in rows]


def request(app: App, number: int) -> Asked:
    """One request. Raises NoSuchRequest."""
    row = app.db.execute(SQL.one_request, {"id": number}).fetchone()
    if row is None:
        raise NoSuchRequest(f"There is no request {number}", "The privacy desk lists them")
    return Asked(**dict(zip(Asked.__struct_fields__, row, strict=True)))


def steps(app: App, number: int) -> list[Step]:
    """Everything that was done about it, in order."""
    return [Step(*row) for row in app.db.execute(SQL.steps_of, {"id": number})]


def take(app: App, number: int, action: str, actor: str, note: str = "") -> Asked:
    """Take one step; two at once come one after the other. Raises NoSuchRequest, StepRefused, InputRefused."""
    app.db.execute(SQL.lock_request, {"id": number})
    asked, text = request(app, number), _plain(note)
    if action not in ACTIONS:
        raise InputRefused(f"There is no step '{action[:40]}'", f"Take one of {', '.join(ACTIONS)}")
    change = judged(asked, action, text, app.today, _day(app, asked.received_at))
    if action == "find":
        change = change._replace(customer=_known(app, _number(text)))
    if action == "erase" and asked.customer is not None:
        change = change._replace(erasure=ask_erasure(app, asked.customer, actor, f"privacy request {number}"))
    given = change._asdict() | {"id": number, "now": app.clock.now()}
    app.db.execute(SQL.change_request, given)
    _log(app, number, actor, action, text)
    return request(app, number)


def judged(asked: Asked, action: Action, note: str, today: date, received_on: date) -> Change:
    """What this step changes. Raises StepRefused. Pure."""
    if asked.state != "open":
        raise StepRefused(f"The request was {asked.state}", "Open a new one; what was answered stays as it is")
    if action in NEEDS_NOTE and not note:
        raise StepRefused("This step says something", "Write down why, or who")
    match action:
        case "acknowledge":
            return Change(is_acknowledged=True)
        case "ask_proof":
            return Change(proof="asked")
        case "prove":
            return Change(proof="proven")
        case "fail_proof":
            return Change(proof="failed")
        case "assign":
            return Change(assignee=note)
        case "extend":
            return _extension(asked, note, today, received_on)
        case "erase":
            return _erasure(asked)
        case "answer":
            return _answer(asked)
        case "refuse":
            return Change(state="refused")
        case "cancel":
            return Change(state="cancelled")
        case "note" | "find":
            return Change()


def _extension(asked: Asked, reason: str, today: date, received_on: date) -> Change:
    until = extended(asked.regime, asked.kind, received_on)
    if until is None:
        raise StepRefused(f"{asked.regime} knows no longer time for this", f"Answer by {asked.due_on:%Y-%m-%d}")
    if asked.extended_because is not None:
        raise StepRefused("It has been given more time once", f"Answer by {asked.due_on:%Y-%m-%d}")
    if today > asked.due_on:
        raise StepRefused("The first time is over: nobody may be told now that it takes longer", "Answer it now")
    return Change(due_on=until, extended_because=reason)


def _erasure(asked: Asked) -> Change:
    if asked.kind != "erasure":
        raise StepRefused(f"This is a request of kind {asked.kind}", "Open one for erasure if that is what they ask")
    if asked.erasure is not None:
        raise StepRefused(f"Erasure {asked.erasure} was begun for it", "Wait until it is proved")
    _check_who(asked)
    return Change()


def _answer(asked: Asked) -> Change:
    if asked.kind in NEEDS_PROOF:
        _check_who(asked)
    return Change(state="answered")


def _check_who(asked: Asked) -> None:
    if asked.proof != "proven":
        raise StepRefused(
            "Nobody knows yet that they are who they say", "Note that the identity is proven, or refuse the request"
        )
    if asked.customer is None:
        raise StepRefused("It is about nobody yet", "Find the customer, or refuse it because nobody is known by that")


def _known(app: App, customer: int) -> int:
    found = None if resolve.customer_id(str(customer)) is None else resolve.current(app, customer)
    if found is None:
        raise InputRefused(f"There is no customer {customer}", "Search by name, e-mail, phone or card")
    return found


def _number(text: str) -> int:
    found = resolve.customer_id(text)
    if found is None:
        raise InputRefused(f"'{text[:40]}' is no customer number", "Search under Customers and give the number")
    return found


def _log(app: App, number: int, actor: str, action: str, note: str) -> None:
    given = {"id": number, "at": app.clock.now(), "actor": actor, "action": action, "note": note}
    app.db.execute(SQL.add_step, given)


def _day(app: App, instant: datetime) -> date:
    return instant.astimezone(app.settings.zone).date()


def _plain(text: str) -> str:
    return " ".join(text.replace("\0", "").encode("utf-8", "replace").decode().split())[:TEXT_MAX_CHARACTERS]
