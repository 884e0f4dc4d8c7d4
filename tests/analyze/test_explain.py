"""Every trait says what it is made of, and one customer's value comes with the events behind it."""

from datetime import timedelta

import pytest

from regulars import analyze
from regulars.analyze.errors import UnknownTrait
from tests.analyze.town import EPOCH, Town, order

TODAY = 20_000


@pytest.mark.parametrize("name", [trait.name for trait in analyze.TRAITS])
def test_every_trait_names_its_facts_and_its_sql(name: str, town: Town) -> None:
    with town.app.transaction() as app:
        found = analyze.explain(app, name)

    assert found.parts
    assert all(f"'{part.event}'" in part.sql or part.event == "profile" for part in found.parts)
    assert found.value is None
    assert found.events == []


def test_a_customers_value_comes_with_its_parts_and_the_events_behind_them(town: Town) -> None:
    town.app.clock.move_to(EPOCH + timedelta(days=TODAY))
    town.batch([(1, order(TODAY, 1_000)), (1, order(TODAY - 3, 3_000)), (2, order(TODAY, 99_00))])
    with town.app.transaction() as app:
        found = analyze.explain(app, "average_order_cents", 1)

    assert [(part.words, part.value) for part in found.parts] == [
        ("revenue, total of Order Completed", 4_000),
        ("number of Order Completed", 2),
    ]
    assert found.value == "$20.00"
    assert [event.seq for event in found.events] == [1, 2]
    assert found.freshness == "live"


def test_a_trait_knows_the_segments_that_look_at_it(town: Town) -> None:
    with town.app.transaction() as app:
        assert analyze.explain(app, "channels").used_by == ["one_channel"]
        assert analyze.explain(app, "days_since_order").freshness == "ageing"


def test_a_trait_that_does_not_exist_is_named(town: Town) -> None:
    with town.app.transaction() as app, pytest.raises(UnknownTrait, match="no trait named 'spent'"):
        analyze.explain(app, "spent")
