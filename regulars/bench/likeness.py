"""How long one new record without a known identifier takes, while a model of likeness is in force.

Everybody is told once with name, home and mostly a birth, and carries a login, as a CRM has them. Then single records
come that carry a cookie nobody has seen: every second one is somebody of before with another letter in the last name,
the others are new people. Each is a transaction of its own through the resolver, with its commit. Beside them come
records that say nothing of a person, which no model looks at; and the scores alone, in process, of each newcomer
against all whom the keys bring together. Names and streets are as uneven as they are: one in twenty has the most common
first name, one in fifty the most common last name, and by sound more.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import NamedTuple, TypedDict

from regulars import resolve
from regulars.app import App, open_app
from regulars.bench.ingest import scratch
from regulars.bench.search import named
from regulars.demo import LIKENESS_MODEL
from regulars.kit.settings import Settings
from regulars.model import Batch, Body, Event
from regulars.resolve import Steward
from regulars.store import queries

SQL = queries("regulars.bench")
PEOPLE = 1_000_000
NEWCOMERS = 400
WARM_UP = 40
BATCH_EVENTS = 5_000
SEED = 23
FIRST_NAMES, LAST_NAMES, STREETS, POSTCODES = 1_500, 20_000, 3_000, 9_000
# Of names in the order of their rank: the higher, the more of all holders the first ones have.
UNEVEN = 2.5
BIRTHS = 0.8
STATED = datetime(2026, 1, 5, 8, tzinfo=UTC)
STEWARD = Steward("bench", "measured")


class Answer(TypedDict):
    """Milliseconds under the names with a bar, and what they were made of."""

    ratios: dict[str, float]
    raw: dict[str, float]


class Somebody(NamedTuple):
    """What a record says of a person."""

    first: str
    last: str
    birth: str | None
    street: str
    postcode: str


def run(settings: Settings, *, size: int | None = None) -> Answer:
    """Milliseconds of a new record at the 50th and 95th of a hundred: `store`, `in_process`. `size`: people."""
    people = size or PEOPLE
    with scratch(settings) as dsn, open_app(Settings(database_url=dsn)) as app:
        fill(app, people)
        return measure(app, people)


def fill(app: App, people: int) -> None:
    """The model in force, then everybody through the resolver."""
    body, terms = resolve.models.read(LIKENESS_MODEL)
    bands = resolve.Bands(resolve.REVIEW_BITS, resolve.AUTOMATIC_BITS)
    with app.transaction() as inside:
        number = resolve.models.add(inside, STEWARD, body, terms, bands)
        resolve.models.score(inside, number)
        resolve.models.approve(inside, STEWARD, number)
    told = (record(seq, somebody(seq), user=f"u{seq}") for seq in range(1, people + 1))
    while events := list(islice(told, BATCH_EVENTS)):
        with app.transaction() as inside:
            resolve.identify(inside, Batch(events=events, last_seq=events[-1].seq))


def measure(app: App, people: int) -> Answer:
    """Let newcomers come one by one to those who are there."""
    with app.store.pool.connection() as connection:
        connection.autocommit = True
        # What the server does by itself a minute after such a load.
        connection.execute(SQL.settle_likeness)
        connection.autocommit = False
    with app.transaction() as inside:
        [model] = resolve.models.listed(inside)
        scorer = resolve.models.scorer(inside, model.number)
    taken: dict[str, list[float]] = {"store": [], "nameless": [], "in_process": [], "compared": []}
    for event in newcomers(people):
        taken["store"].append(_carried(app, event))
        taken["nameless"].append(_carried(app, _nameless(event)))
        with app.transaction() as inside:
            [(signature,)] = inside.db.execute(SQL.signature_of, {"seq": event.seq}).fetchall()
            met = resolve.models.met(inside, signature)
        start = time.perf_counter()
        scorer.weigh(met, [(0, place) for place in range(1, len(met))])
        taken["in_process"].append((time.perf_counter() - start) * 1e3)
        taken["compared"].append(len(met) - 1)
    told = {f"{name}_p{share}": _at(some, share) for name, some in taken.items() for share in (50, 95)}
    ratios = {name: told[name] for name in ("store_p95", "in_process_p95")}
    return {
        "ratios": {f"{name}_ms": value for name, value in ratios.items()},
        "raw": {**told, "people": people, "newcomers": NEWCOMERS, "seed": SEED},
    }


def somebody(number: int) -> Somebody:
    """The person of this number, always alike."""
    dice = random.Random(f"{SEED}-{number}")
    first, last, street = (
        named(int(count * dice.random() ** UNEVEN), syllables)
        for count, syllables in ((FIRST_NAMES, 2), (LAST_NAMES, 3), (STREETS, 3))
    )
    born = f"{dice.randrange(1940, 2008)}-{dice.randrange(1, 13):02}-{dice.randrange(1, 29):02}"
    birth = born if dice.random() < BIRTHS else None
    house, postcode = dice.randrange(1, 200), 10_000 + dice.randrange(POSTCODES)
    return Somebody(first, last, birth, f"{house} {street} Street", str(postcode))


def newcomers(people: int) -> Iterator[Event]:
    """Every second one somebody of before with a slip, the others new."""
    dice = random.Random(SEED)
    for place in range(WARM_UP + NEWCOMERS):
        seq = people + 1 + 2 * place
        known = somebody(dice.randrange(1, people + 1))
        who = known._replace(last=known.last[:-1] + dice.choice("aeiou")) if place % 2 else somebody(-seq)
        yield record(seq, who, cookie=f"c{seq}")


def record(seq: int, who: Somebody, user: str = "", cookie: str = "") -> Event:
    """What a source tells of somebody."""
    address = {"street": who.street, "postcode": who.postcode}
    traits = {"first_name": who.first, "last_name": who.last, "address": address, "birth_date": who.birth}
    return _event(seq, Body(user_id=user or None, anonymous_id=cookie or None, traits=traits))


def _nameless(event: Event) -> Event:
    return _event(event.seq + 1, Body(anonymous_id=f"n{event.seq}"))


def _event(seq: int, body: Body) -> Event:
    return Event(
        seq=seq, source="bench", source_kind="crm", login_space="bench", message_id=f"m{seq}", kind="identify", name="",
        occurred_at=STATED, received_at=STATED, body=body,
    )  # fmt: skip


def _carried(app: App, event: Event) -> float:
    """Milliseconds of one record with its commit."""
    start = time.perf_counter()
    with app.transaction() as inside:
        resolve.identify(inside, Batch(events=[event], last_seq=event.seq))
    return (time.perf_counter() - start) * 1e3


def _at(milliseconds: list[float], share: int) -> float:
    ranked = sorted(milliseconds[WARM_UP:])
    return round(ranked[len(ranked) * share // 100], 3)
