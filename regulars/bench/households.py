"""A town of families in a file, always alike for a seed: who shares home, surname and landline, who is written wrongly.

Made against easy answers: twins, fathers and sons of one name, women who took another name, people who moved, nicknames
and initials, typos, swapped days and months, swapped names, and much that is not filled in.
"""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportMissingTypeStubs=false
# pyright: reportUnknownVariableType=false
# (PyArrow has no types; nothing of it leaves this module but a file.)

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as parquet
from numpy.typing import NDArray

Integers = NDArray[np.int64]
Words = NDArray[np.object_]
Truths = NDArray[np.bool_]

# How many records a person has, and how many people a home.
RECORDS_SHARES = (0.36, 0.25, 0.16, 0.10, 0.06, 0.04, 0.02, 0.01)
MEMBERS_SHARES = (0.30, 0.30, 0.16, 0.15, 0.06, 0.03)
FIRST_NAMES, LAST_NAMES, STREETS, CITIES, POSTCODES_PER_CITY = 1_200, 24_000, 9_000, 800, 4
# Frequent names are frequent: the share of the n-th is as 1 / (n + this).
FIRST_FLAT, LAST_FLAT, CITY_FLAT = 25.0, 60.0, 12.0
TWINS, NAMESAKES, OWN_NAME, MOVES, RENAMED = 0.04, 0.03, 0.12, 0.18, 0.05
HAS_LANDLINE, HAS_PHONE, HAS_EMAIL, FAMILY_EMAIL = 0.7, 0.85, 0.8, 0.15
# How often a record has it at all.
FILLED = {
    "first_name": 0.98, "last_name": 0.99, "birth_date": 0.72, "street": 0.88, "number": 0.87, "city": 0.92,
    "postcode": 0.90, "phone": 0.42, "landline": 0.38, "email": 0.45,
}  # fmt: skip
TYPOS = {
    "first_name": 0.03, "last_name": 0.04, "birth_date": 0.02, "street": 0.04, "number": 0.015, "city": 0.02,
    "postcode": 0.015, "phone": 0.01, "landline": 0.01, "email": 0.02,
}  # fmt: skip
NICKNAME, INITIAL, CROSSED, SWAPPED_DATE = 0.14, 0.03, 0.01, 0.02
NICKNAMES = (
    "elizabeth liz", "jennifer jenny", "patricia pat", "susan sue", "katherine kate", "deborah debbie", "rebecca becky",
    "victoria vicky", "pamela pam", "abigail abby", "margaret peggy", "christine chris", "robert bob", "michael mike",
    "david dave", "william bill", "richard rick", "joseph joe", "thomas tom", "christopher chris", "charles chuck",
    "daniel dan", "matthew matt", "anthony tony", "andrew andy", "timothy tim", "edward ed", "nicholas nick",
    "benjamin ben", "samuel sam", "gregory greg", "alexander alex", "raymond ray", "douglas doug", "james jim",
    "philip phil", "ronald ron", "kenneth ken", "steven steve", "lawrence larry",
)  # fmt: skip
STARTS = (
    *("b", "br", "c", "ch", "cl", "d", "dr", "f", "g", "gr", "h", "j", "k", "l", "m", "n"),
    *("p", "r", "s", "sh", "st", "t", "tr", "v", "w"),
)
MIDDLES = ("a", "e", "i", "o", "u", "ai", "ea", "ee", "ie", "oo", "ou")
ENDS = ("n", "r", "l", "s", "t", "m", "nd", "rt", "ck", "ll", "ss", "th")


class People(NamedTuple):
    """Everybody, as they are."""

    first: Integers
    last: Integers
    new_last: Integers
    birth_day: Integers
    """Days since 1970."""
    home: Integers
    new_home: Integers
    landline: Integers
    phone: Integers
    email: Integers
    """-1: has none. A number stands for an address."""


