"""The scenarios people are accepted by, in the shorthand of the rule's cases: who they are in any order of arrival.

Written once, for three runs: the pure rule, a stream in memory (test_scenarios.py), and the whole product in PostgreSQL
(tests/acceptance/test_who_is_who.py).
"""

from __future__ import annotations

import itertools
import os
import random
from collections.abc import Sequence
from typing import NamedTuple

from regulars.resolve.facts import Decision
from regulars.resolve.likeness import Pair
from tests.resolve.notation import Rec, in_force, pair, value

ALL_ORDERS_UP_TO = 7
# Orders of a scenario with more events than that. Raise it for a thorough run.
ORDERS = int(os.environ.get("REGULARS_TEST_ORDERS", "200"))


class Stated(NamedTuple):
    """What a steward says once all records are in; or "erase": the customer of the first key goes, as of that day."""

    kind: str
    keys: tuple[str, ...] = ()
    leaving: tuple[str, ...] = ()
    token: str = ""
    day: int | None = None
    model: int = 0


class Scenario(NamedTuple):
    """Records by key, and who they are: "a b|c"; a record that names nobody in brackets."""

    name: str
    records: tuple[Rec, ...]
    expected: str
    stated: tuple[Stated, ...] = ()
    scores: tuple[tuple[str, str, float, int], ...] = ()
    """By two keys: bits, and the model that gave them. Model 1 is in force unless something else is stated."""
    later: tuple[Rec, ...] = ()
    """What comes in after all that was stated, in any order of its own."""
    gone: tuple[str, ...] = ()
    """Records that are nobody's in the end, and stand nowhere in what is expected: erased, or refused for it."""
    homes: tuple[tuple[int, str], ...] = ()
    """On a day the households, written as customers are; who lives alone is in none."""

    @property
    def everything(self) -> tuple[Rec, ...]:
        """All records, early and late."""
        return (*self.records, *self.later)

    def pairs(self, records: Sequence[Rec]) -> list[Pair]:
        """Scores of these records."""
        by_key = {rec.key: rec for rec in records}
        return [
            pair(by_key[one], by_key[other], bits, model)
            for one, other, bits, model in self.scores
            if one in by_key and other in by_key
        ]


def decision(stated: Stated, records: Sequence[Rec], version: int = 1) -> Decision:
    """A statement as the rule reads it."""
    if stated.kind == "model":
        return in_force(stated.model, version + 1)
    numbers = {rec.key: rec.signature for rec in records}
    return Decision(
        subject=":".join((stated.kind, *stated.keys, stated.token)),
        version=version,
        kind=stated.kind,
        signatures=tuple(numbers[key] for key in stated.keys),
        leaving=tuple(numbers[key] for key in stated.leaving),
        value=value(stated.token) if stated.token else None,
        day=stated.day,
    )


def orders(records: Sequence[Rec], most: int = ORDERS) -> list[tuple[Rec, ...]]:
    """Every order of few records, `most` random ones of many."""
    if len(records) <= ALL_ORDERS_UP_TO:
        return list(itertools.permutations(records))
    dice = random.Random(len(records))
    return [tuple(dice.sample(records, len(records))) for _ in range(most)]


def chain(joints: str, last: str) -> tuple[Rec, ...]:
    """Records in a row, each joined to the next by an identifier of its own; two logins at its ends."""
    names = [f"{kind}{n}" for n, kind in enumerate(joints)]
    ends = {0: ["u0"], len(names): [last]}
    return tuple(
        Rec(f"c{n:02}", n, " ".join([*ends.get(n, []), *names[max(0, n - 1) : n + 1]])) for n in range(len(names) + 1)
    )


def apart(records: Sequence[Rec]) -> str:
    """Everybody alone."""
    return "|".join(sorted(rec.key for rec in records))


