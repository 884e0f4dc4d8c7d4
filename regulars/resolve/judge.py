"""Steps 2 to 5 of the rule: which links are valid, in which epoch of their value, generic, barred or an edge. Pure.

A verdict on a value looks at its direct holders only, never at clusters: "shared by more than n customers" would be
circular and has several answers.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec

from regulars.resolve.facts import Decision, Held, Link, Signature
from regulars.resolve.implied import Telling, closes_of
from regulars.resolve.policy import (
    BARRED,
    BARRIER_LEVELS,
    CARD,
    CARD_PENDING,
    DIRECT_LIMITS,
    EDGE,
    EMAIL,
    EMAIL_VERIFIED,
    GENERIC,
    LOGIN,
    PHONE,
    PHONE_VERIFIED,
    VOID,
    DirectLimit,
)

CONTACTS = frozenset((EMAIL_VERIFIED, PHONE_VERIFIED, EMAIL, PHONE))
# The verified class that makes the unverified one of the same value superfluous.
VERIFIED_OF = {EMAIL: EMAIL_VERIFIED, PHONE: PHONE_VERIFIED, CARD_PENDING: CARD}


# Distinct tuples of links remembered with what they say: about 1.5 kB each.
CACHED_LINKS = 32_768
NOTHING: frozenset[Any] = frozenset()


class Rulings(msgspec.Struct, frozen=True):
    """The decisions in force, as steps 2 to 6 ask for them."""

    verified: frozenset[tuple[int, int]]
    withdrawn: frozenset[tuple[int, int]]
    blocked: frozenset[int]
    closes: dict[int, tuple[int, ...]]
    merges: tuple[frozenset[int], ...]
    splits: tuple[tuple[frozenset[int], frozenset[int]], ...]
    aparts: tuple[tuple[frozenset[int], frozenset[int]], ...]
    mints: dict[int, int]
    """Id by the signature that mints it instead of the position of its first record."""


class Valid(NamedTuple):
    """A link with the level it counts at; 0: void."""

    link: Link
    level: int


class ValueState(NamedTuple):
    """Verdict on one value: bits per level."""

    generic: int
    shared: int
    epochs: int


def ruled_by(decisions: Sequence[Decision], signatures: Mapping[int, Signature]) -> Rulings:
    """Decisions in force, read; nearly always there is none."""
    return rulings(decisions, signatures) if decisions else NO_RULINGS


def rulings(decisions: Iterable[Decision], signatures: Mapping[int, Signature]) -> Rulings:
    """What decisions in force mean for these signatures; a split also withdraws, leaving side only, what both share."""
    by_kind: dict[str, list[Decision]] = defaultdict(list)
    for decision in decisions:
        by_kind[decision.kind].append(decision)
    withdrawn = {(s, d.value) for d in by_kind["withdraw"] if d.value is not None for s in d.signatures}
    for split in by_kind["split"]:
        withdrawn |= _shared_on_leaving_side(split, signatures)
    closes: dict[int, set[int]] = defaultdict(set)
    for close in by_kind["close"]:
        if close.value is not None and close.day is not None:
            closes[close.value].add(close.day)
    return Rulings(
        verified=frozenset((s, d.value) for d in by_kind["verify"] if d.value is not None for s in d.signatures),
        withdrawn=frozenset(withdrawn),
        blocked=frozenset(d.value for d in by_kind["block"] if d.value is not None),
        closes={value: tuple(sorted(days)) for value, days in closes.items()},
        merges=tuple(frozenset(d.signatures) for d in by_kind["merge"]),
        splits=tuple((frozenset(d.signatures), frozenset(d.leaving)) for d in by_kind["split"] + by_kind["distinct"]),
        aparts=tuple((frozenset(d.signatures), frozenset(d.leaving)) for d in by_kind["apart"]),
        # Where two splits pin one id, the later one does.
        mints={
            signature: id
            for d in sorted(by_kind["split"], key=lambda d: d.minted[-1:])
            for signature, id in zip(d.minters, d.minted, strict=True)
        },
    )


NO_RULINGS = rulings((), {})


def _shared_on_leaving_side(split: Decision, signatures: Mapping[int, Signature]) -> set[tuple[int, int]]:
    staying = {link.value for s in split.signatures if s in signatures for link in signatures[s].links}
    return {
        (s, link.value)
        for s in split.leaving
        if s in signatures
        for link in signatures[s].links
        if link.value in staying
    }


def valid_links(signature: Signature, ruled: Rulings = NO_RULINGS) -> list[Valid]:
    """Every link of a signature with the level it counts at; void ones at level 0."""
    seen = {(link.value, link.cls) for link in signature.links}
    spaces = [link.space for link in signature.links if link.cls == LOGIN and link.value not in ruled.blocked]
    two_logins = {space for space in spaces if spaces.count(space) > 1}
    answer: list[Valid] = []
    for link in signature.links:
        level = link.cls
        stronger = VERIFIED_OF.get(link.cls)
        if stronger is not None and (
            (link.value, stronger) in seen
            or (link.cls == CARD_PENDING and (signature.id, link.value) not in ruled.verified)
        ):
            level = 0
        elif link.cls == CARD_PENDING:
            level = CARD
        if (
            link.value in ruled.blocked
            or (signature.id, link.value) in ruled.withdrawn
            or (link.cls == LOGIN and link.space in two_logins)
        ):
            level = 0
        answer.append(Valid(link, level))
    return answer


def is_within_window(signature: Signature, level: int, first_day: int, last_day: int) -> bool:
    """Do its days fall into the epoch of a value whose other holders were seen from `first_day` to `last_day`?"""
    window = DIRECT_LIMITS[level].window_days
    return window is None or (first_day - window <= signature.last_day and signature.first_day <= last_day + window)


class Holder(NamedTuple):
    """A signature as its values see it."""

    signature: Signature
    valid: Sequence[Valid]
    logins: frozenset[tuple[int, int]]
    """(name space, value)"""
    cards: frozenset[int]
    contacts: frozenset[int]


class Told(NamedTuple):
    """What a signature's links say, whoever else holds their values."""

    valid: Sequence[Valid]
    logins: frozenset[tuple[int, int]]
    cards: frozenset[int]
    contacts: frozenset[int]


