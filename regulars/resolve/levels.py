"""Steps 6 to 10 of the rule: from judged links to customers, strongest evidence first. Pure; one reach at a time.

A weaker level sees the clusters that stronger ones made and nothing feeds back, so there is one answer. Where two
clusters that cannot be one person meet in a part, both walk outwards breadth-first at one pace; what one reaches first
joins it, and what both reach in the same step joins neither. No coins: no hash and no arrival order decides.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

from regulars.resolve.clash import Cluster, births_clash, clash, logins_clash, names_clash
from regulars.resolve.facts import Cut, Doubt, Group, Held, Settled, Signature
from regulars.resolve.judge import Rulings
from regulars.resolve.likeness import NOTHING_ALIKE, Alike, Bands, Likeness
from regulars.resolve.meet import Edge, components, meet
from regulars.resolve.policy import (
    BARRED,
    CARD,
    CARRIERS,
    COOKIE,
    DEVICE,
    EDGE,
    EMAIL,
    EMAIL_VERIFIED,
    FIRST_LEVEL_WITH_LIMITS,
    FIRST_LEVEL_WITH_NAMES,
    GENERIC,
    LEVELS,
    LOGIN,
    MAX_CARDS,
    MAX_COOKIES,
    MAX_DEVICES,
    MAX_EMAILS,
    MAX_PHONES,
    PAIR,
    PHONE,
    PHONE_VERIFIED,
    VOID,
)

KINDS = {
    EMAIL: "email",
    EMAIL_VERIFIED: "email",
    PHONE: "phone",
    PHONE_VERIFIED: "phone",
    DEVICE: "device",
    COOKIE: "cookie",
}
MAX_BY_KIND = {"email": MAX_EMAILS, "phone": MAX_PHONES, "device": MAX_DEVICES, "cookie": MAX_COOKIES}


def describe(signature: Signature, held: Iterable[Held]) -> Cluster:
    """A cluster of one signature: what counts of it. Generic values count nowhere, barred ones still are hers."""
    cluster = Cluster()
    _tell(cluster, signature, held)
    return cluster


def _tell(cluster: Cluster, signature: Signature, held: Iterable[Held]) -> None:
    cluster.signatures.append(signature.id)
    for value, _, level, space, _, state in held:
        if state in (GENERIC, VOID):
            continue
        if level == LOGIN:
            cluster.logins.add((space, value))
        elif level == CARD:
            cluster.cards.add(value)
        elif level in KINDS:
            cluster.contacts.setdefault(KINDS[level], set()).add(value)
        if level not in CARRIERS:
            cluster.known = True
    if signature.dob is not None:
        cluster.dobs.add(signature.dob)
    if signature.first_name:
        cluster.names.add(signature.first_name)


def settle(
    signatures: Sequence[Signature],
    held: Mapping[int, Sequence[Held]],
    ruled: Rulings,
    dropped_levels: frozenset[int],
    alike: Likeness = NOTHING_ALIKE,
) -> Settled:
    """Partition one component of the reach graph. `held`: judged links by signature."""
    if len(signatures) == 1:
        return _alone(signatures[0], held[signatures[0].id], ruled.mints)
    by_id = {s.id: s for s in signatures}
    reach = min(by_id)
    if PAIR in dropped_levels:
        alike = NOTHING_ALIKE
    bits = alike.among(by_id) if alike.bits else {}
    # Scores of records that identifiers join anyway add nothing: only where they bridge a gap do the levels decide.
    bridges = bool(bits) and not _hangs_together(by_id, held)
    if not dropped_levels and not bridges and not _ruled(by_id, ruled) and _is_one(signatures, held):
        return _calm(reach, *_people([signatures], held, ruled.mints), [])
    return _Levels(by_id, held, ruled, dropped_levels, bits, alike.bands).run(reach)


def cores(
    signatures: Iterable[Signature],
    held: Mapping[int, Sequence[Held]],
    ruled: Rulings,
    below: int = FIRST_LEVEL_WITH_NAMES,
) -> list[Cluster]:
    """The clusters as they enter a level: if none is named that on which names speak, one birth and first name each.

    `signatures`: of whole reaches.
    """
    levels = _Levels({s.id: s for s in signatures}, held, ruled, frozenset(), {}, NOTHING_ALIKE.bands)
    levels.climb(below)
    return [cluster for cluster in levels.clusters() if cluster.signatures]


def _calm(reach: int, groups: list[Group], ghosts: list[tuple[int, bool]], unidentified: list[int]) -> Settled:
    return Settled(
        reach=reach, groups=groups, unidentified=unidentified, cuts=[], doubts=[], shared_carriers=frozenset(),
        delicate=False, ghosts=ghosts,
    )  # fmt: skip


def _alone(signature: Signature, held: Sequence[Held], mints: Mapping[int, int]) -> Settled:
    """A component of one: a customer if any identifier counts, known if one of them names a person."""
    if signature.ghost:
        return _calm(signature.id, [], [(signature.id, _is_known(held))], [])
    if _names_nobody(held):
        return _calm(signature.id, [], [], [signature.id])
    return _calm(signature.id, [_group([signature], {signature.id: held}, mints)], [], [])


def _names_nobody(held: Iterable[Held]) -> bool:
    return all(one.state not in (EDGE, BARRED) for one in held)


def _is_one(signatures: Iterable[Signature], held: Mapping[int, Sequence[Held]]) -> bool:
    """Could no level object to all of them as one? The shortcut that settles 99 of 100 components."""
    whole = Cluster()
    for signature in signatures:
        _tell(whole, signature, held[signature.id])
    if len(whole.cards) > 1 or logins_clash(whole.logins) or exceeds(whole):
        return False
    if len(whole.dobs) > 1 and any(births_clash(a, b) for a in whole.dobs for b in whole.dobs):
        return False
    return len(whole.names) < 2 or not any(names_clash(a, b) for a in whole.names for b in whole.names)


def _hangs_together(by_id: Mapping[int, Signature], held: Mapping[int, Sequence[Held]]) -> bool:
    """Do identifiers alone join all of them?"""
    near: dict[int, list[int]] = {s: [] for s in by_id}
    heads: dict[tuple[int, int], int] = {}
    for s in by_id:
        for one in held[s]:
            if one.state == EDGE and (head := heads.setdefault((one.value, one.epoch), s)) != s:
                near[head].append(s)
                near[s].append(head)
    return len(components(near)) == 1


def _ruled(by_id: Mapping[int, Signature], ruled: Rulings) -> bool:
    groups = [*ruled.merges, *(side for split in (*ruled.splits, *ruled.aparts) for side in split)]
    return any(not group.isdisjoint(by_id) for group in groups)


def exceeds(cluster: Cluster) -> bool:
    """One person does not have so many."""
    return (
        len(cluster.cards) > MAX_CARDS
        or any(len(values) > MAX_BY_KIND[kind] for kind, values in cluster.contacts.items())
        or logins_clash(cluster.logins)
    )


def _people(
    clusters: Iterable[Iterable[Signature]], held: Mapping[int, Sequence[Held]], mints: Mapping[int, int]
) -> tuple[list[Group], list[tuple[int, bool]]]:
    """Customers; and the ghosts among them, who are nobody's, each with whether she was known."""
    groups: list[Group] = []
    ghosts: list[tuple[int, bool]] = []
    for cluster in clusters:
        living: list[Signature] = []
        erased: list[Signature] = []
        for one in cluster:
            (erased if one.ghost else living).append(one)
        if erased:
            is_known = any(_is_known(held[one.id]) for one in (*living, *erased))
            ghosts += [(one.id, is_known) for one in erased]
        if living:
            groups.append(_group(living, held, mints))
    return groups, ghosts


