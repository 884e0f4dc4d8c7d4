"""Likeness in PostgreSQL: who is compared, what counts, and that no order of arrival matters."""

from __future__ import annotations

import random
from collections.abc import Iterable
from itertools import combinations

import pytest

from regulars import resolve
from regulars.app import App
from regulars.model import People
from regulars.resolve import Steward, decide, erasure
from regulars.resolve.alike import keys, models, pairs
from regulars.resolve.alike import trial as trials
from regulars.resolve.alike.scoring import Scorer
from regulars.resolve.clean import space_of
from regulars.resolve.desk import drift
from regulars.resolve.errors import DecisionRefused
from regulars.resolve.facts import Signature
from regulars.resolve.likeness import Bands, Pair, likeness
from regulars.resolve.partition import partition
from regulars.resolve.policy import DOUBLES_MAX
from tests.resolve.graphs import random_records
from tests.resolve.likeness_model import BANDS, model
from tests.resolve.notation import BEGIN, Rec, event, in_force, pair, solve
from tests.resolve.test_statements import asked
from tests.resolve.test_stream import Books, batches, carry, facts, owners
from tests.resolve.test_stream import forget_all as forget_records

STEWARD = Steward("ada", "names and births of last year")
STREETS = [None, "12 Mill Road", "4 Hay Lane"]


def forget_all(app: App) -> None:
    forget_records(app)
    with app.transaction() as inside:
        inside.db.execute("truncate pair, block, block_size, doubt, likeness_model restart identity")


def approved(app: App, *, strict: bool = False) -> int:
    with app.transaction() as inside:
        number = added(inside, strict, BANDS)
        models.approve(inside, STEWARD, number)
    return number


def added(inside: App, strict: bool, bands: Bands) -> int:
    number = models.add(inside, STEWARD, *model(strict), bands)
    while models.score(inside, number) < 1:
        pass
    return number


def person(key: str, tokens: str, first: str = "jon", born: int | None = 19840201, last: str = "smyth") -> Rec:
    return Rec(key, len(key), tokens, first, born, surname=last, street="12 Mill Road")


def load(app: App, *records: Rec, base: int = 0) -> list[People]:
    return [carry(app, [event(base + n + 1, rec)]) for n, rec in enumerate(records)]


def doubts(app: App) -> list[tuple[float, int, int]]:
    sql = """select bits, a.first_seq, b.first_seq from doubt
        join signature a on a.id = one_signature join signature b on b.id = other_signature"""
    with app.transaction() as inside:
        return [(bits, min(ends), max(ends)) for bits, *ends in inside.db.execute(sql)]


def test_nobody_is_compared_until_a_model_is_approved(app: App) -> None:
    load(app, person("a", ""), person("b", "e1", "john", 19840102, "smith"))
    assert owners(app) == {2: 2}

    number = approved(app)

    assert owners(app) == {1: 2, 2: 2}
    with app.transaction() as inside:
        assert [one.pairs for one in models.listed(inside) if one.number == number] == [1]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_new_record_joins_who_is_like_it_though_they_share_no_identifier(app: App, order: tuple[int, int]) -> None:
    approved(app)
    told = [person("a", ""), person("b", "e1", "john", 19840102, "smith")]

    load(app, *(told[place] for place in order))

    assert len(set(owners(app).values())) == 1
    assert doubts(app) == []


def test_who_scores_between_the_bands_waits_for_a_steward_and_twins_do_not_join(app: App) -> None:
    approved(app)
    load(app, person("a", "e1", "anna", None, "lund"), person("b", "e2", "anna", None, "lunde"))
    [(bits, one, other)] = doubts(app)
    load(app, person("c", "L1", "tim", 20100504, "berg"), person("d", "L2", "rob", 20100504, "berg"), base=2)

    assert BANDS.review <= bits < BANDS.auto
    assert (one, other, owners(app)) == (1, 2, {1: 1, 2: 2, 3: 3, 4: 4})


def test_a_stewards_no_holds_against_every_later_score_and_can_be_taken_back(app: App) -> None:
    approved(app)
    load(app, person("a", "e1"), person("b", "e2", "jon", 19840201, "smith"))
    assert owners(app) == {1: 1, 2: 1}

    with app.transaction() as inside:
        decide.distinguish(inside, STEWARD, 1, 2)
    assert owners(app) == {1: 1, 2: 2}
    approved(app, strict=True)
    assert owners(app) == {1: 1, 2: 2}
    with app.transaction() as inside:
        decide.undo(inside, STEWARD, "distinct:1:2")

    assert owners(app) == {1: 1, 2: 1}


