"""Detectors find what is planted, keep quiet where nothing is, and what was found is kept, told and forgotten."""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
import pytest
from msgspec.structs import replace

from regulars import analyze
from regulars.analyze.missed import searching, taking
from regulars.analyze.missed.errors import NothingToTakeUp, TakenAlready, TiersRefused, UnknownOpportunity
from regulars.analyze.missed.promised import Measured
from regulars.analyze.missed.tiers import tiers
from regulars.analyze.opportunities import Year, detectors
from regulars.analyze.opportunities.chance import smallest_holdout
from regulars.analyze.opportunities.judging import Judged, judge
from regulars.analyze.opportunities.reading import read
from regulars.analyze.segments import tree
from regulars.app import App
from regulars.bench import market
from regulars.kit.clock import ManualClock
from regulars.lake.duckdb import engine

CUSTOMERS = 2_000
QUIET_YEARS = 20
# Of 20 years at the stated level of one in twenty: more than this happen once in a thousand times.
ALARMS_MOST = 5


@cache
def year(seed: int, *effects: str) -> Year:
    with engine() as lake:
        market.fill(lake, market.made(seed, CUSTOMERS, effects))
        found = read(lake, ZoneInfo("UTC"), market.LAST_DAY, market.TIERS)
    assert found is not None
    return found


def found_in(answers: list[Judged]) -> list[str]:
    return [one.name for one in answers if one.is_found]


@pytest.mark.parametrize("effect", market.EFFECTS)
def test_what_is_planted_is_found_among_the_first_five_with_money_above_nothing(effect: str) -> None:
    answers = judge(year(7, effect))

    assert effect in found_in(answers)[:5]
    one = next(each for each in answers if each.name == effect)
    assert 0 < one.money.low < one.money.expected < one.money.high
    assert len(one.seen.reasons) == len(one.seen.stake_cents) == len(one.seen.members)


def test_who_comes_more_often_with_smaller_baskets_is_nobody_whose_baskets_shrink() -> None:
    planted = year(7, "shrinking_baskets")
    seen = detectors["shrinking_baskets"].look(planted)
    often = dict(planted.columns)
    for name in ("orders_after", "spend_after"):
        # Twenty times the orders with the same smaller baskets: twenty times the money.
        often[name] = planted[name].copy()
        often[name][seen.members] *= 20

    beside = detectors["shrinking_baskets"].look(replace(planted, columns=often))

    assert len(seen.members) > 20
    assert not set(seen.members.tolist()) & set(beside.members.tolist())


def test_years_that_hold_nothing_are_quiet_at_the_stated_level() -> None:
    alarms = [found for seed in range(QUIET_YEARS) if (found := found_in(judge(year(500 + seed))))]

    assert len(alarms) <= ALARMS_MOST, alarms


def test_who_is_found_overdue_is_whoever_was_made_to_stop() -> None:
    stopped = year(7, "overdue_regulars")
    answer = next(one for one in judge(stopped) if one.name == "overdue_regulars")

    went_on = year(7)
    silent = stopped["last_day"] < went_on["last_day"][np.searchsorted(went_on.customers, stopped.customers)]

    assert silent[answer.seen.members].mean() > 0.6 > 3 * silent.mean()


@pytest.mark.parametrize("name", list(detectors))
def test_every_detector_says_what_chance_means_what_to_do_and_what_it_rests_on(name: str) -> None:
    one = detectors[name]
    empty = one.look(year_of(2))

    assert all((one.null, one.treatment, one.response.because, one.measure, one.stake))
    assert 0 < one.response.mean < 0.2
    assert (empty.p_value, len(empty.members)) == (1.0, 0)


def test_a_holdout_grows_with_the_scatter_and_none_is_named_where_none_is_enough() -> None:
    small = smallest_holdout(1_000, spread=50, effect=15)
    large = smallest_holdout(1_000, spread=90, effect=15)

    assert None not in (small, large)
    assert 0 < (small or 0) < (large or 0) <= 0.5
    assert smallest_holdout(20, spread=90, effect=0.1) is None


def test_a_brand_that_declares_no_tiers_is_told_of_none() -> None:
    undeclared = msgspec.structs.replace(year(7, "near_tier"), tiers=())

    answer = next(one for one in judge(undeclared) if one.name == "near_tier")

    assert (answer.is_found, len(answer.seen.members)) == (False, 0)
    assert "tiers.yaml" in answer.seen.finding


