"""How healthy the partition is: what a steward should look at before customers notice.

Customers are counted piece by piece. Of a small brand whoever asks waits for all pieces; of a large one the worker
counts beside the flow and keeps what it found, and whoever asks gets the latest."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import date, datetime, timedelta
from itertools import pairwise

import msgspec

from regulars.app import App
from regulars.resolve.clash import names_clash
from regulars.resolve.desk import drift
from regulars.resolve.desk.drift import Drift
from regulars.resolve.meet import components
from regulars.resolve.policy import CLASS_NAMES
from regulars.store import queries

SQL = queries(__package__)
# Lower ends of the bars of the size distribution, in groups of equal evidence.
SIZE_BOUNDS = (1, 2, 3, 5, 10, 20, 50, 200)
HEALTH_LISTED_MAX = 20
MOVES_WEEKS = 52
HOLDERS_LOOKED_AT = 1_000
# E-mails and phones of one person that nobody wonders about.
CONTACTS_USUAL = 3
# Of more customers nobody waits for a look at all of them: a reading is kept, piece by piece beside the flow.
READ_AT_ONCE = 20_000
PIECE_CUSTOMERS = 5_000
PIECE_RECORDS = 200_000
LEAST = -(1 << 63)


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
    """The state of who is who."""

    at: datetime
    """As of when."""
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


def health(app: App) -> Health | None:
    """Of up to READ_AT_ONCE customers as it is now, of more as it was kept; None: nobody kept it yet.

    Lists hold at most HEALTH_LISTED_MAX lines, weeks at most MOVES_WEEKS.
    """
    if not _is_large(app):
        seen = Seen(drift.weeks_of(app))
        while not seen.is_whole:
            _see(app, seen)
        return _shown(app, _read(app, seen))
    row = app.db.execute(SQL.kept_health).fetchone()
    return _shown(app, msgspec.json.decode(row[0], type=Reading)) if row else None


def is_health_old(app: App) -> bool:
    """Is there a reading to be kept, and did the flow go on since the one that is?"""
    if not _is_large(app):
        return False
    row = app.db.execute(SQL.kept_health).fetchone()
    return row is None or row[1] != _last_record(app)


def keep_health(app: App, breathe: Callable[[], object]) -> int:
    """Read everybody again, piece by piece, each in a transaction of its own, and keep what was found; how many pieces.

    `breathe` is called after each: the flow goes on.
    """
    with app.transaction() as inside:
        seen, last = Seen(drift.weeks_of(inside)), _last_record(inside)
    pieces = 0
    while not seen.is_whole:
        with app.transaction() as inside:
            _see(inside, seen)
        breathe()
        pieces += 1
    with app.transaction() as inside:
        body = msgspec.json.encode(_read(inside, seen)).decode()
        inside.db.execute(SQL.keep_health, {"at": app.clock.now(), "last_seq": last, "body": body})
    return pieces


class Seen(msgspec.Struct):
    """What was counted so far: customers and then records, in the order of their numbers."""

    weeks: drift.Weeks
    customer: int | None = LEAST
    """The last one that was looked at; None: all were."""
    record: int = 0
    is_whole: bool = False
    known: int = 0
    anonymous: int = 0
    records: int = 0
    groups: int = 0
    fresh: tuple[int, ...] = (0, 0, 0, 0)
    """Kinds of record that were new before and lately, and of these who joined somebody."""
    sizes: dict[int, int] = {}
    largest: int = 0
    suspicious: list[tuple[int, ...]] = []
    """Those who have most so far: how many identifiers, then the columns of `Suspicious`."""


class NobodysOwn(msgspec.Struct, frozen=True, array_like=True):
    """An identifier that is nobody's, as it is kept: by its number."""

    value: int
    holders: int
    customers: int
    sources: list[str]


class Reading(msgspec.Struct, frozen=True):
    """All that is kept: numbers and names of sources, nothing that says who somebody is."""

    health: Health
    generics: list[NobodysOwn]


def _is_large(app: App) -> bool:
    [(is_large,)] = app.db.execute(SQL.more_customers_than, {"limit": READ_AT_ONCE}).fetchall()
    return is_large


def _last_record(app: App) -> int:
    [(last,)] = app.db.execute(SQL.last_record).fetchall()
    return last or 0


def _see(app: App, seen: Seen) -> None:
    """One piece more."""
    if seen.customer is not None:
        _see_customers(app, seen, seen.customer)
        return
    last = _last_record(app)
    piece = {"after": seen.record, "to": seen.record + PIECE_RECORDS}
    seen.records += app.db.execute(SQL.records, piece).fetchall()[0][0]
    seen.record = piece["to"]
    seen.is_whole = seen.record >= last


