"""What a steward states, in PostgreSQL: it holds for whatever comes later, and can be undone."""

import random

import pytest

from regulars import resolve
from regulars.app import App
from regulars.model import Moment, People
from regulars.resolve import Steward, decide
from regulars.resolve.errors import DecisionRefused
from tests.resolve.graphs import random_records
from tests.resolve.notation import Rec, event
from tests.resolve.test_stream import Books, batches, carry, forget_all, owners

STEWARD = Steward("ada", "two people at one address")


def load(app: App, *records: Rec, base: int = 0) -> None:
    carry(app, [event(base + n + 1, rec) for n, rec in enumerate(records)])


def test_a_split_of_equal_records_keeps_the_id_and_holds_against_later_evidence(app: App) -> None:
    load(app, *(Rec(f"r{n}", n, "e1! c1") for n in range(3)), *(Rec(f"s{n}", n, "e1! p1!") for n in range(3)))

    with app.transaction() as inside:
        people = decide.split(inside, STEWARD, staying=[1, 2, 3], leaving=[4, 5, 6])
    load(app, Rec("r7", 7, "e1! t1"), base=6)

    assert owners(app) == {1: 1, 2: 1, 3: 1, 4: 4, 5: 4, 6: 4, 7: 1}
    assert people.recompute == [1, 4]


def test_records_of_equal_evidence_can_be_told_apart_by_a_steward(app: App) -> None:
    load(app, *(Rec(f"r{n}", n, "e1!") for n in range(4)))

    with app.transaction() as inside:
        decide.split(inside, STEWARD, staying=[1, 2], leaving=[3, 4])

    # What is left of them names nobody: their only identifier is the other's.
    assert owners(app) == {1: 1, 2: 1}


def test_a_split_can_be_undone_and_stated_again(app: App) -> None:
    load(app, Rec("r1", 0, "e1! t1"), Rec("r2", 1, "e1! t2"))

    with app.transaction() as inside:
        decide.split(inside, STEWARD, staying=[1], leaving=[2])
    assert owners(app) == {1: 1, 2: 2}
    for expected in ({1: 1, 2: 1}, {1: 1, 2: 2}):
        with app.transaction() as inside:
            decide.undo(inside, STEWARD, "split:2:1")
        assert owners(app) == expected


def test_a_merge_tells_the_old_id_where_to_go(app: App) -> None:
    load(app, Rec("a", 0, "u1 e1!"), Rec("b", 1, "u2 e2!"))

    with app.transaction() as inside:
        people = decide.merge(inside, STEWARD, [1, 2])

    with app.transaction() as inside:
        assert resolve.current(inside, 2) == 1
    assert [(m.loser, m.survivor) for m in people.merged] == [(2, 1)]


def test_verifying_a_claimed_card_brings_the_till_history(app: App) -> None:
    load(app, Rec("p1", 0, "L7"), Rec("p2", 5, "L7 e3"), Rec("w", 9, "u7 L7?"))
    assert owners(app) == {1: 1, 2: 1, 3: 3}

    with app.transaction() as inside:
        decide.verify(inside, STEWARD, 3, "L7")

    assert owners(app) == {1: 1, 2: 1, 3: 1}


def test_a_blocked_value_leaves_no_trace_and_a_decision_without_sense_is_refused(app: App) -> None:
    load(app, Rec("a", 0, "e1 c1"), Rec("b", 1, "e1 c2"))

    with app.transaction() as inside:
        decide.block(inside, STEWARD, Moment(kind="email", value="E1@Shop.example"))
    with pytest.raises(DecisionRefused), app.transaction() as inside:
        decide.split(inside, STEWARD, staying=[1], leaving=[1])

    assert owners(app) == {1: 1, 2: 2}


def test_batches_and_decisions_in_any_mixture_end_where_a_rebuild_ends(app: App) -> None:
    for seed in range(200, 216):
        dice = random.Random(seed)
        forget_all(app)
        books = Books()
        events = [event(n + 1, rec) for n, rec in enumerate(random_records(dice, 40, spread_days=2))]

        for some in batches(dice, events):
            books.take(app, carry(app, some))
            with app.transaction() as inside:
                people = _random_decision(inside, dice, some[-1].seq)
            if people is not None:
                books.take(app, people)

        before = owners(app)
        with app.transaction() as inside:
            again = resolve.rebuild(inside)
        assert (again.merged, again.recompute, owners(app)) == ([], [], before)
        assert {seq: c for c, seqs in books.events.items() for seq in seqs} == before


def _random_decision(app: App, dice: random.Random, last: int) -> People | None:
    one, other = dice.randrange(1, last + 1), dice.randrange(1, last + 1)
    what = Moment(kind="email", value=f"e{dice.randrange(4)}@shop.example")
    try:
        match dice.randrange(9):
            case 0:
                return decide.merge(app, STEWARD, [one, other])
            case 1 | 2:
                return decide.split(app, STEWARD, staying=[one], leaving=[other])
            case 3:
                return decide.block(app, STEWARD, what)
            case 4:
                return decide.withdraw(app, STEWARD, one, what)
            case 5:
                return decide.close(app, STEWARD, what, 19723 + dice.randrange(2))
            case 6:
                subjects = app.db.execute("select distinct subject from decision order by 1").fetchall()
                return decide.undo(app, STEWARD, dice.choice(subjects)[0]) if subjects else None
            case _:
                return None
    except DecisionRefused:
        return None
