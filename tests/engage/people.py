"""Customers and wishes put straight into the tables that engage reads: for its own laws, without the rooms before."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from regulars import engage
from regulars.app import App
from regulars.model import Intent, Outcome, Plays


def add_people(app: App, count: int, *, consent: bool | None = True, first: int = 1) -> list[int]:
    """Customers `first`.. with an e-mail and (unless None) a decision about marketing."""
    customers = list(range(first, first + count))
    with app.transaction() as inside:
        inside.db.execute(
            "insert into profile (customer, first_name, email, changed_at)"
            " select c, 'Ada', 'ada' || c || '@example.com', %s from unnest(%s::bigint[]) as c",
            [app.clock.now(), customers],
        )
        if consent is not None:
            inside.db.execute(
                "insert into consent_state (customer, channel, purpose, address, allowed, decided_at, seq)"
                " select c, 'email', 'marketing', '', %s, %s, c from unnest(%s::bigint[]) as c",
                [consent, app.clock.now(), customers],
            )
    return customers


def intent(customer: int, key: str = "", **more: Any) -> Intent:
    given = {"key": key or f"test:{customer}:mail:1", "customer": customer, "channel": "email", "purpose": "marketing"}
    given |= {"template": "win_back", "origin": "test", "payload": {"offer_title": "Five off", "offer_days": 7}}
    return Intent(**given | more)


def wish(app: App, *intents: Intent, at: datetime | None = None) -> Outcome:
    with app.transaction() as inside:
        return engage.decide(inside, engage_plays(list(intents), at or app.clock.now()))


def engage_plays(intents: list[Intent], at: datetime) -> Plays:
    return Plays(intents=intents, at=at)


def states(app: App) -> dict[str, tuple[str, str | None]]:
    """State and reason of every row."""
    with app.transaction() as inside:
        return {k: (s, r) for k, s, r in inside.db.execute("select key, state, reason from outbox order by key")}


WEEK = timedelta(days=7)