def _see_customers(app: App, seen: Seen, after: int) -> None:
    row = app.db.execute(SQL.piece_of_customers, {"after": after, "limit": PIECE_CUSTOMERS}).fetchall()[0]
    seen.customer, known, anonymous = row
    if seen.customer is None:
        return
    seen.known, seen.anonymous = seen.known + known, seen.anonymous + anonymous
    piece = {"after": after, "to": seen.customer}
    for place, count, largest in app.db.execute(SQL.sizes, piece | {"bounds": list(SIZE_BOUNDS)}):
        seen.sizes[place] = seen.sizes.get(place, 0) + count
        seen.largest = max(seen.largest, largest)
    groups, *fresh = app.db.execute(SQL.groups, piece | msgspec.structs.asdict(seen.weeks)).fetchall()[0]
    seen.groups += groups
    seen.fresh = tuple(map(sum, zip(seen.fresh, fresh, strict=True)))
    rows = app.db.execute(SQL.suspicious, piece | {"contacts": CONTACTS_USUAL}).fetchall()
    found = [(*row, people_named(names)) for *row, names in rows]
    found = [row for row in found if row[3] > 1 or row[4] + row[5] > CONTACTS_USUAL or row[6] > 1]
    ranked = sorted([*seen.suspicious, *found], key=lambda row: (-row[0], row[1]))
    seen.suspicious = ranked[:HEALTH_LISTED_MAX]


def people_named(names: Collection[str]) -> int:
    """How many people's first names these are: nicknames and slips are one name, an initial is anybody's. Pure."""
    whole = sorted(name for name in set(names) if len(name) > 1)
    near: dict[int, list[int]] = {
        place: [other for other, name in enumerate(whole) if not names_clash(one, name)]
        for place, one in enumerate(whole)
    }
    return len(components(near)) or int(bool(names))


def _read(app: App, seen: Seen) -> Reading:
    """What was counted, with what is told by a statement each."""
    highs = [after - 1 for _, after in pairwise(SIZE_BOUNDS)]
    limit = {"limit": HEALTH_LISTED_MAX}
    since = app.clock.now() - timedelta(weeks=MOVES_WEEKS)
    [(generic_values,)] = app.db.execute(SQL.count_generics).fetchall()
    rows = app.db.execute(SQL.generic_values, limit | {"looked_at": HOLDERS_LOOKED_AT})
    generics = [NobodysOwn(*row) for row in rows]
    health = Health(
        at=app.clock.now(),
        known=seen.known,
        anonymous=seen.anonymous,
        records=seen.records,
        groups=seen.groups,
        generic_values=generic_values,
        largest=seen.largest,
        sizes=[
            Size(low=low, high=high, customers=seen.sizes.get(place, 0))
            for place, (low, high) in enumerate(zip(SIZE_BOUNDS, [*highs, None], strict=True), 1)
        ],
        generics=[],
        conflicts=[
            Conflict(strength=CLASS_NAMES[level], reason=reason, links=links, places=places)
            for level, reason, links, places, _ in app.db.execute(SQL.conflicts, limit)
        ],
        suspicious=[
            Suspicious(**dict(zip(Suspicious.__struct_fields__, row[1:], strict=True))) for row in seen.suspicious
        ],
        moves=[
            Move(week=week, merges=merges, splits=splits)
            for week, merges, splits in app.db.execute(SQL.moves, {"since": since, "zone": str(app.settings.zone)})
        ],
        drift=drift.drift(app, seen.weeks, seen.fresh),
    )
    return Reading(health, generics)


def _shown(app: App, reading: Reading) -> Health:
    """A reading with the identifiers written out; without whom, and what, was erased since."""
    values = {"ids": [one.value for one in reading.generics]}
    shown = {id: (kind, text) for id, kind, text in app.db.execute(SQL.shown_values, values)}
    generics = [
        Generic(
            type=shown[one.value][0], value=shown[one.value][1], holders=one.holders, customers=one.customers,
            sources=one.sources,
        )
        for one in reading.generics
        if one.value in shown
    ]  # fmt: skip
    people = {"ids": [one.customer for one in reading.health.suspicious]}
    there = {id for (id,) in app.db.execute(SQL.still_known, people)}
    suspicious = [one for one in reading.health.suspicious if one.customer in there]
    return msgspec.structs.replace(reading.health, generics=generics, suspicious=suspicious)
