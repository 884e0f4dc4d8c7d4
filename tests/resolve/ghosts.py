"""What an erasure leaves of the rule's facts: what the store does to its tables, done to lists. Pure."""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

import msgspec

from regulars.kit.dice import hash64
from regulars.resolve.apart import told_apart
from regulars.resolve.facts import Decision, Link, Signature, in_force
from regulars.resolve.judge import ruled_by
from regulars.resolve.likeness import Pair, likeness
from regulars.resolve.partition import held_by_signature, partition, reaches
from tests.resolve.notation import BANDS


class Left(NamedTuple):
    """The facts afterwards; what became of her signatures, and of the values that only she had."""

    signatures: list[Signature]
    decisions: list[Decision]
    pairs: list[Pair]
    ghost_of: dict[int, int]
    value_of: dict[int, int]


def left_of(
    signatures: Sequence[Signature],
    decisions: Sequence[Decision],
    pairs: Sequence[Pair],
    hers: Collection[int],
    number: int,
    names_speak: bool = True,
) -> Left:
    """Everything with ghosts in her place. Without `names_speak` nothing remembers what names told apart: a control."""
    held_by_others = {link.value for one in signatures if one.id not in hers and not one.ghost for link in one.links}
    held_by_her = {link.value for one in signatures if one.id in hers for link in one.links}
    # A value that was ever blocked is nobody's, and stays what it is.
    blocked = {decision.value for decision in decisions if decision.kind == "block"}
    value_of = {value: hash64(value, number) for value in held_by_her - held_by_others - blocked}
    ghost_of = {signature: hash64("ghost", signature, number) for signature in hers}
    aparts = _aparts(signatures, decisions, pairs, hers) if names_speak else []
    return Left(
        [_ghost(one, ghost_of, value_of) if one.ghost or one.id in hers else one for one in signatures],
        [_renamed(one, ghost_of, value_of) for one in decisions]
        + [
            Decision(
                subject=f"apart:{number}:{n}",
                version=1,
                kind="apart",
                signatures=tuple(ghost_of.get(s, s) for s in one),
                leaving=other,
            )
            for n, (one, other) in enumerate(aparts)
        ],
        [_haunted(pair, ghost_of) for pair in pairs],
        ghost_of,
        value_of,
    )


def _aparts(
    signatures: Sequence[Signature], decisions: Sequence[Decision], pairs: Sequence[Pair], hers: Collection[int]
) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
    by_id = {one.id: one for one in signatures}
    ruled = ruled_by(in_force(decisions), by_id)
    alike = likeness(pairs, decisions, BANDS)
    held = held_by_signature(by_id, partition(signatures, decisions).links)
    return [
        apart for part, _ in reaches(by_id, held, ruled, alike) for apart in told_apart(part, held, ruled, set(hers))
    ]


def _ghost(one: Signature, ghost_of: Mapping[int, int], value_of: Mapping[int, int]) -> Signature:
    links = tuple(Link(value_of.get(value, value), cls, space) for value, cls, space in one.links)
    return Signature(ghost_of.get(one.id, one.id), links, one.first_seq, one.first_day, one.last_day, ghost=True)


def _renamed(one: Decision, ghost_of: Mapping[int, int], value_of: Mapping[int, int]) -> Decision:
    return msgspec.structs.replace(
        one,
        signatures=tuple(ghost_of.get(s, s) for s in one.signatures),
        leaving=tuple(ghost_of.get(s, s) for s in one.leaving),
        minters=tuple(ghost_of.get(s, s) for s in one.minters),
        value=None if one.value is None else value_of.get(one.value, one.value),
    )


def _haunted(pair: Pair, ghost_of: Mapping[int, int]) -> Pair:
    one, other = sorted(ghost_of.get(end, end) for end in pair[:2])
    return Pair(one, other, pair.model, pair.bits)