def write(path: Path, count: int, seed: int) -> None:
    """`count` records as Parquet, in no order; the column `person` says whose each is."""
    dice = np.random.default_rng(seed)
    sizes = 1 + dice.choice(len(RECORDS_SHARES), count, p=RECORDS_SHARES)
    people = _people(dice, int(np.searchsorted(np.cumsum(sizes), count)) + 1)
    person = np.repeat(np.arange(len(people.first)), sizes[: len(people.first)])[:count]
    person = dice.permutation(person)
    cells = _records(dice, people, person)
    named = {"id": pa.array([f"r{number}" for number in range(count)])}
    named |= {name: pa.array(cells[name], pa.string()) for name in FILLED}
    parquet.write_table(pa.table(named | {"person": pa.array(person).cast(pa.string())}), path)


def _people(dice: np.random.Generator, count: int) -> People:
    sizes = 1 + dice.choice(len(MEMBERS_SHARES), count, p=MEMBERS_SHARES)
    home = np.repeat(np.arange(count), sizes)[:count]
    member = np.arange(count) - np.searchsorted(home, home)
    head = np.arange(count) - member
    last = _common(dice, LAST_NAMES, LAST_FLAT, count)[head]
    own = _common(dice, LAST_NAMES, LAST_FLAT, count)
    first = _common(dice, FIRST_NAMES, FIRST_FLAT, count)
    parents_birth = dice.integers(-14_000, 4_000, count)[head]
    birth = np.where(
        member < 2,
        parents_birth + dice.integers(-1_500, 1_500, count),
        parents_birth + dice.integers(8_000, 14_000, count),
    )
    is_child = member >= 2
    is_twin = is_child & (member > 2) & (dice.random(count) < TWINS * 2)
    birth[is_twin] = birth[np.flatnonzero(is_twin) - 1]
    is_namesake = is_child & (dice.random(count) < NAMESAKES)
    first = np.where(is_namesake, first[head], first)
    homes = home.max() + 1
    keeps = (member == 1) & (dice.random(count) < OWN_NAME)
    moved = dice.random(count) < MOVES
    adult = member < 2
    email = np.where(adult & (dice.random(count) < HAS_EMAIL), np.arange(count), -1)
    email = np.where(is_child & (dice.random(count) < FAMILY_EMAIL), email[head], email)
    last = np.where(keeps, own, last)
    return People(
        first=first,
        last=last,
        new_last=np.where(dice.random(count) < RENAMED, _common(dice, LAST_NAMES, LAST_FLAT, count), last),
        birth_day=birth,
        home=home,
        new_home=np.where(moved, homes + np.arange(count), home),
        landline=np.where(dice.random(homes)[home] < HAS_LANDLINE, home, -1),
        phone=np.where(adult & (dice.random(count) < HAS_PHONE), np.arange(count), -1),
        email=email,
    )


def _common(dice: np.random.Generator, values: int, flat: float, count: int) -> Integers:
    """Numbers below `values`, the low ones often."""
    shares = 1.0 / (np.arange(values) + flat)
    return dice.choice(values, count, p=shares / shares.sum())


def _records(dice: np.random.Generator, people: People, person: Integers) -> dict[str, Words]:
    count = len(person)
    names, streets = (
        _names(dice, FIRST_NAMES, 2),
        np.array([f"{each} street" for each in _names(dice, STREETS, 2)], object),
    )
    short = {whole: nick for whole, _, nick in (pair.partition(" ") for pair in NICKNAMES)}
    names[: len(short)] = list(short)
    later = dice.random(count) < 0.5
    home = np.where(later, people.new_home[person], people.home[person])
    last = np.where(later, people.new_last[person], people.last[person])
    city = _common(dice, CITIES, CITY_FLAT, int(home.max()) + 1)[home]
    first_name = names[people.first[person]]
    surnames = _names(dice, LAST_NAMES, 3)
    days = np.datetime_as_string(people.birth_day[person].astype("datetime64[D]")).astype(object)
    cells: dict[str, Words] = {
        "first_name": _changed(first_name, dice.random(count) < NICKNAME, lambda name: short.get(name, name)),
        "last_name": surnames[last],
        "birth_date": _changed(days, dice.random(count) < SWAPPED_DATE, _swapped_date),
        "street": streets[home * 7_919 % STREETS],
        "number": (1 + home * 104_729 % 180).astype(str).astype(object),
        "city": _names(dice, CITIES, 3)[city],
        "postcode": (10_000 + city * POSTCODES_PER_CITY + home % POSTCODES_PER_CITY).astype(str).astype(object),
        "phone": _numbered("6", people.phone[person]),
        "landline": _numbered(
            "2", np.where(later & (people.new_home != people.home)[person], -1, people.landline[person])
        ),
        "email": _emails(names, surnames, people, person),
    }
    cells["first_name"] = _changed(cells["first_name"], dice.random(count) < INITIAL, lambda name: name[0])
    for name, share in TYPOS.items():
        cells[name] = _mistyped(dice, cells[name], dice.random(count) < share)
    crossed = dice.random(count) < CROSSED
    first, family = cells["first_name"], cells["last_name"]
    cells["first_name"], cells["last_name"] = np.where(crossed, family, first), np.where(crossed, first, family)
    return {name: _filled(cells[name], dice.random(count) < FILLED[name]) for name in FILLED}