def holder(signature: Signature, ruled: Rulings) -> Holder:
    """A signature with its valid logins, cards and contacts."""
    told = _plain(signature.links) if ruled is NO_RULINGS else _told(valid_links(signature, ruled))
    return Holder(signature, *told)


@lru_cache(maxsize=CACHED_LINKS)
def _plain(links: tuple[Link, ...]) -> Told:
    """Where nobody decided anything, links alone say what is valid; reaches are read again and again."""
    return _told(valid_links(Signature(0, links, 0, 0, 0), NO_RULINGS))


def _told(valid: Sequence[Valid]) -> Told:
    return Told(
        valid,
        frozenset([(v.link.space, v.link.value) for v in valid if v.level == LOGIN]) or NOTHING,
        frozenset([v.link.value for v in valid if v.level == CARD]) or NOTHING,
        frozenset([v.link.value for v in valid if v.level in CONTACTS]) or NOTHING,
    )


Holding = tuple[Holder, Valid]
Node = tuple[int, int]
"""(epoch, level) of a value."""


NO_NODES: frozenset[Node] = frozenset()


class Case(NamedTuple):
    """A value before judgment: its holdings, the epoch of each holder, and who meets in each node."""

    holdings: list[Holding]
    epochs: dict[int, int]
    nodes: dict[Node, list[Holder]]
    generic: AbstractSet[Node]


