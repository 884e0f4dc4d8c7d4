"""How often the database is asked for a batch: as often for ten events as for two hundred."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest

from regulars.app import App
from tests.resolve.notation import Rec, event
from tests.resolve.test_stream import carry

# What docs/reference/resolve.md promises.
KNOWN, UNDISPUTED, GENERAL = 3, 8, 18


@contextmanager
def asked(monkeypatch: pytest.MonkeyPatch) -> Generator[list[str], None, None]:
    """Statements so far."""
    told: list[str] = []
    execute = psycopg.Connection.execute

    def counted(self: Any, query: Any, *given: Any, **named: Any) -> Any:
        if query:  # an empty one asks whether a pooled connection still stands
            told.append(str(query))
        return execute(self, query, *given, **named)

    with monkeypatch.context() as inside:
        inside.setattr(psycopg.Connection, "execute", counted)
        yield told


@pytest.mark.parametrize("count", [10, 200])
def test_the_database_is_asked_as_often_however_many_events_there_are(
    app: App, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    people = [Rec(f"a{n}", n, f"u{n} e{n}!") for n in range(count)]
    carry(app, [event(0, Rec("z", 0, "u999"))])
    carry(app, [event(n, rec) for n, rec in enumerate(people, 1)])
    devices = [Rec(f"b{n}", 10 + n, f"u{n} d{n}") for n in range(count)]
    quarrels = [Rec(f"c{n}", 20 + n, f"u{n + count} e{n}! d{n}") for n in range(count)]
    told: list[int] = []

    for turn, records in enumerate((people, devices, quarrels), 1):
        with asked(monkeypatch) as statements:
            carry(app, [event(turn * 1_000 + n, rec) for n, rec in enumerate(records)])
        told.append(len(statements))

    assert told == [KNOWN, UNDISPUTED, GENERAL]
