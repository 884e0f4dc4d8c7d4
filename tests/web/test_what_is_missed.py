"""Opportunities, expectations and practices on their pages: before the first search, with findings, and by program."""

from __future__ import annotations

import re
from collections.abc import Iterator
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, Page, expect

from regulars import analyze
from regulars.analyze.missed import searching
from regulars.analyze.missed.promised import Measured
from regulars.analyze.opportunities import Year
from regulars.bench import market
from regulars.lake.duckdb import engine
from regulars.web.accounts import Role

from . import seed
from .site import Site, context_of
from .test_pages import SIZES, violations

CUSTOMERS = 2_000
PATHS = (
    *("/opportunities", "/opportunities/overdue_regulars", "/opportunities/near_tier", "/opportunities/slow_hours"),
    *("/expectations", "/expectations/returns", "/practices/coupons", "/practices/private_label?threshold=10"),
)


def year() -> Year:
    """A year with regulars who stopped; some of its customers are the seeded ones."""
    with engine() as lake:
        market.fill(lake, market.made(7, CUSTOMERS, ["overdue_regulars", "near_tier"]))
        found = analyze.missed.read_year(lake, ZoneInfo("UTC"), market.LAST_DAY, market.TIERS)
    assert found is not None
    return found


@pytest.fixture(scope="module")
def searched(site: Site) -> Iterator[Site]:
    """The seeded brand after a search; the search is forgotten afterwards."""
    counts = [(period, part, 5 + period, 100) for period in range(13) for part in ("store", "web")]
    measured = [Measured(name="returns", last_day=market.LAST_DAY, rows=counts, cases=[(1, 3, market.LAST_DAY)])]

    def given(*_: object) -> tuple[Year, list[Measured]]:
        return year(), measured

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(searching, "_read", given)
        analyze.missed.search(site.app)
    yield site
    forget_searches(site)


def forget_searches(site: Site) -> None:
    """As before the first search; a worker of another file may have searched the shared brand, too."""
    with site.app.transaction() as inside:
        inside.db.execute("delete from opportunity_run")
        inside.db.execute("delete from opportunity_member")
        inside.db.execute("delete from opportunity_taken")
        inside.db.execute("delete from expectation_case")


def test_before_the_first_search_the_pages_say_what_will_stand_there(site: Site) -> None:
    forget_searches(site)
    with site.client(Role.ADMIN) as client:
        assert "Nobody has searched the past year yet" in client.get("/opportunities").text
        assert "Nothing has been measured yet" in client.get("/expectations").text
        assert client.get("/opportunities/overdue_regulars").status_code == 404


@pytest.mark.parametrize(("theme", "size"), [("light", "desk"), ("dark", "tablet")])
def test_no_page_of_a_search_has_an_axe_violation(browser: Browser, searched: Site, theme: str, size: str) -> None:
    context = context_of(browser, searched, Role.ADMIN, viewport=SIZES[size], color_scheme=theme)
    page, found = context.new_page(), list[str]()

    for path in ("/", *PATHS):
        page.goto(path)
        page.wait_for_load_state("load")
        found += violations(page, path)
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, path

    context.close()
    assert not found, "\n".join(found)


def test_the_first_opportunity_leads_from_home_to_somebody_and_what_they_did(page: Page, searched: Site) -> None:
    page.goto("/")
    page.get_by_role("link", name="See who stands in Overdue regulars").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("silent for longer than their own rhythm")
    page.locator("[aria-labelledby=people] a.person").first.click()

    expect(page).to_have_url(re.compile("/customers/"))


def test_an_opportunity_is_taken_up_once_by_a_button_and_says_by_whom(page: Page, searched: Site) -> None:
    page.goto("/opportunities/near_tier")
    page.get_by_role("button", name="Make the segment").click()

    expect(page.get_by_role("heading", name="Taken up")).to_be_visible()
    expect(page.get_by_role("button", name="Make the segment")).to_have_count(0)

    seed.carry(searched.app)
    while analyze.adopt(searched.app):
        pass
    with searched.app.transaction() as inside:
        made = analyze.missed.taken(inside, "near_tier")[0]
        told = inside.db.execute(
            "select count(*) from journal where name = %s and body -> 'properties' ->> 'campaign_id' = %s",
            ["Opportunity Taken Up", made.campaign],
        ).fetchall()[0][0]
        sizes = {segment.name: segment.size for segment in analyze.segments(inside)}
    assert sizes[made.segment or ""] == told > 0


def test_a_threshold_stands_in_the_address_and_changes_what_hangs_on_a_practice(page: Page, searched: Site) -> None:
    page.goto("/practices/private_label")
    page.get_by_label("at least percent").fill("10")
    page.get_by_role("button", name="Ask").click()

    expect(page).to_have_url(re.compile("threshold=10$"))
    expect(page.get_by_label("at least percent")).to_have_value("10")
    with searched.client(Role.ADMIN) as client:
        assert client.get("/practices/private_label?threshold=-1").status_code == 400


def test_a_broken_promise_is_said_in_the_title_and_leads_to_its_events(page: Page, searched: Site) -> None:
    page.goto("/expectations")
    expect(page.get_by_role("heading", level=1)).to_contain_text("“orders stay” is not")
    page.get_by_role("link", name="Orders stay").click()

    expect(page.get_by_role("heading", level=1)).to_contain_text("not kept")
    expect(page.locator("a[href='/live/3']")).to_be_visible()


def test_programs_read_the_same_and_people_only_with_the_scope_for_customers(searched: Site) -> None:
    with searched.client() as client:
        admin = {"authorization": f"Bearer {searched.keys[Role.ADMIN]}", "accept": "application/json"}
        till = {"authorization": f"Bearer {searched.keys[Role.ASSOCIATE]}", "accept": "application/json"}
        found = client.get("/api/opportunities", headers=admin).json()["search"]["found"]
        one = client.get("/api/opportunities/overdue_regulars/people", headers=admin).json()

        assert found[0]["name"] in ("overdue_regulars", "near_tier")
        assert one["rows"][0]["person"]["stake_cents"] >= one["rows"][-1]["person"]["stake_cents"]
        assert client.get("/api/expectations", headers=admin).json()[0]["verdict"] == "not kept"
        assert client.get("/api/practices", headers=admin).json()[0]["audited"]["customers"] > 0
        assert client.get("/api/opportunities", headers=till).status_code == 403


def test_what_chance_explains_is_offered_by_no_button_and_refused_to_programs(page: Page, searched: Site) -> None:
    page.goto("/opportunities/slow_hours")
    expect(page.get_by_text("It would be, if it were there")).to_be_visible()
    expect(page.get_by_role("button", name="Make the segment")).to_have_count(0)

    with searched.client() as client:
        admin = {"authorization": f"Bearer {searched.keys[Role.ADMIN]}", "accept": "application/json"}
        refused = client.post("/api/opportunities/slow_hours/take-up", headers=admin)
        made = client.post("/api/opportunities/overdue_regulars/take-up", headers=admin)

    assert (refused.status_code, refused.json()["code"]) == (409, "RG-1444")
    assert made.status_code == 201
    assert 0 < made.json()["held_out"] < made.json()["people"]
