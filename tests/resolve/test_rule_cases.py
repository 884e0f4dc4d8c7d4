"""The cases of the rule, each under every order (or sixty random ones), with duplicates."""

import itertools
import random
from collections.abc import Sequence

import pytest

from regulars.resolve.facts import Decision
from regulars.resolve.likeness import Pair
from regulars.resolve.policy import DEVICE, GENERIC, PAIR
from tests.resolve.notation import Rec, in_force, pair, parts, solve, value

ALL_ORDERS_UP_TO = 7
RANDOM_ORDERS = 60


def orders(records: list[Rec]) -> list[list[Rec]]:
    if len(records) <= ALL_ORDERS_UP_TO - 1:
        return [list(order) for order in itertools.permutations(records)]
    dice = random.Random(len(records))
    return [dice.sample(records, len(records)) for _ in range(RANDOM_ORDERS)]


def assert_parts(records: list[Rec], expected: str, *decisions: Decision, pairs: Sequence[Pair] = ()) -> None:
    """In every order, with records told twice and decisions too; ids by the given journal positions."""
    seqs = {rec.key: place + 1 for place, rec in enumerate(records)}
    ids = solve(records, decisions, seqs, pairs).customers()
    for order in orders(records):
        answer = solve([*order, order[0]], [*reversed(decisions), *decisions], seqs, [*reversed(pairs), *pairs])
        assert parts(records, answer) == expected
        assert answer.customers() == ids


def ids(records: list[Rec], *decisions: Decision, pairs: Sequence[Pair] = ()) -> dict[str, str]:
    """Key of the founder record of each record's customer."""
    customers = solve(records, decisions, None, pairs).customers()
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
    kept = [Rec("o1", "0d", "u8 eold^"), Rec("o2", "100d", "u8 enew^")]
    assert_parts([*kept, Rec("n1", "130d", "eold")], "n1|o1 o2")


def test_only_the_source_that_names_another_value_of_the_same_login_ends_the_former() -> None:
    stranger, old = Rec("n1", "130d", "eold"), Rec("o1", "0d", "u8 eold^")

    for other in ("u8 enew", "u8 enew~", "u8 pnew^", "enew^ e1"):
        told = Rec("o2", "100d", other)
        assert "n1 o1" in parts([old, told, stranger], solve([old, told, stranger]))
    assert_parts([Rec("o1", "0d", "u8 pold!^"), Rec("o2", "100d", "u8 pnew^"), Rec("n1", "130d", "pold")], "n1|o1 o2")


def test_what_a_source_says_again_later_is_hers_again() -> None:
    old, new = Rec("o1", "0d", "u8 eold^"), Rec("o2", "100d", "u8 enew^")
    stranger, same_day = Rec("n1", "130d", "eold"), Rec("o3", "0d", "u8 enew^ c1")

    assert_parts([old, Rec("o3", "120d", "u8 eold^"), new, stranger], "n1 o1 o2 o3")
    assert_parts([old, Rec("o3", "140d", "u8 eold^ c1"), new, stranger], "n1 o1 o2 o3")
    assert_parts([old, same_day, stranger], "n1 o1 o3")


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


JON = [Rec("a", 0, "L1", "jon", 19840201), Rec("b", 1, "e1!", "john", 19840102)]


def test_who_scores_high_is_one_and_who_scores_between_is_a_stewards_question() -> None:
    likely = [pair(*JON, 4)]

    assert_parts(JON, "a b", in_force(1), pairs=[pair(*JON, 9)])
    assert_parts(JON, "a|b", in_force(1), pairs=likely)
    assert_parts(JON, "a|b", pairs=[pair(*JON, 9)])
    [settled] = solve(JON, [in_force(1)], None, likely).settled
    assert [doubt.bits for doubt in settled.doubts] == [4]


def test_twins_score_high_and_stay_two() -> None:
    twins = [Rec("a", 0, "L1", "tim", 20100504), Rec("b", 1, "L2", "rob", 20100504)]
    pairs = [pair(*twins, 9)]

    assert_parts(twins, "a|b", in_force(1), pairs=pairs)
    [settled] = solve(twins, [in_force(1)], None, pairs).settled
    assert [(cut.level, cut.reason) for cut in settled.cuts] == [(PAIR, "different first names")]
    assert settled.doubts == []