def _names(dice: np.random.Generator, count: int, syllables: int) -> Words:
    """So many different words that sound like names."""
    found: dict[str, None] = {}
    while len(found) < count:
        parts = [
            [pool[place] for place in dice.integers(0, len(pool), count)] for pool in [STARTS, MIDDLES] * syllables
        ]
        ends = [ENDS[place] for place in dice.integers(0, len(ENDS), count)]
        found |= dict.fromkeys("".join(word) for word in zip(*parts, ends, strict=True))
    return np.array(list(found)[:count], object)


def _emails(names: Words, surnames: Words, people: People, person: Integers) -> Words:
    her = people.email[person]
    known = np.maximum(her, 0)
    told = names[people.first[known]] + "." + surnames[people.last[known]] + (known % 97).astype(str).astype(object)
    return _filled(told + "@mail.example.com", her >= 0)


def _numbered(area: str, numbers: Integers) -> Words:
    told = np.array([f"{area}{number * 7_368_787 % 1_000_000_007:010d}"[:10] for number in numbers], object)
    return _filled(told, numbers >= 0)


def _filled(cells: Words, known: Truths) -> Words:
    cells = cells.copy()
    cells[~known] = None
    return cells


def _swapped_date(day: str) -> str:
    """Day and month in each other's place, where both can be."""
    year, month, number = day.split("-")
    return f"{year}-{number}-{month}" if int(number) <= 12 else day


def _changed(cells: Words, chosen: Truths, change: Callable[[str], str]) -> Words:
    cells = cells.copy()
    cells[chosen] = [change(cell) for cell in cells[chosen]]
    return cells


def _mistyped(dice: np.random.Generator, cells: Words, chosen: Truths) -> Words:
    """One slip of the finger in the chosen cells: a sign too few, too many, another, or two in each other's place."""
    cells = cells.copy()
    places = np.flatnonzero(chosen & (cells != None))  # noqa: E711
    slips = dice.integers(0, 4, len(places))
    spots, signs = dice.random(len(places)), dice.integers(0, 26, len(places))
    for place, slip, spot, sign in zip(places.tolist(), slips.tolist(), spots.tolist(), signs.tolist(), strict=True):
        cells[place] = _slip(cells[place], slip, int(spot * len(cells[place])), sign)
    return cells


def _slip(cell: str, slip: int, spot: int, sign: int) -> str:
    told = str(sign % 10) if cell[spot].isdigit() else "abcdefghijklmnopqrstuvwxyz"[sign]
    if not cell[spot].isalnum() or len(cell) < 3:
        return cell
    if slip == 0:
        return cell[:spot] + cell[spot + 1 :]
    if slip == 1:
        return cell[:spot] + told + cell[spot:]
    if slip == 2 or spot + 1 == len(cell) or not cell[spot + 1].isalnum():
        return cell[:spot] + told + cell[spot + 1 :]
    return cell[:spot] + cell[spot + 1] + cell[spot] + cell[spot + 2 :]