def test_tiers_are_those_of_the_brands_file_and_a_wrong_one_is_refused_with_all_its_faults(app: App) -> None:
    path = app.settings.home_path / "tiers.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    assert tiers(app) == ()

    path.write_text("tiers: {Gold: 1500, Silver: 750}")
    assert [(one.name, one.takes) for one in tiers(app)] == [("Silver", 750), ("Gold", 1500)]

    path.write_text('tiers: {Gold: 0, Silver: 750, Blue: 750, "": 3}')
    with pytest.raises(TiersRefused, match=r"no name of a tier.*'Gold' takes.*two tiers take"):
        tiers(app)


def test_what_is_given_back_counts_neither_towards_a_tier_nor_as_money() -> None:
    with engine() as lake:
        market.fill(lake, market.made(7, 50))
        lake.run(
            "create or replace view facts as select 'Order Completed' as event, * from order_fact union all by name"
            " select 'Order Line' as event, * from line_fact union all by name"
            " select 'Order Refunded' as event, signature, occurred_us, day, revenue_cents as refund_cents"
            " from order_fact union all by name select 'Tier Credit Granted' as event, * from grant_fact"
        )
        found = read(lake, ZoneInfo("UTC"), market.LAST_DAY, market.TIERS)

    assert found is not None
    kept = year_of(50)
    assert found["orders_after"].sum() == kept["orders_after"].sum() > 0
    assert [float(abs(found[name]).max()) for name in ("spend_before", "spend_after", "spend_year")] == [0.0] * 3


def year_of(customers: int) -> Year:
    with engine() as lake:
        market.fill(lake, market.made(7, customers))
        found = read(lake, ZoneInfo("UTC"), market.LAST_DAY, market.TIERS)
    assert found is not None
    return found


@pytest.fixture
def searched(app: App, monkeypatch: pytest.MonkeyPatch) -> App:
    """A brand that was searched once, with overdue regulars in its year."""
    analyze.ensure_schema(app)

    def given(*_: object) -> tuple[Year, list[Measured]]:
        return year(7, "overdue_regulars"), []

    monkeypatch.setattr(searching, "_read", given)
    with app.transaction() as inside:
        inside.db.execute("insert into customer select g, true, g from generate_series(0, %s) g", [CUSTOMERS])
    analyze.missed.search(app)
    return app


def size(app: App) -> int:
    with app.transaction() as inside:
        return analyze.missed.opportunity(inside, "overdue_regulars").size


def first(app: App) -> analyze.missed.Person:
    with app.transaction() as inside:
        return analyze.missed.people(inside, "overdue_regulars", limit=1)[0]


def test_a_search_is_kept_with_its_people_and_due_again_the_next_day(searched: App, clock: ManualClock) -> None:
    with searched.transaction() as inside:
        newest = analyze.missed.missed(inside)
        assert newest is not None
        assert newest.found[0].size == len(analyze.missed.people(inside, newest.found[0].name, limit=10_000))
        assert not analyze.missed.is_due(inside, clock.now())
        assert analyze.missed.is_due(inside, clock.now() + timedelta(days=1))


def test_pages_of_people_hold_everybody_once_with_most_at_stake_first(searched: App) -> None:
    with searched.transaction() as inside:
        whole = analyze.missed.people(inside, "overdue_regulars", limit=10_000)
        pages: list[analyze.missed.Person] = []
        while page := analyze.missed.people(inside, "overdue_regulars", pages[-1] if pages else None, limit=7):
            pages += page

    assert pages == whole
    assert [one.stake_cents for one in whole] == sorted((one.stake_cents for one in whole), reverse=True)


def test_who_was_merged_stands_under_the_number_she_has_now_and_who_is_erased_under_none(searched: App) -> None:
    before, her = size(searched), first(searched).customer
    with searched.transaction() as inside:
        inside.db.execute("delete from customer where id = %s", [her])
        inside.db.execute("insert into customer values (90001, true, 90001)")
        inside.db.execute("insert into redirect (old, customer) values (%s, 90001)", [her])
    assert (first(searched).customer, size(searched)) == (90001, before)

    with searched.transaction() as inside:
        analyze.forget(inside, [her])

    assert first(searched).customer not in (her, 90001)
    assert size(searched) == before - 1


