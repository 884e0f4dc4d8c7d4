"""A split keeps the id on the side the steward names, whoever's record minted it; and back."""

import random
from collections.abc import Iterator

import msgspec
import pytest

from regulars import resolve
from regulars.app import App
from regulars.model import People
from regulars.resolve import Steward, decide
from regulars.resolve.errors import DecisionRefused
from regulars.resolve.facts import Decision, Signature
from regulars.resolve.partition import partition
from tests.resolve.graphs import random_records
from tests.resolve.notation import Rec, event, signatures
from tests.resolve.test_sessions import load
from tests.resolve.test_stream import carry, owners

STEWARD = Steward("ada", "two people at one till")


@pytest.fixture(autouse=True)
def positions(app: App) -> None:
    """As if the records of a test had come through the journal."""
    with app.transaction() as inside:
        inside.db.execute("select setval(pg_get_serial_sequence('journal', 'seq'), 1000)")


def split(app: App, staying: list[int], leaving: list[int]) -> People:
    with app.transaction() as inside:
        return decide.split(inside, STEWARD, staying, leaving)


def undo(app: App, subject: str) -> People:
    with app.transaction() as inside:
        return decide.undo(inside, STEWARD, subject)


def test_the_staying_side_keeps_the_id_though_its_founder_leaves(app: App) -> None:
    load(app, Rec("r1", 0, "e1! p1!"), Rec("r2", 1, "e1! t2"), Rec("r3", 2, "e1! t3"))
    assert set(owners(app).values()) == {1}

    people = split(app, staying=[2, 3], leaving=[1])

    now = owners(app)
    assert (now[2], now[3]) == (1, 1)
    assert now[1] > 1000
    assert people.recompute == sorted({1, now[1]})
    with app.transaction() as inside:
        assert resolve.explain(inside, 1).founder_record == 2
        assert resolve.founder_records(inside, [1, now[1]]) == [2, 1]
        assert resolve.rebuild(inside).recompute == []


def test_undoing_gives_the_id_back_and_the_new_one_leads_to_its_person(app: App) -> None:
    load(app, Rec("r1", 0, "e1! p1!"), Rec("r2", 1, "e1! t2"))
    split(app, staying=[2], leaving=[1])
    parted = owners(app)

    undo(app, "split:1:2")
    joined = owners(app)
    undo(app, "split:1:2")

    assert (joined, owners(app)) == ({1: 1, 2: 1, parted[1]: 1}, parted)
    undo(app, "split:1:2")
    with app.transaction() as inside:
        assert resolve.current(inside, parted[1]) == 1


def test_our_own_events_about_a_pinned_id_follow_the_side_that_keeps_it(app: App) -> None:
    load(app, Rec("r1", 0, "e1! p1!"), Rec("r2", 1, "e1! t2"))
    split(app, staying=[2], leaving=[1])
    own = event(9, Rec("o", 5, ""), kind="own")

    about = msgspec.structs.replace(own, body=msgspec.structs.replace(own.body, context={"customer": 1}))

    assert carry(app, [about]).customers == [1]
    assert owners(app)[9] == 1


def test_of_two_splits_of_one_customer_the_later_keeps_the_id_and_is_taken_back_first(app: App) -> None:
    load(app, Rec("r1", 0, "e1! p1!"), Rec("r2", 1, "e1! p2!"), Rec("r3", 2, "e1! t3"))
    split(app, staying=[2, 3], leaving=[1])

    split(app, staying=[3], leaving=[2])

    now = owners(app)
    assert now[3] == 1
    assert len({now[1], now[2], now[3]}) == 3
    with pytest.raises(DecisionRefused, match="later split"):
        undo(app, "split:1:2")
    undo(app, "split:2:3")
    undo(app, "split:1:2")
    assert {owners(app)[n] for n in (1, 2, 3)} == {1}


def pinned_splits(most: int) -> Iterator[tuple[list[Signature], Decision, int, int]]:
    """Dense random people whose founder leaves: facts, the split with its pin, the founder, and the id."""
    for seed in range(most):
        dice = random.Random(seed)
        some = signatures(random_records(dice, dice.randrange(4, 20)))
        groups = [group for settled in partition(some).settled for group in settled.groups]
        group = next((group for group in groups if len(group.signatures) > 1), None)
        if group is None:
            continue
        staying = tuple(member for member in group.signatures if member != group.founder)
        yield some, Decision(
            subject="s", version=1, kind="split", signatures=staying, leaving=(group.founder,),
            minters=(staying[0], group.founder), minted=(group.id, 1000),
        ), group.founder, group.id  # fmt: skip


def test_pins_give_no_two_customers_one_id_and_order_never_matters() -> None:
    for some, split, founder, customer in pinned_splits(300):
        answer = partition(some, [split])

        ids = [group.id for settled in answer.settled for group in settled.groups]
        assert len(ids) == len(set(ids))
        assert answer.customers()[founder] != customer
        assert answer.customers() == partition(some[::-1], [split, split]).customers()


def test_a_split_without_its_pin_is_caught() -> None:
    bare = [
        (some, msgspec.structs.replace(split, minters=(), minted=()), founder, customer)
        for some, split, founder, customer in pinned_splits(50)
    ]

    assert any(partition(some, [split]).customers()[founder] == customer for some, split, founder, customer in bare)
