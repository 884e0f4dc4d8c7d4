"""Asking a provider: hashes of identifiers leave in batches, beside the flow, and what comes back stands as if loaded.

A batch is promised (whom to ask and what it may cost is written down), asked, and kept, each a transaction of its own
and none while we wait for the provider. Cut off anywhere, what was promised counts as spent on that day, and who was
not answered is asked again; so the limit of a day holds whatever happens.
"""

from __future__ import annotations

import http.client
from collections.abc import Callable
from datetime import datetime, time, timedelta
from enum import Enum, auto
from typing import Any, NamedTuple

import msgspec
import psycopg

from regulars import collect
from regulars.app import App
from regulars.kit.errors import RegularsError, place_of
from regulars.kit.outward import AddressRefused, Answer, NotSent, checked, send
from regulars.kit.secret import secret
from regulars.profile.errors import OverlayBusy, OverlayRefused, ProviderAway
from regulars.profile.overlays.declared import (
    Overlay,
    asked_by,
    column,
    conditions,
    expiry,
    one_declared,
    usable,
)
from regulars.profile.overlays.loading import KeptOut, digest, values_of
from regulars.profile.overlays.protocols import Asking, Protocol, Unreadable
from regulars.store import queries
from regulars.store.rows import array, quoted

SQL = queries(__package__ or "")
# "OVLY": class of the advisory locks that say which are being asked.
LOCK = 0x4F564C59
ANSWER_MAX_BYTES = 16 * 1024 * 1024
# What may answer another time, and how long we wait before: doubled each time, or what the provider says.
AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})
# Beside 3xx: it says that it did nothing. A gateway's 502 or 504 says nothing about the provider behind it.
NOT_BILLED = frozenset({401, 403, 404, 408, 425, 429, 503})
PAUSE_FIRST_SECONDS, PAUSE_MAX_SECONDS = 2.0, 120.0
# A run that failed or was cut off is due again after so long, doubled each time.
REST_FIRST, REST_MAX = timedelta(minutes=5), timedelta(hours=6)
HUNDREDTH = 1e-6
"""Of a cent: what sums of shares of a cent may be off by."""
_encode = msgspec.json.Encoder().encode


class Outlook(msgspec.Struct, frozen=True, kw_only=True):
    """What asking would mean now."""

    host: str
    wanted: int
    """Identifiers that may be asked about and are not answered yet."""
    kept_out: KeptOut
    cost_max_cents: float
    """If every one of them matched."""


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How asking a provider stands: the run under way, or the last one."""

    name: str
    began_at: datetime
    ended_at: datetime | None
    next_at: datetime
    fault: str | None
    """Why it failed; None: it did not."""
    faults: int
    """Runs that failed in a row."""
    wanted: int
    asked: int
    unread: int
    """Values that could not be read."""
    shared: int
    elsewhere: int
    without_yes: int
    is_running: bool

    @property
    def kept_out(self) -> KeptOut:
        """About whom nothing is asked, and why."""
        return KeptOut(self.shared, self.elsewhere, self.without_yes)

    @property
    def state(self) -> str:
        """running, cut off, failed or waiting."""
        if self.is_running:
            return "running"
        return "cut off" if self.ended_at is None else "failed" if self.fault else "waiting"


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What one run brought."""

    name: str
    asked: int = 0
    matched: int = 0
    unread: int = 0
    cost_cents: float = 0.0
    is_at_limit: bool = False
    """What may be spent on a day is spent; it goes on tomorrow."""


class _Plan(NamedTuple):
    name: str
    overlay: Overlay
    protocol: Protocol
    ask: Asking
    host: str
    headers: dict[str, str]


class _Batch(NamedTuple):
    load: int
    values: dict[str, int]
    """Number of our identifier by hash."""
    last: int
    cents: float
    """Promised for it."""


class _Stop(Enum):
    """Why no other batch is asked."""

    NOBODY_LEFT = auto()
    MONEY_SPENT = auto()
    DROPPED = auto()


class _Unanswered(Exception):
    """A question that brought nothing."""

    def __init__(
        self, why: str, *, may_be_billed: bool, seconds: float | None = None, ends: RegularsError | None = None
    ) -> None:
        """`seconds`: when to ask again, if it said so. `ends`: why no other try mends it; None: one may."""
        super().__init__(why)
        self.may_be_billed, self.seconds, self.ends = may_be_billed, seconds, ends


