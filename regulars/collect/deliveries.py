"""From stored deliveries to events of the journal: claimed in order, mapped by their vendor's plug-in, appended once.

An event has a key that says what happened. Of several deliveries that tell the same (a shop says "paid" of one order
three times) the first one counts, and the others are silent. A delivery that cannot be mapped is a refusal with its
reason; it stays, and is mapped again by a replay.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from hashlib import blake2b
from typing import Any, NamedTuple, cast

import msgspec
import psycopg

from regulars.app import App
from regulars.collect import errors, paths, payload
from regulars.collect.door import EVENT_MAX_BYTES, HASH_BYTES, Arrival, Refused, Row, admit, refuse, storable
from regulars.collect.errors import DeliveryUnreadable
from regulars.collect.hooks import SQL
from regulars.collect.journal import APPEND_MAX_EVENTS, Entry, Rejected, append, mint
from regulars.collect.keys import Source
from regulars.collect.webhooks import Posted, Said, Told, Webhook, webhooks
from regulars.kit.errors import RegularsError, place_of
from regulars.kit.logging import logger

STEP_DELIVERIES = 200
STEP_BYTES = 16 * 1024 * 1024
EVENTS_A_DELIVERY_MAX = 500
KEY_MAX_CHARACTERS = 80
# For the field that says how many products were left out.
SHORTENED_MARGIN_BYTES = 100
MAPPED, SILENT, REFUSED = "mapped", "silent", "refused"
NAMES_STOPPED = "It names somebody on the stop list"
NO_MAPPING = "No mapping is saved yet"
TOLD_OTHERWISE = "The journal has an event of this id with another body; that one stands"

# The database's own trouble, and no delivery's.
AWAY = (psycopg.OperationalError, psycopg.InterfaceError)

log = logger("collect")
_encode = msgspec.json.Encoder(order="sorted", enc_hook=str).encode


Settled = tuple[int, str, str, int]
"""What became of a delivery: its id, state, reason and number of events."""


class Stored(NamedTuple):
    """A delivery as the table has it."""

    id: int
    source_id: int
    delivery_id: str
    """As the vendor names it."""
    topic: str
    received_at: datetime
    body: bytes


class Reader(NamedTuple):
    """Who maps the deliveries of a source."""

    source: Source
    plug_in: Webhook
    mapping: paths.Paths | None


class Draft(NamedTuple):
    """What a delivery tells, judged by the door; nothing of it is stored yet."""

    delivery: Stored
    said: list[Said]
    rows: list[Row | Refused]
    """Of each of `said`, under the id of its first time."""
    fault: Refused | None
    why_silent: str


class Known(NamedTuple):
    """Who tells an event now."""

    delivery: int | None
    message_id: str
    revision: int
    content_hash: bytes


def map_deliveries(app: App) -> int:
    """Put what waiting deliveries tell into the journal; how many deliveries were settled. One transaction.

    Where the database refuses what one of them tells, they are stored one by one, and that one is refused.
    """
    with app.transaction() as inside:
        given = {"limit": STEP_DELIVERIES, "bytes": STEP_BYTES}
        waiting = [Stored(*row) for row in inside.db.execute(SQL.claim_deliveries, given)]
        if not waiting:
            return 0
        readers = lock_readers(inside, {each.source_id for each in waiting})
        try:
            return _map(inside, waiting, readers)
        except AWAY:
            raise
        except psycopg.Error:
            return sum(_map_alone(inside, each, readers) for each in waiting)


def _map(app: App, waiting: Sequence[Stored], readers: dict[int, Reader]) -> int:
    """All or nothing of these; how many were settled."""
    with app.db.transaction():
        drafts = bounded(draft(app, each, readers[each.source_id]) for each in waiting)
        _append(app, drafts, told_keys(app, drafts), readers)
        return len(drafts)


def _map_alone(app: App, delivery: Stored, readers: dict[int, Reader]) -> int:
    try:
        return _map(app, [delivery], readers)
    except AWAY:
        raise
    except psycopg.Error as fault:
        source, kind = readers[delivery.source_id].source, type(fault).__name__
        log.warning("storing_failed", source=source.name, topic=delivery.topic, fault=kind)
        refused = _refused(delivery, f"The database refused what it tells ({kind})", FIX)
        _append(app, [Draft(delivery, [], [], refused, "")], {}, readers)
        return 1


def lock_readers(app: App, sources: Iterable[int]) -> dict[int, Reader]:
    """Who maps for these sources; nobody else does until the transaction ends."""
    rows = app.db.execute(SQL.lock_webhooks, {"sources": sorted(sources)})
    return {row[0]: _reader(Source(*row[:4]), row[4], row[5]) for row in rows}


def _reader(source: Source, vendor: str, mapping: object) -> Reader:
    """Who maps for this source; where nobody can, one who refuses each delivery and says why."""
    if vendor not in webhooks:
        return Reader(
            source, _refuses(f"The plug-in '{vendor}' is not installed", "Install it, then replay the deliveries"), None
        )
    try:
        return Reader(source, webhooks[vendor], msgspec.convert(mapping, paths.Paths) if mapping is not None else None)
    except msgspec.ValidationError:
        return Reader(
            source,
            _refuses("The mapping that is stored cannot be read", "Save the mapping again, then replay the deliveries"),
            None,
        )


def _refuses(what: str, fix: str) -> Webhook:
    def refuse_all(told: Told) -> list[Said]:
        raise DeliveryUnreadable(what, fix)

    def never(posted: Posted, secret: str) -> bool:
        return False

    def nameless(posted: Posted) -> str:
        return ""

    return Webhook(
        kind="other",
        verify=never,
        delivery_id=nameless,
        topic=nameless,
        map=refuse_all,
        topics=(),
    )


def bounded(drafts: Iterable[Draft]) -> list[Draft]:
    """As many as one transaction may append; always at least one."""
    taken: list[Draft] = []
    events = 0
    for each in drafts:
        events += len(each.said) + 1
        if taken and events > APPEND_MAX_EVENTS:
            break
        taken.append(each)
    return taken


def draft(app: App, delivery: Stored, reader: Reader) -> Draft:
    """What this delivery tells, by today's plug-in and mapping."""
    plug_in = reader.plug_in
    if plug_in.is_edited and reader.mapping is None:
        return Draft(delivery, [], [], None, NO_MAPPING)
    if plug_in.topics and delivery.topic not in plug_in.topics:
        return Draft(delivery, [], [], None, f"The topic {delivery.topic or '(none)'} is not read")
    try:
        said = plug_in.map(Told(delivery.topic, payload.read(delivery.body), reader.mapping))
        if len(said) > EVENTS_A_DELIVERY_MAX:
            raise DeliveryUnreadable(
                f"The delivery tells of {len(said)} events", f"Have the sender post at most {EVENTS_A_DELIVERY_MAX}"
            )
        # By the vendor's id: sent again after it was pruned, it is another row.
        told_by = f"delivery:{delivery.delivery_id}"
        said = [each if each.key else each._replace(key=f"{told_by}:{n}") for n, each in enumerate(said)]
        arrival = Arrival(reader.source, delivery.received_at, lambda: mint(app))
        rows = [_admitted(each, arrival) for each in said]
    except RegularsError as fault:
        return Draft(delivery, [], [], _refused(delivery, fault.what, fault.fix), "")
    except Exception as fault:  # a plug-in's fault is this delivery's alone, and everything behind it goes on
        place = place_of(fault)
        log.warning("mapping_failed", source=reader.source.name, topic=delivery.topic, fault=place)
        return Draft(delivery, [], [], _refused(delivery, f"The mapping broke on it ({place})", FIX), "")
    return Draft(delivery, said, rows, None, "" if said else "It tells of nothing that is kept")


