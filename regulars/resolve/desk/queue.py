"""What a steward is asked: pairs of customers that a score finds alike and the rule does not join, side by side."""

from __future__ import annotations

from collections import defaultdict
from datetime import date

import msgspec

from regulars.app import App
from regulars.kit.clock import day_date
from regulars.resolve.alike.scoring import Part
from regulars.resolve.clean import space_of
from regulars.store import queries

SQL = queries(__package__)


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """One record of the two, as it came."""

    record: int
    """Position of its first event: it names the record."""
    customer: int | None
    first_name: str
    surname: str
    birth: str
    """As YYYY-MM-DD; "" for what is not known, here and elsewhere."""
    address: str
    identifiers: list[str]
    sources: list[str]
    records: int
    """Records that say the same."""
    first_day: date
    last_day: date


class Doubtful(msgspec.Struct, frozen=True, kw_only=True):
    """Two customers by the two records of theirs that are most alike."""

    bits: float
    """Mean over all records of both that can be compared: what the rule goes by."""
    pair_bits: float
    """Of these two records alone."""
    auto_bits: float
    twice_in: str | None
    """Name space in which both have a login, which alone keeps them two; "" if it has no name. None: that does not."""
    waterfall: list[Part]
    """What the score of these two is made of."""
    one: Said
    other: Said


def waiting(app: App) -> int:
    """How many pairs wait for a steward."""
    [(count,)] = app.db.execute(SQL.waiting).fetchall()
    return count


def doubtful(app: App, skip: int) -> Doubtful | None:
    """The pair to decide on after so many skipped ones, the most alike first; None: nothing waits."""
    row = app.db.execute(SQL.doubt_at, {"skip": skip}).fetchone()
    if row is None:
        return None
    one, other, bits, pair_bits, auto_bits, waterfall, space = row
    sides = side_by_side(app, [one, other])
    return Doubtful(
        bits=bits,
        pair_bits=pair_bits,
        auto_bits=auto_bits,
        twice_in=_named(app, space) if space else None,
        waterfall=msgspec.convert(waterfall, list[Part]),
        one=sides[one],
        other=sides[other],
    )


def _named(app: App, space: int) -> str:
    names = {space_of(f"login:{name}"): name for (name,) in app.db.execute(SQL.login_spaces)}
    return names.get(space, "")


def side_by_side(app: App, signatures: list[int]) -> dict[int, Said]:
    """What these kinds of record say, by their numbers."""
    carried: dict[int, list[str]] = defaultdict(list)
    for signature, _, shown, _, _ in app.db.execute(SQL.carried_by, {"signatures": signatures}):
        if shown:
            carried[signature].append(shown)
    return {
        number: Said(
            record=record,
            customer=customer,
            first_name=first_name or "",
            surname=surname or "",
            birth="" if dob is None else f"{dob // 10_000:04}-{dob // 100 % 100:02}-{dob % 100:02}",
            address=address or "",
            identifiers=carried[number],
            sources=sources,
            records=records,
            first_day=day_date(first_day),
            last_day=day_date(last_day),
        )
        for number, record, customer, first_name, surname, dob, address, records, first_day, last_day, sources in (
            app.db.execute(SQL.said_side_by_side, {"signatures": signatures})
        )
    }