def _group(members: Iterable[Signature], held: Mapping[int, Sequence[Held]], mints: Mapping[int, int]) -> Group:
    """A customer and its founder: least of (person-level link first, journal position or what a steward pinned)."""
    ordered = sorted([(mints.get(s.id, s.first_seq), s.id) for s in members])
    founder = next((one for one in ordered if _is_known(held[one[1]])), None)
    id, signature = founder or ordered[0]
    return Group(id, founder is not None, signature, tuple(sorted([s for _, s in ordered])))


def _is_known(held: Iterable[Held]) -> bool:
    return any(one.level not in CARRIERS and one.state in (EDGE, BARRED) for one in held)


class _Levels:
    """The run of all levels over one component. Vertices are signatures (int) and values in an epoch (pair)."""

    def __init__(
        self,
        by_id: Mapping[int, Signature],
        held: Mapping[int, Sequence[Held]],
        ruled: Rulings,
        dropped_levels: frozenset[int],
        bits: Mapping[tuple[int, int], float],
        bands: Bands,
    ) -> None:
        self.by_id, self.held, self.ruled = by_id, held, ruled
        self.dropped, self.bits, self.bands = dropped_levels, bits, bands
        self.of: dict[object, Cluster] = {s: describe(one, held[s]) for s, one in by_id.items()}
        self.vertices: dict[int, list[object]] = {id(cluster): [vertex] for vertex, cluster in self.of.items()}
        self.cuts: list[Cut] = []
        self.doubts: list[Doubt] = []
        self.shared: set[tuple[int, int]] = set()
        self.edges: dict[int, list[tuple[int, tuple[int, int]]]] = defaultdict(list)
        for s in by_id:
            for one in held[s]:
                if one.state == EDGE:
                    self.edges[one.level].append((s, (one.value, one.epoch)))

    def climb(self, below: int) -> None:
        """Use the evidence of all levels stronger than this one; cores stand once names are to speak."""
        self._decisions()
        for level in LEVELS:
            if level == FIRST_LEVEL_WITH_NAMES:
                self._cores()
            if level >= below:
                return
            if level == PAIR and self.bits:
                self._unite_alike()
            elif level not in self.dropped and level in self.edges:
                self._level(level, self.edges[level])

    def run(self, reach: int) -> Settled:
        self.climb(below=LEVELS[-1] + 1)
        members: list[list[Signature]] = []
        unidentified: list[int] = []
        for cluster in self.clusters():
            only = cluster.signatures[0] if len(cluster.signatures) == 1 else None
            if only is not None and not self.by_id[only].ghost and _names_nobody(self.held[only]):
                unidentified.append(only)
            elif cluster.signatures:
                members.append([self.by_id[s] for s in cluster.signatures])
        groups, ghosts = _people(members, self.held, self.ruled.mints)
        return Settled(
            reach=reach,
            groups=sorted(groups, key=lambda group: group.id),
            unidentified=sorted(unidentified),
            cuts=sorted(self.cuts),
            # A carrier may have settled it since.
            doubts=sorted(doubt for doubt in self.doubts if self.of[doubt.one] is not self.of[doubt.other]),
            shared_carriers=frozenset(self.shared),
            dropped=self.dropped,
            delicate=True,
            ghosts=ghosts,
        )

    def clusters(self) -> list[Cluster]:
        return list({id(cluster): cluster for cluster in self.of.values()}.values())

    def _decisions(self) -> None:
        """Level 0: merged by a steward; logins so united are one login from here on."""
        for merge in self.ruled.merges:
            self._unite([self.of[s] for s in sorted(merge) if s in self.of])
        for number, sides in enumerate(self.ruled.splits):
            for side, group in enumerate(sides):
                for s in group:
                    if s in self.of:
                        self.of[s].splits.add((number, side))
        for number, sides in enumerate(self.ruled.aparts):
            for side, group in enumerate(sides):
                for s in group:
                    if s in self.of:
                        self.of[s].aparts.add((number, side))
        alias: dict[tuple[int, int], tuple[int, int]] = {}
        for cluster in self.clusters():
            if logins_clash(cluster.logins):
                _alias(cluster.logins, alias)
        if alias:
            for cluster in self.clusters():
                cluster.logins = {_root(login, alias) for login in cluster.logins}

    def _cores(self) -> None:
        """Each cluster goes on with one birth and one first name: verified, else most
        signatures, else latest, else smallest."""
        for cluster in self.clusters():
            facts = [self.by_id[s] for s in cluster.signatures]
            if len(cluster.dobs) > 1:
                cluster.dobs = {_most([(s.dob, s.dob_verified, s.last_day) for s in facts if s.dob is not None])}
            if len(cluster.names) > 1:
                cluster.names = {_most([(s.first_name, s.name_verified, s.last_day) for s in facts if s.first_name])}

    def _level(self, level: int, edges: list[tuple[int, tuple[int, int]]]) -> None:
        for _, node in edges:
            if node not in self.of:
                cluster = Cluster()
                self.of[node] = cluster
                self.vertices[id(cluster)] = [node]
        if level in CARRIERS:
            edges = self._without_shared_carriers(edges, level)
        self._join(edges, level)

    def _unite_alike(self) -> None:
        alike = Alike(self.by_id, self.of, self.bits, self.bands)
        for group in alike.groups(lambda some: exceeds(_union(some))):
            self._unite(group)
        self.cuts += alike.cuts()
        self.doubts += alike.doubts()

    def _without_shared_carriers(
        self, edges: list[tuple[int, tuple[int, int]]], level: int
    ) -> list[tuple[int, tuple[int, int]]]:
        known: dict[tuple[int, int], dict[int, Cluster]] = defaultdict(dict)
        for s, node in edges:
            cluster = self.of[s]
            if cluster.known:
                known[node][id(cluster)] = cluster
        for node, clusters in known.items():
            some = list(clusters.values())
            if any(clash(a, b, level) for i, a in enumerate(some) for b in some[:i]):
                self.shared.add(node)
        return [(s, node) for s, node in edges if node not in self.shared]

    def _join(self, edges: list[tuple[int, tuple[int, int]]], level: int) -> None:
        """Step 7 on one level: find the parts, unite the peaceful ones, let the others meet half-way."""
        meeting = [Edge(self.of[s], self.of[node], s, node[0]) for s, node in edges if self.of[s] is not self.of[node]]
        for group, cuts in meet(meeting, level):
            self.cuts += cuts
            if len(group) > 1:
                if level >= FIRST_LEVEL_WITH_LIMITS and exceeds(_union(group)):
                    self.cuts.append(Cut(level, 0, "limit", *self._two_signatures(group)))
                else:
                    self._unite(group)

    def _two_signatures(self, group: Sequence[Cluster]) -> tuple[int, int]:
        some = sorted(min(cluster.signatures) for cluster in group if cluster.signatures)
        return some[0], some[-1]

    def _unite(self, clusters: Sequence[Cluster]) -> None:
        distinct = list({id(cluster): cluster for cluster in clusters}.values())
        if len(distinct) < 2:
            return
        first = max(distinct, key=lambda cluster: len(self.vertices[id(cluster)]))
        for other in distinct:
            if other is first:
                continue
            first.absorb(other)
            for vertex in self.vertices.pop(id(other)):
                self.of[vertex] = first
                self.vertices[id(first)].append(vertex)


