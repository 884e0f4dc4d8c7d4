"""Streaming: every event of a batch gets its customer, and only what new evidence touches is computed again.

An event of a known signature costs a lookup and a row. A new signature of somebody undisputed joins by numbers
(calm.py). All others load whole reaches: those of every direct holder, former or present, of a value they touch; the
pure rule runs on them, and the difference is written. Statements per batch are constant, whatever its size.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from weakref import WeakKeyDictionary

import msgspec
from msgspec.structs import replace

from regulars import collect
from regulars.app import App
from regulars.kit.clock import EPOCH, microseconds
from regulars.kit.collector import without_collector
from regulars.kit.logging import logger
from regulars.model import Batch, Event, Merge, People
from regulars.resolve import touched
from regulars.resolve.alike import pairs
from regulars.resolve.clean import Cleaner, Evidence
from regulars.resolve.facts import Signature
from regulars.resolve.policy import ID_MAX
from regulars.store import Store, queries
from regulars.store.rows import array

SQL = queries(__package__ or "")
LOG = logger("resolve")
RESOLVER_LOCK = 7_302_001
SECRET_BYTES = 32
DAY_SECONDS = 86_400

_cleaners: WeakKeyDictionary[Store, Cleaner] = WeakKeyDictionary()


class Known(msgspec.Struct):
    """What the fast path reads of a signature."""

    customer: int | None
    first_seq: int
    first_day: int
    last_day: int
    delicate: bool
    sessions: bool


class Reading(msgspec.Struct):
    """A batch with its evidence."""

    signatures: list[int]
    """Of every event, in order."""
    evidence: dict[int, Evidence]
    days: dict[int, tuple[int, int]]
    """First and last day of each signature in this batch; our own events do not count."""
    first_seq: dict[int, int]
    own: dict[int, int]
    """Customer named by each own event, by position in the batch."""


def cleaner_of(app: App) -> Cleaner:
    """The cleaner of this store: its secret is made on first use and never changes."""
    found = _cleaners.get(app.store)
    if found is not None:
        return found
    row = app.db.execute(SQL.read_secret).fetchone()
    if row is not None:
        _cleaners[app.store] = found = Cleaner(bytes(row[0]), app.settings.brand_country)
        return found
    # Just made, it is not remembered yet: this transaction may still roll back, and then another secret will stand.
    app.db.execute(SQL.make_secret, {"secret": app.dice.token(SECRET_BYTES)})
    row = app.db.execute(SQL.read_secret).fetchone()
    assert row is not None, "the secret was just written, here or by another process"
    return Cleaner(bytes(row[0]), app.settings.brand_country)


def identify(app: App, batch: Batch) -> People:
    """The batch with the customer of each event, in the caller's transaction."""
    if not batch.events:
        return People(batch=batch, customers=[], created=[], merged=[], recompute=[])
    # Whoever only writes does not wait for PostgreSQL: it works on that while we think about what comes next.
    with without_collector(), app.db.pipeline():
        return _identify(app, batch)


def _identify(app: App, batch: Batch) -> People:
    cleaner = cleaner_of(app)
    row = app.db.execute(SQL.lock_resolver, {"key": RESOLVER_LOCK}).fetchone()
    assert row is not None, "a lock that is taken returns"
    reading = read(cleaner, batch.events)
    refused = _own_events(app, reading) | _of_erased(app, batch.events, reading, row[1])
    if refused:
        batch = _without(app, batch, refused)
        reading = read(cleaner, batch.events)
        _own_events(app, reading)
    known = _known(app, reading)
    new = [_new_signature(reading, number) for number in reading.evidence if number not in known]
    stretched = _stretched(reading, known)
    _write_records(app, batch.events, reading, stretched)
    again = {number for number, _, _ in stretched if known[number].delicate}
    again |= {number for number in reading.days if number in known and known[number].sessions}
    if not new and not again:
        customers = [known[number].customer if number in known else None for number in reading.signatures]
        return People(batch=batch, customers=customers, created=[], merged=[], recompute=[])
    touch = touched.Touch(
        new=new, seen_again=sorted(again), texts=_texts(reading, new), alike=pairs.find(app, new) if new else ()
    )
    return _touched(app, batch, reading, known, touch)


