"""When two clusters cannot be one person. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from rapidfuzz.distance import JaroWinkler

from regulars.resolve.nicknames import are_nicknames
from regulars.resolve.policy import FIRST_LEVEL_WITH_NAMES, FIRST_NAME_MIN_SIMILARITY, LEVELS_WHERE_CARDS_CLASH


class Cluster:
    """What a set of signatures says together. Grows by `absorb` while the levels run."""

    __slots__ = (
        "aparts",
        "cards",
        "contacts",
        "dobs",
        "known",
        "logins",
        "names",
        "signatures",
        "sizes",
        "splits",
    )

    def __init__(self) -> None:
        self.signatures: list[int] = []
        self.logins: set[tuple[int, int]] = set()
        self.cards: set[int] = set()
        # Values by kind of limit: e-mails, phones, devices, cookies.
        self.contacts: dict[str, set[int]] = {}
        self.dobs: set[int] = set()
        self.names: set[str] = set()
        # (number of a steward's split, side)
        self.splits: set[tuple[int, int]] = set()
        # The same of what erased births and names told.
        self.aparts: set[tuple[int, int]] = set()
        self.known = False

    def absorb(self, other: Cluster) -> None:
        """Take all that `other` says."""
        self.signatures += other.signatures
        for kind, values in other.contacts.items():
            self.contacts[kind] = self.contacts[kind] | values if kind in self.contacts else set(values)
        # Most say little, and adding nothing costs as much as adding something.
        if other.logins:
            self.logins |= other.logins
        if other.cards:
            self.cards |= other.cards
        if other.dobs:
            self.dobs |= other.dobs
        if other.names:
            self.names |= other.names
        if other.splits:
            self.splits |= other.splits
        if other.aparts:
            self.aparts |= other.aparts
        self.known = self.known or other.known


def clash(one: Cluster, other: Cluster, level: int) -> str | None:
    """Why these two cannot be one person on this level, or None."""
    if one.logins and other.logins and logins_clash(one.logins | other.logins):
        return "two logins"
    return _beside_logins(one, other, level)


def doubled_in(one: Cluster, other: Cluster, level: int) -> int | None:
    """The least name space in which both have logins, where nothing else says that they are two people."""
    if _beside_logins(one, other, level) is not None:
        return None
    values = dict(one.logins)
    return min((space for space, value in other.logins if values.get(space, value) != value), default=None)


def _beside_logins(one: Cluster, other: Cluster, level: int) -> str | None:
    if one.splits and _on_two_sides(one.splits, other.splits):
        return "split by a steward"
    if level in LEVELS_WHERE_CARDS_CLASH and one.cards and other.cards and not one.cards & other.cards:
        return "two cards"
    if level >= FIRST_LEVEL_WITH_NAMES:
        if any(births_clash(a, b) for a in one.dobs for b in other.dobs):
            return "different dates of birth"
        if any(names_clash(a, b) for a in one.names for b in other.names):
            return "different first names"
        if one.aparts and _on_two_sides(one.aparts, other.aparts):
            return "told apart before an erasure"
    return None


def _on_two_sides(one: set[tuple[int, int]], other: set[tuple[int, int]]) -> bool:
    return any((number, 1 - side) in other for number, side in one)


def logins_clash(logins: Iterable[tuple[int, int]]) -> bool:
    """Two different logins of one name space."""
    by_space: dict[int, int] = {}
    return any(by_space.setdefault(space, value) != value for space, value in logins)


def births_clash(one: int, other: int) -> bool:
    """Two of year, month and day differ; day and month swapped is a slip of the pen."""
    if one == other:
        return False
    year, month, day = one // 10_000, one // 100 % 100, one % 100
    other_year, other_month, other_day = other // 10_000, other // 100 % 100, other % 100
    if year == other_year and month == other_day and day == other_month:
        return False
    return (year != other_year) + (month != other_month) + (day != other_day) >= 2


def names_clash(one: str, other: str) -> bool:
    """Two first names of two people: no initial, no nickname pair and not alike."""
    if one == other or len(one) == 1 or len(other) == 1 or are_nicknames(one, other):
        return False
    return JaroWinkler.similarity(one, other) < FIRST_NAME_MIN_SIMILARITY
