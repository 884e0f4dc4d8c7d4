"""The stream against the full function, in PostgreSQL: random batches of dense random graphs."""

import random

import pytest

from regulars import resolve
from regulars.app import App
from regulars.model import Batch, Event, People
from regulars.resolve.facts import Signature
from regulars.resolve.identify import cleaner_of, day_of
from regulars.resolve.partition import partition
from tests.resolve.graphs import random_records, random_tellings
from tests.resolve.notation import event

ROUNDS = 12


def carry(app: App, events: list[Event]) -> People:
    with app.transaction() as inside:
        return resolve.identify(inside, Batch(events=events, last_seq=events[-1].seq))


def batches(dice: random.Random, events: list[Event]) -> list[list[Event]]:
    some: list[list[Event]] = []
    while events:
        size = dice.choice([1, 2, 3, 8])
        some.append(events[:size])
        events = events[size:]
    return some


def facts(app: App, events: list[Event]) -> list[Signature]:
    by_id: dict[int, Signature] = {}
    with app.transaction() as inside:
        cleaner = cleaner_of(inside)
    for one in events:
        found, day = cleaner.evidence(one), day_of(one.occurred_at)
        was = by_id.get(found.signature)
        by_id[found.signature] = Signature(
            found.signature,
            found.links,
            was.first_seq if was else one.seq,
            min(day, was.first_day) if was else day,
            max(day, was.last_day) if was else day,
            found.dob,
            found.first_name,
            found.surname,
            found.address,
            found.dob_verified,
            found.name_verified,
        )
    return list(by_id.values())


def forget_all(app: App) -> None:
    """A new database for each seed would take ten times as long."""
    with app.transaction() as inside:
        inside.db.execute(
            "truncate value, signature, link, record, customer, carrier_span, redirect, identity_event, cut, decision,"
            " announcement"
        )
        # Records of tests have small positions; the journal's own begin behind them.
        inside.db.execute("select setval(pg_get_serial_sequence('journal', 'seq'), 1000)")


@pytest.mark.parametrize("stretch", range(3))
def test_a_stream_in_random_batches_ends_where_the_full_function_ends(app: App, stretch: int) -> None:
    for seed in range(stretch * ROUNDS, (stretch + 1) * ROUNDS):
        dice = random.Random(seed)
        forget_all(app)
        records = random_records(dice, dice.randrange(8, 40)) if seed % 3 else random_tellings(dice)
        events = [event(n + 1, rec) for n, rec in enumerate(records)]
        for some in batches(dice, events):
            carry(app, some)

        full = partition(facts(app, events)).customers()

        with app.transaction() as inside:
            rows = inside.db.execute("select id, customer from signature where id = any(%s)", [list(full)]).fetchall()
        assert dict(rows) == full


class Books:
    """A room to the right in miniature: events by customer, kept by what People says and nothing else."""

    def __init__(self) -> None:
        self.events: dict[int, set[int]] = {}

    def take(self, app: App, people: People) -> None:
        for merge in people.merged:
            self.events.setdefault(merge.survivor, set()).update(self.events.pop(merge.loser, set()))
        for one, customer in zip(people.batch.events, people.customers, strict=True):
            if customer is not None:
                self.events.setdefault(customer, set()).add(one.seq)
        stale = set(people.recompute)
        for customer in stale:
            self.events.pop(customer, None)
        for seq, customer in owners(app).items():
            if customer in stale:
                self.events.setdefault(customer, set()).add(seq)


def owners(app: App) -> dict[int, int]:
    with app.transaction() as inside:
        rows = inside.db.execute("select seq, customer from event_customer where customer is not null").fetchall()
    return dict(rows)


def test_what_people_says_is_enough_to_keep_the_books_of_every_customer(app: App) -> None:
    for seed in range(100, 100 + ROUNDS):
        dice = random.Random(seed)
        forget_all(app)
        books = Books()
        events = [event(n + 1, rec) for n, rec in enumerate(random_records(dice, 60, spread_days=2))]

        for some in batches(dice, events):
            books.take(app, carry(app, some))

            truth: dict[int, set[int]] = {}
            for seq, customer in owners(app).items():
                truth.setdefault(customer, set()).add(seq)
            assert {c: seqs for c, seqs in books.events.items() if seqs} == truth
