"""A yes of one record against a no of another, where nothing sure says that both are one person's: then it is no."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from regulars import resolve
from regulars.app import App
from regulars.store import queries
from regulars.store.rows import array, quoted

SQL = queries(__package__ or "")
Place = tuple[int, str, str, str]
"""(customer, channel, purpose, address)."""


class Word(NamedTuple):
    """What one record said about one place."""

    seq: int
    allowed: bool
    decided_at: datetime
    signature: int
    is_asked_again: bool
    """It counts for whoever has the address: our own question by letter, or a record that proves to read there."""


class Dispute(NamedTuple):
    """A no that stands, and the later yes that does not count."""

    no: int
    yes: int


def stop(app: App, given: Mapping[str, Any]) -> None:
    """Turn into no what is disputed among these keys, which were just projected."""
    words: dict[Place, list[Word]] = defaultdict(list)
    for customer, channel, purpose, address, *said in app.db.execute(SQL.mixed_words, given):
        words[customer, channel, purpose, address].append(Word(*said))
    # Which records are one is asked only where they do not all say the same.
    unsure = {place: some for place, some in words.items() if dispute(some, {})}
    if not unsure:
        return
    group_of = resolve.surely_one(app, {word.signature for some in unsure.values() for word in some})
    found = {place: told for place, some in unsure.items() if (told := dispute(some, group_of))}
    if not found:
        return
    customers, channels, purposes, addresses = zip(*found, strict=True)
    told = {"customers": array(customers), "channels": quoted(channels), "purposes": quoted(purposes)}
    told |= {"addresses": quoted(addresses), "seqs": array(one.no for one in found.values())}
    app.db.execute(SQL.stop_disputed, told | {"against": array(one.yes for one in found.values())})


def dispute(words: Sequence[Word], group_of: Mapping[int, int]) -> Dispute | None:
    """Does a record that may be somebody else's say no against her latest yes? Pure.

    `group_of`: by signature the group that is surely one person; who is in none stands alone.
    """
    asked_at = max((word.decided_at for word in words if word.is_asked_again), default=None)
    latest: dict[int, Word] = {}
    for word in sorted(words, key=lambda word: (word.decided_at, not word.allowed, word.seq)):
        # What was said before she was asked again is settled by her answer.
        if asked_at is None or word.decided_at >= asked_at:
            latest[group_of.get(word.signature, word.signature)] = word
    said_no = [word for word in latest.values() if not word.allowed]
    said_yes = [word for word in latest.values() if word.allowed]
    if not said_no or not said_yes:
        return None
    return Dispute(max(said_no, key=_age).seq, max(said_yes, key=_age).seq)


def _age(word: Word) -> tuple[datetime, int]:
    return word.decided_at, word.seq
