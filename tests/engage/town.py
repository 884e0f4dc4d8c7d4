"""A few customers made by real events through all rooms, for the rooms at the end of the flow."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from regulars import collect, flow
from regulars.app import App
from regulars.model import Outcome

ALL = 5_000


def tell(app: App, source: str, messages: list[dict[str, Any]], kind: str = "crm") -> None:
    """Put messages into the journal as this source."""
    with app.transaction() as inside:
        known, _ = collect.register(inside, source, kind)
        receipt = collect.accept(inside, known, messages, received_at=app.clock.now())
        assert receipt.refusals == []


def carry(app: App) -> list[Outcome]:
    """Carry everything that waits, with what it causes."""
    outcomes: list[Outcome] = []
    while True:
        with app.transaction() as inside:
            collect.publish(inside)
        with app.transaction() as inside:
            batch = collect.claim(inside, ALL)
            if batch is None:
                return outcomes
            outcomes.append(flow.on_events(inside, batch))
            collect.advance(inside, batch)


def person(login: str, at: datetime, *, consent: bool | None = True, zone: str | None = None) -> dict[str, Any]:
    """An identify of somebody with an e-mail of her own."""
    traits: dict[str, Any] = {"first_name": login.capitalize(), "email": f"{login}@example.com", "email_verified": True}
    if zone:
        traits["timezone"] = zone
    if consent is not None:
        traits["consent"] = {"email": consent}
    return message("identify", login, at, traits=traits)


def order(login: str, at: datetime, dollars: str = "20.00", **more: Any) -> dict[str, Any]:
    """An order of somebody known by login."""
    properties = {"order_id": f"o-{login}-{at:%Y%m%d%H%M}", "revenue": dollars, "products": [], **more}
    return message("track", login, at, event="Order Completed", properties=properties)


def message(kind: str, login: str, at: datetime, **more: Any) -> dict[str, Any]:
    """A message in the wire's shape; its id follows from what it says."""
    name = more.get("event", kind)
    return {
        "type": kind,
        "messageId": f"{kind}-{name}-{login}-{at.isoformat()}",
        "userId": login,
        "timestamp": at.isoformat(),
        **more,
    }


def customer_of(app: App, login: str) -> int:
    """Who has this login's e-mail."""
    with app.transaction() as inside:
        row = inside.db.execute("select customer from profile where email = %s", [f"{login}@example.com"]).fetchone()
        assert row is not None, f"nobody has the e-mail of {login}"
        return row[0]
