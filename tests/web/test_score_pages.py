"""Scores in the browser and by API: what they say, who makes the money, and why down to the events."""

from __future__ import annotations

import re

import httpx
import pytest
from playwright.sync_api import Page, expect

from regulars.analyze.scores import scores
from regulars.web.accounts import Role

from .site import Site


def asked(site: Site, path: str) -> httpx.Response:
    return httpx.get(f"{site.url}{path}", headers={"authorization": f"Bearer {site.keys[Role.ADMIN]}"})


def test_every_score_stands_on_the_list_with_its_question_and_leads_to_its_page(page: Page) -> None:
    page.goto("/scores")
    for _, score in scores.items():
        expect(page.get_by_text(score.question)).to_be_visible()

    page.get_by_role("link", name="Recency, frequency, spend").click()

    expect(page).to_have_url(re.compile("/scores/rfm$"))
    expect(page.locator("figure").first.locator("svg path").first).to_be_attached()


def test_why_a_customer_stands_there_ends_in_her_own_events(page: Page) -> None:
    page.goto("/scores/rfm")
    page.locator("tbody a", has_text="why").first.click()
    expect(page.get_by_role("heading", name="Why this number")).to_be_visible()

    page.locator("details.why summary").first.click()

    expect(page.locator("details.why[open] .because")).to_contain_text("Order Completed")


def test_weights_stand_in_the_address_and_change_the_ranking_alone(page: Page, site: Site) -> None:
    page.goto("/best-customers")
    expect(page.get_by_role("heading", name="The best by the declared weights")).to_be_visible()
    page.get_by_label("Spend", exact=True).fill("0")
    page.get_by_label("Frequency", exact=True).fill("100")
    page.get_by_role("button", name="Rank").click()

    expect(page).to_have_url(re.compile("spend=0&frequency=100"))
    expect(page.get_by_role("heading", name="The best by your weights")).to_be_visible()
    shown = [float(text) for text in page.locator("[data-rows] strong").all_inner_texts()]
    assert shown == sorted(shown, reverse=True)
    page.get_by_role("link", name="Declared weights").click()
    expect(page.get_by_label("Spend", exact=True)).to_have_value("60")


def test_the_api_says_what_the_pages_say(site: Site) -> None:
    listed = asked(site, "/api/scores").json()
    assert {one["name"] for one in listed} == set(scores)

    best = asked(site, "/api/best-customers?spend=100&frequency=0&evangelism=0").json()
    first = best["best"][0]["face"]["customer"]
    why = asked(site, f"/api/scores/best_customers/why/{first}").json()["standing"]

    assert sum(one["share"] for one in best["fifths"]) == pytest.approx(1)
    assert best["curve"][-1] == {"customers": 1.0, "spend": 1.0}
    assert why["parts"][0]["value"] == best["best"][0]["components"]["spend"]


def test_what_cannot_be_answered_is_said(site: Site) -> None:
    assert asked(site, "/api/scores/luck").json()["code"] == "RG-1430"
    assert asked(site, "/api/scores/rfm?grade=lucky").json()["code"] == "RG-1430"
    assert asked(site, "/api/best-customers?spend=0&frequency=0&evangelism=0").json()["code"] == "RG-1431"
    assert asked(site, "/api/best-customers?spend=101").json()["code"] == "RG-1431"
    assert asked(site, "/api/best-customers?spend=nan").status_code == 400
