"""A person erased: nobody else's customer changes by it, and what comes again of her is refused."""

import itertools
import os
import random
from dataclasses import dataclass
from datetime import timedelta

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from regulars import collect, resolve
from regulars.app import App
from regulars.model import Body
from regulars.resolve.facts import Decision, Signature
from regulars.resolve.partition import partition
from tests.resolve.ghosts import left_of
from tests.resolve.graphs import random_records, random_tellings
from tests.resolve.notation import BEGIN, Rec, event, signatures
from tests.resolve.test_stream import Books, batches, carry, owners
from tests.resolve.test_withdrawal import clear as forget_all
from tests.resolve.test_withdrawal import withdraw

DENSE_GRAPHS = int(os.environ.get("REGULARS_TEST_GRAPHS", "150"))
QUICK = settings(max_examples=DENSE_GRAPHS, deadline=None)
LATER = BEGIN + timedelta(days=5000)


@dataclass
class Facts:
    """The rule's input, as erasures leave it."""

    signatures: list[Signature]
    decisions: list[Decision]
    names_speak: bool = True

    def customers(self) -> dict[int, int]:
        found = partition(self.signatures, self.decisions).customers()
        return {signature: customer for signature, customer in found.items() if customer is not None}

    def erase(self, customer: int, number: int) -> None:
        hers = {signature for signature, whose in self.customers().items() if whose == customer}
        left = left_of(self.signatures, self.decisions, (), hers, number, self.names_speak)
        self.signatures, self.decisions = left.signatures, left.decisions


def disturbed(seed: int, names_speak: bool = True) -> bool:
    """Does somebody notice that others were erased?"""
    dice = random.Random(seed)
    told = random_records(dice, dice.randrange(4, 40), dice.choice([2, 40])) if seed % 4 else random_tellings(dice)
    facts = Facts(signatures(told), [], names_speak)
    for number in range(1, 4):
        before = facts.customers()
        if not before:
            return False
        customer = dice.choice(sorted(set(before.values())))
        facts.erase(customer, number)
        if facts.customers() != {s: whose for s, whose in before.items() if whose != customer}:
            return True
    return False


@given(st.integers(0, 10**9))
@QUICK
def test_nobody_notices_that_others_were_erased(seed: int) -> None:
    assert not disturbed(seed)


def test_the_control_that_forgets_what_names_told_apart_is_caught() -> None:
    assert [seed for seed in range(DENSE_GRAPHS) if disturbed(seed, names_speak=False)]


def erase(app: App, customer: int, number: int = 1) -> resolve.Erased:
    """As the house does it, as far as the journal and this room go."""
    with app.transaction() as inside:
        erased = resolve.erase(inside, customer, LATER, number)
        collect.erasure.erase_events(inside, erased.people.withdrawn)
        return erased


def story(dice: random.Random) -> list[Rec]:
    return random_records(dice, 40, dice.choice([2, 40])) if dice.random() < 0.7 else random_tellings(dice)


def clear(app: App) -> None:
    forget_all(app)
    with app.transaction() as inside:
        inside.db.execute("delete from erased_value")
        inside.db.execute("delete from decision")


def test_a_stream_with_erasures_disturbs_nobody_and_ends_where_a_rebuild_ends(app: App) -> None:
    for seed in range(12):
        dice = random.Random(seed)
        clear(app)
        books = Books()
        events = [event(n + 1, rec) for n, rec in enumerate(story(dice))]
        for number, some in enumerate(batches(dice, events), 1):
            books.take(app, carry(app, some))
            before = owners(app)
            if not before or dice.random() < 0.7:
                continue
            customer = dice.choice(sorted(set(before.values())))

            books.take(app, erase(app, customer, number).people)

            assert owners(app) == {seq: whose for seq, whose in before.items() if whose != customer}, f"seed {seed}"
        with app.transaction() as inside:
            again = resolve.rebuild(inside)
        assert (again.merged, again.recompute) == ([], []), f"seed {seed}"
        assert {seq: c for c, seqs in books.events.items() for seq in seqs} == owners(app), f"seed {seed}"


