"""What comes back from messages goes to the journal like any other event: opened, clicked, bounced."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from regulars import collect
from regulars.app import App
from regulars.engage.errors import LinkRefused
from regulars.engage.signing import Signer, signer
from regulars.store import queries

SQL = queries("regulars.engage")
CLICK = "click"
HAPPENED = {"opened": "Email Opened", "clicked": "Email Link Clicked", "bounced": "Email Bounced"}


def click_link(app: App, vouch: Signer, key: str, url: str) -> str:
    """A link that tells us it was followed and leads to `url`; that is signed, so it leads nowhere else."""
    return f"{app.settings.base_url.rstrip('/')}/c/{vouch.token(CLICK, [key, url])}"


def click(app: App, token: str, at: datetime) -> str:
    """Note a click and give where it leads. Inside a transaction. Raises LinkRefused."""
    content = signer(app).read(CLICK, token)
    key, url = str(content[0]), str(content[1])
    if urlsplit(url).scheme not in ("https", "http"):
        raise LinkRefused("This link leads to no web page", "Copy it whole from the message")
    note(app, key, "clicked", at, {"url": url})
    return url


def note(app: App, key: str, what: str, at: datetime, more: dict[str, Any] | None = None) -> None:
    """Announce that a message was opened, clicked or bounced; once a message and second. Unknown ones are ignored."""
    row = app.db.execute(SQL.sent_to, {"key": key}).fetchone()
    if row is None:
        return
    _, customer, channel, address, template = row
    told = collect.Announcement(
        message_id=f"{what}:{key}:{int(at.timestamp())}",
        name=HAPPENED[what],
        customer=customer,
        occurred_at=at,
        properties={"email": address, "channel": channel, "template": template, "outbox_key": key, **(more or {})},
    )
    collect.announce(app, [told])
