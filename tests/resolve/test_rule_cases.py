"""The cases of the rule that need no pair scores, each under every order (or sixty random ones), with duplicates."""

import itertools
import random

import pytest

from regulars.resolve.facts import Decision
from regulars.resolve.policy import DEVICE, GENERIC
from tests.resolve.notation import Rec, parts, solve, value

ALL_ORDERS_UP_TO = 7
RANDOM_ORDERS = 60


def orders(records: list[Rec]) -> list[list[Rec]]:
    if len(records) <= ALL_ORDERS_UP_TO - 1:
        return [list(order) for order in itertools.permutations(records)]
    dice = random.Random(len(records))
    return [dice.sample(records, len(records)) for _ in range(RANDOM_ORDERS)]


def assert_parts(records: list[Rec], expected: str, *decisions: Decision) -> None:
    """In every order, with records told twice and decisions too; ids by the given journal positions."""
    seqs = {rec.key: place + 1 for place, rec in enumerate(records)}
    ids = solve(records, decisions, seqs).customers()
    for order in orders(records):
        answer = solve([*order, order[0]], [*reversed(decisions), *decisions], seqs)
        assert parts(records, answer) == expected
        assert answer.customers() == ids


def ids(records: list[Rec], *decisions: Decision) -> dict[str, str]:
    """Key of the founder record of each record's customer."""
    customers = solve(records, decisions).customers()
    return {rec.key: records[seq - 1].key for rec in records if (seq := customers[rec.signature]) is not None}


def split(version: int, staying: list[Rec], leaving: list[Rec]) -> Decision:
    return Decision(
        subject="d1",
        version=version,
        kind="split",
        signatures=tuple(rec.signature for rec in staying),
        leaving=tuple(rec.signature for rec in leaving),
    )


def test_visits_before_and_after_a_login_are_one_customer_named_by_the_login() -> None:
    records = [Rec(f"p{n}", n, "c1") for n in range(5)]
    records += [Rec("l1", "10m", "c1 u1 e1!"), Rec("q1", "2d", "c2"), Rec("l2", "2d+10m", "c2 u1")]

    assert_parts(records, "l1 l2 p0 p1 p2 p3 p4 q1")
    assert set(ids(records).values()) == {"l1"}


@pytest.mark.parametrize("login", ["u{n} ", ""])
def test_forty_people_at_one_store_tablet_stay_forty(login: str) -> None:
    records = [Rec(f"t{n:02}", 2 * n, f"d1 e{n} L{n} " + login.format(n=n)) for n in range(40)]

    answer = solve(records)

    assert parts(records, answer) == "|".join(sorted(rec.key for rec in records))
    assert all(one.state == GENERIC for one in answer.links.values() if one.level == DEVICE)


@pytest.mark.parametrize("known", [True, False])
def test_a_family_address_joins_no_two_cards_and_nobody_gets_the_third_record(known: bool) -> None:
    records = [
        Rec("a", 0, "L1 efam", "anna" if known else None, 19800102 if known else None),
        Rec("b", 1, "L2 efam", "ben" if known else None, 20090704 if known else None),
        Rec("n", 2, "efam"),
    ]

    assert_parts(records, "a|b|n")


def test_a_shop_phone_and_a_blocked_address_join_nobody() -> None:
    block = Decision(subject="b", version=1, kind="block", value=value("ejunk"))
    records = [Rec(f"s{n:02}", n, f"pshop L{n}") for n in range(60)]
    records += [Rec(f"t{n:02}", n, f"ejunk p{n}") for n in range(30)]

    assert parts(records, solve(records, [block])) == "|".join(sorted(rec.key for rec in records))


def test_a_corrupted_card_joins_nobody() -> None:
    many = [Rec(f"r{n:03}", n, f"L9999 e{n}") for n in range(100)]
    two = [Rec("a", 0, "L9999 u1"), Rec("b", 0, "L9999 u2")]

    assert parts(many, solve(many)) == "|".join(rec.key for rec in many)
    assert_parts(two, "a|b")


def chain(types: str) -> list[Rec]:
    joints = [f"{kind}{n}" for n, kind in enumerate(types)]
    records = []
    for n in range(len(joints) + 1):
        near = [*joints[max(0, n - 1) : n], *joints[n : n + 1]]
        login = {0: ["u0"], len(joints): ["u7"]}.get(n, [])
        records.append(Rec(f"c{n}", n, " ".join(near + login)))
    return records


