"""The vocabulary and a brand's plan: what is published holds, what breaks a plan is stored and said."""

from typing import Any

import jsonschema_rs
import pytest

from regulars import collect
from regulars.app import App
from regulars.collect.errors import PlanRefused
from regulars.collect.plan import check, watch
from regulars.collect.plan.check import VIOLATIONS_PER_EVENT_MAX

PLAN = """
plan: Corner Market
include: [surveys]
traits:
  email: {type: string, pattern: "^[^@ ]+@[^@ ]+$", personal: email}
events:
  Order Completed:
    sources: [till]
    properties:
      order_id: {type: string, required: true}
      revenue: {type: number, minimum: 0}
      currency: {enum: [USD]}
      sold_at: {type: datetime}
      products: {type: array, of: {product_id: {type: string, required: true}}}
sources:
  web: [Survey Answered]
"""


def track(event: str, **properties: Any) -> dict[str, Any]:
    return {"type": "track", "event": event, "userId": "ann", "properties": properties}


def sent(app: App, name: str, *messages: dict[str, Any]) -> None:
    """These messages in the journal, from the source of this name."""
    with app.transaction() as inside:
        source, _ = collect.register(inside, name, {"till": "tills"}.get(name, "web"))
        receipt = collect.accept(inside, source, messages, received_at=app.clock.now())
    assert receipt.accepted == len(messages)


def loaded(app: App, content: str = PLAN) -> None:
    with app.transaction() as inside:
        collect.load_plan(inside, content, "a test")


def broken(app: App) -> set[tuple[str, str, str]]:
    """Event, path and rule of every violation the watch has noted."""
    reader = collect.Watch(app)
    while reader.step():
        pass
    with app.transaction() as inside:
        return {(each.event, each.path, each.rule) for each in collect.violation_counts(inside)}


def test_every_published_example_follows_its_own_schema() -> None:
    events = collect.vocabulary_events()
    judge = jsonschema_rs.validator_for(collect.message_schema("Events", events.values()))

    assert len(events) >= 60
    for event in events.values():
        judge.validate(event.example())
    assert not judge.is_valid(track("Order Completed", revenue=3))
    assert not judge.is_valid(track("Product Added to Wishlist", product_id=3))


def test_an_event_is_published_once_under_one_meaning() -> None:
    named = [event.name for _, group in collect.vocabulary_groups.items() for event in group.events]

    assert len(named) == len(set(named))
    assert {"Receipt Issued", "Item Returned", "Points Earned", "Survey Answered", "Associate Assisted"} <= set(named)


def test_what_breaks_the_plan_is_stored_all_the_same_and_says_where(app: App) -> None:
    loaded(app)
    sent(app, "till", track("Order Completed", order_id="7", revenue=3, currency="USD", products=[{"product_id": "a"}]))
    sent(
        app,
        "till",
        track("Order Completed", revenue="3", currency="EUR", sold_at="today", products=[{}]),
        track("Order Complete", order_id="8"),
        {"type": "identify", "userId": "ann", "traits": {"email": "ann"}},
        track("Order Completed", order_id="9", revenue=-1),
    )
    sent(app, "web", track("Order Completed", order_id="10"), track("Survey Answered", question="Why?"))

    assert broken(app) == {
        ("Order Completed", "order_id", "missing"),
        ("Order Completed", "revenue", "type"),
        ("Order Completed", "revenue", "minimum"),
        ("Order Completed", "currency", "enum"),
        ("Order Completed", "sold_at", "format"),
        ("Order Completed", "products.0.product_id", "missing"),
        ("Order Completed", "", "source"),
        ("Order Complete", "", "unplanned"),
        ("identify", "email", "pattern"),
    }


def test_a_misspelled_event_is_told_its_right_name_and_no_violation_repeats_a_value(app: App) -> None:
    loaded(app)
    sent(app, "till", track("Order Complete"), track("Order Completed", order_id="1", currency="secret"))
    broken(app)

    with app.transaction() as inside:
        told = {each.rule: each for each in collect.violation_counts(inside)}
    assert "'Order Completed'" in told["unplanned"].fix
    assert "secret" not in told["enum"].what + told["enum"].fix


def test_the_violations_of_one_event_are_bounded(app: App) -> None:
    loaded(app)
    sent(app, "till", track("Order Completed", order_id="1", products=[{}] * 500))

    assert len(broken(app)) == VIOLATIONS_PER_EVENT_MAX


def test_a_withdrawn_event_breaks_nothing_whether_it_was_judged_before_or_not(app: App) -> None:
    loaded(app)
    sent(app, "till", track("Order Completed"), track("Order Completed", order_id="1", revenue=-1))
    assert len(broken(app)) == 2
    sent(app, "till", track("Order Complete"))

    with app.transaction() as inside:
        collect.withdraw(inside, [(2, 3)], "Ines", "a test")

    assert broken(app) == {("Order Completed", "order_id", "missing")}


def test_no_event_that_breaks_the_plan_passes_for_clean_because_others_break_it_more(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "FAULTS_LISTED_MAX", 1)
    loaded(app)
    sent(app, "till", track("A"), track("A"), track("B"))

    listed = broken(app)

    with app.transaction() as inside:
        violating = collect.violating_events(inside)
    assert (len(listed), violating) == (1, {"A": 2, "B": 1})