def test_the_same_person_twice_in_one_system_is_a_question_and_her_yes_makes_both_logins_hers(app: App) -> None:
    approved(app)
    load(app, person("a", "u1 e1"), person("b", "u2 e2", "jon", 19840201, "smith"))
    with app.transaction() as inside:
        [(space, bits)] = inside.db.execute("select space, bits from doubt").fetchall()
    assert (owners(app), space, bits >= BANDS.auto) == ({1: 1, 2: 2}, space_of("login:web"), True)

    with app.transaction() as inside:
        decide.merge(inside, STEWARD, [1, 2])

    load(app, person("c", "u2 e3", "jonathan", None), base=2)
    assert (owners(app), doubts(app)) == ({1: 1, 2: 1, 3: 1}, [])


def test_two_logins_that_are_no_double_are_not_asked_about(app: App) -> None:
    approved(app)
    # Twins, a lower score, and a steward's no.
    load(app, person("a", "u1", "tim", 20100504, "berg"), person("b", "u2", "rob", 20100504, "berg"))
    load(app, person("c", "u3", "anna", None, "lund"), person("d", "u4", "anna", None, "lunde"), base=2)
    assert doubts(app) == []
    load(app, person("e", "u5"), person("f", "u6", "jon", 19840201, "smith"), base=4)
    [(_, one, other)] = doubts(app)

    with app.transaction() as inside:
        decide.distinguish(inside, STEWARD, one, other)

    assert (one, other, doubts(app)) == (5, 6, [])


def test_one_name_in_a_system_many_times_fills_no_queue() -> None:
    crowd = [Rec(f"r{n:02}", n, f"u{n}", "anna", 19800102) for n in range(12)]
    pairs = [pair(one, other, 9) for one, other in combinations(crowd, 2)]

    told = solve(crowd, [in_force(1)], None, pairs)

    asked = [doubt for settled in told.settled for doubt in settled.doubts]
    assert len(asked) == DOUBLES_MAX
    assert asked == [doubt for s in solve(crowd[::-1], [in_force(1)], None, pairs[::-1]).settled for doubt in s.doubts]


def test_late_births_part_what_a_score_had_joined_and_nobody_has_to_see_to_it(app: App) -> None:
    approved(app)
    load(app, person("a", "e1 t1", born=None), person("b", "e2 t2", born=None))
    assert owners(app) == {1: 1, 2: 1}

    [_, people] = load(
        app,
        Rec("c", 9, "u1 e1", None, 19510307, verified=True),
        Rec("d", 9, "u2 e2", None, 19830809, verified=True),
        base=2,
    )

    assert owners(app) == {1: 1, 2: 2, 3: 1, 4: 2}
    assert set(people.recompute) >= {1, 2}


def test_a_new_model_is_tried_first_approved_and_the_old_one_restored_with_its_ids(app: App) -> None:
    first = approved(app)
    load(app, person("a", "e1", "anna"), person("b", "e2", "annah"), person("c", "e3", "bob", 19990101))
    before = owners(app)
    with app.transaction() as inside:
        second = added(inside, True, Bands(review=15.0, auto=15.0))
    trial = models.tried(app, second)
    assert (trial.splits, trial.merges, trial.customers, owners(app)) == (1, 0, 3, before)
    assert [(one.kind, one.customer) for one in trial.examples] == [("split", 1)]

    with app.transaction() as inside:
        models.approve(inside, STEWARD, second)
    between = owners(app)
    with app.transaction() as inside:
        models.approve(inside, STEWARD, first)

    assert (len(set(between.values())), owners(app)) == (3, before)


def test_a_key_that_too_many_share_takes_back_what_it_had_found(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "BLOCK_MAX", 3)
    monkeypatch.setattr(pairs, "BLOCK_MAX", 3)
    approved(app)
    crowd = [person(f"r{n}", f"e{n}", "jon") for n in range(5)]
    load(app, *crowd[:3])
    assert len(set(owners(app).values())) == 1

    load(app, *crowd[3:], base=3)
    assert len(set(owners(app).values())) == 5
    withdraw(app, [4, 5])

    assert owners(app) == {1: 1, 2: 1, 3: 1}


def withdraw(app: App, seqs: list[int]) -> None:
    with app.transaction() as inside:
        resolve.forget(inside, seqs, max(seqs))


