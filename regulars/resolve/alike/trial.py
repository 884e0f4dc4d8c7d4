"""What another model would change, computed in full and written nowhere, while the flow goes on.

Whoever a model sees differently is in a reach that one of the two models scores within. Reaches that the new one
bridges belong together; what does not belong together can be computed piece by piece.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from heapq import nsmallest
from itertools import chain
from typing import NamedTuple

import msgspec

from regulars.app import App
from regulars.resolve import touched
from regulars.resolve.meet import components
from regulars.store import queries
from regulars.store.rows import array

SQL = queries(__package__ or "")
EXAMPLES_MAX = 20
# Of so many of those that would move, the largest, the examples are chosen.
EXAMPLES_AMONG_MAX = 2_000
# Reaches that are computed at once; more if they hang together.
PIECE_REACHES = 5_000


class Moved(msgspec.Struct, frozen=True, kw_only=True):
    """Customers that would become one (`other` goes up in `customer`), or come apart (`customer` loses `other`)."""

    kind: str
    """merge or split."""
    customer: int
    other: int
    one: int | None
    """Of their records the two that are most alike, by the new model if they merge, by the old one if they split. None:
    no score of theirs is kept, another customer came between."""
    two: int | None
    bits: float | None


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """What a model would change, against what is published now."""

    merges: int
    splits: int
    ids_changed: int
    """Ids that would lead to another customer."""
    before: int
    """Customers that stand now."""
    customers: int
    """Customers that stand afterwards."""
    examples: list[Moved]
    """The worst, at most EXAMPLES_MAX: splits of what was most alike, and merges of what is least alike."""


class _Candidate(NamedTuple):
    """Two customers who would merge or part, with their records on the side on which they are two."""

    size: int
    customer: int
    other: int
    members: Collection[int]
    others: Collection[int]


def compare(app: App, old: int | None, new: int | None, tell: Callable[[float], None]) -> Trial:
    """From the published state, which `old` made, to what the decision that counts now makes of it.

    `tell` hears the share that is done.
    """
    [(before,)] = app.db.execute(SQL.count_customers).fetchall()
    pieces = list(_pieces(*_hanging_together(app, old, new)))
    counts = {"merges": 0, "splits": 0, "ids_changed": 0, "created": 0}
    split: list[_Candidate] = []
    merged: list[_Candidate] = []
    for done, piece in enumerate(pieces):
        tell(done / len(pieces))
        found = touched.preview(app, piece)
        moved = found.difference
        sizes = len(moved.merged), len(moved.split), len(moved.vanished), len(moved.created)
        counts = {name: count + more for (name, count), more in zip(counts.items(), sizes, strict=True)}
        split = _largest(split, _candidates(moved.split, found.after))
        ends = [(merge.survivor, merge.loser) for merge in moved.merged]
        merged = _largest(merged, _candidates(ends, found.before))
    tell(1.0)
    return Trial(
        merges=counts["merges"],
        splits=counts["splits"],
        ids_changed=counts["ids_changed"],
        before=before,
        customers=before + counts["created"] - counts["ids_changed"],
        examples=_worst(_examples(app, "split", split, old), _examples(app, "merge", merged, new)),
    )


def _hanging_together(app: App, old: int | None, new: int | None) -> tuple[list[list[int]], dict[int, int]]:
    """Reaches that either model scores within, those together that the new one bridges; and a signature of each."""
    given = {"models": array(model for model in (old, new) if model is not None), "new": new}
    signature_of: dict[int, int] = dict(app.db.execute(SQL.ends_by_reach, given).fetchall())
    near: dict[int, list[int]] = {reach: [] for reach in signature_of}
    for one, other in app.db.execute(SQL.bridges, given):
        near[one].append(other)
        near[other].append(one)
    return components(near), signature_of


def _pieces(groups: Iterable[Sequence[int]], signature_of: Mapping[int, int]) -> Iterator[list[int]]:
    """A signature of each reach, some thousands of reaches at once, and never a group apart."""
    piece: list[int] = []
    for group in groups:
        piece += [signature_of[reach] for reach in group]
        if len(piece) >= PIECE_REACHES:
            yield piece
            piece = []
    if piece:
        yield piece


def _candidates(ends: Sequence[tuple[int, int]], customers: Mapping[int, int | None]) -> Iterator[_Candidate]:
    wanted = set(chain.from_iterable(ends))
    members: dict[int, list[int]] = defaultdict(list)
    for signature, customer in customers.items():
        if customer in wanted:
            members[customer].append(signature)
    for one, other in ends:
        yield _Candidate(len(members[one]), one, other, members[one], members[other])


def _largest(known: list[_Candidate], more: Iterable[_Candidate]) -> list[_Candidate]:
    return nsmallest(EXAMPLES_AMONG_MAX, chain(known, more), key=lambda one: (-one.size, one.customer, one.other))


def _examples(app: App, kind: str, some: Sequence[_Candidate], model: int | None) -> list[Moved]:
    """Each with the two records that this model finds most alike."""
    members = {one.customer: one.members for one in some} | {one.other: one.others for one in some}
    sides = [(customer, signature) for customer, signatures in members.items() for signature in signatures]
    given = {
        "customers": array(one.customer for one in some),
        "others": array(one.other for one in some),
        "sides": array(customer for customer, _ in sides),
        "signatures": array(signature for _, signature in sides),
        "model": model,
    }
    rows = app.db.execute(SQL.most_alike, given).fetchall()
    found = {(customer, other): pair for customer, other, *pair in rows}
    return [
        Moved(kind=kind, customer=one.customer, other=one.other, one=a, two=b, bits=bits)
        for one in some
        for a, b, bits in [found.get((one.customer, one.other), (None, None, None))]
    ]


def _worst(split: list[Moved], merged: list[Moved]) -> list[Moved]:
    """Half of them splits, half merges, or more of one where the other has fewer; what no score tells of comes last."""
    apart = sorted(split, key=lambda one: (one.bits is None, -(one.bits or 0.0), one.customer, one.other))
    joined = sorted(merged, key=lambda one: (one.bits is None, one.bits or 0.0, one.customer, one.other))
    half = EXAMPLES_MAX // 2
    kept = max(half, EXAMPLES_MAX - len(joined))
    return [*apart[:kept], *joined[: EXAMPLES_MAX - min(len(apart), kept)]]
