"""A trait that is declared anew becomes a version: the one before stays until the past of the new one is folded."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from regulars import analyze, ask, collect
from regulars.analyze import renewed, spelled
from regulars.analyze.backfill import backfill
from regulars.analyze.catalogue import SEGMENTS, TRAITS
from regulars.analyze.errors import TraitRefused
from regulars.analyze.expressions import Expression
from regulars.analyze.plan import Segment, Trait
from regulars.analyze.segments import tree
from regulars.analyze.segments.making import Draft
from regulars.analyze.traits import count, facts, first, latest, since, top, total
from tests.analyze.test_engines import differences
from tests.analyze.town import EPOCH, Town, order

TODAY = 20000
lines = facts("Order Line")
orders = facts("Order Completed", value="revenue_cents")


def anew(name: str, expression: Expression, **given: str) -> tuple[Trait, ...]:
    """The catalogue with another declaration of one trait."""
    assert name in {trait.name for trait in TRAITS}
    return tuple(replace(one, expression=expression, **given) if one.name == name else one for one in TRAITS)


def restart(town: Town, traits: tuple[Trait, ...]) -> None:
    """The process ends; the next one declares these."""
    renewed._compared.pop(town.app.store, None)  # pyright: ignore[reportPrivateUsage]
    analyze.ensure_schema(town.app, traits, SEGMENTS)


def values(town: Town, name: str) -> dict[int, Any]:
    with town.app.transaction() as app:
        found = {customer: {one.name: one.value for one in analyze.traits_of(app, customer)} for customer in (1, 2)}
    return {customer: traits[name] for customer, traits in found.items()}


def settled(town: Town) -> None:
    """Steps until nothing is left to do."""
    while analyze.renew(town.app):
        pass


@pytest.fixture
def shop(town: Town) -> Town:
    """Two customers with three and one orders of two lines each."""
    town.app.clock.move_to(EPOCH + timedelta(days=TODAY))  # pyright: ignore
    two = [{"category": "TEA", "revenue": 4.0}, {"category": "BREAD", "revenue": 6.0}]
    town.batch([(n, order(TODAY - day, products=two)) for n, day in ((1, 9), (1, 5), (2, 3), (1, 1))])
    settled(town)
    return town


@pytest.mark.parametrize(
    ("name", "expression", "then"),
    [
        ("orders", count(lines), {1: 6, 2: 2}),
        ("spend_cents", total(orders) + 5, {1: 3005, 2: 1005}),
        ("average_order_cents", total(orders) * 2, {1: 6000, 2: 2000}),
        ("pieces", total(orders) / count(orders), {1: 1000.0, 2: 1000.0}),
        ("last_store", first(orders, carry="store"), {1: "s1", 2: "s1"}),
        ("first_store", latest(orders, carry="channel"), {1: "store", 2: "store"}),
        ("orders_90", since(orders), {1: 1, 2: 3}),
        ("days_since_order", count(orders).within(days=7), {1: 2, 2: 1}),
        ("top_category", top(facts("Order Line"), by="brand"), {1: None, 2: None}),
        ("spoken_language", count(lines.where(category="TEA")), {1: 3, 2: 1}),
    ],
)
def test_whatever_a_trait_was_and_becomes_the_old_values_stand_until_the_new_ones_do(
    shop: Town, name: str, expression: Expression, then: dict[int, object]
) -> None:
    before = values(shop, name)

    restart(shop, anew(name, expression))
    assert values(shop, name) == before
    settled(shop)

    assert values(shop, name) == then
    shop.batch([(1, order(TODAY))])
    shop.tick(TODAY + 1)
    assert differences(shop) == []


def state_of(town: Town, name: str) -> tuple[str, int, int | None]:
    with town.app.transaction() as app:
        one = next(one for one in analyze.listed(app) if one.name == name)
        return one.state, one.version, one.coming


def test_while_its_past_is_folded_events_go_on_and_the_page_says_how_far_it_is(shop: Town) -> None:
    shop.batch([(n % 2 + 1, order(TODAY - n % 30, 100 + n)) for n in range(40)])
    before = values(shop, "orders")

    restart(shop, anew("orders", count(lines)))
    with shop.app.transaction() as app:
        renewed._declare(app, renewed.ready(app))  # pyright: ignore[reportPrivateUsage]
        backfill(app, stretch=10)
    assert state_of(shop, "orders") == ("preparing", 1, 2)
    shop.batch([(1, order(TODAY, 7))])
    shop.merge(2, 1)

    assert values_of(shop, 1, "orders") == before[1] + before[2] + 1
    settled(shop)
    assert state_of(shop, "orders") == ("live", 2, None)
    assert values_of(shop, 1, "orders") == before[1] + before[2] + 1 + 4
    shop.tick(TODAY + 1)
    assert differences(shop) == []


def values_of(town: Town, customer: int, name: str) -> Any:
    with town.app.transaction() as app:
        return next(one.value for one in analyze.traits_of(app, customer) if one.name == name)


def test_segments_by_the_name_of_a_trait_are_judged_again_when_its_new_version_is_complete(shop: Town) -> None:
    rule = tree.read({"kind": "trait", "trait": "orders", "is": ">=", "value": 5})
    with shop.app.transaction() as app:
        analyze.create(app, Draft(title="Often here", rule=rule, reason=""), "Maya")
    while analyze.adopt(shop.app):
        pass
    assert members(shop) == []

    restart(shop, anew("orders", count(lines)))
    shop.batch([(2, order(TODAY))])
    assert members(shop) == []
    settled(shop)

    assert members(shop) == [1]
    with shop.app.transaction() as app:
        assert [visit.reason for visit in analyze.visits(app, 1) if visit.segment == "often_here"] == ["rule"]


def members(town: Town) -> list[int]:
    with town.app.transaction() as app:
        return [one.customer for one in analyze.members(app, "often_here")]


def saved(town: Town, title: str, trait: str, value: object, sign: str = ">=") -> str:
    """A segment over one trait, taken over."""
    rule = tree.read({"kind": "trait", "trait": trait, "is": sign, "value": value})
    with town.app.transaction() as app:
        name = analyze.create(app, Draft(title=title, rule=rule, reason=""), "Maya")
    adopted(town)
    return name


def adopted(town: Town) -> None:
    while analyze.adopt(town.app):
        pass


def test_a_trait_that_nothing_declares_any_more_stays_as_it_was_until_nobody_looks_at_it(shop: Town) -> None:
    mine = Trait("all_lines", "lines", count(lines), history=True)
    restart(shop, (*TRAITS, mine))
    settled(shop)
    name = saved(shop, "Often here", "all_lines", 7)

    restart(shop, TRAITS)
    settled(shop)
    shop.batch([(1, order(TODAY, products=[{"category": "TEA", "revenue": 4.0}] * 2))])
    assert members(shop) == [1]
    assert state_of(shop, "all_lines") == ("missing", 1, None)
    with shop.app.transaction() as app:
        assert analyze.missing_traits(app) == {"all_lines": ["Often here"]}
        assert analyze.history(app, "all_lines", 1).changes[0].value == 8
    collect.flush(shop.app)
    with shop.app.transaction() as app:
        assert analyze.differences(app) == []

    with shop.app.transaction() as app:
        analyze.archive(app, name, "Maya")
    adopted(shop)
    settled(shop)
    with shop.app.transaction() as app:
        assert analyze.missing_traits(app) == {}
        assert "all_lines" not in [one.name for one in analyze.listed(app)]


def test_a_rule_over_a_trait_that_nothing_declares_any_more_can_be_changed(shop: Town) -> None:
    name = saved(shop, "Often here", "calls_90", 1)
    without = tuple(one for one in TRAITS if one.name != "calls_90")
    restart(shop, without)
    settled(shop)

    rule = tree.read({"kind": "trait", "trait": "orders", "is": ">=", "value": 3})
    with shop.app.transaction() as app:
        analyze.edit(app, name, Draft(title="Often here", rule=rule, reason=""), "Maya")
    adopted(shop)
    settled(shop)

    assert members(shop) == [1]
    with shop.app.transaction() as app:
        assert "calls_90" not in [one.name for one in analyze.listed(app)]


def test_a_version_of_another_kind_waits_for_the_segments_that_could_not_be_run_by_it(shop: Town) -> None:
    name = saved(shop, "Often here", "pieces", 6)
    assert members(shop) == [1]

    restart(shop, anew("pieces", latest(orders, carry="store")))
    settled(shop)
    assert members(shop) == [1]
    assert state_of(shop, "pieces")[:2] == ("failed", 1)
    with shop.app.transaction() as app:
        assert "'Often here' could not be run" in next(x.freshness for x in analyze.listed(app) if x.name == "pieces")
        analyze.archive(app, name, "Maya")
    adopted(shop)

    restart(shop, anew("pieces", latest(orders, carry="store")))
    settled(shop)
    assert state_of(shop, "pieces") == ("live", 2, None)
    assert values(shop, "pieces") == {1: "s1", 2: "s1"}


def test_a_segment_saved_while_a_version_of_another_kind_is_prepared_keeps_its_people(shop: Town) -> None:
    restart(shop, anew("pieces", latest(orders, carry="store")))
    with shop.app.transaction() as app:
        renewed._declare(app, renewed.ready(app))  # pyright: ignore[reportPrivateUsage]
    saved(shop, "Often here", "pieces", 6)

    settled(shop)

    assert members(shop) == [1]
    assert state_of(shop, "pieces")[:2] == ("failed", 1)


def test_a_view_that_stands_on_a_column_holds_up_nobody(shop: Town) -> None:
    rule = {"kind": "did", "event": "Order Line", "where": [{"column": "category", "value": "BREAD"}], "value": 1}
    with shop.app.transaction() as app:
        name = analyze.create(app, Draft(title="Bread", rule=tree.read(rule | {"days": 33}), reason=""), "Maya")
    adopted(shop)
    bread = Trait("bread_33", "bread", count(lines.where(category="BREAD")).within(days=33))
    restart(shop, (*TRAITS, bread))
    settled(shop)
    ask.Connection(shop.app, ask.Reader.ANALYST).sql("select count(*) from traits", engine="postgres").rows()
    restart(shop, TRAITS)
    settled(shop)

    with shop.app.transaction() as app:
        analyze.archive(app, name, "Maya")
    adopted(shop)
    saved(shop, "Often here", "orders", 3)

    assert members(shop) == [1]


def test_a_trait_that_left_and_comes_back_is_folded_from_the_beginning(shop: Town) -> None:
    without = tuple(one for one in TRAITS if one.name not in ("last_store", "pieces"))
    restart(shop, without)
    settled(shop)
    shop.batch([(1, order(TODAY, store_id="s9"))])

    restart(shop, TRAITS)
    settled(shop)

    assert values_of(shop, 1, "pieces") == 7
    assert state_of(shop, "pieces") == ("live", 2, None)
    shop.tick(TODAY + 1)
    assert differences(shop) == []


def test_a_trait_with_a_history_that_left_may_come_back_as_another_kind(shop: Town) -> None:
    whole = Trait("all_lines", "lines", count(lines), history=True)
    restart(shop, (*TRAITS, whole))
    settled(shop)
    shop.batch([(1, order(TODAY))])
    restart(shop, TRAITS)
    settled(shop)

    restart(shop, (*TRAITS, replace(whole, expression=latest(orders, carry="store"))))
    settled(shop)
    shop.batch([(1, order(TODAY, store_id="s9"))])

    with shop.app.transaction() as app:
        assert [one.value for one in analyze.history(app, "all_lines", 1).changes] == ["s9", "s1"]


def test_only_the_worker_takes_a_new_declaration_over(shop: Town) -> None:
    before = values(shop, "orders")

    analyze.ensure_schema(shop.app, anew("orders", count(lines)), SEGMENTS)
    shop.batch([(1, order(TODAY))])
    analyze.ensure_schema(shop.app, TRAITS, SEGMENTS)

    assert values(shop, "orders") == {1: before[1] + 1, 2: before[2]}
    with shop.app.transaction() as app:
        assert [one.version for one in analyze.trait_versions(app, "orders")] == [1]


def test_live_and_daily_do_not_share_a_state_one_after_the_other(shop: Town) -> None:
    with pytest.raises(TraitRefused, match="was live and is declared daily"):
        analyze.ensure_schema(shop.app, anew("orders", count(orders), freshness="daily"), SEGMENTS)


@pytest.mark.parametrize("one", [*TRAITS, *SEGMENTS], ids=lambda one: one.name)
def test_a_declaration_is_read_back_as_it_was_written(one: Trait | Segment) -> None:
    expression = one.expression if isinstance(one, Trait) else one.rule

    assert spelled.read(spelled.written(expression)) == expression
