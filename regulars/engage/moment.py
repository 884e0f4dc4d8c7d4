"""Answer a till, a page or a call now: one look-up, one statement for everything else, no transaction."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

import msgspec
import psycopg

from regulars import resolve
from regulars.app import App
from regulars.engage.card import Known, card
from regulars.kit.clock import day_date, day_number
from regulars.kit.errors import RegularsError
from regulars.model import Card, Moment
from regulars.store import queries

SQL = queries("regulars.engage")
KINDS = ("card", "phone", "email", "customer")
VALUE_LIMIT_CHARACTERS = 320
# The answer is made in the server's loop: while it waits, everybody waits. So no statement may take longer than this, a
# connection no longer than that (less than two seconds is not to be had), and after either the next are told at once.
STATEMENT_LIMIT_MS = 500
CONNECT_LIMIT_SECONDS = 2
REST = timedelta(seconds=2)
OPTIONS = f"-c timezone=UTC -c statement_timeout={STATEMENT_LIMIT_MS} -c lock_timeout={STATEMENT_LIMIT_MS}"

Scope = Any
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]


def moment(app: App, moment: Moment) -> Card | None:
    """The card for whoever shows this identifier; None where nobody, or more than one, could be meant."""
    customer = resolve.look_up(app, moment)
    if customer is None:
        return None
    now = app.clock.now()
    today = day_number(now, app.settings.zone)
    given = {"customer": customer, "today": today, "today_date": day_date(today)}
    # Prepared from the first time on: planning costs more than running it.
    row = app.db.execute(SQL.known_now, given, prepare=True).fetchone()
    assert row is not None
    first_name, last_name, birth_date, left_email, points, offer, offered_at, until, traits = row
    known = Known(
        customer=customer,
        first_name=first_name,
        last_name=last_name,
        birth_date=birth_date,
        left_email=left_email,
        points=points,
        offer=offer,
        offered_at=offered_at,
        offer_until=until,
        traits=traits or {},
    )
    return card(known, app.settings, now)


def asked(query: str) -> Moment | None:
    """The moment of a query string such as `card=1234&place=Main+Street`; None if it names no identifier."""
    given = dict(parse_qsl(query))
    kind = next((kind for kind in KINDS if given.get(kind)), None)
    if kind is None or len(given[kind]) > VALUE_LIMIT_CHARACTERS:
        return None
    return Moment(kind=kind, value=given[kind], place=given.get("place", ""))


class moment_asgi:  # noqa: N801  (called like the function it is)
    """GET /api/moment?card=… as a bare ASGI app: no framework and no thread stand between the till and its answer.

    One connection of its own in autocommit: a pool's check, a begin and a commit would be three more round trips. The
    answer takes less time than handing the work to a thread, so it is made in the loop.
    """

    def __init__(self, app: App) -> None:
        self._app = app
        self._connection: psycopg.Connection | None = None
        self._rests_until: datetime | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        status, body = self.answer(scope["query_string"].decode("latin-1"))
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        headers.append((b"cache-control", b"no-store"))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def answer(self, query: str) -> tuple[int, bytes]:
        """Status and JSON body for a query string."""
        wanted = asked(query)
        if wanted is None:
            return 400, _fault("No identifier was given", "Ask with card=, phone=, email= or customer=", "RG-1004")
        if self._rests():
            return 503, BUSY
        try:
            found = self._look(wanted)
        except RegularsError as fault:
            return fault.status, _fault(fault.what, fault.fix, fault.code)
        except TOO_SLOW:
            self._rest()
            return 503, BUSY
        except psycopg.OperationalError:
            self._rest()
            return 503, _fault("The database is away", "Finish the sale; ask again in a moment", "RG-1002")
        if found is None:
            return 404, _fault("Nobody is known by this", "Ask for another card, phone or e-mail", "RG-1003")
        return 200, msgspec.json.encode(found)

    def _look(self, wanted: Moment) -> Card | None:
        try:
            return moment(replace(self._app, connection=self._open()), wanted)
        except TOO_SLOW:
            raise
        except psycopg.OperationalError:
            # The server went away since the last customer: once more on a new connection.
            self.close()
            return moment(replace(self._app, connection=self._open()), wanted)

    def _rests(self) -> bool:
        if self._rests_until is None:
            return False
        # Further ahead than a rest lasts: the clock was set back meanwhile.
        now = self._app.clock.now()
        return now < self._rests_until <= now + REST

    def _rest(self) -> None:
        self._rests_until = self._app.clock.now() + REST

    def _open(self) -> psycopg.Connection:
        if self._connection is None or self._connection.closed:
            self._connection = psycopg.connect(
                self._app.store.dsn, autocommit=True, options=OPTIONS, connect_timeout=CONNECT_LIMIT_SECONDS
            )
        return self._connection

    def close(self) -> None:
        """Close the connection; the next question opens one."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _fault(what: str, fix: str, code: str) -> bytes:
    return msgspec.json.encode({"what": what, "fix": fix, "code": code})


TOO_SLOW = (psycopg.errors.QueryCanceled, psycopg.errors.LockNotAvailable, psycopg.errors.ConnectionTimeout)
BUSY = _fault("The database is too busy to answer a till", "Finish the sale; ask again in a moment", "RG-1002")
