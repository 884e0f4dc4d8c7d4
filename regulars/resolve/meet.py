"""Step 7 of the rule: clusters that clash meet half-way, and what is equally near to two joins neither. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from regulars.resolve.clash import Cluster, clash
from regulars.resolve.facts import Cut

UNDECIDED = -1


class Edge(NamedTuple):
    """A link of this level between two clusters, with where it came from."""

    one: Cluster
    other: Cluster
    signature: int
    value: int


def meet(edges: Sequence[Edge], level: int) -> Iterator[tuple[list[Cluster], list[Cut]]]:
    """Groups of clusters that may be united on this level, each with the cuts that bound it."""
    clusters = {id(cluster): cluster for edge in edges for cluster in (edge.one, edge.other)}
    near: dict[int, set[int]] = defaultdict(set)
    for edge in edges:
        near[id(edge.one)].add(id(edge.other))
        near[id(edge.other)].add(id(edge.one))
    edges_of: dict[int, list[Edge]] = defaultdict(list)
    for edge in edges:
        edges_of[id(edge.one)].append(edge)
    for part in components(near):
        clashes = _clashes([(key, clusters[key]) for key in part], level)
        if not clashes:
            yield [clusters[key] for key in part], []
            continue
        region = _walk(part, near, set(clashes))
        cuts = [
            _cut(edge, level, region, clashes)
            for key in part
            for edge in edges_of[key]
            if region[id(edge.one)] != region[id(edge.other)]
        ]
        for number, group in enumerate(_groups(part, near, region, clashes)):
            yield [clusters[key] for key in group], [] if number else cuts


def components(near: Mapping[int, Iterable[int]]) -> list[list[int]]:
    """Connected parts of a graph given as neighbors by vertex."""
    seen: set[int] = set()
    parts: list[list[int]] = []
    for start in near:
        if start in seen:
            continue
        seen.add(start)
        part = [start]
        for vertex in part:
            for other in near[vertex]:
                if other not in seen:
                    seen.add(other)
                    part.append(other)
        parts.append(part)
    return parts


def _clashes(part: Sequence[tuple[int, Cluster]], level: int) -> dict[int, dict[int, str]]:
    """Who clashes with whom and why; clusters that say nothing clash with nobody."""
    speaking = [(key, c) for key, c in part if c.logins or c.cards or c.dobs or c.names or c.splits or c.aparts]
    clashes: dict[int, dict[int, str]] = defaultdict(dict)
    for position, (key, one) in enumerate(speaking):
        for other_key, other in speaking[:position]:
            reason = clash(one, other, level)
            if reason is not None:
                clashes[key][other_key] = reason
                clashes[other_key][key] = reason
    return clashes


def _walk(part: Sequence[int], near: Mapping[int, set[int]], starts: set[int]) -> dict[int, int]:
    """Region of every vertex: the clashing cluster that reaches it first, or UNDECIDED. All walk at one pace."""
    region = {start: start for start in starts}
    frontier = list(starts)
    while frontier:
        reached: dict[int, set[int]] = defaultdict(set)
        for vertex in frontier:
            for other in near[vertex]:
                if other not in region:
                    reached[other].add(region[vertex])
        for vertex, regions in reached.items():
            region[vertex] = next(iter(regions)) if len(regions) == 1 else UNDECIDED
        frontier = list(reached)
    return region


def _groups(
    part: Sequence[int], near: Mapping[int, set[int]], region: Mapping[int, int], clashes: Mapping[int, dict[int, str]]
) -> Iterator[list[int]]:
    """What to unite: regions, joined with neighboring ones where all of a group get along; undecided parts."""
    members: dict[int, list[int]] = defaultdict(list)
    for vertex in part:
        members[region[vertex]].append(vertex)
    undecided = members.pop(UNDECIDED, [])
    side_by_side: dict[int, set[int]] = {start: set() for start in members}
    for vertex in part:
        for other in near[vertex]:
            a, b = region[vertex], region[other]
            if a != b and UNDECIDED not in (a, b) and b not in clashes[a]:
                side_by_side[a].add(b)
    for group in components(side_by_side):
        if any(b in clashes[a] for a in group for b in group):
            yield from (members[start] for start in group)
        else:
            yield [vertex for start in group for vertex in members[start]]
    among = {vertex: near[vertex] & set(undecided) for vertex in undecided}
    yield from components(among)


def _cut(edge: Edge, level: int, region: Mapping[int, int], clashes: Mapping[int, dict[int, str]]) -> Cut:
    a, b = region[id(edge.one)], region[id(edge.other)]
    reason = "equally near to two"
    if UNDECIDED not in (a, b):
        # Regions that get along themselves are apart because of a third one.
        reason = clashes[a].get(b, "one of them clashes with a neighbor")
    other = min(edge.other.signatures, default=0)
    return Cut(level, edge.value, reason, edge.signature, other)