def outlook(app: App, name: str) -> Outlook:
    """What asking would mean, in the caller's transaction; nothing leaves. Raises OverlayRefused."""
    plan = _planned(app, name)
    wanted, kept_out = _wanted(app, plan)
    each = plan.overlay.cost_cents_per_match + plan.ask.cost_cents_per_key
    return Outlook(host=plan.host, wanted=wanted, kept_out=kept_out, cost_max_cents=wanted * each)


def ask(app: App, name: str, tell: Callable[[Asked], object] = lambda _: None) -> Asked:
    """Ask about everybody who may be asked about and is not answered; `tell` after every batch.

    Raises OverlayRefused, OverlayBusy where somebody asks already, ProviderAway where it does not answer.
    """
    with app.transaction() as inside:
        _askable(inside, name)
        id = inside.db.execute(SQL.add_asking, {"overlay": name, "now": app.clock.now()}).fetchall()[0][0]
    with collect.hold.held(app, LOCK, id, OverlayBusy(f"{name} is being asked already", "Wait for its end")):
        try:
            plan = _begun(app, id, name)
            done = _all(app, plan, id, tell)
        except RegularsError as fault:
            _end(app, name, f"{fault.what}. {fault.fix}", id=id)
            raise
        except psycopg.OperationalError:
            # The database went away: what was answered is kept, and it goes on from there.
            raise
        except Exception as fault:
            _end(app, name, f"It broke: {place_of(fault)}", id=id)
            raise
        again = _tomorrow(app) if done.is_at_limit else app.clock.now() + timedelta(hours=plan.ask.every_hours)
        # Where failures took the money of the day, nothing is mended by a run that could not ask.
        fault = _last_fault(app, name) if done.is_at_limit and not done.asked else None
        _end(app, name, fault, again, id=id)
    return done


def askings(app: App) -> dict[str, Progress]:
    """How asking stands, by overlay; one that was never asked is not there."""
    rows = app.db.execute(SQL.askings, {"class": LOCK})
    found = [Progress(**dict(zip(Progress.__struct_fields__, row, strict=True))) for row in rows]
    return {one.name: one for one in found}


def due(app: App) -> list[str]:
    """Whom it is time to ask again, of those that were asked before."""
    now, known = app.clock.now(), usable(app.settings)
    return [
        name
        for name, one in askings(app).items()
        if name in known and known[name].ask and not one.is_running and one.next_at <= now
    ]


def cut_off(app: App, name: str, after: timedelta) -> None:
    """Say of a run that somebody ended from outside, after so long, why."""
    hours = round(after / timedelta(hours=1))
    _end(app, name, f"It took over {hours} hours and was cut off. It goes on where it was")


def _askable(app: App, name: str) -> Overlay:
    overlay = one_declared(app.settings, name)
    if not overlay.ask:
        raise OverlayRefused(f"{name} says nothing of how to ask", "Declare `ask`, or load a file")
    return overlay


def _planned(app: App, name: str) -> _Plan:
    overlay = _askable(app, name)
    expiry(app, name, overlay)
    protocol, how = asked_by(overlay)
    host = checked(how.url, app.settings.own_hosts).hostname or ""
    headers = {header: secret(told, OverlayRefused) for header, told in how.headers.items()}
    return _Plan(name, overlay, protocol, how, host, headers)


def _wanted(app: App, plan: _Plan) -> tuple[int, KeptOut]:
    given = conditions(app, plan.overlay) | {"overlay": plan.name}
    wanted, *kept_out = app.db.execute(SQL.overlay_wanted, given).fetchall()[0]
    return wanted, KeptOut(*kept_out)


def _begun(app: App, id: int, name: str) -> _Plan:
    with app.transaction() as inside:
        plan = _planned(inside, name)
        wanted, kept_out = _wanted(inside, plan)
        now = app.clock.now()
        given = {"id": id, "now": now, "again": now + REST_FIRST, "wanted": wanted}
        inside.db.execute(SQL.begin_asking, given | msgspec.structs.asdict(kept_out))
    return plan


def _last_fault(app: App, name: str) -> str | None:
    with app.transaction() as inside:
        before = askings(inside).get(name)
    return before.fault if before else None