def read_ahead(app: App, events: list[Event]) -> list[Event]:
    """The same events with what each says about who did it: from any thread, while the database works on others.

    Nothing is added before the first batch, which makes or finds the secret that values are named by.
    """
    cleaner = _cleaners.get(app.store)
    if cleaner is None:
        return events
    return [replace(event, evidence=cleaner.evidence(event)) for event in events]


def read(cleaner: Cleaner, events: Iterable[Event]) -> Reading:
    """Evidence of every event, equal evidence once."""
    numbers: list[int] = []
    evidence: dict[int, Evidence] = {}
    days: dict[int, tuple[int, int]] = {}
    first_seq: dict[int, int] = {}
    own: dict[int, int] = {}
    for position, event in enumerate(events):
        if event.source_kind == "own" and (named := _named(event)) is not None:
            own[position] = named
            numbers.append(0)
            continue
        found = event.evidence if isinstance(event.evidence, Evidence) else cleaner.evidence(event)
        number = found.signature
        numbers.append(number)
        day = day_of(event.occurred_at)
        span = days.get(number)
        if span is None:
            evidence[number] = found
            days[number] = (day, day)
            first_seq[number] = event.seq
        elif not span[0] <= day <= span[1]:
            days[number] = (min(span[0], day), max(span[1], day))
    return Reading(numbers, evidence, days, first_seq, own)


def _named(event: Event) -> int | None:
    """The customer an own event names, if that can be an id; any other is read as everybody's events are."""
    named: object = event.body.context.get("customer")
    # True is 1 to Python, and customer 1 is somebody.
    return named if isinstance(named, int) and not isinstance(named, bool) and 0 <= named <= ID_MAX else None


def day_of(instant: datetime) -> int:
    """Days since 1970-01-01 UTC."""
    return (instant - EPOCH).days


def _own_events(app: App, reading: Reading) -> set[int]:
    """Our own events get the signature of the record that minted the customer's id: they follow the founder.

    Gives the places of those about somebody who is erased.
    """
    if not reading.own:
        return set()
    rows = app.db.execute(SQL.signatures_of_records, {"seqs": sorted(set(reading.own.values()))}).fetchall()
    by_seq = {seq: signature for seq, signature, _ in rows}
    for position, customer in reading.own.items():
        # Nobody was ever minted there: nobody's event.
        reading.signatures[position] = by_seq.get(customer, 0)
    erased = {seq for seq, _, is_erased in rows if is_erased}
    return {position for position, customer in reading.own.items() if customer in erased}


def of_erased(app: App, events: Sequence[Event]) -> list[int]:
    """Positions of those of these events that happened before an erasure and carry what only that person had."""
    row = app.db.execute(SQL.latest_erasure).fetchone()
    assert row is not None, "an aggregate has a row"
    places = _of_erased(app, events, read(cleaner_of(app), events), row[0])
    return [events[place].seq for place in sorted(places)]


def _of_erased(app: App, events: Sequence[Event], reading: Reading, erased_at: datetime | None) -> set[int]:
    """The places of events that happened before an erasure and carry what only that person had: an old file again."""
    if erased_at is None:
        return set()
    carried = {
        place: {link.value for link in found.links}
        for place, event in enumerate(events)
        if event.occurred_at <= erased_at
        if (found := reading.evidence.get(reading.signatures[place])) is not None
    }
    values = {value for some in carried.values() for value in some}
    rows = app.db.execute(SQL.erased_values, {"values": array(values)}).fetchall() if values else []
    until: dict[int, datetime] = dict(rows)
    return {
        place
        for place, some in carried.items()
        if any(value in until and events[place].occurred_at <= until[value] for value in some)
    }


def _without(app: App, batch: Batch, places: set[int]) -> Batch:
    """The batch with these events bare, for all rooms; the journal forgets what was in them."""
    collect.erasure.erase_events(app, [batch.events[place].seq for place in sorted(places)])
    LOG.info("events_of_erased_people", events=len(places))
    return Batch(
        events=[collect.erasure.bare(event) if place in places else event for place, event in enumerate(batch.events)],
        last_seq=batch.last_seq,
    )


