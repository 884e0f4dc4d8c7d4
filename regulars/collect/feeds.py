"""Streams of this installation: defined in a file, kept in the database, run by a process each.

    kind = "mqtt"              the plug-in
    source = "scales"          where its events come from; made if need be, as source_kind = "other"
    [connect]                  what the plug-in must know
    [mapping]                  as for files

A payload becomes a message, passes the same door as everything else and is appended together with what the stream must
remember (offsets, deliveries): both are in, or neither, so that a broker that delivers at least once is applied once.
"""

from __future__ import annotations

import threading
import tomllib
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple, cast
from zoneinfo import ZoneInfo

import msgspec
import psycopg

from regulars.app import App
from regulars.collect.door import Arrival, Row, admit
from regulars.collect.errors import RequestUnreadable, StreamAway, StreamRefused
from regulars.collect.files.mapping import Mapping, check, compiled
from regulars.collect.http import wire
from regulars.collect.http.writer import append_isolating
from regulars.collect.journal import Entry, Rejected, mint
from regulars.collect.keys import NAME, Source, register, source_by_name
from regulars.collect.streams import Control, Feed, Read, Stream, streams
from regulars.kit.errors import RegularsError
from regulars.kit.logging import logger
from regulars.store import queries

SQL = queries("regulars.collect.streams")

RUNNING = "running"
FIRST_PAUSE_SECONDS = 0.5
LAST_PAUSE_SECONDS = 60.0
BEAT_EVERY = timedelta(seconds=10)
# One that has not said so for that long runs no more, whatever it said last.
SILENT_AFTER = 3 * BEAT_EVERY
SAMPLE_MAX_CHARACTERS = 200
# A longer one names no device; an index could not hold it.
DEVICE_MAX_CHARACTERS = 200
DEVICES_LISTED_MAX = 1_000

# Where a name in an address goes, if not to the property of its name.
USUAL = {"device": ("context.device.id", "properties.device_id")}

log = logger("collect")


