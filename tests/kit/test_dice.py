"""What must be reproducible is a hash of names; the rest is a draw."""

from hypothesis import given
from hypothesis import strategies as st

from regulars.kit.dice import SeededDice, SystemDice, hash64, share

NAMES = st.lists(st.text(max_size=20), max_size=4)


def test_shares_are_the_same_on_every_machine_and_in_every_run() -> None:
    assert share("holdout", 4711) == 0.15921062771226568
    assert hash64("order", "A-1") == -6559557701329149309


@given(NAMES)
def test_a_share_lies_in_the_unit_interval_and_a_hash_fits_a_bigint(names: list[str]) -> None:
    assert 0 <= share(*names) < 1
    assert -(2**63) <= hash64(*names) < 2**63


def test_shares_split_people_evenly() -> None:
    held = sum(share("journey", customer) < 0.1 for customer in range(20_000))

    assert 1_850 < held < 2_150


def test_names_do_not_run_into_each_other() -> None:
    assert hash64("ab", "c") != hash64("a", "bc")


def test_seeded_dice_fall_alike_and_the_systems_do_not() -> None:
    assert SeededDice(1).token(16) == SeededDice(1).token(16)
    assert SystemDice().token(16) != SystemDice().token(16)
    assert all(0 <= dice.jitter() < 1 for dice in (SeededDice(2), SystemDice()))
