"""App: everything that may touch the world, built once and handed in as the first argument of whatever acts."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date

import psycopg

from regulars.kit.clock import Clock, SystemClock
from regulars.kit.dice import Dice, SystemDice
from regulars.kit.settings import Settings
from regulars.lake import Lake
from regulars.store import Store


@dataclass(frozen=True, kw_only=True)
class App:
    """Settings, store, lake, clock and dice. `db` is there only inside `transaction()`."""

    settings: Settings
    store: Store
    lake: Lake
    clock: Clock
    dice: Dice
    connection: psycopg.Connection | None = None

    @property
    def db(self) -> psycopg.Connection:
        """The connection of the transaction we are in."""
        assert self.connection is not None, "this function acts on the database: call it inside app.transaction()"
        return self.connection

    @property
    def today(self) -> date:
        """The day it is in the brand's zone."""
        return self.clock.now().astimezone(self.settings.zone).date()

    @contextmanager
    def transaction(self) -> Generator[App, None, None]:
        """One transaction: commits at the end, rolls back on any error. Inside it, pass the yielded App on."""
        with self.store.transaction() as connection:
            yield replace(self, connection=connection)


@contextmanager
def open_app(settings: Settings, clock: Clock | None = None, dice: Dice | None = None) -> Generator[App, None, None]:
    """An App on this installation: PostgreSQL started if it is ours, schema up to date; closed at the end."""
    with Store.open(settings) as store:
        yield App(
            settings=settings,
            store=store,
            lake=Lake(settings.home_path / "lake"),
            clock=clock or SystemClock(),
            dice=dice or SystemDice(),
        )
