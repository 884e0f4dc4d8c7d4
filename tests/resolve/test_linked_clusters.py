"""Groups do not chain, nobody joins by a coin, and quality is counted as the textbooks say."""

from __future__ import annotations

import numpy as np
import pytest

from regulars.resolve.linkage.clusters import Weights, cluster
from regulars.resolve.linkage.quality import b_cubed, pairwise


def grouped(count: int, *weighed: tuple[int, int, float], apart: tuple[tuple[int, int], ...] = ()) -> list[int]:
    """Groups of pairs with their bits; those in `apart` cannot be one person."""
    left, right, bits = (np.array(each) for each in zip(*weighed, strict=True))
    barred = np.array([(one, other) in apart for one, other, _ in weighed])
    return cluster(count, Weights(left, right, bits.astype(float), barred)).tolist()


def test_a_chain_of_likenesses_joins_no_strangers() -> None:
    chain = [(place, place + 1, 8.0 + place / 10) for place in range(9)]

    found = np.bincount(grouped(10, *chain))

    assert found.max() == 2


def test_a_clique_is_one_person() -> None:
    assert grouped(4, *((one, other, 9.0) for one in range(4) for other in range(one + 1, 4))) == [0, 0, 0, 0]


def test_two_who_cannot_be_one_are_never_in_one_group() -> None:
    assert grouped(3, (0, 1, 30.0), (1, 2, 20.0), (0, 2, 9.0), apart=((0, 2),)) == [0, 0, 2]


def test_with_an_equal_claim_nobody_gets_the_record() -> None:
    assert grouped(3, (0, 1, 8.0), (1, 2, 8.0), (0, 2, -9.0)) == [0, 1, 2]


def test_the_stronger_claim_wins_whatever_the_order() -> None:
    for turn in (1, -1):
        weighed = [(0, 1, 8.0), (1, 2, 9.0), (0, 2, -9.0)][::turn]

        assert grouped(3, *weighed) == [0, 1, 1]


def test_a_record_that_nobody_compared_is_alone() -> None:
    assert grouped(4, (0, 1, 9.0)) == [0, 0, 2, 3]


def test_quality_is_counted_over_pairs_and_over_records() -> None:
    found, true = np.array([0, 0, 0, 1, 1]), np.array([5, 5, 6, 6, 6])

    assert (pairwise(found, true).precision, pairwise(found, true).recall) == (0.5, 0.5)
    assert b_cubed(found, true).precision == pytest.approx((2 / 3 + 2 / 3 + 1 / 3 + 1 + 1) / 5)
    assert b_cubed(found, true).recall == pytest.approx((1 + 1 + 1 / 3 + 2 / 3 + 2 / 3) / 5)
