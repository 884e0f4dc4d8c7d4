"""How healthy the partition is: what a steward should look at before customers notice."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import msgspec

from regulars.app import App
from regulars.resolve.desk.drift import Drift, drift
from regulars.resolve.policy import CLASS_NAMES
from regulars.store import queries

SQL = queries(__package__)
# Lower ends of the bars of the size distribution, in groups of equal evidence.
SIZE_BOUNDS = (1, 2, 3, 5, 10, 20, 50, 200)
HEALTH_LISTED_MAX = 20
MOVES_WEEKS = 52
HOLDERS_LOOKED_AT = 1_000


class Size(msgspec.Struct, frozen=True, kw_only=True):
    """Known customers that consist of `low` to `high` kinds of record; None: no upper end."""

    low: int
    high: int | None
    customers: int


class Generic(msgspec.Struct, frozen=True, kw_only=True):
    """An identifier that too many people share to be anybody's."""

    type: str
    value: str
    holders: int
    """Kinds of record that carry it."""
    customers: int
    """Customers these belong to, by other evidence."""
    sources: list[str]
    """Who brought it, by the first HOLDERS_LOOKED_AT of them."""


class Conflict(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of refusal to join."""

    strength: str
    reason: str
    links: int
    places: int
    """Groups of people it happened among."""


class Suspicious(msgspec.Struct, frozen=True, kw_only=True):
    """A customer who has much for one person."""

    customer: int
    logins: int
    cards: int
    emails: int
    phones: int
    first_names: int


class Move(msgspec.Struct, frozen=True, kw_only=True):
    """Customers that became one, or came apart, in the week that begins on this Monday."""

    week: date
    merges: int
    splits: int


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """The state of who is who, now."""

    known: int
    anonymous: int
    records: int
    groups: int
    """Kinds of record: those of equal evidence are one."""
    generic_values: int
    largest: int
    """Kinds of record of the largest known customer."""
    sizes: list[Size]
    generics: list[Generic]
    conflicts: list[Conflict]
    suspicious: list[Suspicious]
    moves: list[Move]
    drift: Drift


def health(app: App) -> Health:
    """Read from the tables as they stand; lists hold at most HEALTH_LISTED_MAX lines, weeks at most MOVES_WEEKS."""
    known, anonymous, records, groups, generic_values = app.db.execute(SQL.counts).fetchall()[0]
    sized = {at: (count, largest) for at, count, largest in app.db.execute(SQL.sizes, {"bounds": list(SIZE_BOUNDS)})}
    highs = [after - 1 for _, after in pairwise(SIZE_BOUNDS)]
    limit = {"limit": HEALTH_LISTED_MAX}
    since = app.clock.now() - timedelta(weeks=MOVES_WEEKS)
    return Health(
        known=known,
        anonymous=anonymous,
        records=records,
        groups=groups,
        generic_values=generic_values,
        largest=max((largest for _, largest in sized.values()), default=0),
        sizes=[
            Size(low=low, high=high, customers=sized.get(place, (0, 0))[0])
            for place, (low, high) in enumerate(zip(SIZE_BOUNDS, [*highs, None], strict=True), 1)
        ],
        generics=[
            Generic(type=kind, value=shown, holders=holders, customers=customers, sources=sources)
            for _, kind, shown, holders, customers, sources in app.db.execute(
                SQL.generic_values, limit | {"looked_at": HOLDERS_LOOKED_AT}
            )
        ],
        conflicts=[
            Conflict(strength=CLASS_NAMES[level], reason=reason, links=links, places=places)
            for level, reason, links, places, _ in app.db.execute(SQL.conflicts, limit)
        ],
        suspicious=[
            Suspicious(**dict(zip(Suspicious.__struct_fields__, row, strict=True)))
            for row in app.db.execute(SQL.suspicious, limit)
        ],
        moves=[
            Move(week=week, merges=merges, splits=splits)
            for week, merges, splits in app.db.execute(SQL.moves, {"since": since, "zone": str(app.settings.zone)})
        ],
        drift=drift(app),
    )