FIX = "Report this line; after an update, replay the deliveries"


def _refused(delivery: Stored, what: str, fix: str) -> Refused:
    refused = refuse(delivery.body.decode("utf-8", "backslashreplace"), DeliveryUnreadable.code, what, fix)
    return refused._replace(message_id=f"delivery:{delivery.id}")


def _admitted(said: Said, arrival: Arrival) -> Row | Refused:
    message = said.message | {"messageId": message_id(said.key, 0)}
    item = admit(message, arrival)
    if isinstance(item, Refused) and item.code == errors.TOO_LARGE:
        item = admit(_shortened(message), arrival)
    if isinstance(item, Refused) and item.message_id is None:
        return item._replace(message_id=message_id(said.key, 0))
    return item


def _shortened(message: dict[str, Any]) -> dict[str, Any]:
    """The message with as many products as an event may hold, and how many were left out: better than no order."""
    given: Any = message.get("properties")
    properties = cast(dict[str, Any], given) if isinstance(given, dict) else {}
    found: Any = properties.get("products")
    products = cast(list[Any], found) if isinstance(found, list) else []
    left = (
        EVENT_MAX_BYTES - SHORTENED_MARGIN_BYTES - len(_encode(message | {"properties": properties | {"products": []}}))
    )
    kept: list[Any] = []
    for product in products:
        left -= len(_encode(product)) + 1
        if left < 0:
            break
        kept.append(product)
    more = {"products": kept, "products_left_out": len(products) - len(kept)}
    return message | {"properties": properties | more}


def message_id(key: str, revision: int) -> str:
    """The id in the journal of what this key names, made anew so often; the same for ever."""
    if len(key) > KEY_MAX_CHARACTERS or key != storable(key):
        key = "key:" + blake2b(key.encode("utf-8", "surrogatepass"), digest_size=HASH_BYTES).hexdigest()
    return f"{key}:v{revision + 1}" if revision else key


def content_hash(said: Said) -> bytes:
    """Of what is told, whatever its id."""
    return blake2b(_encode(said.message), digest_size=HASH_BYTES).digest()


