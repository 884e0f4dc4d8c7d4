"""How far each source can be joined with the others: by which identifier, with which of them, and how many records.

Measured from the links that stand, not guessed from the names of fields: a record of one source meets another source by
an identifier if that source carries the same value, cleaned the same way. A value that is nobody's meets nobody. Of
the records that meet, most are one customer with whom they meet; the rest was kept apart for a reason.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import datetime

import msgspec

from regulars import collect
from regulars.app import App
from regulars.resolve import normalize
from regulars.store import queries

SQL = queries(__package__)


class Match(msgspec.Struct, frozen=True, kw_only=True):
    """One source and one type of identifier; the type "" is all of them together."""

    source: str
    type: str
    """login, card, email, phone, payment, device, cookie."""
    carried: int
    """Records that carry one which could name somebody."""
    joins: int
    """Of these, records whose value another source carries, too."""
    same: int
    """Of these, records that are one customer with a record there; the others were kept apart."""
    joins_with: dict[str, int]
    """`joins` for each other source alone."""


class Recognized(msgspec.Struct, frozen=True, kw_only=True):
    """What was paid at one source by people known by one type of identifier, the strongest they showed."""

    source: str
    type: str
    """Empty: nobody we know."""
    revenue_cents: int


class Measure(msgspec.Struct, frozen=True, kw_only=True):
    """The latest measurement."""

    read_until: int
    """Journal position up to which records count."""
    made_at: datetime
    seconds: float
    matches: list[Match]
    recognized: list[Recognized]


def prepare(app: App, most: int | None = None) -> int:
    """Read at most so many stretches of the lake for the audit and, once it is read, measure what joins what.

    How many were read. For the worker in idle time, and for whoever wants the latest: in transactions of its own.
    """
    done = collect.read_lake(app, judges(app.settings.brand_country), most)
    with app.transaction() as inside:
        until = collect.read_until(inside)
        if until and collect.is_read(inside) and (done or (measured(inside) or NEVER).read_until != until):
            _measure(inside, until)
    return done


def measured(app: App) -> Measure | None:
    """The latest measurement; None: there is none yet."""
    row = app.db.execute(SQL.measure).fetchone()
    if row is None:
        return None
    read_until, made_at, seconds, matches, recognized = row
    return Measure(
        read_until=read_until,
        made_at=made_at,
        seconds=seconds,
        matches=msgspec.json.decode(matches, type=list[Match]),
        recognized=msgspec.json.decode(recognized, type=list[Recognized]),
    )


def _measure(app: App, until: int) -> None:
    began = time.monotonic()
    matches, recognized = match_potential(app)
    app.db.execute(
        SQL.put_measure,
        {
            "read_until": until,
            "now": app.clock.now(),
            "matches": msgspec.json.encode(matches).decode(),
            "recognized": msgspec.json.encode(recognized).decode(),
            "seconds": round(time.monotonic() - began, 3),
        },
    )


def match_potential(app: App) -> tuple[list[Match], list[Recognized]]:
    """What joins each source by each type of identifier, and who paid there, as far as the audit has read the lake."""
    for step in (SQL.hash_in_memory, SQL.take_used, SQL.count_used, SQL.take_held, SQL.count_held):
        app.db.execute(step)
    found: dict[tuple[str, str], Match] = {}
    for source, kind, other, carried, joins, same in app.db.execute(SQL.match_potential).fetchall():
        # The row without another source comes first.
        if other is None:
            match = Match(source=source, type=kind, carried=carried, joins=joins, same=same, joins_with={})
            found[source, kind] = match
        else:
            found[source, kind].joins_with[other] = joins
    paid = app.db.execute(SQL.recognized).fetchall()
    app.db.execute(SQL.drop_taken)
    recognized = [Recognized(source=source, type=kind, revenue_cents=cents) for source, kind, cents in paid]
    return list(found.values()), recognized


def judges(country: str) -> Mapping[str, Callable[[str], bool]]:
    """For each kind of identifier, whether a value is one that could name somebody: the cleaners that make links."""
    return {
        "login": lambda text: normalize.token(text) is not None,
        "card": lambda text: normalize.card(text) is not None,
        "email": lambda text: normalize.email(text) is not None,
        "phone": lambda text: normalize.phone(text, country) is not None,
        "payment": lambda text: normalize.token(text) is not None,
        "device": lambda text: normalize.token(text) is not None,
        "cookie": lambda text: normalize.token(text) is not None,
        "name": lambda text: normalize.name(text) is not None,
        "birth": lambda text: normalize.birth(text) is not None,
    }


NEVER = Measure(read_until=0, made_at=datetime.min, seconds=0.0, matches=[], recognized=[])
