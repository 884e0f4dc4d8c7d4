"""Behind every protocol: whose key, may it, each message judged, the commit. Then, and only then, an answer.

`take` is the whole of it. `take_at_hand` is the same for requests of which everything is at hand (the usual ones): it
waits for nothing, makes no task, and leaves whatever is out of the ordinary, undone, to `take`.
"""

import asyncio
import threading
from collections.abc import Callable
from typing import Any, NamedTuple, cast

from regulars.app import App
from regulars.collect import errors
from regulars.collect.door import Arrival, Refused, Row, admit, check_context, refuse
from regulars.collect.errors import OriginRefused, RateExceeded, RequestTooLarge, RequestUnreadable
from regulars.collect.http import wire
from regulars.collect.http.keyring import Keyring
from regulars.collect.http.limits import REQUEST_BYTES, Meter
from regulars.collect.http.writer import Counts, GroupCommit, Tell
from regulars.collect.journal import Entry, Rejected, mint
from regulars.collect.write_keys import Holder
from regulars.kit.errors import RegularsError, place_of
from regulars.kit.logging import logger

# Who used which key, and who was in trouble, is written so often.
NOTES_SECONDS = 60.0
CONTEXT_LOOKED_AT = 2_000

log = logger("collect")


class Ask(NamedTuple):
    """One request that brings events."""

    read: Callable[[bytes], wire.Delivery]
    """Its messages, from the body unpacked."""
    headers: wire.Headers
    query: bytes
    address: str
    body: bytes
    """As received."""


class Intake:
    """One a process: its keys, its meter, its writer. `processes` take in together what one key may send."""

    def __init__(self, app: App, processes: int = 1) -> None:
        self._app = app
        self.writer = GroupCommit(app)
        self.keyring = Keyring(app)
        self.meter = Meter(processes)
        self._end = threading.Event()
        self._notes: threading.Thread | None = None

    def start(self) -> None:
        """Begin to write."""
        self.writer.start()
        if self._notes is None:
            self._notes = threading.Thread(target=self._keep_notes, name="gateway-notes", daemon=True)
            self._notes.start()

    def stop(self) -> None:
        """Write what waits, then end."""
        self.writer.stop()
        self.keyring.close()
        self._end.set()
        if self._notes is not None:
            self._notes.join(NOTES_SECONDS)

    async def take(self, ask: Ask) -> tuple[Counts, Holder]:
        """What became of the events of this request, once that is durable. Raises every error the gateway answers."""
        try:
            plain = wire.unpacked(ask.body)
            delivery = ask.read(plain)
        except (RequestUnreadable, RequestTooLarge) as fault:
            await self._keep_whole(ask, await self._holder(ask, None), fault)
            raise
        holder = await self._holder(ask, delivery)
        try:
            check_size(len(plain), delivery, ask.headers, holder)
            check_origin(ask.headers.origin, holder)
        except (RequestTooLarge, OriginRefused) as fault:
            await self._keep_whole(ask, holder, fault)
            raise
        try:
            entries, rejected = self._judged(ask, delivery, holder)
        except RateExceeded:
            self.meter.slowed(holder.source, self._app.clock.now())
            raise
        return await self._written(entries, rejected), holder

    def take_at_hand(self, ask: Ask, tell: Tell) -> bool:
        """True: `tell` hears what became of it. False: nothing was done, for it is not of the usual kind."""
        try:
            plain = wire.unpacked(ask.body)
            delivery = ask.read(plain)
            now = self._app.clock.now()
            holder = self.keyring.at_hand(wire.key(ask.headers, delivery, ask.query), now.timestamp())
            if holder is None or holder.origins:
                return False
            check_size(len(plain), delivery, ask.headers, holder)
            self.writer.submit(*self._judged(ask, delivery, holder), tell)
        except RegularsError:
            return False
        return True

    async def _holder(self, ask: Ask, delivery: wire.Delivery | None) -> Holder:
        key = wire.key(ask.headers, delivery, ask.query)
        now = self._app.clock.now().timestamp()
        return self.keyring.at_hand(key, now) or await self.keyring.find(key, ask.address)

    def _judged(self, ask: Ask, delivery: wire.Delivery, holder: Holder) -> tuple[list[Entry], list[Rejected]]:
        """Rows and refusals of these messages, counted on the key. Raises RateExceeded."""
        received_at = self._app.clock.now()
        source = holder.source
        # Before its rate is spent, lest a request that is asked to come again is counted twice.
        self.writer.check_room(len(delivery.messages))
        self.meter.spend(holder, len(delivery.messages), received_at)
        if ask.headers.retries:
            self.meter.repeated(source, ask.headers.retries, received_at)
        arrival = Arrival(source, received_at, lambda: mint(self._app), delivery.sent_at, delivery.context, ask.address)
        refused = check_context(delivery.context) if delivery.context else None
        entries: list[Entry] = []
        rejected: list[Rejected] = []
        for message in delivery.messages:
            item = refused(message) if refused else admit(message, arrival)
            if isinstance(item, Row):
                entries.append(Entry(source, received_at, item))
            else:
                rejected.append(Rejected(source, received_at, item))
        return entries, rejected

    async def _keep_whole(self, ask: Ask, holder: Holder, fault: RegularsError) -> None:
        """A request that is refused whole is kept as one refusal: clients drop what was answered so."""
        now = self._app.clock.now()
        self.meter.spend(holder, 0, now)
        await self._written([], [Rejected(holder.source, now, refused_whole(ask.body or ask.query, fault))])

    async def keep_overlong(self, ask: Ask) -> RequestTooLarge:
        """What to answer to a request of which only the beginning was read; with a known key, once it is kept.

        A key that stands in the body is not looked for: that is not whole.
        """
        fault = wire.too_large()
        if wire.key(ask.headers, None, ask.query):
            await self._keep_whole(ask, await self._holder(ask, None), fault)
        return fault

    async def _written(self, entries: list[Entry], rejected: list[Rejected]) -> Counts:
        done: asyncio.Future[Counts] = asyncio.get_running_loop().create_future()
        self.writer.submit(entries, rejected, lambda result: _tell_future(done, result))
        return await done

    def _keep_notes(self) -> None:
        is_last = False
        while not is_last:
            is_last = self._end.wait(NOTES_SECONDS)
            try:
                self._note()
            except Exception as fault:  # whatever it is: the next ones say again when a key was used last
                log.warning("key_notes_lost", why=place_of(fault))

    def _note(self) -> None:
        notes = self.meter.take()
        if notes.used or notes.counts:
            with self._app.transaction() as inside:
                notes.write(inside)


