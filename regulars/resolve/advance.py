"""What a batch changes: the rule on the touched reaches only, and the difference between two published states. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

import msgspec

from regulars.model import Merge
from regulars.resolve.facts import Decision, Group, Held, Settled, Signature, in_force
from regulars.resolve.judge import Bench, ValueState, judge_all, ruled_by
from regulars.resolve.levels import settle
from regulars.resolve.likeness import NOTHING_ALIKE, Likeness
from regulars.resolve.partition import held_by_signature, reaches
from regulars.resolve.policy import GENERIC, LOGIN

LinkKey = tuple[int, int, int]


class Loaded(msgspec.Struct, frozen=True, kw_only=True):
    """Whole reaches: those of every direct holder, former or present, of the values asked about, and the new facts."""

    signatures: dict[int, Signature]
    links: dict[LinkKey, Held]
    """Verdicts that stand, of signatures that were there before."""
    decisions: list[Decision]
    alike: Likeness = NOTHING_ALIKE
    """Scores of the model in force, of two loaded signatures."""


class Advanced(msgspec.Struct, frozen=True, kw_only=True):
    """The rule's answer for what was loaded."""

    settled: list[Settled]
    links: dict[LinkKey, Held]
    """Verdicts that are new or changed."""
    standing: dict[LinkKey, Held]
    """All verdicts of what was loaded."""
    values: dict[int, ValueState]
    """Of the values asked about."""
    logins_turned: set[int]
    """Logins whose verdict changed: other values of their holders must be asked about as well."""


def advance(loaded: Loaded, asked: Iterable[int], given: Mapping[LinkKey, Held]) -> Advanced:
    """Judge the values asked about, keep the verdicts on all others, and settle every loaded reach.

    `given`: new links of values known to be generic, whose other holders nobody needs to look at.
    """
    ruled = ruled_by(in_force(loaded.decisions), loaded.signatures)
    judged, states = judge_all(Bench(loaded.signatures.values(), asked, ruled, loaded.links))
    links = {**loaded.links, **given, **judged}
    changed = {key: one for key, one in links.items() if loaded.links.get(key) != one}
    held = held_by_signature(loaded.signatures, links)
    parts = reaches(loaded.signatures, held, ruled, loaded.alike)
    settled = [settle(part, held, ruled, dropped, loaded.alike) for part, dropped in parts]
    return Advanced(
        settled=settled, links=changed, standing=links, values=states, logins_turned=_turned(loaded, changed)
    )


def _turned(loaded: Loaded, changed: Mapping[LinkKey, Held]) -> set[int]:
    turned: set[int] = set()
    for key, one in changed.items():
        before = loaded.links.get(key)
        if one.level == LOGIN and (one.state == GENERIC) != (before is not None and before.state == GENERIC):
            turned.add(one.value)
    return turned


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """From one published state to the next, for the customers that were touched."""

    created: list[int]
    vanished: list[int]
    merged: list[Merge]
    recompute: list[int]
    split: list[tuple[int, int]]
    """(customer that lost records, customer that got them)"""


def difference(before: Mapping[int, int | None], groups: Iterable[Group]) -> Difference:
    """What happened to customers. `before`: customer by signature, of every old signature in the touched reaches.

    A merge is pure: a whole customer went up in a survivor that kept all its own. Everything else is recomputed.
    """
    was: dict[int, set[int]] = defaultdict(set)
    for signature, customer in before.items():
        if customer is not None:
            was[customer].add(signature)
    now = {group.id: group for group in groups}
    parts = {
        group.id: {customer for s in group.signatures if (customer := before.get(s)) is not None}
        for group in now.values()
    }
    homes: dict[int, set[int]] = defaultdict(set)
    for new, olds in parts.items():
        for old in olds:
            homes[old].add(new)
    members = {new: set(group.signatures) for new, group in now.items()}
    whole = {old for old, signatures in was.items() if any(signatures <= members[new] for new in homes[old])}
    merged: list[Merge] = []
    recompute = {old for old in was if old not in whole}
    split: list[tuple[int, int]] = []
    for new, olds in parts.items():
        if olds <= whole and not any(s in before and before[s] is None for s in now[new].signatures):
            merged += [Merge(old, new) for old in sorted(olds) if old != new]
        elif olds or any(s in before for s in now[new].signatures):
            recompute |= {new, *olds}
            split += [(old, new) for old in sorted(olds - whole) if old != new]
    return Difference(
        created=sorted(new for new in now if new not in was),
        vanished=sorted(old for old in was if old not in now),
        merged=sorted(merged, key=lambda merge: (merge.survivor, merge.loser)),
        recompute=sorted(recompute),
        split=sorted(split),
    )