def _union(clusters: Iterable[Cluster]) -> Cluster:
    whole = Cluster()
    for cluster in clusters:
        whole.absorb(cluster)
    return whole


Vote = TypeVar("Vote", int, str)


def _most(votes: Sequence[tuple[Vote, bool, int]]) -> Vote:
    if any(verified for _, verified, _ in votes):
        votes = [vote for vote in votes if vote[1]]
    counts = Counter(value for value, _, _ in votes)
    latest: dict[Vote, int] = {}
    for value, _, day in votes:
        latest[value] = max(day, latest.get(value, day))
    best = max((counts[value], latest[value]) for value in counts)
    return min(value for value in counts if (counts[value], latest[value]) == best)


def _alias(logins: Iterable[tuple[int, int]], alias: dict[tuple[int, int], tuple[int, int]]) -> None:
    """Logins of one name space in one cluster become one: the least stands for all."""
    first: dict[int, tuple[int, int]] = {}
    for login in sorted(_root(login, alias) for login in logins):
        head = _root(first.setdefault(login[0], login), alias)
        login = _root(login, alias)
        if head != login:
            alias[max(head, login)] = min(head, login)


def _root(login: tuple[int, int], alias: Mapping[tuple[int, int], tuple[int, int]]) -> tuple[int, int]:
    while login in alias:
        login = alias[login]
    return login