def test_names_beyond_the_first_of_a_source_are_counted_together(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "NAMES_COUNTED_MAX", 2)
    sent(app, "till", track("A"), track("A"), track("B"), track("C"), track("D"))
    sent(app, "web", track("C"))
    broken(app)
    sent(app, "till", track("B"), track("E"))
    broken(app)

    with app.transaction() as inside:
        counted = {(use.source, use.name): use.events for use in collect.event_uses(inside)}
    assert counted == {("till", "A"): 2, ("till", "B"): 2, ("till", watch.OTHER_NAMES): 3, ("web", "C"): 1}


def test_what_an_unplanned_event_may_have_meant_is_looked_for_once(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[str] = []
    monkeypatch.setattr(check, "get_close_matches", lambda name, known, n: looked.append(name) or [])
    loaded(app)
    sent(app, "till", track("Whatever"), track("Whatever"), track("Else"))

    broken(app)

    assert looked == ["Whatever", "Else"]


def test_events_before_the_plan_are_not_judged_and_a_new_version_judges_what_follows(app: App) -> None:
    sent(app, "till", track("Order Completed"))
    loaded(app)
    assert broken(app) == set()

    sent(app, "till", track("Order Completed") | {"messageId": "second"})
    loaded(app, "plan: Lenient\nunplanned: allow\n")
    sent(app, "till", track("Whatever"))

    assert broken(app) == {("Order Completed", "order_id", "missing")}
    with app.transaction() as inside:
        assert [each.version for each in collect.plan_versions(inside)] == [2, 1]
        collect.load_plan(inside, "plan: Lenient\nunplanned: allow\n", "again")
        assert len(collect.plan_versions(inside)) == 2


def test_who_sends_what_is_counted_once_however_often_the_watch_looks(app: App) -> None:
    sent(app, "till", track("Order Completed"), track("Order Completed") | {"messageId": "b"}, track("My Own"))
    watch = collect.Watch(app)

    while watch.step():
        pass
    watch.step()

    with app.transaction() as inside:
        uses = {(use.source, use.name): use.events for use in collect.event_uses(inside)}
    assert uses == {("till", "Order Completed"): 2, ("till", "My Own"): 1}


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ("plan: A\nevents: {X: {properties: {a: {type: money}}}}", "'money'"),
        ("plan: A\nevents: {X: {properties: {a: {pattern: '('}}}}", "no regular expression"),
        ("plan: A\ninclude: [nonsense]", "'nonsense'"),
        ("plan: A\nsources: {web: [Y]}", "'Y'"),
        (
            "plan: A\nunplanned: maybe\nevents: {X: {properties: {a: {personal: odd}}}}",
            "free_text; unplanned is 'maybe'",
        ),
        ("plan: A\nevnts: {}", "evnts"),
        ("a: &a [1]\nb: *a", "aliases"),
        ("plan: [", "cannot be read"),
        ("plan: A\nevents: {X: {properties: {a: {example: 2026-03-02}}}}", "example is a date"),
        ("plan: A\nevents: {X: {properties: {a: {minimum: .nan}}}}", "minimum is no finite number"),
        ("plan: A\nevents: {X: {properties: {a: {minimum: -.inf}}}}", "minimum is no finite number"),
        ("plan: A\nevents: {X: {properties: {a: {example: {1: 2}}}}}", "example.1 is no text"),
        ("plan: A\nevents: {X: {properties: {a: {example: !!binary aGk=}}}}", "example is a bytes"),
        ("plan: A\nevents: {X: {properties: {a: {example: " + "9" * 400 + "}}}}", "too large"),
        ('plan: A\nevents: {X: {properties: {"a\\0": {}}}}', "no text holds"),
        ('plan: A\nevents: {X: {properties: {a: {meaning: "\\uD800"}}}}', "no text holds"),
        ("plan: A\nx: " + "y" * 300_000, "bytes"),
    ],
)
def test_a_plan_that_cannot_be_used_names_its_faults_and_is_not_loaded(app: App, content: str, named: str) -> None:
    with app.transaction() as inside, pytest.raises(PlanRefused) as refused:
        collect.load_plan(inside, content, "a test")

    assert named in str(refused.value)
    with app.transaction() as inside:
        assert collect.current_plan(inside) is None


WRONG = """
plan: 7
unplanned: maybe
traits: [email]
events:
  Order Completed:
    properties:
      revenue: {type: number, minimum: much}
      products: {type: array, of: {price: {type: [number]}, sku: {typ: string}}}
  Refund: bought
  Survey: {properties: {score: {type: money}}}
"""


def test_a_wrong_form_deep_inside_is_named_by_event_and_property_with_all_other_faults() -> None:
    with pytest.raises(PlanRefused) as refused:
        collect.declare_plan(WRONG)

    for fault in (
        "the plan.plan: Expected `str`, got `int`",
        "traits that are no names",
        "events.Order Completed.revenue.minimum: Expected `float | null`, got `str`",
        "events.Order Completed.products.price.type: Expected `str`, got `array`",
        "events.Order Completed.products.sku: Object contains unknown field `typ`",
        "events.Refund: Expected `object`, got `str`",
        "events.Survey.score has type 'money'",
    ):
        assert fault in refused.value.what


def test_a_plan_becomes_a_json_schema_that_judges_as_the_watch_does() -> None:
    judge = jsonschema_rs.validator_for(collect.declare_plan(PLAN).schema())

    assert judge.is_valid(track("Order Completed", order_id="1"))
    assert not judge.is_valid(track("Order Completed", order_id=1))
    assert not judge.is_valid({"type": "identify", "traits": {"email": "ann"}})
    assert judge.is_valid(track("Unheard Of"))
