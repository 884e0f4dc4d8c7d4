"""Sources, and how far the flow has come."""

from __future__ import annotations

from datetime import datetime

import msgspec
from litestar import get

from regulars import collect
from regulars.app import App
from regulars.collect import SourceUse
from regulars.store import queries
from regulars.web import access
from regulars.web.site import House

SQL = queries("regulars.web")


class Pulse(msgspec.Struct, frozen=True, kw_only=True):
    """Where everything stands this second."""

    events: int
    """Rows of the journal."""
    carried: int
    """Of these, how far the flow is."""
    records: int
    """What the brand's own sources sent and nobody took back: without what the house noticed itself."""
    refused: int
    customers: int
    """People with an identifier of their own."""
    anonymous: int
    messages: dict[str, int]
    last_event_at: datetime | None
    """When the latest journal row happened, by its own clock."""
    last_received_at: datetime | None

    @property
    def behind(self) -> int:
        """Events that wait for the flow."""
        return max(0, self.events - self.carried)


class Sources(msgspec.Struct, frozen=True, kw_only=True):
    """Every source with its use."""

    sources: list[SourceUse]


def pulse(app: App) -> Pulse:
    """Counts that are cheap enough to ask for every other second."""
    row = app.db.execute(SQL.pulse).fetchone()
    assert row is not None, "a query of scalars has one row"
    events, carried, refused, customers, anonymous, last_event_at, last_received_at, records = row
    messages = dict(app.db.execute(SQL.messages_by_state).fetchall())
    return Pulse(
        events=events,
        carried=carried,
        records=records,
        refused=refused,
        customers=customers,
        anonymous=anonymous,
        messages=messages,
        last_event_at=last_event_at,
        last_received_at=last_received_at,
    )


@get("/api/pulse", opt=access.office("sources:read"), sync_to_thread=True)
def pulse_json(app: House) -> Pulse:
    """Where everything stands this second."""
    with app.transaction() as inside:
        return pulse(inside)


@get("/api/sources", opt=access.office("sources:read"), sync_to_thread=True)
def sources_json(app: House) -> Sources:
    """Sources by name, with what each sent and how much of it was refused."""
    with app.transaction() as inside:
        return Sources(sources=list(collect.list_sources(inside)))


routes = [pulse_json, sources_json]