def test_a_chain_between_two_logins_is_cut_at_its_weakest_joints() -> None:
    records = chain("epdepde")

    assert_parts(records, "c0 c1 c2|c3 c4 c5|c6 c7")
    assert {cut.value for one in solve(records).settled for cut in one.cuts} == {value("d2"), value("d5")}


def test_an_even_chain_is_cut_half_way() -> None:
    assert_parts(chain("eeeeeee"), "c0 c1 c2 c3|c4 c5 c6 c7")


def test_a_card_claimed_on_line_links_nothing_until_it_is_verified() -> None:
    records = [Rec("p1", 0, "L7"), Rec("p2", 5, "L7"), Rec("w", 9, "u7 L7?"), Rec("w2", 11, "u9 L7?")]
    verify = Decision(subject="v", version=1, kind="verify", signatures=(records[2].signature,), value=value("L7"))

    assert_parts(records, "p1 p2|w|w2")
    assert_parts(records, "p1 p2 w|w2", verify)
    assert ids(records, verify)["w"] == "p1"


def test_a_recycled_address_or_number_starts_anew() -> None:
    old = [Rec("o1", "0d", "u8 eold"), Rec("o2", "100d", "u8 enew")]
    close = Decision(subject="c", version=1, kind="close", value=value("eold"), day=100)

    assert_parts([*old, Rec("n1", "530d", "u99 eold")], "n1|o1 o2")
    assert_parts([Rec("p", "0d", "pold"), Rec("q", "430d", "pold u3")], "p|q")
    assert_parts([*old, Rec("n1", "130d", "eold")], "n1|o1 o2", close)
    assert_parts([*old, Rec("n1", "130d", "eold")], "n1 o1 o2")


def test_a_stewards_split_holds_and_can_be_undone_and_done_again() -> None:
    records = [Rec(f"r{n}", n, f"e1! t{n}") for n in range(1, 5)]
    records += [Rec("r5", 5, "e1! p1!"), Rec("r6", 6, "e1! p1! t6")]
    staying, leaving = records[:4], records[4:]
    undone = Decision(subject="d1", version=2, kind="")

    assert_parts(records, "r1 r2 r3 r4|r5 r6", split(1, staying, leaving))
    assert {ids(records, split(1, staying, leaving))[key] for key in ("r4", "r6")} == {"r1", "r5"}
    assert_parts(records, "r1 r2 r3 r4 r5 r6", split(1, staying, leaving), undone)
    assert_parts(records, "r1 r2 r3 r4|r5 r6", split(1, staying, leaving), undone, split(3, staying, leaving))


def test_late_evidence_joins_and_its_removal_gives_the_former_ids_back() -> None:
    records = [Rec("r1", 0, "e1"), Rec("r2", 1, "p1"), Rec("r3", 2, "e1 p1")]

    assert_parts(records, "r1 r2 r3")
    assert ids(records[:2]) == {"r1": "r1", "r2": "r2"}


def test_one_landline_and_four_first_names_are_four_people() -> None:
    records = [Rec(f"h{n}", n, f"pland e{n}", who) for n, who in enumerate(["walter", "ingrid", "karl", "sophie"])]

    assert_parts(records, "h0|h1|h2|h3")


def test_a_steward_merge_makes_two_logins_one() -> None:
    records = [Rec("a", 0, "u1 e1!"), Rec("b", 1, "u2 e2!"), Rec("c", 2, "e2!")]
    merge = Decision(subject="m", version=1, kind="merge", signatures=(records[0].signature, records[1].signature))

    assert_parts(records, "a|b c")
    assert_parts(records, "a b c", merge)


def test_a_birth_that_somebody_looked_up_outvotes_what_was_typed_more_often() -> None:
    typed = [Rec("a", 0, "L1", None, 19800102), Rec("b", 1, "L1 t1", None, 19800102)]
    other = Rec("c", 3, "efam", None, 20090704)

    assert_parts([*typed, Rec("v", 2, "L1 efam", None, 20090704), other], "a b v|c")
    assert_parts([*typed, Rec("v", 2, "L1 efam", None, 20090704, verified=True), other], "a b c v")
