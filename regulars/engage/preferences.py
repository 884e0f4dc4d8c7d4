"""The preference center: what one message's reader may hear from us, changed without a sign-in.

The link proves one thing: whoever opens it reads what is sent to that address. So on its own channel everything can be
agreed to and withdrawn; on the others what was agreed to is shown to be withdrawn, and nothing can be agreed to. No
name and no other address is shown, because mails are forwarded.
"""

from __future__ import annotations

import hashlib
from datetime import datetime

import msgspec

from regulars import collect
from regulars.app import App
from regulars.engage.channels.email import PREFERENCES
from regulars.engage.errors import LinkRefused
from regulars.engage.feedback import Stop, suppress
from regulars.engage.signing import signer
from regulars.engage.unsubscribe import BY_LINK, mask
from regulars.kit.clock import microseconds
from regulars.profile import Notice, Purposes, purposes
from regulars.store import queries

SQL = queries("regulars.engage")
COLLECTION_POINT = "preference center"
GIVEN, WITHDRAWN = "Consent Given", "Consent Withdrawn"
# Of what an id of ours is made of: keys and purposes may be long, ids of messages may not.
HASH_BYTES = 12


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to say yes or no to."""

    channel: str
    purpose: str
    title: str
    meaning: str
    allowed: bool
    notice: str = ""
    """The name of the text that a yes is given to; empty where the brand declares none."""

    @property
    def name(self) -> str:
        """What the form calls it."""
        return f"{self.channel}.{self.purpose}"


class Preferences(msgspec.Struct, frozen=True, kw_only=True):
    """What the page shows."""

    masked: str
    channel: str
    """The one the link came by."""
    choices: list[Choice]
    is_gone: bool
    """The address is suppressed for another reason than her own word: letters came back, or somebody complained."""
    notices: dict[str, Notice] = {}
    """The texts that she says yes to, by name: each is shown before it is kept as what she saw."""


def preferences(app: App, token: str) -> Preferences:
    """What stands now. Raises LinkRefused."""
    key, customer, channel, address = _reader(app, token)
    said = _said(app, key, customer, channel, address)
    return _standing(app, said, channel, address, purposes(app))


def prefer(app: App, token: str, wanted: frozenset[str], at: datetime) -> Preferences:
    """Keep exactly the choices of these names; each change is an event of ours. In a transaction. Raises LinkRefused.

    A yes takes the address off the suppression list where only her own word had put it there; a no to everything on the
    link's channel puts it on at once.
    """
    key, customer, channel, address = _reader(app, token)
    said, declared = _said(app, key, customer, channel, address), purposes(app)
    before = _standing(app, said, channel, address, declared)
    after = [msgspec.structs.replace(one, allowed=one.name in wanted) for one in before.choices]
    # Compared with what was shown and with what was said: a stopped address shows a no to everything, and what is left
    # without a tick must not come to life again when another yes takes the address off the list.
    changed = [
        now
        for was, now in zip(before.choices, after, strict=True)
        if now.allowed != was.allowed or now.allowed != said.get((now.channel, now.purpose), False)
    ]
    collect.announce(app, [_told(one, key, customer, channel, address, at, declared) for one in changed])
    if any(one.allowed for one in changed):
        app.db.execute(SQL.release, {"channel": channel, "address": address, "reason": BY_LINK})
    if not any(one.allowed for one in after if one.channel == channel):
        suppress(app, [Stop(channel, address, BY_LINK, at, key)])
    return msgspec.structs.replace(before, choices=after)


def _reader(app: App, token: str) -> tuple[str, int, str, str]:
    key = str(signer(app).read(PREFERENCES, token))
    row = app.db.execute(SQL.sent_to, {"key": key}).fetchone()
    if row is None:
        raise LinkRefused("This message is not known here", "Write to us instead; we change it by hand")
    _, customer, channel, address, _ = row
    return key, customer, channel, address


def _said(app: App, key: str, customer: int, channel: str, address: str) -> dict[tuple[str, str], bool]:
    """Her latest word by channel and purpose, also what the worker has not carried yet."""
    given = {"customer": customer, "channel": channel, "address": address, "now": app.clock.now()}
    said = {(on, purpose): (at, allowed) for on, purpose, allowed, at in app.db.execute(SQL.choices_of, given)}
    mine = {"from": _id(key), "to": _id(key) + "~", "given": GIVEN}
    for on, purpose, allowed, at in app.db.execute(SQL.chosen_by_link, mine):
        if (on, purpose) not in said or said[on, purpose][0] <= at:
            said[on, purpose] = at, allowed
    return {about: allowed for about, (_, allowed) in said.items()}


def _standing(
    app: App, said: dict[tuple[str, str], bool], channel: str, address: str, declared: Purposes
) -> Preferences:
    row = app.db.execute(SQL.is_suppressed, {"channel": channel, "address": address}).fetchone()
    stopped = row is not None
    choices = [
        Choice(
            channel=on,
            purpose=name,
            title=purpose.title,
            meaning=purpose.meaning,
            allowed=allowed,
            notice=purpose.notice,
        )
        for name, purpose in declared.asked().items()
        for on in purpose.channels
        for allowed in [said.get((on, name), False) and not (stopped and on == channel)]
        if on == channel or allowed
    ]
    choices.sort(key=lambda one: one.channel != channel)
    return Preferences(
        masked=mask(address),
        channel=channel,
        choices=choices,
        is_gone=row is not None and row[0] != BY_LINK,
        notices={one.notice: declared.notices[one.notice] for one in choices if one.notice},
    )


def _told(
    one: Choice, key: str, customer: int, channel: str, address: str, at: datetime, declared: Purposes
) -> collect.Announcement:
    properties = {
        "channel": one.channel,
        "purpose": one.purpose,
        "collection_point": COLLECTION_POINT,
        "legal_basis": "consent",
    }
    if one.channel == channel:
        properties["address"] = address
    if notice := declared.purposes[one.purpose].notice:
        properties["notice"] = notice
    return collect.Announcement(
        message_id=f"{_id(key)}{microseconds(at)}:{_short(one.name)}",
        name=GIVEN if one.allowed else WITHDRAWN,
        customer=customer,
        occurred_at=at,
        properties=properties,
    )


def _id(key: str) -> str:
    """How the ids of all choices begin that were made through this message's link."""
    return f"preference:{_short(key)}:"


def _short(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=HASH_BYTES).hexdigest()
