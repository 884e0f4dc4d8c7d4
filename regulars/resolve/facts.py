"""The nouns of the partition: signatures with their links, decisions, and what the rule answers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from regulars.resolve.policy import LOGIN


class Link(NamedTuple):
    """A value as evidence. `space`: of a login its name space; of an e-mail or phone the source that keeps it current
    for the login beside it; else 0."""

    value: int
    cls: int
    space: int = 0


class Signature(msgspec.Struct, frozen=True):
    """Equal evidence: all records that carry these links and attributes. Days count from 1970-01-01 UTC."""

    id: int
    links: tuple[Link, ...]
    first_seq: int
    first_day: int
    last_day: int
    dob: int | None = None
    """Year * 10000 + month * 100 + day."""
    first_name: str | None = None
    surname: str | None = None
    address: str | None = None
    dob_verified: bool = False
    """Somebody looked at a document; so too for the first name."""
    name_verified: bool = False
    ghost: bool = False
    """What an erased person's links leave behind: clashes and counts, but is nobody's."""


class Held(NamedTuple):
    """A link after judgment: the level it counts at, the epoch of its value, and its state (policy.EDGE …)."""

    value: int
    cls: int
    level: int
    space: int
    epoch: int
    state: int


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """What a steward states about a subject; of one subject the highest version counts, an empty kind withdraws it.

    verify: `signatures` own `value` (a pending card). withdraw: they do not. block: nobody owns `value`.
    close: what held `value` up to `day` is another one's than what holds it later. merge: `signatures` are one person.
    split: `leaving` is another person than `signatures`, which keep the id. distinct: so too, and both keep what they
    share. apart: a birth or first name that is erased told them apart. model: scores of model `value` count.
    """

    subject: str
    version: int
    kind: str
    signatures: tuple[int, ...] = ()
    leaving: tuple[int, ...] = ()
    value: int | None = None
    day: int | None = None
    minters: tuple[int, ...] = ()
    minted: tuple[int, ...] = ()
    """Of a split whose leaving side founded the customer: these signatures mint these ids, not their own. The last id
    is new, and later than that of every split before."""


class Cut(NamedTuple):
    """Where the rule refused to join: at `value` on `level`, between the clusters of two signatures."""

    level: int
    value: int
    reason: str
    one: int
    other: int


class Doubt(NamedTuple):
    """Two clusters that a score finds alike and the rule does not join: who decides is a steward."""

    one: int
    other: int
    """The two signatures of theirs that score highest."""
    bits: float
    """Mean over all that could be compared."""
    space: int = 0
    """Name space of which both have a login: the same person twice in one system? 0: they have not."""


class Group(msgspec.Struct, frozen=True):
    """One customer: its signatures, whose first one (by founder order) mints the id."""

    id: int
    known: bool
    founder: int
    signatures: tuple[int, ...]


class Settled(msgspec.Struct, frozen=True, kw_only=True):
    """One component of the reach graph, partitioned."""

    reach: int
    groups: list[Group]
    unidentified: list[int]
    """Signatures nothing links."""
    cuts: list[Cut]
    doubts: list[Doubt]
    shared_carriers: frozenset[tuple[int, int]]
    """(value, epoch) of carriers whose anonymous events follow sessions."""
    dropped: frozenset[int] = frozenset()
    """Levels left out because the component would have been too large."""
    delicate: bool
    """The levels had to decide something: days of its records may matter."""
    ghosts: list[tuple[int, bool]]
    """What erased people left in it, nobody's: signature, and whether she was known."""


def kept_current(signature: Signature) -> list[int]:
    """Values of it that a source keeps current for the login beside them."""
    return [link.value for link in signature.links if link.space and link.cls != LOGIN]


def in_force(decisions: Iterable[Decision]) -> list[Decision]:
    """Of every subject the highest version, whatever order they came in; withdrawn ones fall away."""
    best: dict[str, Decision] = {}
    for decision in decisions:
        other = best.get(decision.subject)
        if other is None or _rank(decision) > _rank(other):
            best[decision.subject] = decision
    return [best[subject] for subject in sorted(best) if best[subject].kind]


def _rank(decision: Decision) -> tuple[int, bytes]:
    return decision.version, msgspec.json.encode(decision)