Keys = dict[tuple[int, str], Known]


def told_keys(app: App, drafts: Sequence[Draft]) -> Keys:
    """Who tells the events of these drafts already."""
    pairs = [(each.delivery.source_id, message_id(said.key, 0)) for each in drafts for said in each.said]
    if not pairs:
        return {}
    columns = {"source_id": [source for source, _ in pairs], "key": [key for _, key in pairs]}
    return {(row[0], row[1]): Known(*row[2:]) for row in app.db.execute(SQL.told_keys, columns)}


class Telling(NamedTuple):
    """One event on its way into the journal."""

    draft: Draft
    said: Said
    row: Row
    revision: int


def _append(app: App, drafts: Sequence[Draft], known: Keys, readers: dict[int, Reader]) -> None:
    """Append what is new, refuse what cannot be, say what became of each."""
    tellings: list[Telling] = []
    rejected: list[Rejected] = []
    settled: list[Settled] = []
    taken = {pair for pair, who in known.items() if who.delivery is not None}
    for each in drafts:
        source = readers[each.delivery.source_id].source
        new, refused = tell(each, known, taken)
        tellings += new
        rejected += [Rejected(source, each.delivery.received_at, item) for item in refused]
        settled.append(settle(each, len(new), refused))
    store(app, tellings, rejected, settled, readers)


def tell(each: Draft, known: Keys, taken: set[tuple[int, str]]) -> tuple[list[Telling], list[Refused]]:
    """What this delivery tells as the first one, and what of it the door refused; `taken` grows by what it tells."""
    new: list[Telling] = []
    refused = [each.fault] if each.fault else []
    for said, item in zip(each.said, each.rows, strict=True):
        pair = (each.delivery.source_id, message_id(said.key, 0))
        if pair in taken:
            continue
        if isinstance(item, Refused):
            refused.append(item)
            continue
        taken.add(pair)
        before = known.get(pair)
        revision = 0 if before is None else before.revision + 1
        new.append(Telling(each, said, item, revision))
    return new, refused


def settle(each: Draft, events: int, refused: Sequence[Refused]) -> Settled:
    """What became of a delivery."""
    if refused:
        return each.delivery.id, REFUSED, refused[0].reason, events
    if events:
        return each.delivery.id, MAPPED, "", events
    return each.delivery.id, SILENT, each.why_silent or "All of it was told before", 0


def store(
    app: App,
    tellings: Sequence[Telling],
    rejected: Sequence[Rejected],
    settled: Sequence[Settled],
    readers: dict[int, Reader],
) -> tuple[list[Settled], list[Telling]]:
    """Append, remember who told what, and settle the deliveries; what became of them after all, and what is not told.

    What the journal has with the same body is told; what it has with another one is a refusal, and so is the delivery.
    """
    entries = [
        Entry(
            readers[each.draft.delivery.source_id].source,
            each.draft.delivery.received_at,
            each.row._replace(message_id=message_id(each.said.key, each.revision)),
        )
        for each in tellings
    ]
    fate = append(app, entries, rejected)
    lost, stopped = set(fate.conflicts), set(fate.stopped)
    told = [
        (each, entry)
        for at, (each, entry) in enumerate(zip(tellings, entries, strict=True))
        if at not in lost and at not in stopped
    ]
    if told:
        app.db.execute(SQL.tell_events, _columns(told))
    lost_by_delivery = Counter(tellings[at].draft.delivery.id for at in lost)
    stopped_by_delivery = Counter(tellings[at].draft.delivery.id for at in stopped)
    final = [_settled_after(one, lost_by_delivery[one[0]], stopped_by_delivery[one[0]]) for one in settled]
    ids, states, reasons, events = map(list, zip(*final, strict=True))
    app.db.execute(
        SQL.settle_deliveries,
        {
            "id": ids,
            "state": states,
            "reason": reasons,
            "events": events,
            # Nothing of it was told, so nothing has to be told anew: it need not be kept.
            "emptied": [reason == NAMES_STOPPED for reason in reasons],
            "now": app.clock.now(),
        },
    )
    return final, [tellings[at] for at in sorted(lost)]


def _settled_after(settled: Settled, lost: int, stopped: int) -> Settled:
    """The same once the journal has said what it did not take."""
    id, state, reason, events = settled
    left = events - lost - stopped
    if lost:
        return id, REFUSED, TOLD_OTHERWISE, left
    return (id, SILENT, NAMES_STOPPED, left) if stopped and not left else (id, state, reason, left)


def _columns(told: Sequence[tuple[Telling, Entry]]) -> dict[str, list[Any]]:
    return {
        "source_id": [each.draft.delivery.source_id for each, _ in told],
        "key": [message_id(each.said.key, 0) for each, _ in told],
        "delivery": [each.draft.delivery.id for each, _ in told],
        "message_id": [entry.row.message_id for _, entry in told],
        "revision": [each.revision for each, _ in told],
        "content_hash": [content_hash(each.said) for each, _ in told],
    }
