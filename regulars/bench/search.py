"""How fast customers are found while somebody types, as a multiple of a bare look by key.

Customers come through the door, the resolver and the profile as real messages do; the rooms after them are not read by
a search and are left out. Names are more uneven than names are: the most common first name belongs to one customer in
thirteen, the most common last name to one in two hundred and fifty, most last names to a handful. Questions are made
from what customers are called, each kind by a rule of its own, and compared at the 95th of a hundred answers.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import islice, product
from typing import Any, NamedTuple

from regulars import collect, profile, resolve
from regulars.app import App, open_app
from regulars.bench.ingest import scratch
from regulars.kit.settings import Settings
from regulars.store import queries

SQL = queries("regulars.bench")
CUSTOMERS = 1_000_000
QUESTIONS = 200
WARM_UP = 20
CHUNK_EVENTS = 5_000
SEED = 7
FIRST_NAMES = 2_000
LAST_NAMES = 60_000
# Of names in the order of their rank: the higher, the more of all holders the first ones have.
FIRST_UNEVEN, LAST_UNEVEN = 3.0, 2.0
HITS = 20
STATED = datetime(2026, 1, 5, 8, tzinfo=UTC).isoformat()


class Person(NamedTuple):
    """Somebody as she would be asked for."""

    first: str
    last: str
    email: str
    phone: str
    card: str


def run(settings: Settings, *, size: int | None = None) -> dict[str, Any]:
    """Ratios `<kind>_p95_of_bare_select`, and 50th and 95th of each kind in milliseconds. `size`: customers."""
    customers = size or CUSTOMERS
    with scratch(settings) as dsn, open_app(Settings(database_url=dsn)) as app:
        fill(app, 0, customers)
        return measure(app, customers)


def fill(app: App, first: int, end: int) -> None:
    """Customers of these numbers, through the door, the resolver and the profile."""
    with app.transaction() as inside:
        source, _ = collect.register(inside, "bench", "crm")
    people = _messages(first, end)
    while chunk := list(islice(people, CHUNK_EVENTS)):
        with app.transaction() as inside:
            collect.accept(inside, source, chunk, received_at=app.clock.now())
            batch = collect.claim(inside, len(chunk))
            assert batch is not None
            profile.apply(inside, resolve.identify(inside, batch))
            collect.advance(inside, batch)


def measure(app: App, customers: int) -> dict[str, Any]:
    """Ask every kind of question, and for single rows by key beside it."""
    with app.store.pool.connection() as connection:
        connection.autocommit = True
        # What the server does by itself a minute after such a load.
        connection.execute(SQL.settle_words)
        connection.autocommit = False
    taken = {"bare_select": _bare(app, customers)}
    found: dict[str, float] = {}
    for kind, asked in KINDS.items():
        seconds, hits = _ask(app, customers, asked)
        taken[kind], found[kind] = seconds, hits
    raw = {kind: _percentiles(seconds) for kind, seconds in taken.items()}
    bare = raw["bare_select"]["p95_ms"]
    ratios = {f"{kind}_p95_of_bare_select": round(raw[kind]["p95_ms"] / bare, 1) for kind in KINDS}
    return {
        "ratios": ratios,
        "raw": {**raw, "found": found, "customers": customers, "questions": QUESTIONS, "seed": SEED},
    }


def person(number: int) -> Person:
    """The customer of this number, always alike."""
    dice = random.Random(f"{SEED}-{number}")
    first = named(int(FIRST_NAMES * dice.random() ** FIRST_UNEVEN), 2)
    last = named(int(LAST_NAMES * dice.random() ** LAST_UNEVEN), 3)
    email = f"{first}.{last}{number % 1000}@mail{dice.randrange(20)}.example.com".lower()
    return Person(
        first, last, email, f"+1212{2_000_000 + number * 7 % 8_000_000:07}", f"{990_000_000_000 + number * 7}"
    )


CONSONANTS = ("b", "d", "f", "g", "k", "l", "m", "n", "p", "r", "s", "t", "v", "w", "z", "ch", "sh", "st", "tr", "j")
SYLLABLES = [consonant + vowel for consonant, vowel in product(CONSONANTS, ("a", "e", "i", "o", "u"))]


def named(rank: int, syllables: int) -> str:
    """The name of this rank, always alike; neighbors in rank are no neighbors in spelling."""
    rank = rank * 7919 % len(SYLLABLES) ** syllables
    parts: list[str] = []
    for _ in range(syllables):
        rank, part = divmod(rank, len(SYLLABLES))
        parts.append(SYLLABLES[part])
    return "".join(parts).capitalize() + "n"


def _messages(first: int, end: int) -> Iterator[dict[str, Any]]:
    for number in range(first, end):
        who = person(number)
        traits = {
            "first_name": who.first, "last_name": who.last, "email": who.email, "phone": who.phone,
            "loyalty_card": who.card,
        }  # fmt: skip
        known = {"type": "identify", "messageId": f"p{number}", "userId": f"u{number}", "traits": traits}
        yield known | {"timestamp": STATED}


def _typo(word: str, dice: random.Random) -> str:
    at = 1 + dice.randrange(len(word) - 2)
    return dice.choice(
        (
            word[:at] + word[at + 1 :],
            word[:at] + dice.choice("aeiourst") + word[at:],
            word[:at] + word[at + 1] + word[at] + word[at + 2 :],
            word[:at] + dice.choice("aeiourst") + word[at + 1 :],
        )
    )


COMMON_FIRST, COMMON_LAST = named(0, 2), named(0, 3)
KINDS: dict[str, Callable[[Person, random.Random], str]] = {
    "exact": lambda who, dice: who.last,
    "email": lambda who, dice: who.email,
    "phone": lambda who, dice: f"({who.phone[2:5]}) {who.phone[5:8]}-{who.phone[8:]}",
    "card_end": lambda who, dice: who.card[-5:],
    "prefix": lambda who, dice: who.last[: 1 + dice.randrange(len(who.last) - 1)],
    "typo": lambda who, dice: _typo(who.last, dice),
    "two_words": lambda who, dice: f"{who.first} {who.last}",
    "two_beginnings": lambda who, dice: f"{who.first[:3]} {who.last[:3]}",
    "two_words_typo": lambda who, dice: f"{who.first} {_typo(who.last, dice)}",
    "common_names": lambda who, dice: f"{COMMON_FIRST} {COMMON_LAST}",
    "common_name_and_letter": lambda who, dice: f"{COMMON_FIRST} {who.last[0]}",
}


def _ask(app: App, customers: int, asked: Callable[[Person, random.Random], str]) -> tuple[list[float], float]:
    """Seconds of each question, and the share of them that found whom they were made from."""
    dice, taken, found = random.Random(SEED), list[float](), 0
    for turn in range(WARM_UP + QUESTIONS):
        who = person(dice.randrange(customers))
        text = asked(who, dice)
        start = time.perf_counter()
        with app.transaction() as inside:
            hits = profile.search(inside, text, HITS)
        taken.append(time.perf_counter() - start)
        found += turn >= WARM_UP and any(hit.email == who.email for hit in hits)
    return taken[WARM_UP:], round(found / QUESTIONS, 3)


def _bare(app: App, customers: int) -> list[float]:
    dice, taken = random.Random(SEED), list[float]()
    with app.transaction() as inside:
        keys = [key for (key,) in inside.db.execute(SQL.profile_keys)]
    for _ in range(WARM_UP + QUESTIONS):
        start = time.perf_counter()
        with app.transaction() as inside:
            inside.db.execute(SQL.bare_select, {"customer": dice.choice(keys)}, prepare=True).fetchone()
        taken.append(time.perf_counter() - start)
    return taken[WARM_UP:]


def _percentiles(seconds: list[float]) -> dict[str, float]:
    ranked = sorted(seconds)
    return {f"p{share}_ms": round(ranked[len(ranked) * share // 100] * 1e3, 3) for share in (50, 95)}