VISITS = (
    *(Rec(f"p{n}", n, "c1") for n in range(5)),
    *(Rec("l1", "10m", "c1 u1 e1!"), Rec("q1", "2d", "c2"), Rec("l2", "2d+10m", "c2 u1")),
)
TABLET = tuple(Rec(f"t{n}", 5 * n, f"d1 u{n} e{n} L{n}") for n in range(4))
CROWD = tuple(Rec(f"t{n:02}", 5 * n, f"d1 u{n} e{n} L{n}") for n in range(40))
FAMILY = (
    *(Rec("a", 0, "L1 efam", "anna", 19800102), Rec("b", 1, "L2 efam", "ben", 20090704)),
    Rec("n", 2, "efam"),
)
NAMELESS_FAMILY = (Rec("a", 0, "L1 efam"), Rec("b", 1, "L2 efam"), Rec("n", 2, "efam"))
SHOP_PHONE = tuple(Rec(f"s{n:02}", n, f"pshop L{n}") for n in range(40))
CORRUPTED = tuple(Rec(f"r{n:02}", n, f"L9999 e{n}") for n in range(40))
TWO_ON_A_CARD = (Rec("a", 0, "L9999 u1"), Rec("b", 1, "L9999 u2"))
CHAIN = chain("".join(itertools.islice(itertools.cycle("epd"), 29)), "u7")
CLAIMED = (Rec("p1", 0, "L7"), Rec("p2", 5, "L7"), Rec("w", 9, "u7 L7?"), Rec("w2", 11, "u9 L7?"))
PROVED = Rec("v", 12, "u7 L7")
CHANGED = (Rec("o1", "0d", "u8 eold"), Rec("o2", "100d", "u8 enew"))
SILENT = (Rec("p", "0d", "pold"), Rec("q", "430d", "pold u3"))
CLOSED = Stated("close", token="eold", day=100)
MIXED = (
    *(Rec(f"r{n}", n, f"e1! t{n}") for n in range(1, 5)),
    *(Rec("r5", 5, "e1! p1!"), Rec("r6", 6, "e1! p1! t6")),
)
SPLIT = Stated("split", ("r1", "r2", "r3", "r4"), ("r5", "r6"))
SHARED = (Rec("x1", 0, "u13 e13! d1"), Rec("x2", 5, "u13 c13"), Rec("y", 200, "u14 d1"), Rec("a", 150, "d1"))
AFTER_ERASURE = (
    *(Rec("old file", 0, "u13 L13"), Rec("old mail", 9, "e13 c99"), Rec("late", 160, "d1")),
    Rec("new", "400d", "u13 d2"),
)
ROOF = tuple(
    Rec(key, f"{day}d", f"pland e{key}!", key, born, surname=last, street=street)
    for key, day, born, last, street in (
        *(("walter", 0, 19600101, "reed", "12 mill road"), ("ingrid", 1, 19610101, "reed", "12 mill rd")),
        *(("karl", 2, 19900101, "voss", "12 mill road"), ("sophie", 3, 19920101, "voss", "12 mill road")),
    )
)
MOVED = Rec("moved", "100d", "esophie!", "sophie", 19920101, surname="voss", street="7 low lane")
HOUSE = tuple(
    Rec(f"h{n}", n, f"pland e{n}", who, 19600101 + n * 100_000)
    for n, who in enumerate(("walter", "ingrid", "karl", "sophie"))
)
JON = (
    Rec("till", 0, "", "jon", 19840201, surname="smyth", street="12 Mill Road"),
    Rec("web", 1, "e1", "john", 19840102, surname="smith", street="12 Mill Road"),
)
TWINS = (
    Rec("tim", 0, "L1", "tim", 20100504, surname="lund", street="4 Hay Lane"),
    Rec("rob", 1, "L2", "rob", 20100504, surname="lund", street="4 Hay Lane"),
)
FATHER = (
    Rec("karl", 0, "L1", "karl", 19600504, surname="lund", street="4 Hay Lane"),
    Rec("junior", 1, "e2", "karl", 19881107, surname="lund", street="4 Hay Lane"),
)
ALIKE = (Rec("r1", 0, "pa"), Rec("r2", 1, "pb"))
CONTRADICTED = (
    *ALIKE,
    *(Rec("r1b", 2, "pa u1", None, 19510307), Rec("r2b", 3, "pb u2", None, 19830809)),
)
UPGRADED = (("r1", "r2", 9.0, 1), ("r1", "r2", 1.0, 2))
NEW_MODEL, OLD_MODEL = Stated("model", model=2), Stated("model", model=1)

