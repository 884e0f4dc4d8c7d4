"""Keys as the gateway knows them: asked of the database once per KEY_CACHE_SECONDS, and not as often as one guesses."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import NamedTuple

import psycopg

from regulars.app import App
from regulars.collect.errors import JournalAway, KeyRefused, TooManyAttempts
from regulars.collect.keys import KEY_MAX_CHARACTERS
from regulars.collect.write_keys import Holder, holder_of

# So long a revoked key may go on writing, in every process, and so often we ask the database about a key in use.
KEY_CACHE_SECONDS = 5.0
KEY_CACHE_MAX = 1_000
# While the database is away, a key it knew goes on working; so often we ask again.
KEY_RETRY_SECONDS = 2.0
LOOK_UP_SECONDS = 3.0
LOOK_UPS_AT_ONCE = 4
LOOK_UPS_WAITING_MAX = 200
UNKNOWN_KEYS_PER_MINUTE = 60
UNKNOWN_ADDRESSES_MAX = 10_000


class _Known(NamedTuple):
    holder: Holder | None
    until: float


class Keyring:
    """The keys that were asked for last, for one event loop."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._keys: dict[str, _Known] = {}
        self._asked: dict[str, asyncio.Future[Holder | None]] = {}
        # Threads of its own: while the database hangs they hang with it, and nobody else's.
        self._askers = ThreadPoolExecutor(LOOK_UPS_AT_ONCE, thread_name_prefix="key-look-up")
        self._strangers: dict[str, int] = {}
        self._strangers_minute = 0

    def close(self) -> None:
        """Ask no more."""
        self._askers.shutdown(wait=False)

    def at_hand(self, key: str, now: float) -> Holder | None:
        """What this key opens where we know it without asking; None: `find` it."""
        known = self._keys.get(key)
        return known.holder if known is not None and known.until >= now else None

    async def find(self, key: str, address: str) -> Holder:
        """What this key opens. Raises KeyRefused, TooManyAttempts or, while it cannot be known, JournalAway."""
        now = self._app.clock.now().timestamp()
        known = self._keys.get(key)
        if known is None or known.until < now:
            if key and len(key) <= KEY_MAX_CHARACTERS:
                known = await self._learn(key, known, address, now)
            else:
                self._count_stranger(address, now)
        elif known.holder is None:
            self._count_stranger(address, now)
        if known is None or known.holder is None:
            raise KeyRefused("The write key is missing or not known", "Send the key of a source that exists")
        return known.holder

    async def _learn(self, key: str, before: _Known | None, address: str, now: float) -> _Known:
        """What the database says of this key; while it says nothing, what it said last."""
        is_new = (before is None or before.holder is None) and key not in self._asked
        if is_new:
            # Before the look-up: what a guesser makes us ask is bounded, too.
            self._count_stranger(address, now)
        try:
            known = _Known(await self._ask(key), now + KEY_CACHE_SECONDS)
        except JournalAway:
            if before is None or before.holder is None:
                raise
            known = _Known(before.holder, now + KEY_RETRY_SECONDS)
        if is_new and known.holder is not None and address in self._strangers:
            self._strangers[address] -= 1
        if len(self._keys) >= KEY_CACHE_MAX:
            # Guessed keys go first, so that guessing does not make us ask for the good ones again.
            good = {each: what for each, what in self._keys.items() if what.holder is not None}
            self._keys = good if len(good) < KEY_CACHE_MAX else {}
        self._keys[key] = known
        return known

    async def _ask(self, key: str) -> Holder | None:
        """One look-up a key at a time, LOOK_UP_SECONDS at most. Raises JournalAway."""
        asked = self._asked.get(key)
        if asked is None:
            if len(self._asked) >= LOOK_UPS_WAITING_MAX:
                raise JournalAway("Too many keys wait to be looked up", "Send it again a little later")
            asked = asyncio.get_running_loop().run_in_executor(self._askers, self._look_up, key)
            self._asked[key] = asked
            asked.add_done_callback(lambda done: self._forget(key, done))
        try:
            return await asyncio.wait_for(asyncio.shield(asked), LOOK_UP_SECONDS)
        except TimeoutError:
            raise JournalAway("The database does not answer", "Send it again a little later") from None

    def _forget(self, key: str, done: "asyncio.Future[Holder | None]") -> None:
        self._asked.pop(key, None)
        if not done.cancelled():
            done.exception()  # whoever waited was told; when nobody does any more, it is no news

    def _look_up(self, key: str) -> Holder | None:
        try:
            with self._app.store.pool.connection(timeout=LOOK_UP_SECONDS) as connection:
                return holder_of(replace(self._app, connection=connection), key)
        except psycopg.OperationalError:
            raise JournalAway("The database does not answer", "Send it again a little later") from None

    def _count_stranger(self, address: str, now: float) -> None:
        """Raise TooManyAttempts where this address has used up its unknown keys of this minute."""
        minute = int(now // 60)
        if minute != self._strangers_minute or len(self._strangers) > UNKNOWN_ADDRESSES_MAX:
            self._strangers_minute = minute
            self._strangers.clear()
        if self._strangers.get(address, 0) >= UNKNOWN_KEYS_PER_MINUTE:
            raise TooManyAttempts("This address sent too many unknown keys", "Wait a minute")
        self._strangers[address] = self._strangers.get(address, 0) + 1