class Definition(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The file that adds a stream."""

    kind: str
    source: str = ""
    source_kind: str = "other"
    connect: dict[str, Any] = {}
    mapping: Mapping = Mapping()


class StreamUse(msgspec.Struct, frozen=True, kw_only=True):
    """A stream as the list shows it."""

    name: str
    kind: str
    source: str | None
    state: str
    state_at: datetime
    is_running: bool
    """It said so lately."""


class Device(msgspec.Struct, frozen=True, kw_only=True):
    """A device that sent a reading."""

    source: str
    stream: str
    """What brought its last reading."""
    id: str
    first_seen_at: datetime
    last_seen_at: datetime
    readings: int
    sample: str
    """What its last reading said, as JSON; the first SAMPLE_MAX_CHARACTERS of it, whole properties only."""
    is_known: bool
    """Somebody known is linked to it."""


class Reading(msgspec.Struct, frozen=True):
    """What a device said."""

    properties: dict[str, Any] = {}


class Item(NamedTuple):
    """A payload on its way in."""

    payload: bytes
    made: dict[str, Any] | None
    """The message of it; None where it cannot be read."""
    own_id: str
    """The message's id where it brings none: the same again when the same payload is delivered again."""


def add_stream(app: App, name: str, path: Path) -> None:
    """Add the stream this file defines, or change one; its source is made if need be. Raises StreamRefused."""
    if not NAME.fullmatch(name):
        raise StreamRefused(f"'{name}' is no name for a stream", "Use lower-case letters, digits, - and _")
    definition = _definition(path)
    source: Source | None = None
    if streams[definition.kind].has_source:
        if not definition.source:
            raise StreamRefused(f"{path.name} names no source", "Say where its events come from: source = …")
        known = source_by_name(app, definition.source)
        source = known or register(app, definition.source, definition.source_kind)[0]
    given = {"name": name, "kind": definition.kind, "source": source and source.id, "now": app.clock.now()}
    text = msgspec.json.encode(definition).decode()
    if app.db.execute(SQL.save_stream, given | {"definition": text}).fetchone() is None:
        raise StreamRefused(
            f"The stream '{name}' exists with another kind or source", "Choose another name, or remove that one first"
        )


def _definition(path: Path) -> Definition:
    try:
        definition = msgspec.convert(tomllib.loads(path.read_text()), Definition)
        if definition.kind not in set(streams):
            raise StreamRefused(
                f"There is no kind of stream '{definition.kind}'", f"Choose one of: {', '.join(streams)}"
            )
        msgspec.convert(definition.connect, streams[definition.kind].settings)
    except (OSError, ValueError, msgspec.ValidationError) as fault:
        raise StreamRefused(f"The definition {path.name} cannot be used: {fault}", "Mend what it names") from None
    check(definition.mapping, f"The mapping in {path.name}")
    return definition


def remove_stream(app: App, name: str) -> None:
    """Forget a stream and how far it was read; what came in stays. Raises StreamRefused."""
    row = app.db.execute(SQL.remove_stream, {"name": name}).fetchone()
    if row is None:
        raise StreamRefused(f"There is no stream '{name}'", "Look at `regulars stream list`")
    reader = streams[row[0]].reader
    if reader is not None:
        app.db.execute(SQL.forget_reader, {"reader": reader(name)})


def list_streams(app: App) -> list[StreamUse]:
    """All streams by name, with how they stand."""
    silent = app.clock.now() - SILENT_AFTER
    return [
        StreamUse(
            name=name,
            kind=kind,
            source=source,
            state=state,
            state_at=state_at,
            is_running=state == RUNNING and state_at > silent,
        )
        for name, kind, source, _, state, state_at in app.db.execute(SQL.streams)
    ]


def defined_streams(app: App) -> dict[str, str]:
    """Name to definition of every stream: whoever runs them starts one anew when its definition changes."""
    return {name: definition for name, _, _, definition, _, _ in app.db.execute(SQL.streams)}


def devices(app: App) -> list[Device]:
    """Every device, those that nobody known is linked to first, last seen first; DEVICES_LISTED_MAX at most."""
    rows = app.db.execute(SQL.devices, {"limit": DEVICES_LISTED_MAX})
    return [Device(**dict(zip(Device.__struct_fields__, row, strict=True))) for row in rows]


def run_stream(app: App, name: str, stop: threading.Event) -> None:
    """Run a stream until stopped; a broker or a database that goes away is waited for, longer each time."""
    runner = _Runner(app, name)
    try:
        with app.transaction() as inside:
            plug, feed = _find(inside, name)
        _run(app, runner, plug, feed, stop)
    except RegularsError as fault:
        runner.tell(f"failed: {fault.what}. {fault.fix}. {fault.code}")
        raise
    runner.tell("stopped")


def _run(app: App, runner: _Runner, plug: Stream, feed: Feed, stop: threading.Event) -> None:
    pause = FIRST_PAUSE_SECONDS
    while not stop.is_set():
        try:
            plug.run(app, feed, Control(stop, runner.well))
        except (StreamAway, psycopg.OperationalError) as fault:
            pause = FIRST_PAUSE_SECONDS if runner.was_well else min(2 * pause, LAST_PAUSE_SECONDS)
            log.warning("stream_away", stream=feed.name, why=type(fault).__name__, retry_seconds=pause)
            runner.tell(f"waiting: {_words(fault)}")
            stop.wait(pause)
            with suppress(RegularsError, psycopg.Error, OSError):
                app.store.ensure_running()


def _find(app: App, name: str) -> tuple[Stream, Feed]:
    row = app.db.execute(SQL.stream, {"name": name}).fetchone()
    if row is None:
        raise StreamRefused(f"There is no stream '{name}'", "Look at `regulars stream list`")
    kind, text, source_id, *rest = row
    definition = msgspec.json.decode(text, type=Definition)
    source = None if source_id is None else Source(source_id, *rest)
    plug = streams[kind]
    connect = msgspec.convert(definition.connect, plug.settings)
    return plug, Feed(name, source, connect, reading(_named(definition.mapping, plug), app.settings.zone))


def _named(mapping: Mapping, plug: Stream) -> Mapping:
    """With the event that everything of this kind is, where the mapping names none."""
    if mapping.event or mapping.kind or not plug.event:
        return mapping
    return msgspec.structs.replace(mapping, kind="track", event=plug.event)


def _words(fault: Exception) -> str:
    # What PostgreSQL says may hold a value.
    return fault.what if isinstance(fault, StreamAway) else f"the database is away ({type(fault).__name__})"


class _Runner:
    """Says how a stream stands, at most every BEAT_EVERY while it is well."""

    def __init__(self, app: App, name: str) -> None:
        self._app = app
        self._name = name
        self._beat_at: datetime | None = None
        self.was_well = False
        """It was, since it last was not."""

    def well(self) -> None:
        self.was_well = True
        now = self._app.clock.now()
        if self._beat_at is None or now - self._beat_at >= BEAT_EVERY:
            self._beat_at = now
            self._write(RUNNING)

    def tell(self, state: str) -> None:
        self.was_well = False
        self._beat_at = None
        with suppress(psycopg.OperationalError):  # the next one to look sees that it is silent
            self._write(state)

    def _write(self, state: str) -> None:
        with self._app.transaction() as inside:
            inside.db.execute(SQL.tell_state, {"name": self._name, "state": state, "now": self._app.clock.now()})


def password(path: str) -> str:
    """What stands in this file. Raises StreamRefused."""
    try:
        return Path(path).expanduser().read_text().strip()
    except OSError as fault:
        raise StreamRefused(
            f"The password_file '{path}' cannot be read: {fault.strerror}", "Write the password into it, mode 0600"
        ) from None


def reading(mapping: Mapping, zone: ZoneInfo) -> Read:
    """What makes the message of a payload, or None of what is no JSON. Pure.

    What its address says has its place: `device` is who it was, everything else a property, unless the mapping says
    otherwise. A payload that is a bare value becomes the property `value`.
    """
    mapped = compiled(mapping, zone)

    def read(payload: bytes, found: dict[str, str]) -> dict[str, Any] | None:
        try:
            content = wire.decoded(payload)
        except RequestUnreadable:
            return None
        row = cast(dict[str, Any], content) if isinstance(content, dict) else {"value": content}
        made = mapped({**row, **_inner(row, mapping)})
        for name, value in found.items():
            for place in (
                (mapping.fields[name],) if name in mapping.fields else USUAL.get(name, (f"properties.{name}",))
            ):
                _add(made, place, value)
        return made

    return read


def _inner(row: dict[str, Any], mapping: Mapping) -> dict[str, Any]:
    """The values that a mapping reaches for inside of others: `weight.grams`."""
    inner: dict[str, Any] = {}
    for column in mapping.fields:
        value: Any = row
        for part in column.split("."):
            value = cast(dict[str, Any], value).get(part) if isinstance(value, dict) else None
        if value is not None:
            inner[column] = value
    return inner


def _add(made: dict[str, Any], place: str, value: str) -> None:
    *path, last = place.split(".")
    inside = made
    for part in path:
        following = inside.setdefault(part, {})
        if not isinstance(following, dict):
            return  # for the door to refuse
        inside = cast(dict[str, Any], following)
    inside[last] = value


def put(app: App, feed: Feed, items: Sequence[Item]) -> None:
    """Append what came in, in the caller's transaction; what is refused is a row with its reason."""
    assert feed.source is not None, "a stream that only gives takes nothing"
    now = app.clock.now()
    arrival = Arrival(feed.source, now, lambda: mint(app))
    entries: list[Entry] = []
    senders: list[str | None] = []
    rejected: list[Rejected] = []
    for item in items:
        if item.made is None:
            judged = wire.unreadable(item.payload)._replace(message_id=item.own_id)
        else:
            told = item.made.get("messageId") or item.own_id
            judged = admit({**item.made, "messageId": str(told) if isinstance(told, int) else told}, arrival)
        if isinstance(judged, Row):
            entries.append(Entry(feed.source, now, judged))
            senders.append(_device(item.made))
        else:
            rejected.append(Rejected(feed.source, now, judged))
    duplicates, conflicts = append_isolating(app, entries, rejected)
    old = {*duplicates, *conflicts}
    seen = [(device, entries[at].row.body) for at, device in enumerate(senders) if device is not None and at not in old]
    if seen:
        _see(app, feed, feed.source, seen, now)


def _device(made: dict[str, Any] | None) -> str | None:
    context = (made or {}).get("context")
    device = cast(dict[str, Any], context).get("device") if isinstance(context, dict) else None
    named = cast(dict[str, Any], device).get("id") if isinstance(device, dict) else None
    return named if isinstance(named, str) and 0 < len(named) <= DEVICE_MAX_CHARACTERS else None


def _see(app: App, feed: Feed, source: Source, seen: list[tuple[str, str]], now: datetime) -> None:
    counts, last = Counter(device for device, _ in seen), dict(seen)
    app.db.execute(
        SQL.see_devices,
        {
            "source": source.id,
            "stream": feed.name,
            "now": now,
            "id": list(counts),
            "readings": list(counts.values()),
            "sample": [_sample(last[device]) for device in counts],
        },
    )


def _sample(body: str) -> str:
    kept: dict[str, Any] = {}
    for name, value in msgspec.json.decode(body, type=Reading).properties.items():
        if len(msgspec.json.encode(kept | {name: value})) <= SAMPLE_MAX_CHARACTERS:
            kept[name] = value
    return msgspec.json.encode(kept).decode()
