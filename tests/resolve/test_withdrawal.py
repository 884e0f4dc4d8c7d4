"""Evidence taken back: the partition is the one a run without these events would have."""

import random
from typing import Any

import msgspec

from regulars import resolve
from regulars.app import App
from regulars.model import Body, Event, People
from tests.resolve.graphs import random_records, random_tellings
from tests.resolve.notation import Rec, event
from tests.resolve.test_stream import Books, batches, carry, owners

ROUNDS = 15
TABLES = "value signature link record customer carrier_span redirect identity_event cut announcement withdrawn_range"
PUBLISHED = {
    "customers": "select id, known, founder_signature from customer",
    # A reach is its members: its number is only a name, which the stream keeps while newcomers join.
    "signatures": "select id, customer, min(id) over (partition by reach), first_seq, first_day, last_day, sessions"
    " from signature",
    "links": "select signature, value, class, level, epoch, state from link",
    # Whether a carrier is shared is kept for showing, as of the last look at it.
    "values": "select id, generic, shared & 1023, epochs, shown from value",
    # Days of a generic value may be narrower than those of its holders, for caution, and never wider.
    "too wide": "select v.id from value v join link l on l.value = v.id join signature s on s.id = l.signature"
    " where v.generic <> 0 group by v.id having v.first_day < min(s.first_day) or v.last_day > max(s.last_day)",
    "records": "select seq, customer from event_customer where customer is not null",
    "spans": "select signature, from_at, to_at, customer from carrier_span",
    "cuts": "select distinct (select min(id) from signature s where s.reach = c.reach), level, value, reason"
    " from cut c",
}


def state(app: App) -> dict[str, list[Any]]:
    """Everything resolve publishes."""
    with app.transaction() as inside:
        return {name: sorted(inside.db.execute(query).fetchall(), key=repr) for name, query in PUBLISHED.items()}


def bare(one: Event) -> Event:
    """As readers get it once it is withdrawn."""
    return msgspec.structs.replace(one, kind="aside", name="", body=Body())


def withdraw(app: App, seqs: set[int], last: int) -> People:
    """Mark these and forget them."""
    with app.transaction() as inside:
        inside.db.execute(
            "with made as (insert into withdrawal (actor, reason, at, events) values ('a', 'r', now(), 0) returning id)"
            " insert into withdrawn_range select seq, seq, id from made, unnest(%s::bigint[]) seq",
            [list(seqs)],
        )
        return resolve.forget(inside, sorted(seqs), last)


def clear(app: App) -> None:
    """Nobody is known and nothing withdrawn."""
    with app.transaction() as inside:
        for table in TABLES.split():
            inside.db.execute(f"delete from {table}")


def story(dice: random.Random) -> tuple[list[Event], set[int]]:
    """A dense random graph, and which of its events will be withdrawn: an import's worth, or here and there."""
    spread = dice.choice([2, 40])
    records = random_records(dice, dice.randrange(4, 40), spread) if dice.random() < 0.7 else random_tellings(dice)
    events = [event(n + 1, rec) for n, rec in enumerate(records)]
    if dice.random() < 0.5:
        first = dice.randrange(len(events))
        return events, {one.seq for one in events[first : first + dice.randrange(1, 20)]}
    return events, {one.seq for one in events if dice.random() < 0.4}


def test_people_after_a_withdrawal_are_those_of_a_run_without_the_events(app: App) -> None:
    for seed in range(ROUNDS):
        dice = random.Random(seed)
        events, without = story(dice)
        clear(app)
        for some in batches(dice, [bare(one) if one.seq in without else one for one in events]):
            carry(app, some)
        expected = state(app)
        clear(app)
        for some in batches(dice, events):
            carry(app, some)

        withdraw(app, without, len(events))

        now = state(app)
        assert [name for name in now if now[name] != expected[name]] == [], f"seed {seed}"


def test_what_people_says_of_a_withdrawal_is_enough_to_keep_the_books(app: App) -> None:
    for seed in range(100, 100 + ROUNDS):
        dice = random.Random(seed)
        events, without = story(dice)
        clear(app)
        books = Books()
        for some in batches(dice, events):
            books.take(app, carry(app, some))
        waiting = sorted(without)

        while waiting:
            some, waiting = set(waiting[:5]), waiting[5:]
            books.take(app, withdraw(app, some, len(events)))

        truth: dict[int, set[int]] = {}
        for seq, customer in owners(app).items():
            truth.setdefault(customer, set()).add(seq)
        assert {c: seqs for c, seqs in books.events.items() if seqs} == truth, f"seed {seed}"


def test_a_withdrawal_again_changes_nothing_and_says_so(app: App) -> None:
    carry(app, [event(1, Rec("a", 0, "u1 e1!")), event(2, Rec("b", 5, "e1!"))])
    withdraw(app, {1}, 2)
    before = state(app)

    with app.transaction() as inside:
        again = resolve.forget(inside, [1], 2)

    assert (again.recompute, again.withdrawn) == ([], [])
    assert state(app) == before


def test_the_id_of_a_withdrawn_founder_leads_to_whoever_holds_the_rest_or_to_nobody(app: App) -> None:
    carry(app, [event(1, Rec("a", 0, "u1 e1!")), event(2, Rec("b", 5, "e1! p1!")), event(3, Rec("c", 9, "u2"))])

    people = withdraw(app, {1, 3}, 3)

    with app.transaction() as inside:
        assert (resolve.current(inside, 1), resolve.current(inside, 3)) == (2, None)
    assert set(people.recompute) >= {1, 2, 3}
