"""Who of a segment a letter house, a mail tool or a call list gets, one line a person or one a household.

For e-mail, texts and calls only whoever said yes; for letters whoever did not say no. Never an address that must not be
used again. Of a household gets the letter who was active last, of those who are left; at the same day the earliest
customer. Who is left out is counted by its reason.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Literal

import msgspec

from regulars import analyze, resolve
from regulars.app import App
from regulars.kit.errors import InputRefused
from regulars.kit.sheet import safe_cell
from regulars.store import queries
from regulars.store.rows import array

SQL = queries(__package__ or "")
# People of one file: some 300 bytes each while it is chosen among them.
PEOPLE_MAX = 2_000_000
# Lines read at once.
ROWS_AT_ONCE = 5_000
PURPOSE = "marketing"
# The law asks for a yes before a message; before a letter, that nobody said no.
WITHOUT_A_YES = "post"

MailingChannel = Literal["post", "email", "sms", "phone"]
CONTACTS: dict[MailingChannel, tuple[str, ...]] = {
    "post": ("street", "postcode", "city", "state", "country"),
    "email": ("email",),
    "sms": ("phone",),
    "phone": ("phone",),
}


class Candidate(msgspec.Struct, frozen=True):
    """Somebody of the segment with all that decides about one channel."""

    customer: int
    has_contact: bool
    is_suppressed: bool
    consent: bool | None
    """None: never asked."""
    consent_until: datetime | None
    last_day: int
    """Of her latest event, since 1970-01-01 UTC."""


class MailingLine(msgspec.Struct, frozen=True):
    """One line of the file."""

    customer: int
    household: int | None
    """None: she lives with nobody we know."""
    people: int
    """How many of the segment this line is for."""


class Mailing(msgspec.Struct, frozen=True, kw_only=True):
    """Who gets it, and who does not."""

    channel: MailingChannel
    lines: list[MailingLine]
    """By customer."""
    left_out: dict[str, int]
    """People by why not."""


def mailing(app: App, segment: str, channel: MailingChannel, one_per_household: bool = False) -> Mailing:
    """The lines of a segment's file for a channel. Raises UnknownSegment, InputRefused."""
    analyze.members(app, segment, limit=1)
    given = {"segment": segment, "channel": channel, "purpose": PURPOSE, "limit": PEOPLE_MAX + 1}
    found = [Candidate(*row) for row in app.db.execute(SQL.mailing_candidates, given)]
    if len(found) > PEOPLE_MAX:
        raise InputRefused(f"{segment} has more than {PEOPLE_MAX:,} members", "Take a narrower segment")
    now = app.clock.now()
    reasons = {one.customer: why_not(one, channel, now) for one in found}
    fit = [one for one in found if reasons[one.customer] is None]
    homes = resolve.households(app, [one.customer for one in fit]) if one_per_household else {}
    left_out = Counter(reason for reason in reasons.values() if reason is not None)
    lines = chosen(fit, homes)
    if len(fit) > len(lines):
        left_out["Somebody else of the household gets it"] = len(fit) - len(lines)
    return Mailing(channel=channel, lines=lines, left_out=dict(left_out))


def why_not(one: Candidate, channel: MailingChannel, now: datetime) -> str | None:
    """Why somebody may not be on the file; None: they may. Pure."""
    if not one.has_contact:
        return "No usable address known"
    if one.is_suppressed:
        return "The address is on the suppression list"
    if one.consent is None:
        return None if channel == WITHOUT_A_YES else "Never agreed to it; silence is no"
    if not one.consent:
        return "Said no"
    has_ended = one.consent_until is not None and one.consent_until <= now
    return "The consent has ended by its date" if has_ended and channel != WITHOUT_A_YES else None


def chosen(fit: Iterable[Candidate], homes: dict[int, int]) -> list[MailingLine]:
    """A line a household, for whoever of it was active last; alone lives who is in no household. Pure."""
    by_home: dict[tuple[bool, int], list[Candidate]] = {}
    for one in fit:
        home = homes.get(one.customer)
        by_home.setdefault((home is None, one.customer if home is None else home), []).append(one)
    lines = [
        MailingLine(
            max(some, key=lambda one: (one.last_day, -one.customer)).customer, None if alone else home, len(some)
        )
        for (alone, home), some in by_home.items()
    ]
    return sorted(lines, key=lambda line: line.customer)


def as_rows(app: App, found: Mailing) -> Iterator[dict[str, str | int]]:
    """The lines with names and addresses, as they are written; some thousands are read at once."""
    for at in range(0, len(found.lines), ROWS_AT_ONCE):
        some = found.lines[at : at + ROWS_AT_ONCE]
        rows = app.db.execute(SQL.mailing_rows, {"customers": array(line.customer for line in some)}).fetchall()
        for line, row in zip(some, rows, strict=True):
            yield _row(line, row, CONTACTS[found.channel])


def _row(line: MailingLine, row: Sequence[str | None], contacts: tuple[str, ...]) -> dict[str, str | int]:
    names = ("first_name", "last_name", "email", "phone", "street", "postcode", "city", "state", "country")
    said = {name: value or "" for name, value in zip(names, row, strict=True)}
    return {
        "customer": line.customer,
        "first_name": said["first_name"],
        "last_name": said["last_name"],
        **{name: said[name] for name in contacts},
        "household": "" if line.household is None else line.household,
        "people": line.people,
    }


def as_csv(app: App, found: Mailing) -> Iterator[str]:
    """The file, piece by piece; nothing in it is a formula to a spreadsheet."""
    columns = ["customer", "first_name", "last_name", *CONTACTS[found.channel], "household", "people"]
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns)
    writer.writeheader()
    for row in as_rows(app, found):
        # A phone begins like a formula, and is one to nobody: it holds nothing but digits.
        texts = {name: safe_cell(value) for name, value in row.items() if isinstance(value, str) and name != "phone"}
        writer.writerow(row | texts)
        if text.tell() > io.DEFAULT_BUFFER_SIZE:
            yield text.getvalue()
            text.seek(0)
            text.truncate()
    yield text.getvalue()
