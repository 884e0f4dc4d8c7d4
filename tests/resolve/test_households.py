"""Who lives with whom: by address and surname, phone, card and e-mail, from a day until a day, never a merge."""

import random
from collections.abc import Sequence

import pytest

from regulars import resolve
from regulars.app import App
from regulars.kit.clock import EPOCH
from regulars.model import Moment
from regulars.resolve import HOLDERS_MAX, PEOPLE_MAX, Living, Steward, decide
from regulars.resolve.households.place import home_of, place_of
from tests.resolve.notation import BEGIN, Rec, event
from tests.resolve.test_stream import batches, carry, forget_all

FIRST_DAY = (BEGIN - EPOCH).days
HOUSE = (
    Rec("walter", "0d", "pland ewalter!", "walter", 19600101, surname="reed", street="12 Mill Road"),
    Rec("ingrid", "1d", "pland eingrid!", "ingrid", 19610101, surname="reed", street="12 Mill Rd."),
    Rec("karl", "2d", "pland ekarl!", "karl", 19900101, surname="voss", street="12 Mill Road"),
    Rec("sophie", "3d", "pland esophie!", "sophie", 19920101, surname="voss", street="12 Mill Road"),
)
MOVED = Rec("sophie later", "100d", "esophie!", "sophie", 19920101, surname="voss", street="7 Low Lane")


def tell(app: App, records: Sequence[Rec], kind: str = "tills", at_once: bool = True) -> dict[str, int]:
    """Carry these in this order; customer by key of the record."""
    forget_all(app)
    events = [event(seq, rec, kind) for seq, rec in enumerate(records, start=1)]
    for some in [events] if at_once else batches(random.Random(len(events)), events):
        carry(app, some)
    return customers(app, records)


def customers(app: App, records: Sequence[Rec]) -> dict[str, int]:
    with app.transaction() as inside:
        rows = dict(inside.db.execute("select seq, customer from event_customer where customer is not null").fetchall())
    return {rec.key: rows[seq] for seq, rec in enumerate(records, start=1) if seq in rows}


def living(app: App, customer: int, day: int) -> Living:
    with app.transaction() as inside:
        return resolve.household(inside, customer, FIRST_DAY + day)


def homes(app: App, records: Sequence[Rec], day: int) -> set[frozenset[str]]:
    """Households as keys of records."""
    known = customers(app, records)
    with app.transaction() as inside:
        found = resolve.households(inside, sorted(set(known.values())), FIRST_DAY + day)
    by_home: dict[int, set[str]] = {}
    for key, customer in known.items():
        if customer in found:
            by_home.setdefault(found[customer], set()).add(key)
    return {frozenset(keys) for keys in by_home.values()}


def test_four_people_with_two_surnames_at_one_address_and_landline_are_one_household(app: App) -> None:
    known = tell(app, HOUSE)

    here = living(app, known["karl"], day=4)

    assert len(set(known.values())) == 4
    assert here.household == min(known.values())
    assert {mate.customer for mate in here.mates} == set(known.values()) - {known["karl"]}
    assert {(clue.kind, len(clue.holders)) for clue in here.clues} == {("home", 2), ("phone", 4)}


def test_who_moves_out_leaves_the_household_on_that_day_and_stays_who_she_is(app: App) -> None:
    known = tell(app, [*HOUSE, MOVED])

    before, after = living(app, known["sophie"], day=99), living(app, known["sophie"], day=100)
    left = living(app, known["walter"], day=100)

    assert known["sophie"] == known["sophie later"]
    assert [mate.from_day - FIRST_DAY for mate in before.mates] == [3, 3, 3]
    assert (after.household, after.mates) == (None, [])
    assert [mate.until_day for mate in after.former] == [FIRST_DAY + 100] * 3
    assert {mate.customer for mate in left.mates} == {known["ingrid"], known["karl"]}


def test_a_family_address_of_e_mail_makes_a_household_and_no_merge(app: App) -> None:
    known = tell(app, [Rec("a", 0, "L1 efam", "anna", 19800102), Rec("b", 1, "L2 efam", "ben", 20090704)])

    here = living(app, known["a"], day=0)

    assert known["a"] != known["b"]
    assert [(clue.kind, clue.value) for clue in here.clues] == [("email", "efam@shop.example")]
    assert [mate.customer for mate in here.mates] == [known["b"]]


def test_people_with_two_addresses_are_two_households_whatever_they_share(app: App) -> None:
    records = [
        Rec("a", "0d", "L1 pland", street="1 Elm Street", surname="reed"),
        Rec("b", "1d", "L2 pland", street="9 Oak Street", surname="reed"),
        Rec("c", "2d", "L3 pland"),
    ]
    known = tell(app, records)

    assert living(app, known["a"], day=1).household is None
    # Nothing says in which of both the third one lives.
    assert homes(app, records, day=2) == set()