class Bench:
    """Judges values over a set of holders that must be complete for the values asked about.

    `standing`: verdicts by (signature, value, class); those on values not asked about stay, for whoever else they
    depend on need not be here.
    """

    def __init__(
        self,
        signatures: Iterable[Signature],
        values: Iterable[int],
        ruled: Rulings,
        standing: Mapping[tuple[int, int, int], Held] | None = None,
    ) -> None:
        self.ruled, self.standing = ruled, standing or {}
        self.closes: Mapping[int, Sequence[int]] = ruled.closes
        told: dict[int, Signature] = {}
        holdings: dict[int, list[Holding]] = {value: [] for value in values}
        self.asked = holdings.keys()
        for signature in signatures:
            one: Holder | None = None
            for place, link in enumerate(signature.links):
                if link[2] and link[1] != LOGIN:
                    told[signature.id] = signature
                some = holdings.get(link[0])
                if some is not None:
                    one = one or self._holder(signature)
                    some.append((one, one.valid[place]))
        self.cases = {value: self._case(value, some) for value, some in holdings.items()}
        self.generic_logins = self._generic_logins()
        if told:
            implied = closes_of(self._tellings(told.values()))
            self.closes = ruled.closes | {
                value: (*ruled.closes.get(value, ()), *days) for value, days in implied.items()
            }
            self.cases |= {value: self._case(value, holdings[value]) for value in implied if value in holdings}

    def _holder(self, signature: Signature) -> Holder:
        if self.ruled is NO_RULINGS or not self.standing:
            return holder(signature, self.ruled)
        return Holder(signature, *_told([self._as_it_stands(signature, v) for v in valid_links(signature, self.ruled)]))

    def _as_it_stands(self, signature: Signature, valid: Valid) -> Valid:
        """What a split took from this side is seen with the other side only, and that may be in another reach."""
        link = valid.link
        held = None if link.value in self.asked else self.standing.get((signature.id, link.value, link.cls))
        return valid if held is None else Valid(link, held.level)

    def _generic_logins(self) -> dict[int, set[int]]:
        """Logins by signature that turned out generic; they count nowhere from here on."""
        dropped: dict[int, set[int]] = defaultdict(set)
        for (signature, value, _), one in self.standing.items():
            if one.level == LOGIN and one.state == GENERIC and value not in self.asked:
                dropped[signature].add(value)
        for value, case in self.cases.items():
            if any(level == LOGIN for _, level in case.generic):
                for one, _ in case.holdings:
                    dropped[one.signature.id].add(value)
        return dropped

    def _tellings(self, signatures: Iterable[Signature]) -> Iterator[Telling]:
        """What sources that keep a field current say of it, login by login."""
        for signature in signatures:
            one = self._holder(signature)
            for link, level in one.valid:
                if link.space and level in CONTACTS:
                    for login in _logins(one, self.generic_logins):
                        is_mail = level in (EMAIL, EMAIL_VERIFIED)
                        yield Telling(
                            (link.space, is_mail, *login), link.value, signature.first_day, signature.last_day
                        )

    def _case(self, value: int, holdings: list[Holding]) -> Case:
        if len(holdings) == 1:
            one, (_, level) = holdings[0]
            node, group = (0, level), [one]
            generic = {node} if level and _is_generic(value, level, group) else NO_NODES
            return Case(holdings, {one.signature.id: 0}, {node: group} if level else {}, generic)
        epochs = self._epochs(value, [(one, valid) for one, valid in holdings if valid.level])
        nodes: dict[Node, list[Holder]] = {}
        for one, valid in holdings:
            if valid.level:
                nodes.setdefault((epochs[one.signature.id], valid.level), []).append(one)
        return Case(holdings, epochs, nodes, {node for node in nodes if _is_generic(value, node[1], nodes[node])})

    def _epochs(self, value: int, holdings: list[Holding]) -> dict[int, int]:
        """Epoch by signature: holders by first day, cut where a gap exceeds the window or a close lies."""
        window = DIRECT_LIMITS[holdings[0][1].level].window_days if holdings else None
        closes = self.closes.get(value, ())
        if len(holdings) < 2 or (window is None and not closes):
            return {one.signature.id: 0 for one, _ in holdings}
        ordered = sorted((one.signature.first_day, one.signature.last_day, one.signature.id) for one, _ in holdings)
        answer: dict[int, int] = {}
        epoch, previous_first, reached = 0, ordered[0][0], ordered[0][1]
        for first, last, signature in ordered:
            gap = window is not None and first - reached > window
            if gap or any(previous_first <= day < first for day in closes):
                epoch, reached = epoch + 1, last
            answer[signature] = epoch
            previous_first, reached = first, max(reached, last)
        return answer

    def judge(self, value: int) -> tuple[list[tuple[int, Held]], ValueState]:
        """The verdict on every link of a value, beside its signature."""
        case, generic_logins = self.cases[value], self.generic_logins
        if len(case.holdings) == 1:
            return self._judge_alone(value, case)
        barred = {
            node
            for node, group in case.nodes.items()
            if node[1] in BARRIER_LEVELS and node not in case.generic and _two_logins(group, generic_logins)
        }
        held: list[tuple[int, Held]] = []
        for one, (link, level) in case.holdings:
            node = (case.epochs[one.signature.id] if level else 0, level)
            if not level:
                state = VOID
            elif node in case.generic:
                state = GENERIC
            elif node in barred and _logins(one, generic_logins):
                state = BARRED
            else:
                state = EDGE
            held.append((one.signature.id, Held(value, link.cls, level, link.space, node[0], state)))
        # A close makes days matter even while nothing lies behind it yet.
        least = 2 if value in self.closes else 1
        count = max(least, 1 + max(case.epochs.values(), default=0))
        return held, ValueState(_bits(case.generic), _bits(barred), count)

    def _judge_alone(self, value: int, case: Case) -> tuple[list[tuple[int, Held]], ValueState]:
        """Who holds a value alone meets no other login there."""
        one, (link, level) = case.holdings[0]
        state = GENERIC if case.generic else EDGE if level else VOID
        held = Held(value, link.cls, level, link.space, 0, state)
        count = 2 if value in self.closes else 1
        return [(one.signature.id, held)], ValueState(_bits(case.generic), 0, count)