def test_no_model_joins_again_what_a_steward_told_apart() -> None:
    records = [Rec(f"r{n}", n, f"e1! t{n}") for n in range(1, 5)]
    records += [Rec("r5", 5, "e1! p1!"), Rec("r6", 6, "e1! p1! t6")]
    scored = [pair(records[0], records[4], 20), pair(records[0], records[4], 30, model=2)]
    apart = split(1, records[:4], records[4:])
    undone, again = Decision(subject="d1", version=2, kind=""), split(3, records[:4], records[4:])

    for model in (in_force(1), in_force(2)):
        assert_parts(records, "r1 r2 r3 r4|r5 r6", apart, model, pairs=scored)
        assert set(ids(records, apart, model, pairs=scored).values()) == {"r1", "r5"}
        assert_parts(records, "r1 r2 r3 r4 r5 r6", apart, undone, model, pairs=scored)
        assert_parts(records, "r1 r2 r3 r4|r5 r6", apart, undone, again, model, pairs=scored)


def test_late_births_and_logins_part_what_a_score_had_joined() -> None:
    alike = [Rec("r1", 0, "pa"), Rec("r2", 1, "pb")]
    later = [Rec("r1b", 2, "pa u1", None, 19510307), Rec("r2b", 3, "pb u2", None, 19830809)]
    pairs = [pair(*alike, 9)]

    assert_parts(alike, "r1 r2", in_force(1), pairs=pairs)
    assert_parts([*alike, *later], "r1 r1b|r2 r2b", in_force(1), pairs=pairs)


def test_a_new_model_parts_and_the_old_one_joins_again_under_the_same_id() -> None:
    pairs = [pair(*JON, 9), pair(*JON, 1, model=2)]

    assert ids(JON, in_force(1), pairs=pairs) == {"a": "a", "b": "a"}
    assert ids(JON, in_force(1), in_force(2, 2), pairs=pairs) == {"a": "a", "b": "b"}
    assert ids(JON, in_force(1), in_force(2, 2), in_force(1, 3), pairs=pairs) == {"a": "a", "b": "a"}


def test_of_two_scores_of_one_pair_the_lower_counts() -> None:
    assert_parts(JON, "a|b", in_force(1), pairs=[pair(*JON, 9), pair(*JON, 4)])


def test_who_is_equally_like_two_joins_neither_unless_all_three_are_alike() -> None:
    three = [Rec("a", 0, "L1"), Rec("b", 1, "L2"), Rec("c", 2, "e1")]
    tied = [pair(three[0], three[2], 9), pair(three[1], three[2], 9)]

    assert_parts(three, "a|b|c", in_force(1), pairs=tied)
    assert_parts(three, "a b c", in_force(1), pairs=[*tied, pair(three[0], three[1], 7)])


def test_one_lucky_score_does_not_join_a_long_history() -> None:
    said = {"name": "anna", "dob": 19800102}
    history = [Rec(f"h{n}", n, f"u1 t{n}", **said) for n in range(4)]
    lucky = Rec("x", 9, "e1", **said)

    scores = [pair(lucky, rec, 9) for rec in history]

    assert_parts([*history, lucky], "h0 h1 h2 h3 x", in_force(1), pairs=scores)
    assert_parts([*history, lucky], "h0 h1 h2 h3|x", in_force(1), pairs=scores[:1])


def test_what_could_not_be_compared_does_not_speak_against_likeness() -> None:
    visits = [Rec(f"v{n}", n, f"u1 c{n}") for n in range(4)]
    named, lone = Rec("n", 5, "u1", "anna", 19800102), Rec("x", 9, "e1", "anna", 19800102)

    assert_parts([*visits, named, lone], "n v0 v1 v2 v3 x", in_force(1), pairs=[pair(named, lone, 9)])


def test_a_record_without_any_identifier_is_somebodys_once_it_is_alike() -> None:
    records = [Rec("t", 0, "", "jon", 19840201), Rec("w", 1, "e1", "jon", 19840201)]

    assert_parts(records, "[t]|w", in_force(1), pairs=[pair(*records, 5)])
    assert_parts(records, "t w", in_force(1), pairs=[pair(*records, 9)])