SCENARIOS = (
    Scenario("S1 visits before and after a login are one person", VISITS, "l1 l2 p0 p1 p2 p3 p4 q1"),
    Scenario(
        "S2 a tablet in a store joins nobody it serves",
        (*TABLET, Rec("x", 3, "d1")),
        "[x]|t0|t1|t2|t3",
    ),
    Scenario("S2 forty people at one tablet stay forty", CROWD, apart(CROWD)),
    Scenario("S3 a family address joins no two cards, and makes a household", FAMILY, "a|b|n", homes=((0, "a b n"),)),
    Scenario("S3 not even where nobody's birth is known", NAMELESS_FAMILY, "a|b|n"),
    Scenario("S4 the shop's own phone joins nobody", SHOP_PHONE, apart(SHOP_PHONE)),
    Scenario("S5 a corrupted card joins nobody", CORRUPTED, apart(CORRUPTED)),
    Scenario("S5 two logins make a card nobody's", TWO_ON_A_CARD, "a|b"),
    Scenario(
        "S6 a long chain between two logins is cut half-way, at a device",
        CHAIN,
        " ".join(rec.key for rec in CHAIN[:15]) + "|" + " ".join(rec.key for rec in CHAIN[15:]),
    ),
    Scenario("S7 a claimed card shows nobody's history", CLAIMED, "p1 p2|w|w2"),
    Scenario("S7 a proved card brings it", (*CLAIMED, PROVED), "p1 p2 v w|w2"),
    Scenario("S7 a steward proves it", CLAIMED, "p1 p2 w|w2", (Stated("verify", ("w",), token="L7"),)),
    Scenario(
        "S7 two proved logins on one card get it neither",
        (*CLAIMED[:2], PROVED, Rec("v2", 13, "u9 L7")),
        "[p1]|[p2]|v|v2",
    ),
    Scenario(
        "S8 an address given up is another's with another login",
        (*CHANGED, Rec("n1", "530d", "u99 eold")),
        "n1|o1 o2",
    ),
    Scenario(
        "S8 a number silent for a year is another's", (Rec("p", "0d", "pold"), Rec("q", "430d", "pold u3")), "p|q"
    ),
    Scenario("S8 what was closed starts anew", (*CHANGED, Rec("n1", "130d", "eold")), "n1|o1 o2", (CLOSED,)),
    Scenario(
        "S8 what a source says is another now starts anew",
        (Rec("o1", "0d", "u8 eold^"), Rec("o2", "100d", "u8 enew^"), Rec("n1", "130d", "eold")),
        "n1|o1 o2",
    ),
    Scenario("S9 who scores high is one, though no identifier says so", JON, "till web", (), (("till", "web", 9, 1),)),
    Scenario("S9 who scores between stays two", JON, "[till]|web", (), (("till", "web", 4, 1),)),
    Scenario("S9 twins stay two, however high they score", TWINS, "rob|tim", (), (("tim", "rob", 12, 1),)),
    Scenario("S9 so do father and son", FATHER, "junior|karl", (), (("karl", "junior", 12, 1),)),
    Scenario("S10 a split holds", MIXED, "r1 r2 r3 r4|r5 r6", (SPLIT,)),
    Scenario("S10 undone, they are one again", MIXED, "r1 r2 r3 r4 r5 r6", (SPLIT, Stated("undo"))),
    Scenario(
        "S10 the undo undone, they are two again",
        MIXED,
        "r1 r2 r3 r4|r5 r6",
        (SPLIT, Stated("undo"), Stated("undo")),
    ),
    Scenario(
        "S11 late evidence joins what was apart",
        (Rec("r1", 0, "e1"), Rec("r2", 1, "p1"), Rec("r3", 2, "e1 p1")),
        "r1 r2 r3",
    ),
    Scenario("S12 a score joins", ALIKE, "r1 r2", (), (("r1", "r2", 9, 1),)),
    Scenario("S12 late births and logins part them again", CONTRADICTED, "r1 r1b|r2 r2b", (), (("r1", "r2", 9, 1),)),
    Scenario("S15 a new model parts them", ALIKE, "r1|r2", (NEW_MODEL,), UPGRADED),
    Scenario("S15 the old one restored, they are one", ALIKE, "r1 r2", (NEW_MODEL, OLD_MODEL), UPGRADED),
    Scenario(
        "S13 who is erased leaves a shared device shared, is not brought back by an old file, and may come anew",
        SHARED,
        "a late|new|y",
        (Stated("erase", ("x1",), day=300),),
        later=AFTER_ERASURE,
        gone=("x1", "x2", "old file", "old mail"),
    ),
    Scenario("S14 four people at one landline are four", HOUSE, "h0|h1|h2|h3", homes=((0, "h0 h1 h2 h3"),)),
    Scenario(
        "S14 two surnames at one address are one household, which who moves out leaves on a day",
        (*ROOF, MOVED),
        "ingrid|karl|moved sophie|walter",
        homes=((4, "ingrid karl sophie walter"), (99, "ingrid karl sophie walter"), (100, "ingrid karl walter")),
    ),
)