def _bits(nodes: Iterable[tuple[int, int]]) -> int:
    bits = 0
    for _, level in nodes:
        bits |= 1 << level
    return bits


def _logins(one: Holder, generic_logins: Mapping[int, set[int]]) -> frozenset[tuple[int, int]]:
    dropped = generic_logins.get(one.signature.id)
    return frozenset(login for login in one.logins if login[1] not in dropped) if dropped else one.logins


def _two_logins(group: Sequence[Holder], generic_logins: Mapping[int, set[int]]) -> bool:
    return len(group) > 1 and _most_logins([_logins(one, generic_logins) for one in group]) >= 2


def _most_logins(logins: Iterable[frozenset[tuple[int, int]]]) -> int:
    """Distinct logins in the fullest name space: one person has one in each."""
    spaces: dict[int, set[int]] = defaultdict(set)
    for some in logins:
        for space, value in some:
            spaces[space].add(value)
    return max((len(values) for values in spaces.values()), default=0)


def _is_generic(value: int, level: int, group: Sequence[Holder]) -> bool:
    limit: DirectLimit = DIRECT_LIMITS[level]
    # One holder has at most one login a name space; her own cards and contacts are counted all the same.
    logins = limit.logins
    if logins is not None and len(group) > logins and _most_logins([one.logins for one in group]) > logins:
        return True
    if len(group) == 1:
        one = group[0]
        return len(one.cards) > limit.cards or len(one.contacts - {value}) > limit.contacts
    if len(frozenset[int]().union(*(one.cards for one in group))) > limit.cards:
        return True
    contacts = frozenset[int]().union(*(one.contacts for one in group)) - {value}
    return len(contacts) > limit.contacts


def judge_all(bench: Bench) -> tuple[dict[tuple[int, int, int], Held], dict[int, ValueState]]:
    """Verdicts on all values of the bench: links by (signature, value, class), and the values."""
    links: dict[tuple[int, int, int], Held] = {}
    states: dict[int, ValueState] = {}
    for value in bench.cases:
        held, states[value] = bench.judge(value)
        for signature, one in held:
            links[signature, value, one.cls] = one
    return links, states
