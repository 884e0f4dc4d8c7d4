"""Everything at once in PostgreSQL: news, withdrawals, erasures and all that stewards may state, in random order."""

import itertools
import os
import random
from collections.abc import Iterator

import pytest

from regulars import resolve
from regulars.app import App
from regulars.model import Event, Moment, People
from regulars.resolve import Steward, decide, touched
from regulars.resolve.errors import DecisionRefused
from regulars.resolve.partition import partition
from tests.resolve.graphs import random_records, random_tellings
from tests.resolve.notation import Rec, event
from tests.resolve.test_erasure import clear, erase
from tests.resolve.test_stream import Books, batches, carry, owners
from tests.resolve.test_withdrawal import state, withdraw

# Raise it for a thorough run.
ROUNDS = int(os.environ.get("REGULARS_TEST_ROUNDS", "5"))
STEWARD = Steward("ada", "as the dice say")
EXTRA = 5


def story(dice: random.Random) -> list[Event]:
    records = random_records(dice, 36, dice.choice([2, 40])) if dice.random() < 0.7 else random_tellings(dice)
    return [event(n + 1, rec) for n, rec in enumerate(records)]


def spoken(app: App, dice: random.Random) -> People | None:
    """Something a steward may state about the people as they are; None: the house refused it."""
    whose = owners(app)
    records = sorted(whose)
    hers = [seq for seq in records if whose[seq] == dice.choice(sorted(set(whose.values())))]
    with app.transaction() as inside:
        told = inside.db.execute("select distinct subject from decision where actor = 'ada' order by 1").fetchall()
        mail = inside.db.execute("select shown from value where type = 'email' and shown <> '' order by 1").fetchall()
        what = Moment(kind="email", value=dice.choice(mail)[0]) if mail else Moment(kind="card", value="L1")
        try:
            match dice.choice(["merge", "split", "split", "distinct", "undo", "undo", "block", "close", "withdraw"]):
                case "merge":
                    return decide.merge(inside, STEWARD, dice.sample(records, 2))
                case "split":
                    leaving = set(dice.sample(hers, dice.randrange(1, len(hers)))) if len(hers) > 1 else set[int]()
                    return decide.split(inside, STEWARD, sorted(set(hers) - leaving), sorted(leaving))
                case "distinct":
                    return decide.distinguish(inside, STEWARD, *dice.sample(records, 2))
                case "undo":
                    return decide.undo(inside, STEWARD, dice.choice(told)[0]) if told else None
                case "block":
                    return decide.block(inside, STEWARD, what)
                case "close":
                    return decide.close(inside, STEWARD, what, 19723 + dice.randrange(40))
                case _:
                    return decide.withdraw(inside, STEWARD, dice.choice(records), what)
        except DecisionRefused:
            return None


def happen(app: App, dice: random.Random, events: list[Event], number: int) -> Iterator[People]:
    """What may come between two batches."""
    if len(set(owners(app).values())) < 2:
        return
    chance = dice.random()
    if chance < 0.4:
        people = spoken(app, dice)
        if people is not None:
            yield people
    elif chance < 0.55:
        some = {one.seq for one in events if dice.random() < 0.2} & owners(app).keys()
        yield withdraw(app, some, events[-1].seq)
    elif chance < 0.7:
        before = owners(app)
        customer = dice.choice(sorted(set(before.values())))
        yield erase(app, customer, number).people
        assert owners(app) == {seq: whose for seq, whose in before.items() if whose != customer}, "somebody noticed"


def whole(app: App) -> tuple[dict[int, int | None], dict[int, int | None]]:
    """Customer by signature as it stands, and as the pure rule says from the facts in the store."""
    with app.transaction() as inside:
        stands = dict(inside.db.execute("select id, customer from signature").fetchall())
        found, held = touched.reaches_around(inside, stands)
        stated = touched.decisions_about(inside, found, {value for _, value, _ in held})
    return stands, partition(found.values(), stated).customers()


@pytest.mark.parametrize("stretch", range(2))
def test_whatever_happens_the_stream_ends_where_the_whole_does_and_rooms_are_told_enough(
    app: App, stretch: int
) -> None:
    for seed in range(stretch * ROUNDS, (stretch + 1) * ROUNDS):
        dice, numbers, books = random.Random(seed), itertools.count(1), Books()
        clear(app)
        with app.transaction() as inside:
            inside.db.execute("select setval(pg_get_serial_sequence('journal', 'seq'), 1000)")
        carried: list[Event] = []
        for some in batches(dice, story(dice)):
            books.take(app, carry(app, some))
            carried += some
            for people in happen(app, dice, carried, next(numbers)):
                books.take(app, people)

        stands, pure = whole(app)
        assert stands == pure, f"seed {seed}"
        with app.transaction() as inside:
            again = resolve.rebuild(inside)
        assert (again.merged, again.recompute) == ([], []), f"seed {seed}"
        assert {seq: c for c, seqs in books.events.items() for seq in seqs} == owners(app), f"seed {seed}"
        assert_a_detour_changes_nothing(app, dice, f"seed {seed}")


def assert_a_detour_changes_nothing(app: App, dice: random.Random, seed: str) -> None:
    """More records come, and are taken back: as if they had never been."""
    before, whose = state(app), owners(app)
    more = [event(500 + n, rec) for n, rec in enumerate(random_records(dice, EXTRA, 40))]
    carry(app, more)

    withdraw(app, {one.seq for one in more}, more[-1].seq)

    after = state(app)
    kept = ("customers", "links", "values", "spans", "cuts")
    assert [name for name in kept if before[name] != after[name]] == [], seed
    assert owners(app) == whose, seed


def test_a_blocked_address_counts_no_more_against_the_phone_beside_it(app: App) -> None:
    # Six addresses make a phone nobody's; five do not.
    carry(app, [event(n + 1, Rec(f"r{n}", n, f"p1 e{n}")) for n in range(6)])
    assert len(set(owners(app).values())) == 6

    with app.transaction() as inside:
        decide.block(inside, STEWARD, Moment(kind="email", value="e5@shop.example"))

    assert set(owners(app).values()) == {1}
    with app.transaction() as inside:
        assert resolve.rebuild(inside).recompute == []
