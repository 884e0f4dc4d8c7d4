"""One spelling for a place to live, so that "12 Mill Rd., Apt 4" and "12 mill road 4" are the same door. Pure."""

from __future__ import annotations

import re
from functools import lru_cache

from regulars.kit.dice import hash64

# Distinct lines remembered.
CACHED_PLACES = 16_384
LONG = re.compile(r"^(\d{5}) \d{4}$")
WORDS = {
    "st": "street",
    "str": "street",
    "rd": "road",
    "ave": "avenue",
    "av": "avenue",
    "blvd": "boulevard",
    "dr": "drive",
    "ln": "lane",
    "ct": "court",
    "pl": "place",
    "sq": "square",
    "ter": "terrace",
    "pkwy": "parkway",
    "hwy": "highway",
    "cir": "circle",
    "n": "north",
    "s": "south",
    "e": "east",
    "w": "west",
}
# Words that only say that a number follows.
EMPTY = frozenset(("apt", "apartment", "unit", "suite", "ste", "flat", "no"))


@lru_cache(CACHED_PLACES)
def place_of(address: str) -> str:
    """A line as `normalize.address` writes it, without abbreviations; a postcode in its short form, without spaces."""
    street, _, area = address.partition(", ")
    words = [WORDS.get(word, word) for word in street.split() if word not in EMPTY]
    area = LONG.sub(r"\1", area)
    if any(sign.isdigit() for sign in area):
        area = area.replace(" ", "")
    return ", ".join(part for part in (" ".join(words), area) if part)


def home_of(address: str | None, surname: str | None) -> int | None:
    """The number of an address and a surname together; None where one of them is not known.

    Without the surname everybody in a house with one bell would be a family.
    """
    return None if address is None or not surname else hash64("home", place_of(address), surname)