def _tell_future(done: "asyncio.Future[Counts]", result: Counts | Exception) -> None:
    if done.done():
        return  # the sender has gone
    if isinstance(result, Exception):
        done.set_exception(result)
    else:
        done.set_result(result)


def check_origin(origin: bytes, holder: Holder) -> None:
    """Raise OriginRefused where a page sends with a key that lists others only. Programs send no origin."""
    if origin and holder.origins and origin.decode("latin-1").lower() not in holder.origins:
        raise OriginRefused(
            f"The page {origin.decode('latin-1')[:200]} may not send with the key {holder.key_id}",
            "Add it to the pages of the key, or use a key of its own",
        )


def check_size(size: int, delivery: wire.Delivery, headers: wire.Headers, holder: Holder) -> None:
    """Raise RequestTooLarge over what this source may send at once, in events or bytes."""
    events = len(delivery.messages)
    if events > wire.BATCH_MAX_EVENTS:
        raise RequestTooLarge(f"The batch has {events} events", f"Send at most {wire.BATCH_MAX_EVENTS} at once")
    if size <= REQUEST_BYTES and holder.request_max_bytes is None:
        return
    allowed = holder.request_max_bytes
    if allowed is None:
        allowed = wire.REQUEST_MAX_BYTES if is_rudder(delivery, headers) else REQUEST_BYTES
    if size > allowed:
        raise RequestTooLarge(f"The request has {size} bytes, over {allowed}", "Send smaller batches")


def is_rudder(delivery: wire.Delivery, headers: wire.Headers) -> bool:
    """Whether one of RudderStack's clients sent this: it says so, or its messages have the channel only they set."""
    if b"rudder" in headers.agent.lower():
        return True
    first = delivery.messages[0] if delivery.messages else None
    if not isinstance(first, dict):
        return False
    message = cast(dict[str, Any], first)
    return "channel" in message or "rudder" in repr(message.get("context"))[:CONTEXT_LOOKED_AT].lower()


def refused_whole(raw: bytes, fault: RegularsError) -> Refused:
    """The refusal of a whole request, with the beginning of its body as received."""
    if isinstance(fault, RequestUnreadable):
        return wire.unreadable(raw)
    code = errors.REQUEST_OVER_LIMIT if isinstance(fault, RequestTooLarge) else fault.code
    return refuse(wire.legible(raw), code, fault.what, fault.fix)