def test_a_batch_that_says_nothing_of_a_person_asks_nothing_of_models(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    approved(app)

    with asked(monkeypatch) as before:
        load(app, Rec("a", 1, "c1"), Rec("b", 2, "L1 e1", "anna"))
    with asked(monkeypatch) as after:
        load(app, person("c", "L2 e2"), base=2)

    assert [any("likeness_model" in statement for statement in told) for told in (before, after)] == [False, True]


def test_who_was_equally_like_two_is_not_given_to_the_one_left_when_the_other_is_erased(app: App) -> None:
    approved(app)
    load(app, person("a", "u1"), person("b", "u2"), person("c", "e3"))
    assert owners(app) == {1: 1, 2: 2, 3: 3}

    with app.transaction() as inside:
        erasure.erase(inside, 1, app.clock.now(), 1)

    assert owners(app) == {2: 2, 3: 3}
    with app.transaction() as inside:
        [(under_keys,)] = inside.db.execute("select count(distinct signature) from block").fetchall()
        assert (under_keys, resolve.rebuild(inside).recompute) == (2, [])


def test_an_explanation_leads_over_scores_where_no_identifier_does(app: App) -> None:
    number = approved(app)
    load(app, person("a", "e1"), person("b", "e2"), person("c", "e2 t1", born=None))

    with app.transaction() as inside:
        told = resolve.explain(inside, 1)

    assert [(hop.from_record, hop.to_record, hop.strength) for hop in told.hops] == [
        (1, 2, "likeness"),
        (2, 3, "e-mail"),
    ]
    assert told.hops[0].bits is not None
    assert told.hops[0].bits > BANDS.auto
    assert (told.by_steward, told.model) == ([], number)


def every_pair(number: int, signatures: Iterable[Signature]) -> list[Pair]:
    """All that meet under a key few share, by the model, whatever came first."""
    some = sorted(signatures, key=lambda one: one.id)
    under: dict[int, set[int]] = {}
    for place, one in enumerate(some):
        for key in keys.keys_of(one):
            under.setdefault(key, set()).add(place)
    meet = sorted({p for told in under.values() if len(told) <= pairs.BLOCK_MAX for p in combinations(sorted(told), 2)})
    scored = Scorer(*model()).weigh(some, meet)
    return [Pair(some[a].id, some[b].id, number, one.bits) for (a, b), one in zip(meet, scored, strict=True)]


def test_a_stream_with_scores_ends_where_the_full_function_ends_and_books_can_be_kept(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pairs, "BLOCK_MAX", 6)
    bridged = 0
    for seed in range(10):
        dice = random.Random(seed)
        forget_all(app)
        books = Books()
        records = random_records(dice, 36, spread_days=2)
        for rec in records:
            rec.surname, rec.street = dice.choice(["lund", "lunde", "berg"]), dice.choice(STREETS)
        events = [event(n + 1, rec) for n, rec in enumerate(records)]
        late = dice.random() < 0.5
        number = 0 if late else approved(app)
        for some in batches(dice, events):
            books.take(app, carry(app, some))
        if late:
            with app.transaction() as inside:
                number = added(inside, False, BANDS)
                people = models.approve(inside, STEWARD, number)
            books.take(app, people)
        alike = likeness(every_pair(number, facts(app, events)), [in_force(number)], {number: BANDS})

        full = partition(facts(app, events), [in_force(number)], alike)
        bridged += full.customers() != partition(facts(app, events)).customers()

        with app.transaction() as inside:
            rows = inside.db.execute("select id, customer from signature").fetchall()
            again = resolve.rebuild(inside)
        assert dict(rows) == full.customers()
        assert (again.merged, again.recompute) == ([], [])
        truth: dict[int, set[int]] = {}
        for seq, customer in owners(app).items():
            truth.setdefault(customer, set()).add(seq)
        assert {c: seqs for c, seqs in books.events.items() if seqs} == truth
    assert bridged > 5


@pytest.mark.parametrize("bands", [Bands(7.0, 2.0), Bands(-9.0, 2.0)])
def test_bands_that_make_no_sense_are_refused(app: App, bands: Bands) -> None:
    with pytest.raises(DecisionRefused), app.transaction() as inside:
        models.add(inside, STEWARD, *model(), bands)


def test_scoring_that_was_cut_off_goes_on_and_misses_nobody_who_came_meanwhile(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(models, "PIECE_SIGNATURES", 2)
    crowd = [person(f"r{n}", f"e{n}", "jon") for n in range(7)]
    load(app, *crowd[:5])
    with app.transaction() as inside:
        number = models.add(inside, STEWARD, *model(), BANDS)
        share = models.score(inside, number)
    load(app, *crowd[5:], base=5)

    with pytest.raises(DecisionRefused, match="of the records only"), app.transaction() as inside:
        models.approve(inside, STEWARD, number)
    with pytest.raises(DecisionRefused, match="of the records only"), app.transaction() as inside:
        models.add(inside, STEWARD, *model(), BANDS)
    pieces = 1
    while share < 1:
        with app.transaction() as inside:
            share, pieces = models.score(inside, number), pieces + 1

    with app.transaction() as inside:
        assert [one.pairs for one in models.listed(inside)] == [7 * 6 // 2]
    assert pieces == 4


def test_an_upgrade_keeps_the_ids_of_all_it_does_not_change_and_of_nearly_all_others(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    births = [(1905 + n) * 10_000 + (n % 12 + 1) * 100 + n % 28 + 1 for n in range(100)]
    couples = [(person(f"a{n}", f"e{n}", "anna", b), person(f"b{n}", f"p{n}", "anna", b)) for n, b in enumerate(births)]
    couples[0] = person("a", "e0", "anna", births[0]), person("b", "p0", "annah", births[0], "smythe")
    couples[1] = person("a", "e1", "", births[1]), person("b", "p1", "", births[1])
    with app.transaction() as inside:
        first = added(inside, False, Bands(2.0, 13.45))
        models.approve(inside, STEWARD, first)
    carry(app, [event(n + 1, rec) for n, rec in enumerate(rec for couple in couples for rec in couple)])
    before = members(app)

    with app.transaction() as inside:
        second = added(inside, True, Bands(2.0, 12.0))
    monkeypatch.setattr(trials, "PIECE_REACHES", 1)
    # In pieces, while somebody else holds the resolver: whoever only looks waits for nobody.
    with app.transaction() as inside:
        decide.stop_the_flow(inside)
        trial = models.tried(app, second)
        moved = models.approve(inside, STEWARD, second)
    after = members(app)
    with app.transaction() as inside:
        led = {old: resolve.current(inside, old) for old in before}
        models.approve(inside, STEWARD, first)

    assert (trial.splits, trial.merges, trial.ids_changed, trial.customers) == (1, 1, 1, len(after))
    assert [(merge.loser, merge.survivor) for merge in moved.merged] == [(4, 3)]
    assert [(one.kind, one.customer, one.other) for one in trial.examples] == [("split", 1, 2), ("merge", 3, 4)]
    changed = {old for old, seqs in before.items() if after.get(old) != seqs}
    assert changed == {1, 3, 4}
    assert len(before.keys() & after.keys()) >= 0.99 * len(before)
    assert all(before[old] & after[now] for old, now in led.items() if now is not None)
    assert None not in led.values()
    assert members(app) == before


def members(app: App) -> dict[int, set[int]]:
    """Records by customer."""
    found: dict[int, set[int]] = {}
    for seq, customer in owners(app).items():
        found.setdefault(customer, set()).add(seq)
    return found


def test_a_comparison_whose_answers_change_is_told_with_what_its_weight_would_be() -> None:
    rows = [("birth_date", "the same", 900, 200), ("birth_date", "swapped", 100, 200), ("city", "the same", 500, 3)]

    same, swapped = drift.moved(rows)

    assert (same.before, same.lately, swapped.lately) == (0.9, 0.5, 0.5)
    assert swapped.bits == pytest.approx(2.32, abs=0.01)
    assert same.bits == pytest.approx(-0.85, abs=0.01)


def test_health_counts_what_joined_lately_against_the_weeks_before(app: App) -> None:
    approved(app)
    now = (app.clock.now() - BEGIN).days * 1440
    load(app, Rec("a", now - 60 * 1440, "e1"), Rec("b", now - 50 * 1440, "e2"))
    load(app, Rec("c", now - 1440, "e1 t1"), Rec("d", now, "e2 t2"), Rec("e", now, "e3"), base=2)

    with app.transaction() as inside:
        health = resolve.health(inside)

    assert health is not None
    told = health.drift
    assert [(rate.before, rate.lately) for rate in told.rates[:1]] == [(0.0, pytest.approx(2000 / 3))]
    assert (told.compared, told.weights) == (0, [])
