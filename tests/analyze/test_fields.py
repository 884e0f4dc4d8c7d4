"""Fields of profiles and bought data are inputs of traits; what changes there moves them in one batch."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from regulars import analyze, collect
from regulars.analyze.catalogue import TRAITS
from regulars.analyze.errors import TraitRefused
from regulars.analyze.plan import Segment, Trait
from regulars.analyze.traits import bought, count, facts, field, since_day
from regulars.model import Batch, Change, Changes, People
from tests.analyze.town import EPOCH, Town, order

TODAY = 20_000
ORDERS = facts("Order Completed")
ABROAD = Segment("abroad", "Buying abroad", field("country").equals("FR") & (count(ORDERS) >= 1))


def say(town: Town, customer: int, name: str, value: str) -> None:
    """Her profile says so; nothing is told to anybody yet."""
    with town.app.transaction() as app:
        app.db.execute(
            "insert into profile (customer, country, changed_at) values (%s, %s, now())"
            " on conflict (customer) do update set country = excluded.country"
            if name == "country"
            else "insert into profile_field (customer, field, source, verified, digest, value, occurred_at, seq, rule)"
            " values (%s, %s, 'crm', false, 0, %s, now(), 1, 'only')",
            [customer, value] if name == "country" else [customer, name, value],
        )


def told(town: Town, customer: int, name: str, *, recompute: tuple[int, ...] = ()) -> Changes:
    """The batch in which her profile changed comes through."""
    people = People(batch=Batch(events=[], last_seq=1), customers=[], created=[], merged=[], recompute=list(recompute))
    with town.app.transaction() as app:
        changes = Changes(people=people, touched=[customer], fields=[Change(customer, name, None, "x")])
        return analyze.update(app, changes)


def value(town: Town, customer: int, trait: str) -> Any:
    with town.app.transaction() as app:
        return {each.name: each.value for each in analyze.traits_of(app, customer)}[trait]


@pytest.fixture
def abroad(town: Town) -> Town:
    """A town with a segment over country and orders."""
    analyze.ensure_schema(town.app, TRAITS, [ABROAD])
    town.app.clock.move_to(EPOCH + timedelta(days=TODAY))
    return town


def test_a_customer_who_moves_abroad_enters_the_segment_in_the_batch_that_says_so(abroad: Town) -> None:
    abroad.batch([(1, order(TODAY)), (2, order(TODAY))])
    say(abroad, 1, "country", "FR")
    came = told(abroad, 1, "address").moves
    say(abroad, 1, "country", "US")
    went = told(abroad, 1, "address").moves

    assert [(move.customer, move.entered) for move in came + went] == [(1, True), (1, False)]
    assert value(abroad, 1, "home_country") == "US"
    assert value(abroad, 2, "home_country") is None


def test_what_a_profile_says_follows_merges_splits_and_the_lake(abroad: Town) -> None:
    abroad.batch([(1, order(TODAY)), (2, order(TODAY, 7))])
    say(abroad, 2, "country", "FR")
    told(abroad, 2, "address")
    with abroad.app.transaction() as app:
        app.db.execute("update profile set customer = 1 where customer = 2")
    abroad.merge(2, 1)
    merged = value(abroad, 1, "home_country")
    with abroad.app.transaction() as app:
        app.db.execute("update profile set customer = 2")
    abroad.split(2, 2)

    assert merged == "FR"
    assert (value(abroad, 1, "home_country"), value(abroad, 2, "home_country")) == (None, "FR")
    with abroad.app.transaction() as app:
        collect.flush(app)
        assert analyze.differences(app) == []


def test_what_was_declared_anew_outside_of_a_batch_follows_with_the_day(abroad: Town) -> None:
    abroad.batch([(1, order(TODAY))])
    say(abroad, 1, "country", "FR")
    before = value(abroad, 1, "home_country")

    moves = abroad.tick(TODAY + 1).moves

    assert before is None
    assert [(move.segment, move.entered) for move in moves] == [("abroad", True)]


def test_a_field_that_the_brand_adds_is_read_by_its_type(town: Town) -> None:
    size = Trait("size", "shoe size", field("shoe_size", "fraction"))
    analyze.ensure_schema(town.app, [*TRAITS, size], [])
    town.app.clock.move_to(EPOCH + timedelta(days=TODAY))
    town.batch([(1, order(TODAY)), (2, order(TODAY))])
    say(town, 1, "shoe_size", "43.5")
    say(town, 2, "shoe_size", "large")
    told(town, 1, "shoe_size")
    told(town, 2, "shoe_size")

    assert (value(town, 1, "size"), value(town, 2, "size")) == (43.5, None)


def test_a_day_that_is_in_no_calendar_is_not_known_and_holds_up_nobody(town: Town) -> None:
    anniversary = Trait("anniversary", "anniversary", field("anniversary", "whole"))
    analyze.ensure_schema(town.app, [*TRAITS, anniversary], [])
    town.app.clock.move_to(EPOCH + timedelta(days=TODAY))
    town.batch([(1, order(TODAY)), (2, order(TODAY)), (3, order(TODAY))])
    for customer, day in enumerate(("1970-01-11", "2023-02-31", "2023-02-29"), start=1):
        say(town, customer, "anniversary", day)
        told(town, customer, "anniversary")

    assert [value(town, customer, "anniversary") for customer in (1, 2, 3)] == [10, None, None]


def test_bought_data_counts_while_it_may_be_used(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    band = Trait("age_band", "age band, bought", bought("panel", "age_band"))
    analyze.ensure_schema(
        town.app, [*TRAITS, band], [Segment("young", "Young", bought("panel", "age_band").equals("18-24"))]
    )
    town.app.clock.move_to(EPOCH + timedelta(days=TODAY))
    usable = [(1, "panel", '{"age_band": "18-24"}')]
    monkeypatch.setattr(
        "regulars.profile.overlays.bought_of_each",
        lambda app, customers, names: [row for row in usable if customers is None or row[0] in customers],
    )
    came = town.batch([(1, order(TODAY)), (2, order(TODAY))]).moves
    usable.clear()
    went = town.batch([(1, order(TODAY, 5))]).moves

    assert [(move.customer, move.entered) for move in came + went] == [(1, True), (1, False)]


@pytest.mark.parametrize(
    "declare",
    [
        lambda: field("email"),
        lambda: field("last_name"),
        lambda: field("street; drop"),
        lambda: since_day(field("country")),
        lambda: bought("panel", "Age Band"),
    ],
)
def test_names_and_addresses_do_not_enter_the_analysis(declare: Any) -> None:
    with pytest.raises(TraitRefused) as refusal:
        declare()

    assert refusal.value.fix


def test_a_value_of_a_profile_names_the_event_in_which_it_was_stated(town: Town) -> None:
    town.app.clock.move_to(EPOCH + timedelta(days=TODAY))
    town.batch([(1, order(TODAY))])
    size = Trait("size", "shoe size", field("shoe_size", "fraction"))
    analyze.ensure_schema(town.app, [*TRAITS, size], [])
    say(town, 1, "shoe_size", "43.5")

    with town.app.transaction() as app:
        found = analyze.evidence(app, size, 1)
        told_by = analyze.explain(app, "size", 1)

    assert [one.seq for one in found] == [1]
    assert told_by.parts[0].words == "shoe size of the profile"