def test_what_more_people_share_than_live_together_is_named_and_joins_nobody(app: App) -> None:
    few = [Rec(f"r{n}", n, f"pflat L{n}") for n in range(HOLDERS_MAX)]
    known = tell(app, few)
    assert len(living(app, known["r0"], day=0).mates) == HOLDERS_MAX - 1

    known = tell(app, [*few, Rec("one more", 50, "pflat Lmore")])

    here = living(app, known["r0"], day=0)
    assert (here.household, here.mates) == (None, [])
    assert [crowd.kind for crowd in here.crowds] == ["phone"]


def test_a_chain_of_more_people_than_a_household_has_is_none(app: App) -> None:
    chain = [Rec(f"r{n}", n, f"L{n} p{n // 2} e{(n + 1) // 2}") for n in range(PEOPLE_MAX + 1)]
    known = tell(app, chain[:-1])
    assert len(living(app, known["r0"], day=0).mates) == PEOPLE_MAX - 1

    known = tell(app, chain)

    assert living(app, known["r0"], day=0).is_crowded
    assert homes(app, chain, day=0) == set()


def test_a_claimed_card_and_a_blocked_phone_are_no_evidence_of_a_household(app: App) -> None:
    records = [Rec("a", 0, "u1 L1 pland"), Rec("b", 1, "u2 L1? pland")]
    known = tell(app, records, kind="web")
    assert homes(app, records, day=0) == {frozenset("ab")}

    with app.transaction() as inside:
        phone = event(1, records[0]).body.traits["phone"]
        decide.block(inside, Steward("ada", "the shop's own"), Moment(kind="phone", value=str(phone)))

    assert living(app, known["a"], day=0).household is None


def test_a_merge_and_its_undoing_are_followed_at_once(app: App) -> None:
    known = tell(app, HOUSE)
    with app.transaction() as inside:
        decide.merge(inside, Steward("ada", "twice the same"), [3, 4])
    assert len(living(app, known["walter"], day=4).mates) == 2

    with app.transaction() as inside:
        decide.undo(inside, Steward("ada", "two after all"), "merge:3:4")

    assert len(living(app, known["walter"], day=4).mates) == 3


def test_an_erased_person_lives_with_nobody(app: App) -> None:
    known = tell(app, HOUSE)
    with app.transaction() as inside:
        resolve.erase(inside, known["karl"], BEGIN, 1)

    here = living(app, known["sophie"], day=4)

    assert known["karl"] not in {mate.customer for mate in here.mates}
    assert len(here.mates) == 2


@pytest.mark.parametrize("seed", range(4))
def test_households_are_the_same_in_any_batches_any_order_and_after_a_rebuild(app: App, seed: int) -> None:
    dice = random.Random(seed)
    records = [somebody(dice, n) for n in range(60)]
    day = dice.randrange(100, 300)

    tell(app, records)
    at_once = homes(app, records, day)
    tell(app, records, at_once=False)
    in_batches = homes(app, records, day)
    with app.transaction() as inside:
        resolve.rebuild(inside)
    rebuilt = homes(app, records, day)
    shuffled = dice.sample(records, len(records))
    tell(app, shuffled)

    assert len(at_once) > 1
    assert at_once == in_batches == rebuilt == homes(app, shuffled, day)


def somebody(dice: random.Random, number: int) -> Rec:
    """Somebody with a card of one's own, or a further record of one before; some of them move."""
    tokens = [f"L{dice.randrange(number + 1) if dice.random() < 0.3 else number}"]
    tokens += [f"{kind}{dice.randrange(25)}" for kind in "ep" if dice.random() < 0.3]
    surname, street = (dice.choice(["reed", "voss"]), f"{dice.randrange(12)} Mill Road")
    tells = dice.random() < 0.4
    return Rec(
        f"r{number:02}",
        f"{dice.randrange(300)}d",
        " ".join(tokens),
        surname=surname if tells else None,
        street=street if tells else None,
    )


def test_one_customer_and_all_of_them_get_the_same_answer(app: App) -> None:
    dice = random.Random(7)
    records = [somebody(dice, n) for n in range(60)]
    known = tell(app, records)

    with app.transaction() as inside:
        together = resolve.households(inside, sorted(set(known.values())), FIRST_DAY + 150)
    alone = {one: living(app, one, day=150).household for one in known.values()}

    assert {one: home for one, home in alone.items() if home is not None} == together


def test_abbreviations_and_spaces_make_no_other_home() -> None:
    assert place_of("12 mill rd, cm2 6pt") == place_of("12 mill road, cm26pt")
    assert place_of("4 elm st apt 2, 12207 1234") == place_of("4 elm street 2, 12207")
    assert place_of("12 mill road, cm2 6pt") != place_of("12 mill road, cm2 6pu")
    assert home_of("12 mill road", "reed") != home_of("12 mill road", "voss")
    assert home_of("12 mill road", None) is None
