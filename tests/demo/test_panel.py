"""The panel comes through to the cent, counted from the generated events themselves."""

from __future__ import annotations

import itertools
import math
from datetime import date, timedelta

import pytest

from regulars import demo
from regulars.demo import generate, panel

from .conftest import TODAY, Sums


def share(part: float, whole: float) -> float:
    return round(100 * part / whole, 2)


def test_every_basket_is_an_order_and_the_revenue_is_exact(full: Sums) -> None:
    assert full.names["Order Completed"] == 155_848
    assert full.order_cents == full.line_cents["all"] == 459_603_958
    assert len(full.spend) == 2_469


def test_the_published_facts_of_the_panel_can_be_counted_from_the_events(full: Sums) -> None:
    spend = sorted(full.spend.values(), reverse=True)
    edges = [math.ceil(len(spend) * i / 5) for i in range(6)]

    quintiles = [share(sum(spend[a:b]), full.order_cents) for a, b in itertools.pairwise(edges)]

    assert quintiles == pytest.approx([54.57, 23.96, 13.14, 6.45, 1.88], abs=0.011)
    assert share(len(full.coupon_households), 2_469) == 63.14
    assert share(full.line_cents["discounted"], full.order_cents) == 50.71
    assert share(full.line_cents["coupon"], full.order_cents) == 1.68
    assert share(full.line_cents["private"], full.order_cents) == 28.25


def test_campaigns_reach_the_panels_households_and_every_redemption_is_there(full: Sums) -> None:
    reached = {kind: len(households) for kind, households in full.reached.items()}

    assert reached == {"Type A": 1_490, "Type B": 995, "Type C": 397}
    assert full.names["Coupon Redeemed"] == 2_102
    assert len(full.redeemed["all"]) == 410


@pytest.mark.parametrize(("kind", "households"), [("Type A", 371), ("Type B", 116), ("Type C", 30)])
def test_as_many_households_as_published_redeemed_a_coupon_of_each_kind_of_campaign(
    full: Sums, kind: str, households: int
) -> None:
    campaigns = [campaign for campaign, of in full.kinds.items() if of == kind]

    assert len(set.union(*(full.redeemed[campaign] for campaign in campaigns))) == households


def test_events_come_in_order_of_time_and_each_has_an_id_of_its_own(full: Sums) -> None:
    assert full.ordered
    assert len(full.message_ids) == full.names.total()
    assert 300_000 <= full.names.total() <= 400_000
    assert set(full.sources) == {"tills", "web", "crm", "email", "calls"}


def test_a_later_today_moves_the_year_by_whole_weeks() -> None:
    for offset in range(15):
        today = TODAY + timedelta(days=offset)
        last = panel.PANEL_LAST_DAY + timedelta(days=panel.shift_days(today))

        assert last <= today < last + timedelta(days=7)
        assert last.weekday() == panel.PANEL_LAST_DAY.weekday()


def test_without_the_demo_extra_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(_: str) -> None:
        return None

    monkeypatch.setattr(panel, "find_spec", absent)

    with pytest.raises(demo.DemoDataMissing, match=r"regulars\[demo\].*RG-1951"):
        generate.year("small", TODAY)


def test_two_runs_give_the_same_events() -> None:
    first = list(demo.events("small", date(2026, 3, 2)))
    again = list(demo.events("small", date(2026, 3, 2)))

    assert first == again


def test_the_small_brand_is_a_part_of_the_full_one(full: Sums) -> None:
    small = {message["messageId"] for chunk in demo.events("small", TODAY) for _, message in chunk}

    own = {key for key in small if not key.startswith("tablet-")}

    assert own <= full.message_ids
    assert 250 <= len({key for key in own if key.startswith("crm-")}) <= 700
