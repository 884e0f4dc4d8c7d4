"""How a customer's page tells a year: a picture of purchases, visits as one line, points beside what brought them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from regulars.analyze import TraitValue
from regulars.web.api.timeline import Line
from regulars.web.pages.profile.rhythm import rhythm
from regulars.web.pages.profile.stops import stops

from .site import Site
from .test_pages_time_line import buyer

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def line(origin: str, kind: str, name: str, seq: int, summary: str = "") -> Line:
    at = NOON - timedelta(minutes=seq)
    said = summary or f"Looked at {name}"
    return Line(
        origin=origin, kind=kind, id=seq, at=at, source="web", source_kind="web", name=name, summary=said, seq=seq,
        properties={}, generated=False,
    )  # fmt: skip


def traits(**values: Any) -> list[TraitValue]:
    return [
        TraitValue(name=name, title=name, value=value, shown=str(value), unit="days") for name, value in values.items()
    ]


def test_the_steps_of_a_visit_are_one_line_that_names_the_first_pages() -> None:
    pages = ["Coupons", "Recipes", "Bakery", "Bakery", "Home"]
    items = [line("event", "page", name, seq) for seq, name in enumerate(pages)]

    (stop,) = stops([*items, line("event", "track", "Signed In", 9, "Signed in")])

    assert stop.says == "Looked at Home, Bakery, Recipes and 1 more page"
    assert [step.summary for step in stop.steps][-1] == "Signed in"


def test_a_single_step_stays_the_event_it_is() -> None:
    (stop,) = stops([line("event", "page", "Coupons", 1)])

    assert (stop.says, stop.steps) == ("Looked at Coupons", [])


def test_points_stand_beside_the_purchase_that_brought_them_and_alone_without_one() -> None:
    earned = line("points", "", "earn", 5, "Got 14 points: bought")
    bought = line("event", "track", "Order Completed", 5, "Bought 6 products")
    expired = line("points", "", "settle", 7, "3 points went: ran out")

    first, second = stops([earned, bought, expired])

    assert (first.says, [one.summary for one in first.brought]) == ("Bought 6 products", ["Got 14 points: bought"])
    assert (second.says, second.brought) == ("3 points went: ran out", [])


@pytest.mark.parametrize(
    ("known", "title"),
    [
        ({"order_days": 9, "gap_mean_days": 5.2, "gap_sd_days": 2.0, "days_since_order": 3}, "nothing is overdue"),
        ({"order_days": 9, "gap_mean_days": 5.2, "gap_sd_days": 2.0, "days_since_order": 7}, "nothing is overdue"),
        ({"order_days": 9, "gap_mean_days": 5.2, "gap_sd_days": 2.0, "days_since_order": 20}, "15 days overdue"),
        ({"order_days": 2, "gap_mean_days": 5.2, "days_since_order": 20}, "no rhythm yet"),
        ({}, "no rhythm yet"),
    ],
)
def test_a_basket_is_overdue_beyond_the_usual_gap_and_its_spread(site: Site, known: dict[str, Any], title: str) -> None:
    with site.app.transaction() as inside:
        drawn = rhythm(inside, buyer(site), traits(**known))

    assert drawn is not None
    assert title in drawn.title


def test_every_purchase_of_the_year_is_a_dot_on_the_line(site: Site) -> None:
    with site.app.transaction() as inside:
        customer = buyer(site)
        drawn = rhythm(inside, customer, traits(order_days=3, gap_mean_days=30, gap_sd_days=1, days_since_order=2))
        bought = inside.db.execute(
            "select count(*) from events_of(array[%s]::bigint[]) e join journal j on j.seq = e.seq"
            " where j.name = 'Order Completed'",
            (customer,),
        ).fetchall()[0][0]

    assert drawn is not None
    assert drawn.expected is not None
    assert len(drawn.baskets) == bought
    assert all(16 <= one.x <= 784 and 3 <= one.radius <= 9 for one in drawn.baskets)
    assert max(one.x for one in drawn.baskets) < drawn.expected <= 784


def test_somebody_who_bought_nothing_has_no_picture(site: Site) -> None:
    with site.app.transaction() as inside:
        assert rhythm(inside, 999_999_999, []) is None
