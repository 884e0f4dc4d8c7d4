"""What births and first names told apart, said without them: an erasure leaves this instead of the names. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from regulars.resolve.clash import births_clash, names_clash
from regulars.resolve.facts import Held, Signature
from regulars.resolve.judge import Rulings
from regulars.resolve.levels import cores

Apart = tuple[tuple[int, ...], tuple[int, ...]]
"""Signatures of hers with ghosts among them, and those that a birth or first name of hers tells from them."""


def told_apart(
    signatures: Iterable[Signature], held: Mapping[int, Sequence[Held]], ruled: Rulings, hers: Collection[int]
) -> list[Apart]:
    """Every cluster of hers beside all others of her reaches that its name or birth clashes with.

    Taken where names begin to speak: before, no name decides, and later clusters keep what they were given there. So
    with these in force the levels decide about everybody else as they did while the names stood.
    """
    clusters = cores(signatures, held, ruled)
    # Ghosts of others may be in a cluster of hers.
    mine = [cluster for cluster in clusters if not set(hers).isdisjoint(cluster.signatures)]
    others = [cluster for cluster in clusters if set(hers).isdisjoint(cluster.signatures)]
    answer: list[Apart] = []
    for one in mine:
        far = [
            signature
            for other in others
            if any(births_clash(a, b) for a in one.dobs for b in other.dobs)
            or any(names_clash(a, b) for a in one.names for b in other.names)
            for signature in other.signatures
        ]
        if far:
            answer.append((tuple(sorted(one.signatures)), tuple(sorted(far))))
    return answer