def _end(app: App, name: str, fault: str | None, again: datetime | None = None, id: int | None = None) -> None:
    """`id`: of the run that ends; one that was dropped and begun anew meanwhile is another."""
    now = app.clock.now()
    with app.transaction() as inside:
        before = askings(inside).get(name)
        rest = min(REST_FIRST * 2 ** min(before.faults if before else 0, 10), REST_MAX)
        given = {"overlay": name, "id": id, "now": now, "fault": fault, "again": again or now + rest}
        inside.db.execute(SQL.finish_asking, given)


def _all(app: App, plan: _Plan, id: int, tell: Callable[[Asked], object]) -> Asked:
    """Batch after batch, at the pace that is declared, until nobody is left or the day's money is spent."""
    done, after, failed, last = Asked(name=plan.name), None, 0, None
    pause = timedelta(minutes=1 / plan.ask.requests_per_minute)
    free_at = app.clock.now()
    while isinstance(batch := _promised(app, plan, id, after), _Batch):
        app.clock.sleep(max(0.0, (free_at - app.clock.now()).total_seconds()))
        free_at = app.clock.now() + pause
        try:
            found = _answered(app, plan, list(batch.values))
        except _Unanswered as fault:
            failed, last = failed + 1, fault
            if not fault.may_be_billed:
                _take_back(app, batch)
            if fault.ends is not None:
                raise fault.ends from None
            if failed >= plan.ask.tries:
                raise _given_up(plan, failed, fault) from None
            usual = PAUSE_FIRST_SECONDS * 2 ** (failed - 1)
            app.clock.sleep(min(usual if fault.seconds is None else fault.seconds, PAUSE_MAX_SECONDS))
            continue
        after, failed, last = batch.last, 0, None
        done = _kept(app, plan, batch, found, done)
        tell(done)
    if batch is _Stop.MONEY_SPENT and last is not None:
        raise _given_up(plan, failed, last)
    return msgspec.structs.replace(done, is_at_limit=batch is _Stop.MONEY_SPENT)


def _given_up(plan: _Plan, failed: int, fault: _Unanswered) -> ProviderAway:
    what = f"{plan.host} was asked {failed} times: {fault}"
    return ProviderAway(what, "Look whether its address and its service are well")


def _promised(app: App, plan: _Plan, id: int, after: int | None) -> _Batch | _Stop:
    """The next ones, with what asking about them may cost."""
    each = plan.overlay.cost_cents_per_match + plan.ask.cost_cents_per_key
    limit = min(plan.ask.keys_per_request, plan.protocol.keys_max)
    since = _today(app)
    with app.transaction() as inside:
        row = inside.db.execute(SQL.overlay_spent, {"id": id, "since": since}).fetchone()
        if row is None:
            return _Stop.DROPPED
        given = conditions(inside, plan.overlay) | {"overlay": plan.name, "after": after, "limit": limit}
        found = inside.db.execute(SQL.overlay_next, given).fetchall()
        if each and plan.ask.daily_cost_cents is not None:
            rest = plan.ask.daily_cost_cents - row[0]
            affordable = max(0, int((rest + HUNDREDTH) / each))
            if found and not affordable:
                return _Stop.MONEY_SPENT
            found = found[:affordable]
        if not found:
            return _Stop.NOBODY_LEFT
        load = _load_of(inside, plan, since)
        told = {"overlay": plan.name, "load": load, "values": array(value for value, _ in found)}
        inside.db.execute(SQL.write_overlay_values, told | {"said": quoted(None for _ in found)})
        cents = each * len(found)
        inside.db.execute(SQL.promise_overlay_cost, {"load": load, "cents": cents})
    return _Batch(load, {digest(shown): value for value, shown in found}, found[-1][0], cents)


def _take_back(app: App, batch: _Batch) -> None:
    with app.transaction() as inside:
        inside.db.execute(SQL.take_back_overlay_cost, {"load": batch.load, "cents": batch.cents})


def _load_of(app: App, plan: _Plan, since: datetime) -> int:
    """What is asked on one day by one declaration is one load."""
    given = {"overlay": plan.name, "declared": plan.overlay.text, "origin": plan.host, "since": since}
    found = app.db.execute(SQL.overlay_load_of_day, given).fetchall()[0][0]
    if found is not None:
        return found
    given |= {"loaded_at": app.clock.now(), "expires_at": expiry(app, plan.name, plan.overlay)}
    given |= {"is_asked": True}
    return app.db.execute(SQL.begin_overlay_load, given).fetchall()[0][0]


