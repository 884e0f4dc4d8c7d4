"""The way out, in one click: the address is suppressed at once, and the journal hears of it in the same transaction."""

from __future__ import annotations

from datetime import datetime

import msgspec

from regulars import collect
from regulars.app import App
from regulars.engage.arbiter import MARKETING
from regulars.engage.channels.email import UNSUBSCRIBE
from regulars.engage.errors import LinkRefused
from regulars.engage.feedback import Stop, suppress
from regulars.engage.signing import signer
from regulars.store import queries

SQL = queries("regulars.engage")
BY_LINK = "unsubscribed by link"


class Unsubscribed(msgspec.Struct, frozen=True, kw_only=True):
    """What the page confirms. `masked` shows enough of the address to know it is one's own."""

    channel: str
    masked: str
    already: bool


def unsubscribe(app: App, token: str, at: datetime) -> Unsubscribed:
    """Suppress the address that this link was sent to, for good. Inside a transaction; again is harmless.

    Raises LinkRefused.
    """
    key, customer, channel, address, template = _sent(app, token)
    fresh = suppress(app, [Stop(channel, address, BY_LINK, at, key)]) == 1
    if fresh:
        told = collect.Announcement(
            message_id=f"unsubscribed:{key}",
            name="Unsubscribed",
            customer=customer,
            occurred_at=at,
            properties={"email": address, "channel": channel, "purpose": MARKETING, "template": template},
        )
        collect.announce(app, [told])
    return Unsubscribed(channel=channel, masked=mask(address), already=not fresh)


def subscribed(app: App, token: str) -> Unsubscribed:
    """The same without doing it: what the page shows before the button. Raises LinkRefused."""
    _, _, channel, address, _ = _sent(app, token)
    row = app.db.execute(SQL.is_suppressed, {"channel": channel, "address": address}).fetchone()
    return Unsubscribed(channel=channel, masked=mask(address), already=row is not None)


def _sent(app: App, token: str) -> tuple[str, int, str, str, str]:
    key = signer(app).read(UNSUBSCRIBE, token)
    row = app.db.execute(SQL.sent_to, {"key": str(key)}).fetchone()
    if row is None:
        raise LinkRefused("This message is not known here", "Write to us instead; we take you off the list by hand")
    return row


def mask(address: str) -> str:
    """Enough of an address for its owner: a…@example.com."""
    name, at, domain = address.partition("@")
    return f"{name[:1]}…{at}{domain}"
