"""Whose the anonymous events on a shared device are."""

import random

from regulars import resolve
from regulars.app import App
from tests.resolve.notation import Rec, event
from tests.resolve.test_stream import Books, batches, carry, forget_all, owners


def load(app: App, *records: Rec) -> None:
    for n, rec in enumerate(records):
        carry(app, [event(n + 1, rec)])


def test_events_on_a_shared_device_follow_the_session(app: App) -> None:
    load(
        app,
        Rec("t0", "0h", "d1 u0"),
        Rec("a0", "1m", "d1"),
        Rec("t1", "2h", "d1 u1"),
        Rec("a1", "1h+30m", "d1"),
        Rec("t2", "4h", "d1 u2"),
        Rec("a2", "6h", "d1"),
    )

    assert owners(app) == {1: 1, 2: 1, 3: 3, 4: 3, 5: 5, 6: 2}


def test_with_one_person_all_events_of_her_device_are_hers_until_a_second_one_comes(app: App) -> None:
    load(app, Rec("a", "0h", "d1"), Rec("b", "9h", "d1"), Rec("t0", "20h", "d1 u0"))
    assert owners(app) == {1: 3, 2: 3, 3: 3}

    people = carry(app, [event(4, Rec("t1", "9h+10m", "d1 u1"))])

    assert owners(app) == {1: 1, 2: 4, 3: 3, 4: 4}
    assert people.merged == []
    assert set(people.recompute) >= {1, 3, 4}


def test_at_the_fourth_person_the_device_serves_nobody_any_more(app: App) -> None:
    load(app, *(Rec(f"t{n}", 10 * n, f"d1 u{n}") for n in range(3)), Rec("a", 21, "d1"))
    assert owners(app)[4] == 3

    carry(app, [event(5, Rec("t3", 40, "d1 u3"))])

    assert owners(app) == {1: 1, 2: 2, 3: 3, 5: 5}


def test_two_people_at_the_same_instant_name_nobody(app: App) -> None:
    load(app, Rec("t0", 10, "d1 u0"), Rec("t1", 10, "d1 u1"), Rec("a", 12, "d1"))

    assert owners(app) == {1: 1, 2: 2, 3: 3}


def test_a_disagreement_of_carriers_names_nobody_where_each_alone_would_name_somebody(app: App) -> None:
    before = [Rec("x", 0, "d1 u8"), Rec("y", 0, "c1 u9"), Rec("t0", 1000, "d1 u0"), Rec("t1", 1000, "c1 u1")]
    said: list[int] = []
    for carriers in ("d1", "c1", "d1 c1"):
        forget_all(app)
        load(app, *before, Rec("a", 1002, carriers))
        said.append(owners(app)[5])

    assert said == [3, 4, 5]


def test_nobody_inherits_across_a_sign_out(app: App) -> None:
    load(app, Rec("t0", 0, "d1 u0"), Rec("t1", 300, "d1 u1"))
    out = event(3, Rec("o", 310, "d1 u1"))
    carry(app, [type(out)(**{f: getattr(out, f) for f in out.__struct_fields__} | {"name": "Signed Out"})])

    people = carry(app, [event(4, Rec("a", 315, "d1"))])

    assert people.customers == [4]


def test_a_merge_is_announced_and_the_old_id_leads_on(app: App) -> None:
    load(app, Rec("p", 0, "c1"), Rec("l", 10, "c1 u1 e1!"))

    with app.transaction() as inside:
        told = inside.db.execute("select name, customer, properties ->> 'loser' from announcement").fetchall()
        assert resolve.current(inside, 1) == 2
    assert told == [("Customers Merged", 2, "1")]


def busy_devices(dice: random.Random, count: int) -> list[Rec]:
    """Two devices, a few people, many events that say nothing, within some hours."""
    records: list[Rec] = []
    for n in range(count):
        tokens = [f"d{dice.randrange(2)}"]
        tokens += [f"u{dice.randrange(3)}"] if dice.random() < 0.3 else []
        tokens += [f"c{dice.randrange(2)}"] if dice.random() < 0.2 else []
        tokens += [f"d{dice.randrange(2)}"] if dice.random() < 0.1 else []
        records.append(Rec(f"r{n}", dice.randrange(400), " ".join(tokens)))
    return records


def test_sessions_in_any_order_of_arrival_keep_everybodys_books_and_end_alike(app: App) -> None:
    spans = 0
    for seed in range(12):
        dice = random.Random(seed)
        forget_all(app)
        books = Books()
        events = [event(n + 1, rec) for n, rec in enumerate(busy_devices(dice, 40))]

        for some in batches(dice, dice.sample(events, len(events))):
            books.take(app, carry(app, sorted(some, key=lambda one: one.seq)))

        before = owners(app)
        assert {seq: customer for customer, seqs in books.events.items() for seq in seqs} == before
        with app.transaction() as inside:
            assert resolve.rebuild(inside).recompute == []
            spans += (inside.db.execute("select count(*) from carrier_span").fetchone() or (0,))[0]
        assert owners(app) == before
    assert spans > 100
