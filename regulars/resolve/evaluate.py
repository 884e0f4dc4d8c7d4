"""How good a partition is against a known truth. Pure; read by evaluation only, never by the resolver."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec


class Evaluation(msgspec.Struct, frozen=True, kw_only=True):
    """Pairwise quality over the records that both labelings name."""

    precision: float
    """Of all pairs of records we gave to one customer, the share that is one person. 1.0 without any pair."""
    recall: float
    """Of all pairs of records of one person, the share we gave to one customer. 1.0 without any pair."""
    b_cubed: float
    """F1 of the means over records: of its customer, the share that is its person; of its person, the share in it."""
    largest: int
    """Records of our largest customer."""
    true_largest: int
    """Records of the person with most records."""
    records: int
    """Records with a true person."""


def evaluate(customer_by_record: Sequence[int | None], person_by_record: Sequence[int | None]) -> Evaluation:
    """Compare two labelings of the same records, in the same order.

    A record without a customer is a customer of its own. A record without a person has no truth and is left out.
    Counted from the contingency table, so millions of records are fine.
    """
    cells: Counter[tuple[int, int]] = Counter()
    alone: Counter[int] = Counter()
    for customer, person in zip(customer_by_record, person_by_record, strict=True):
        if person is None:
            continue
        if customer is None:
            alone[person] += 1
        else:
            cells[customer, person] += 1
    ours: Counter[int] = Counter()
    theirs: Counter[int] = Counter(alone)
    for (customer, person), count in cells.items():
        ours[customer] += count
        theirs[person] += count
    shared = [(count, ours[customer], theirs[person]) for (customer, person), count in cells.items()]
    alike = alone.total() + sum(count * count / size for count, size, _ in shared)
    whole = sum(count / theirs[person] for person, count in alone.items())
    whole += sum(count * count / size for count, _, size in shared)
    both, found, true = _pairs(cells.values()), _pairs(ours.values()), _pairs(theirs.values())
    return Evaluation(
        precision=both / found if found else 1.0,
        recall=both / true if true else 1.0,
        b_cubed=2 * alike * whole / (alike + whole) / theirs.total() if theirs else 1.0,
        largest=max(ours.values(), default=1 if alone else 0),
        true_largest=max(theirs.values(), default=0),
        records=theirs.total(),
    )


def _pairs(sizes: Iterable[int]) -> int:
    return sum(size * (size - 1) // 2 for size in sizes)