def test_a_shared_tablet_stays_shared_when_one_of_two_is_erased_whatever_came_first(app: App) -> None:
    told = [Rec("x", 0, "u13 d1"), Rec("y", 200, "u14 d1"), Rec("a", 150, "d1")]
    again = [Rec("again", 0, "u13 d1"), Rec("late", 160, "d1"), Rec("new", 6000 * 1440, "u13 d2")]
    for before, after in itertools.product(itertools.permutations(told), itertools.permutations(again)):
        clear(app)
        some = [event(n + 1, rec) for n, rec in enumerate((*before, *after))]
        place = {rec.key: n + 1 for n, rec in enumerate((*before, *after))}
        for one in some[:3]:
            carry(app, [one])

        erase(app, place["x"])
        for one in some[3:]:
            carry(app, [one])

        now = owners(app)
        assert (now[place["y"]], now[place["new"]]) == (place["y"], place["new"])
        assert now[place["a"]] == now[place["late"]] != place["y"]
        assert {place["x"], place["again"]}.isdisjoint(now)


def test_what_only_she_had_is_nowhere_in_the_room_but_as_a_keyed_hash(app: App) -> None:
    carry(app, [event(1, Rec("a", 0, "u1 e1! d1", "anna", 19800102)), event(2, Rec("b", 5, "u2 d1", "ben"))])

    erased = erase(app, 1)

    with app.transaction() as inside:
        shown = inside.db.execute("select type, shown from value where shown <> '' order by 1, 2").fetchall()
        names = inside.db.execute("select first_name, dob from signature where customer is null").fetchall()
        remembered = inside.db.execute("select count(*) from erased_value").fetchall()
    assert shown == [("device", "d1"), ("login:web", "u2")]
    assert set(names) == {(None, None)}
    assert sorted(told.text for told in erased.alone) == ["e1@shop.example", "u1"]
    assert remembered == [(2,)]


def test_no_ghost_stays_where_nobody_living_could_notice(app: App) -> None:
    carry(app, [event(1, Rec("a", 0, "u1 e1!")), event(2, Rec("b", 5, "u2 d1")), event(3, Rec("c", 9, "u3 d1"))])

    for number, customer in enumerate((1, 2, 3), 1):
        erase(app, customer, number)

    with app.transaction() as inside:
        left = inside.db.execute("select (select count(*) from value), (select count(*) from link)").fetchone()
    assert left == (0, 0)


def test_who_hangs_together_with_an_earlier_ghost_can_be_erased_too(app: App) -> None:
    carry(app, [event(1, Rec("a", 0, "u1 L1", "zoe")), event(2, Rec("b", 1, "u2 L1", "zoe"))])
    erase(app, 1)
    # With the other login gone, the card joins whoever shows it with the ghost.
    withdraw(app, {2}, 2)
    family = [Rec("c", 5, "L1 efam", "zoe"), Rec("d", 6, "efam p4", "ben"), Rec("e", 7, "efam")]
    carry(app, [event(n, rec) for n, rec in enumerate(family, 3)])
    assert owners(app) == {3: 3, 4: 4, 5: 5}

    erase(app, 3, 2)

    assert owners(app) == {4: 4, 5: 5}


def test_our_own_events_about_an_erased_customer_are_emptied_when_they_come_late(app: App) -> None:
    carry(app, [event(1, Rec("a", 0, "u1 e1!"))])
    erase(app, 1)
    body = Body(context={"customer": 1}, properties={"segment": "loyal"})
    late = msgspec.structs.replace(event(2, Rec("b", 9, "")), source_kind="own", kind="track", body=body)

    people = carry(app, [late])

    assert (people.customers, people.batch.events[0].kind) == ([None], "aside")