def _known(app: App, reading: Reading) -> dict[int, Known]:
    ids = array(set(reading.signatures))
    rows = app.db.execute(SQL.known_signatures, {"ids": ids}).fetchall()
    return {row[0]: Known(*row[1:]) for row in rows}


def _new_signature(reading: Reading, number: int) -> Signature:
    found = reading.evidence[number]
    first_day, last_day = reading.days[number]
    return Signature(
        number,
        found.links,
        reading.first_seq[number],
        first_day,
        last_day,
        found.dob,
        found.first_name,
        found.surname,
        found.address,
        found.dob_verified,
        found.name_verified,
    )


def _stretched(reading: Reading, known: dict[int, Known]) -> list[tuple[int, int, int]]:
    """(signature, first day, last day) of known signatures seen outside their span: at most once a day each way."""
    answer: list[tuple[int, int, int]] = []
    for number, (first, last) in reading.days.items():
        one = known.get(number)
        if one is not None and (first < one.first_day or last > one.last_day):
            answer.append((number, first, last))
    return answer


def _write_records(app: App, events: list[Event], reading: Reading, stretched: list[tuple[int, int, int]]) -> None:
    app.db.execute(
        SQL.write_records,
        {
            "stretched": array(number for number, _, _ in stretched),
            "first_days": array(first for _, first, _ in stretched),
            "last_days": array(last for _, _, last in stretched),
            "seqs": array(event.seq for event in events),
            "signatures": array(reading.signatures),
            "times": array(
                None if position in reading.own else microseconds(event.occurred_at)
                for position, event in enumerate(events)
            ),
            "outs": array(event.seq for event in events if event.name == "Signed Out"),
        },
    )


def _texts(reading: Reading, new: list[Signature]) -> dict[int, tuple[int, str, str]]:
    return {value[0]: value for signature in new for value in reading.evidence[signature.id].values}


def _touched(app: App, batch: Batch, reading: Reading, known: dict[int, Known], touch: touched.Touch) -> People:
    cause = touched.Cause(seq=batch.last_seq, at=max(event.occurred_at for event in batch.events))
    fresh = {event.seq for event in batch.events}
    outcome = touched.recompute(app, touch, fresh)
    announce(app, outcome.difference.merged, outcome.difference.split, cause)
    holders = {number: one.customer for number, one in known.items()} | outcome.by_signature
    customers = [holders.get(number) for number in reading.signatures]
    if outcome.by_seq:
        events = zip(batch.events, customers, strict=True)
        customers = [outcome.by_seq.get(event.seq, customer) for event, customer in events]
    return People(
        batch=batch,
        customers=customers,
        created=outcome.difference.created,
        merged=outcome.difference.merged,
        recompute=outcome.difference.recompute,
        touched=outcome.customers,
    )


def announce(app: App, merged: list[Merge], split: list[tuple[int, int]], cause: touched.Cause) -> None:
    """Tell the journal what became one and what came apart; the same difference has the same message id."""
    events = [
        collect.Announcement(
            message_id=f"merge:{merge.loser}:{merge.survivor}:{cause.seq}",
            name="Customers Merged",
            customer=merge.survivor,
            occurred_at=cause.at,
            properties={"loser": merge.loser},
        )
        for merge in merged
    ]
    events += [
        collect.Announcement(
            message_id=f"split:{old}:{new}:{cause.seq}",
            name="Customer Split",
            customer=new,
            occurred_at=cause.at,
            properties={"from": old},
        )
        for old, new in split
    ]
    if not events:
        return
    collect.announce(app, events)
    pairs: dict[str, list[tuple[int, int]]] = defaultdict(list)
    pairs["merge"] = [(merge.survivor, merge.loser) for merge in merged]
    pairs["split"] = [(new, old) for old, new in split]
    rows = [(kind, customer, other) for kind, some in pairs.items() for customer, other in some]
    app.db.execute(
        SQL.write_identity_events,
        {
            "kind": [kind for kind, _, _ in rows],
            "customer": [customer for _, customer, _ in rows],
            "other": [other for _, _, other in rows],
            "seq": cause.seq,
            "at": cause.at,
        },
    )
