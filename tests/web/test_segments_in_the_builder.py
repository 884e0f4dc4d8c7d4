"""The builder of segments by keyboard alone, with faults at their place, and without barriers in any theme or size."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from regulars import analyze
from regulars.web.accounts import Role

from .site import Site, context_of

TABS = 200
EVERY_KIND: dict[str, Any] = {
    "kind": "all",
    "of": [
        {"kind": "trait", "trait": "orders", "is": ">=", "value": 1},
        {"kind": "consent", "channel": "email", "purpose": "marketing", "said": "yes"},
        {
            "kind": "any",
            "of": [
                {"kind": "identity", "type": "card", "is": ">=", "value": 1},
                {"kind": "sequence", "event": "Page Viewed", "then": "Order Completed", "within": 7, "followed": False},
                {"kind": "stage", "stage": "nurture"},
                {"kind": "score", "score": "churn_risk", "is": ">=", "value": 0.5},
                {"kind": "none", "of": [{"kind": "grade", "score": "rfm", "grade": "lapsed"}]},
            ],
        },
    ],
}


def settle(site: Site) -> None:
    while analyze.adopt(site.app):
        pass


def reach(page: Page, name: str, key: str = "Tab") -> None:
    """Go on by keyboard until the control of this name has the focus."""
    for _ in range(TABS):
        page.keyboard.press(key)
        found = page.evaluate(
            "() => { const e = document.activeElement; return e.getAttribute('aria-label')"
            " || (e.labels && e.labels.length ? e.labels[0].textContent : e.textContent) || ''; }"
        )
        if found.strip() == name:
            return
    raise AssertionError(f"'{name}' cannot be reached by {key}")


def counted(page: Page) -> str:
    """The count once it is of the rule that stands there."""
    expect(page.locator("#count")).to_have_attribute("aria-busy", "false")
    return page.locator("#people").inner_text()


def test_a_segment_is_made_found_changed_and_archived_by_keyboard_alone(browser: Browser, site: Site) -> None:
    with site.app.transaction() as app:
        row = app.db.execute("select count(*) from trait_state where known and orders >= 1").fetchone()
    page = context_of(browser, site, Role.ADMIN).new_page()
    page.goto("/segments/new")
    reach(page, "Value of rule 1")
    page.keyboard.press("Control+A")
    page.keyboard.type("1")
    assert row is not None
    expect(page.locator("#people")).to_have_text(f"{row[0]:,}")

    reach(page, "+ Group")
    page.keyboard.press("Enter")
    reach(page, "What rule 2 is about")
    page.keyboard.type("number of loyalty cards")
    expect(page.locator("#sentence")).to_contain_text("at least 1 loyalty card")
    reach(page, "+ Rule")
    page.keyboard.press("Enter")
    expect(page.locator("#rules .rule")).to_have_count(3)
    reach(page, "What rule 2 is about", "Shift+Tab")
    page.keyboard.press("Control+z")
    expect(page.locator("#rules .rule")).to_have_count(2)
    assert counted(page)

    reach(page, "Title")
    page.keyboard.type("By keyboard")
    page.keyboard.press("Enter")
    page.wait_for_url("**/segments/by_keyboard")
    settle(site)

    page.goto("/segments")
    reach(page, "By keyboard")
    page.keyboard.press("Enter")
    page.wait_for_url("**/segments/by_keyboard")
    reach(page, "Change it")
    page.keyboard.press("Enter")
    page.wait_for_url("**/edit**")
    reach(page, "Value of rule 1")
    page.keyboard.press("Control+A")
    page.keyboard.type("3")
    expect(page.locator("#sentence")).to_contain_text("at least 3 orders")
    reach(page, "Save segment")
    page.keyboard.press("Enter")
    page.wait_for_url("**/segments/by_keyboard")
    settle(site)
    expect(page.locator("h1 + p")).to_contain_text("Version 2")

    reach(page, "Archive it")
    page.keyboard.press("Enter")
    page.wait_for_url("**/segments")
    with site.app.transaction() as app:
        view = next(one for one in analyze.segments(app, archived=True) if one.name == "by_keyboard")
    assert view.made is not None
    assert view.made.state == "archived"
    page.context.close()


def test_a_fault_stands_at_the_rule_that_has_it_and_goes_when_it_is_mended(browser: Browser, site: Site) -> None:
    page = context_of(browser, site, Role.ADMIN).new_page()
    page.goto("/segments/new?rule=" + quote(json.dumps(EVERY_KIND)))
    expect(page.locator("#count")).to_have_attribute("aria-busy", "false")

    page.get_by_label("Days between in rule 4").fill("90")

    expect(page.locator(".rule[data-leaf='4'] .fault")).to_contain_text("nothing of the last 90 days")
    expect(page.get_by_label("Days between in rule 4")).to_have_attribute("aria-invalid", "true")
    expect(page.locator("#save")).to_be_disabled()
    page.get_by_label("Days between in rule 4").fill("5")
    expect(page.locator(".fault")).to_have_count(0)
    expect(page.locator("#save")).to_be_enabled()
    page.context.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [(1280, 900), (834, 1112)], ids=["desktop", "tablet"])
def test_neither_builder_nor_segment_has_an_axe_violation_or_scrolls_sideways(
    browser: Browser, site: Site, theme: Any, size: tuple[int, int]
) -> None:
    viewport = {"width": size[0], "height": size[1]}
    page = context_of(browser, site, Role.ADMIN, viewport=viewport, color_scheme=theme).new_page()
    for path in ("/segments/new?rule=" + quote(json.dumps(EVERY_KIND)), "/segments/email_readers", "/segments"):
        page.goto(path)
        page.wait_for_load_state("networkidle")

        found = Axe().run(page).response["violations"]

        assert [f"{one['id']}: {one['nodes'][0]['html'][:120]}" for one in found] == [], path
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, path
    page.context.close()
