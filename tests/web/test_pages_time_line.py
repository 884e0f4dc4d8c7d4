"""The one time line: everything that happened in one order, in pages, and narrowed to a kind."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from regulars import flow, profile
from regulars.profile import Author
from regulars.web.api import timeline as line
from regulars.web.api.timeline import CHOICES, ORIGINS, Line, Timeline

from .site import Site


def everything(site: Site, customer: int, kind: str = "") -> list[Timeline]:
    """All pages of a line."""
    pages: list[Timeline] = []
    with site.app.transaction() as inside:
        while not pages or pages[-1].older:
            pages.append(line.timeline(inside, customer, pages[-1].older or "" if pages else "", kind))
    return pages


def buyer(site: Site) -> int:
    """Somebody with many events and points."""
    with site.app.transaction() as inside:
        rows = inside.db.execute(
            "select customer from ledger_entry group by customer order by count(*) desc, customer limit 1"
        ).fetchall()
    return rows[0][0]


@pytest.fixture
def customer(site: Site) -> int:
    found = buyer(site)
    with site.app.transaction() as inside:
        if not profile.hand.entries(inside, found):
            flow.on_decision(inside, profile.hand.note(inside, Author("bo"), found, "Likes the window seat"))
    return found


def test_pages_of_the_line_hold_everything_once_in_order(
    site: Site, customer: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = [item for page in everything(site, customer) for item in page.items]
    monkeypatch.setattr(line, "TIMELINE_ROWS", 3)

    items = [item for page in everything(site, customer) for item in page.items]

    assert {item.origin for item in items} >= {"event", "points", "hand"}
    assert items == whole == sorted(items, key=line.order, reverse=True)
    assert len({(item.origin, item.id) for item in items}) == len(items)


def test_narrowed_to_a_kind_the_line_holds_nothing_else(site: Site, customer: int) -> None:
    found = {kind: [item for page in everything(site, customer, kind) for item in page.items] for kind in CHOICES}

    assert {item.origin for item in found["notes"]} == {"hand"}
    assert {item.name for item in found["purchases"]} <= set(profile.TOPICS["purchases"].names)
    assert {item.origin for item in found["points"]} >= {"points"}


def test_every_line_is_a_sentence_and_events_lead_to_themselves(site: Site, customer: int) -> None:
    items: list[Line] = [item for page in everything(site, customer) for item in page.items]

    assert all(item.summary and item.origin in ORIGINS for item in items)
    assert all(item.seq == item.id for item in items if item.origin == "event")


def test_somebody_writes_a_note_and_takes_it_back(page: Page, customer: int) -> None:
    page.goto(f"/customers/{customer}")
    page.get_by_text("Write a note").click()
    page.get_by_label("Note", exact=True).fill("Allergic to nuts")
    page.get_by_role("button", name="Keep note").click()

    expect(page.locator(".timeline").first).to_contain_text("Allergic to nuts")
    page.locator("section", has=page.locator("#by-hand")).get_by_placeholder("Why").first.fill("Mixed up")
    page.get_by_role("button", name="Take it back").first.click()

    expect(page.get_by_role("button", name="State it again").first).to_be_visible()