def test_who_is_erased_while_a_search_judges_does_not_come_back_with_it(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    analyze.ensure_schema(app)
    found = year(7, "overdue_regulars")
    her, other = found.customers[:2].tolist()
    cases = Measured(name="returns", last_day=1, rows=[], cases=[(her, 1, 1), (other, 2, 1)])
    monkeypatch.setattr(searching, "_read", lambda *_: (found, [cases]))
    with app.transaction() as inside:
        inside.db.execute("insert into customer select g, true, g from generate_series(0, %s) g", [CUSTOMERS])
        inside.db.execute("delete from customer where id = %s", [her])

    analyze.missed.search(app)

    with app.transaction() as inside:
        left = inside.db.execute(
            "select customer from opportunity_member where customer = %(her)s"
            " union all select customer from expectation_case",
            {"her": her},
        ).fetchall()
        assert left == [(other,)]
        assert [case.customer for case in analyze.missed.cases(inside, "returns")] == [other]


def test_a_search_that_breaks_leaves_the_last_one_and_says_so(
    searched: App, monkeypatch: pytest.MonkeyPatch, clock: ManualClock
) -> None:
    def broken(*_: object) -> Year:
        raise ValueError("no lake")

    monkeypatch.setattr(searching, "_read", broken)
    with pytest.raises(ValueError, match="no lake"):
        analyze.missed.search(searched)

    with searched.transaction() as inside:
        newest = analyze.missed.missed(inside)
    assert newest is not None
    assert "ValueError" in newest.fault
    assert newest.found


def test_an_unknown_name_is_refused_with_those_there_are(searched: App) -> None:
    with searched.transaction() as inside, pytest.raises(UnknownOpportunity, match="overdue_regulars"):
        analyze.missed.opportunity(inside, "more_money")


def test_the_made_up_market_plants_for_every_detector_of_ours() -> None:
    assert set(market.EFFECTS) == set(detectors)


def test_who_is_taken_up_is_told_to_the_journal_once_with_a_part_held_out(searched: App) -> None:
    with searched.transaction() as inside:
        made = analyze.missed.take_up(inside, "overdue_regulars", "Maya")
        told = inside.db.execute(
            "select properties ->> 'campaign_id', count(*) from announcement where name = %s group by 1 order by 1",
            [taking.EVENT],
        ).fetchall()

        rule = analyze.versions(inside, made.segment or "")[0].rule
        sizes = [one.title for one in analyze.segments(inside)]

    assert tree.written(rule).count(made.campaign) == 1
    assert any(title.startswith("Overdue regulars, ") for title in sizes)
    assert told == [(made.campaign, made.people - made.held_out), (f"{made.campaign}-held-out", made.held_out)]
    assert 0 < made.held_out < made.people == size(searched)
    with searched.transaction() as inside, pytest.raises(TakenAlready):
        analyze.missed.take_up(inside, "overdue_regulars", "Tom")


def held_out(app: App, campaign: str) -> set[int]:
    with app.transaction() as inside:
        rows = inside.db.execute(
            "select customer from announcement where properties ->> 'campaign_id' = %s", [f"{campaign}-held-out"]
        )
        return {customer for (customer,) in rows.fetchall()}


def test_who_was_held_out_stays_held_out_when_a_later_search_is_taken_up(searched: App, clock: ManualClock) -> None:
    with searched.transaction() as inside:
        before = analyze.missed.take_up(inside, "overdue_regulars", "Maya")
    clock.sleep(timedelta(days=1).total_seconds())
    analyze.missed.search(searched)
    with searched.transaction() as inside:
        after = analyze.missed.take_up(inside, "overdue_regulars", "Maya")

    assert held_out(searched, before.campaign) == held_out(searched, after.campaign) != set()


def test_who_was_found_under_two_numbers_is_taken_up_once(searched: App) -> None:
    with searched.transaction() as inside:
        one, two = analyze.missed.people(inside, "overdue_regulars", limit=2)
        inside.db.execute("delete from customer where id = %s", [two.customer])
        inside.db.execute("insert into redirect (old, customer) values (%s, %s)", [two.customer, one.customer])

        made = analyze.missed.take_up(inside, "overdue_regulars", "Maya")

        told = inside.db.execute("select count(*) from announcement where name = %s", [taking.EVENT]).fetchall()
    assert told == [(made.people,)]
    assert made.people == size(searched)


def test_what_chance_explains_cannot_be_taken_up_and_leaves_nothing_behind(searched: App) -> None:
    with searched.transaction() as inside, pytest.raises(NothingToTakeUp, match="not found"):
        analyze.missed.take_up(inside, "slow_hours", "Maya")

    with searched.transaction() as inside:
        assert analyze.missed.taken(inside, "slow_hours") == []
        assert inside.db.execute("select count(*) from announcement").fetchall() == [(0,)]
