"""What comes back from messages: a click or a bounce of ours goes to the journal like any other event, and an address
that is gone, or whose owner complains, is written to no more, whoever reports it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from regulars import collect
from regulars.app import App
from regulars.engage.errors import LinkRefused
from regulars.engage.signing import Signer, signer
from regulars.model import Event, People
from regulars.store import queries

SQL = queries("regulars.engage")
CLICK = "click"
HAPPENED = {"clicked": "Email Link Clicked", "bounced": "Email Bounced"}
BOUNCED = HAPPENED["bounced"]
# The second is Segment's word for the first.
COMPLAINED = ("Email Complained", "Email Marked as Spam")
# What mail tools write of a bounce that is for good; any other may be a full mailbox or a server at rest.
HARD = frozenset({"hard", "permanent"})
# Whose word counts: a key in a web page is public, and anybody could have a stranger's address stopped.
REPORTERS = frozenset({"email", "crm", "own"})
HARD_BOUNCE = "hard bounce"
COMPLAINT = "complaint"


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
    """Announce that a message was clicked or bounced; once a message and second. Unknown ones are ignored."""
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


class Stop(NamedTuple):
    """An address to be written to no more."""

    channel: str
    address: str
    reason: str
    at: datetime
    key: str | None = None


def gone(app: App, key: str, at: datetime) -> None:
    """The carrier says that the address of this message exists no more: suppress it, and tell the journal."""
    row = app.db.execute(SQL.sent_to, {"key": key}).fetchone()
    if row is None:
        return
    _, _, channel, address, _ = row
    if suppress(app, [Stop(channel, address, HARD_BOUNCE, at, key)]):
        note(app, key, "bounced", at, {"type": "hard"})


def hear(app: App, people: People) -> None:
    """Suppress the addresses that this batch reports as gone or complaining; the statements do not grow with it."""
    reported = [
        (event, customer, reason)
        for event, customer in zip(people.batch.events, people.customers, strict=True)
        if (reason := why_to_stop(event))
    ]
    if not reported:
        return
    nameless = [customer for event, customer, _ in reported if customer is not None and not _address(event)]
    known = dict(app.db.execute(SQL.emails_of, {"customers": nameless}).fetchall()) if nameless else {}
    stops = [
        Stop("email", address, reason, event.occurred_at)
        for event, customer, reason in reported
        if (address := _address(event) or known.get(customer))
    ]
    suppress(app, stops)


def why_to_stop(event: Event) -> str | None:
    """Why the address of this event may not be written to again; None: it may."""
    if event.kind != "track" or event.source_kind not in REPORTERS:
        return None
    if event.name in COMPLAINED:
        return COMPLAINT
    given = event.body.properties
    kind = given.get("type") or given.get("bounce_type")
    is_hard = event.name == BOUNCED and isinstance(kind, str) and kind.strip().lower() in HARD
    return HARD_BOUNCE if is_hard else None


def _address(event: Event) -> str | None:
    given = event.body.properties.get("email")
    return given.strip().lower() if isinstance(given, str) and "@" in given else None


def suppress(app: App, stops: list[Stop]) -> int:
    """Put these on the list of addresses nobody may write to; how many were not on it."""
    given = {
        "channels": [stop.channel for stop in stops],
        "addresses": [stop.address for stop in stops],
        "reasons": [stop.reason for stop in stops],
        "ats": [stop.at for stop in stops],
        "keys": [stop.key for stop in stops],
    }
    return app.db.execute(SQL.suppress, given).rowcount if stops else 0
