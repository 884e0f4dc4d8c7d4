"""Who is who: the partition of records into customers, as a pure function of the facts.

Evidence is used strongest class first, a weaker class sees the clusters that stronger ones made, and nothing feeds
back: one answer, whatever the order of arrival. No coins: where two people have an equal claim, neither gets it.
Barriers: a value that its direct holders prove to be shared joins none of its logins, so a reach stays small.

The order of the steps: valid links, epochs, generic and barred values (judge.py); reaches (here); levels (levels.py,
meet.py, clash.py). A stream calls the same steps on what a batch touched (identify.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from regulars.resolve.facts import Decision, Held, Settled, Signature, in_force
from regulars.resolve.judge import Bench, Rulings, ValueState, judge_all, ruled_by
from regulars.resolve.levels import settle
from regulars.resolve.likeness import NOTHING_ALIKE, Likeness
from regulars.resolve.meet import components
from regulars.resolve.policy import EDGE, LEVELS, MAX_REACH, PAIR

# A value as a vertex beside signatures: pairs never equal a signature's number.
Vertex = int | tuple[int, int]


class Partition(msgspec.Struct, frozen=True, kw_only=True):
    """The whole answer."""

    settled: list[Settled]
    links: dict[tuple[int, int, int], Held]
    """By (signature, value, class)."""
    values: dict[int, ValueState]

    def customers(self) -> dict[int, int | None]:
        """Customer by signature; None where nothing links it."""
        answer: dict[int, int | None] = {}
        for one in self.settled:
            answer |= dict.fromkeys([*one.unidentified, *(ghost for ghost, _ in one.ghosts)])
            for group in one.groups:
                answer |= dict.fromkeys(group.signatures, group.id)
        return answer


def partition(
    signatures: Iterable[Signature], decisions: Iterable[Decision] = (), alike: Likeness = NOTHING_ALIKE
) -> Partition:
    """Customers of all these signatures. `decisions` in any order, with duplicates, all versions."""
    by_id = {signature.id: signature for signature in signatures}
    ruled = ruled_by(in_force(decisions), by_id)
    asked = {link.value for signature in by_id.values() for link in signature.links}
    links, values = judge_all(Bench(by_id.values(), asked, ruled))
    held = held_by_signature(by_id, links)
    parts = reaches(by_id, held, ruled, alike)
    settled = [settle(part, held, ruled, dropped, alike) for part, dropped in parts]
    return Partition(settled=settled, links=links, values=values)


def held_by_signature(
    by_id: Mapping[int, Signature], links: Mapping[tuple[int, int, int], Held]
) -> dict[int, list[Held]]:
    """Judged links of each signature."""
    held: dict[int, list[Held]] = {signature: [] for signature in by_id}
    for (signature, _, _), one in links.items():
        held[signature].append(one)
    return held


def reaches(
    by_id: Mapping[int, Signature],
    held: Mapping[int, Sequence[Held]],
    ruled: Rulings,
    alike: Likeness = NOTHING_ALIKE,
    limit: int = MAX_REACH,
) -> list[tuple[list[Signature], frozenset[int]]]:
    """Components of the reach graph, each with the levels dropped to keep it within `limit` signatures."""
    answer: list[tuple[list[Signature], frozenset[int]]] = []
    waiting: list[tuple[Sequence[int], frozenset[int]]] = [(list(by_id), frozenset())]
    while waiting:
        among, dropped = waiting.pop()
        for part in _parts(among, held, ruled, alike, dropped):
            weakest = _weakest(part, held, alike, dropped) if len(part) > limit else None
            if weakest is not None:
                waiting.append((part, dropped | {weakest}))
            else:
                answer.append(([by_id[s] for s in part], dropped))
    return answer


def _parts(
    among: Sequence[int],
    held: Mapping[int, Sequence[Held]],
    ruled: Rulings,
    alike: Likeness,
    dropped: frozenset[int],
) -> list[list[int]]:
    near: dict[int, list[int]] = {s: [] for s in among}
    heads: dict[tuple[int, int], int] = {}
    for s in among:
        for one in held[s]:
            if one.state == EDGE and one.level not in dropped:
                head = heads.setdefault((one.value, one.epoch), s)
                if head != s:
                    near[head].append(s)
                    near[s].append(head)
    for merge in ruled.merges:
        some = sorted(s for s in merge if s in near)
        for s in some[1:]:
            near[some[0]].append(s)
            near[s].append(some[0])
    for one, other in alike.among(near) if PAIR not in dropped else ():
        near[one].append(other)
        near[other].append(one)
    return components(near)


def _weakest(
    part: Sequence[int], held: Mapping[int, Sequence[Held]], alike: Likeness, dropped: frozenset[int]
) -> int | None:
    """The weakest level still joining this part; logins are never dropped."""
    levels = {one.level for s in part for one in held[s] if one.state == EDGE}
    if alike.among(set(part)):
        levels.add(PAIR)
    left = [level for level in LEVELS[1:] if level in levels and level not in dropped]
    return left[-1] if left else None
