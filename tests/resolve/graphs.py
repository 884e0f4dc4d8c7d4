"""Dense random graphs: few values, many holders, so that every rule has work. Sparse ones find nothing."""

import random
from collections.abc import Sequence

import msgspec

from regulars.resolve.facts import Decision, Signature
from regulars.resolve.likeness import Pair
from tests.resolve.notation import Rec

NAMES = [None, None, "anna", "annie", "ben", "karl", "k"]
BIRTHS = [None, None, None, 19800102, 19800201, 19900708, 20090704]


def random_records(dice: random.Random, count: int, spread_days: int = 40) -> list[Rec]:
    """Records over a handful of values of every class; some of them years apart."""
    width = dice.choice([2, 3, 4, 6])
    shares = {"u": 0.3, "L": 0.25, "e": 0.4, "p": 0.3, "o": 0.1, "t": 0.1, "d": 0.3, "c": 0.3}
    records: list[Rec] = []
    for number in range(count):
        tokens = [
            kind + str(dice.randrange(width)) + mark(dice, kind)
            for kind, share in shares.items()
            if dice.random() < share
        ]
        days = dice.choice([spread_days, spread_days, 1500])
        at = dice.randrange(days * 1440) if dice.random() < 0.6 else dice.randrange(600)
        said = dice.choice(NAMES), dice.choice(BIRTHS)
        records.append(Rec(f"r{number:02}", at, " ".join(tokens), *said, verified=dice.random() < 0.1))
    return records


def random_tellings(dice: random.Random) -> list[Rec]:
    """Two sources name one address after the other for a few logins; strangers come by the former ones."""
    records: list[Rec] = []
    for number in range(dice.randrange(4, 16)):
        mailbox, login = f"e{dice.randrange(5)}", f"u{dice.randrange(3)}"
        tokens = dice.choice([f"{login} {mailbox}^", f"{login} {mailbox}~", f"{login} {mailbox}!^", mailbox])
        also = dice.choice(["", "", f" c{number}", f" L{dice.randrange(3)}"])
        records.append(Rec(f"r{number:02}", dice.randrange(300 * 1440), tokens + also))
    return records


def random_pairs(dice: random.Random, signatures: Sequence[int]) -> list[Pair]:
    """Scores of some of them, many of them equal, by two models."""
    some: list[Pair] = []
    for _ in range(dice.randrange(1, 2 * len(signatures))):
        one, other = sorted(dice.sample(signatures, 2))
        some.append(Pair(one, other, dice.choice([1, 1, 1, 2]), dice.choice([-3, 1, 4, 6, 7, 9, 9, 12, 20])))
    return some


def random_decisions(dice: random.Random, some: Sequence[Signature]) -> list[Decision]:
    """What stewards may state about these, each in several versions, some of them empty."""
    told: list[Decision] = []
    for number in range(dice.randrange(6)):
        kind = dice.choice(["merge", "split", "distinct", "close", "block", "withdraw", "verify"])
        members = dice.sample(some, min(len(some), dice.randrange(2, 5)))
        values = [link.value for one in members for link in one.links]
        about = kind in ("close", "block", "withdraw", "verify")
        if len(members) < 2 or (about and not values):
            continue
        sides = dice.randrange(1, len(members)) if kind in ("split", "distinct") else len(members)
        stated = Decision(
            subject=f"{kind}{number}",
            version=1,
            kind=kind,
            signatures=() if kind in ("close", "block") else tuple(one.id for one in members[:sides]),
            leaving=tuple(one.id for one in members[sides:]) if kind in ("split", "distinct") else (),
            value=dice.choice(values) if about else None,
            day=dice.randrange(40) if kind == "close" else None,
        )
        told.append(stated)
        for version in range(2, dice.choice([2, 2, 3, 4])):
            told.append(msgspec.structs.replace(stated, version=version, kind="" if version % 2 == 0 else kind))
    return told


def mark(dice: random.Random, kind: str) -> str:
    """Verified, pending or kept current now and then."""
    if kind in "ep":
        return (dice.choice(["!", ""]) if dice.random() < 0.5 else "") + dice.choice(["", "", "^", "^", "~"])
    return "?" if kind == "L" and dice.random() < 0.2 else ""
