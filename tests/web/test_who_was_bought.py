"""Bought data on the pages: the shelf, and what it says about a customer."""

from __future__ import annotations

from playwright.sync_api import Browser, expect

from regulars import profile
from regulars.web.accounts import Role

from . import seed
from .site import Site, context_of
from .test_pages import SIZES, violations

DECLARED = """
title: Household demographics
provider: Acme Data
key: email
column: email
fields: {income: {title: Income, type: choice, choices: [low, middle, high]}}
license: {text: One year from loading, url: "https://acme.example/license"}
cost_cents_per_match: 2
expires_after_days: 365
purpose: receipt
"""


def test_the_shelf_says_what_matched_and_cost_and_a_customer_what_was_bought(browser: Browser, site: Site) -> None:
    folder = site.app.settings.home_path
    (folder / "overlays").mkdir(exist_ok=True)
    (folder / "overlays" / "demographics.yaml").write_text(DECLARED)
    rows = [f"{seed.person(n)['email']},middle\n" for n in range(20)]
    (folder / "acme.csv").write_text("email,income\n" + "".join(rows) + "stranger@corner.example,low\n")
    with site.app.transaction() as inside:
        profile.overlays.load(inside, "demographics", folder / "acme.csv")

    found: list[str] = []
    for theme, size in (("light", "desk"), ("dark", "tablet")):
        context = context_of(browser, site, Role.ADMIN, viewport=SIZES[size], color_scheme=theme)
        page = context.new_page()
        page.goto("/overlays")
        expect(page.get_by_role("heading", level=1)).to_contain_text("20 matches bought from 1 provider")
        expect(page.get_by_label("Overlays table")).to_contain_text("20 used of 21 rows")
        expect(page.get_by_label("Overlays table")).to_contain_text("$0.40")
        found += violations(page, "/overlays")
        page.goto("/customers/1?tab=details")
        expect(page.locator("section", has=page.get_by_role("heading", name="Bought"))).to_contain_text("Middle")
        found += violations(page, "/customers/1?tab=details")
        context.close()

    assert not found, "\n".join(found)