def _answered(app: App, plan: _Plan, keys: list[str]) -> dict[str, dict[str, Any]]:
    """What the provider knows, by key; no transaction is open. Raises _Unanswered, ProviderAway."""
    asked = plan.protocol.question(plan.ask, keys)
    try:
        answer = send(
            asked.method, asked.url, asked.body, asked.headers | plan.headers, app.settings.own_hosts,
            timeout_seconds=plan.ask.timeout_seconds, answer_max_bytes=ANSWER_MAX_BYTES,
        )  # fmt: skip
    except AddressRefused as fault:
        raise _Unanswered(fault.what, may_be_billed=False, ends=fault) from None
    except NotSent as fault:
        raise _Unanswered(str(fault), may_be_billed=False) from None
    except TimeoutError:
        raise _Unanswered(f"no answer within {plan.ask.timeout_seconds:g} seconds", may_be_billed=True) from None
    except (OSError, http.client.HTTPException) as fault:
        raise _Unanswered(f"it broke off ({type(fault).__name__})", may_be_billed=True) from None
    if answer.status in plan.protocol.knows_nobody:
        return {}
    if answer.status != 200:
        raise _refused(plan, answer)
    try:
        return plan.protocol.answer(plan.ask, keys, answer.body)
    except Unreadable as fault:
        raise ProviderAway(f"The answer of {plan.host} cannot be read: {fault}", "Check the paths of `ask`") from None


def _refused(plan: _Plan, answer: Answer) -> _Unanswered:
    status, ends = answer.status, None
    if status in (401, 403):
        ends = ProviderAway(f"{plan.host} does not let us in ({status})", "Check the secret of its headers")
    elif status not in AGAIN:
        ends = ProviderAway(f"{plan.host} answered {status}", "Check url, protocol and headers of `ask`")
    may_be_billed = status not in NOT_BILLED and not 300 <= status < 400
    return _Unanswered(f"it answered {status}", may_be_billed=may_be_billed, seconds=_told_seconds(answer), ends=ends)


def _told_seconds(answer: Answer) -> float | None:
    told = answer.headers.get("retry-after", "")
    return float(told) if told.isascii() and told.isdigit() else None


def _kept(app: App, plan: _Plan, batch: _Batch, found: dict[str, dict[str, Any]], done: Asked) -> Asked:
    """Keep a batch's answers with what they cost; who is not known is remembered as asked."""
    said: dict[int, dict[str, str]] = {}
    unread = 0
    wanted = [column(name, rule) for name, rule in plan.overlay.fields.items()]
    for key, value in batch.values.items():
        record = found.get(key, {})
        told = {name: collect.paths.value_at(record, name) for name in wanted}
        said[value], wrong = values_of(plan.overlay, told)
        unread += len(wrong)
    asked, matched = len(batch.values), len(found)
    cost = plan.ask.cost_cents_per_key * asked + plan.overlay.cost_cents_per_match * matched
    given: dict[str, Any] = {"overlay": plan.name, "load": batch.load, "asked": asked, "matched": matched}
    given |= {"unread": unread, "cost_cents": cost, "cents": batch.cents}
    with app.transaction() as inside:
        rows = {"values": array(said), "said": quoted(_encode(one).decode() for one in said.values())}
        inside.db.execute(SQL.keep_overlay_answers, {"overlay": plan.name, "load": batch.load} | rows)
        inside.db.execute(SQL.count_overlay_answers, given)
    return msgspec.structs.replace(
        done, asked=done.asked + asked, matched=done.matched + matched, unread=done.unread + unread,
        cost_cents=done.cost_cents + cost,
    )  # fmt: skip


def _today(app: App) -> datetime:
    """The first instant of the brand's day."""
    return datetime.combine(app.clock.now().astimezone(app.settings.zone).date(), time(), app.settings.zone)


def _tomorrow(app: App) -> datetime:
    day = app.clock.now().astimezone(app.settings.zone).date() + timedelta(days=1)
    return datetime.combine(day, time(), app.settings.zone)
