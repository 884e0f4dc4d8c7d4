"""Sources and audit in a real browser, and the same for programs."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
from playwright.sync_api import Page, expect

from regulars import collect, resolve
from regulars.app import App
from regulars.web.accounts import Role
from regulars.worker import Worker

from . import seed
from .site import Site

READ_MS = 20_000


@pytest.fixture
def program(site: Site) -> Iterator[httpx.Client]:
    """A program with an administrator's key."""
    headers = {"authorization": f"Bearer {site.keys[Role.ADMIN]}"}
    with httpx.Client(base_url=site.url, headers=headers, timeout=30) as client:
        yield client


@contextmanager
def at_work(app: App) -> Iterator[None]:
    """A worker, as long as the context lasts."""
    runner = Worker(app)
    thread = threading.Thread(target=runner.run)
    thread.start()
    try:
        yield
    finally:
        runner.stop()
        thread.join()


def names(page: Page) -> list[str]:
    """Sources in the order of the table."""
    return page.get_by_role("group", name="Sources table").locator("tbody a.person").all_inner_texts()


def test_the_title_is_the_finding_and_the_figures_are_those_of_the_room(page: Page, site: Site) -> None:
    with site.app.transaction() as inside:
        found = resolve.audit(inside)
    assert found.named_share is not None

    page.goto("/sources")

    connected = f"{found.connected} of {len(found.systems)} systems connected"
    title = f"{connected}; {found.named_share:.1%} of revenue has a name"
    expect(page.get_by_role("heading", level=1)).to_have_text(title)
    page.goto("/systems")
    expect(page.get_by_role("heading", level=1)).to_have_text(connected)


def test_sources_are_sorted_by_the_numbers_behind_the_column(page: Page, site: Site) -> None:
    page.goto("/sources")
    most_first = names(page)
    page.get_by_role("link", name="Records").click()
    least_first = names(page)

    with site.app.transaction() as inside:
        uses = {one.use.source.name: one.use.events for one in resolve.audit(inside).report.sources}
    assert [uses[name] for name in least_first] == sorted(uses[name] for name in least_first)
    assert [uses[name] for name in most_first] == sorted((uses[name] for name in most_first), reverse=True)
    expect(page.locator("th[aria-sort=ascending]")).to_have_text("Records")


def test_fields_are_filtered_and_say_what_joins(page: Page) -> None:
    page.goto("/sources/crm")
    page.get_by_label("Personal data").select_option("contact")
    page.get_by_role("button", name="Show").click()

    rows = page.get_by_role("group", name="Fields table").locator("tbody tr")
    expect(rows.first).to_contain_text("Contact")
    expect(page.locator("#fields")).to_contain_text("contact")
    expect(page.get_by_role("group", name="Identifiers table")).to_contain_text("tills")
    assert not re.search(r"\w{3,}@", "".join(rows.all_inner_texts()))


def test_a_suggestion_becomes_a_system_and_is_removed_again(page: Page) -> None:
    page.goto("/sources")
    page.get_by_role("row", name=re.compile("Review site")).get_by_role("link").click()
    page.get_by_label("Owner").fill("Maya")
    page.get_by_role("button", name="Save system").click()
    row = page.get_by_role("row", name=re.compile("Review site"))
    expect(row).to_contain_text("Maya")

    row.get_by_role("button", name="Remove Review site").click()

    expect(page.get_by_role("group", name="Suggestions table")).to_contain_text("Review site")


def test_a_system_that_cannot_be_taken_stays_in_the_form_with_the_reason(page: Page) -> None:
    page.goto("/systems")
    page.get_by_label("Name").fill("Elsewhere")
    page.get_by_label("Status").select_option("connected")
    page.get_by_role("button", name="Save system").click()

    expect(page.get_by_role("alert")).to_contain_text("a connected system names its source")
    expect(page.get_by_label("Name")).to_have_value("Elsewhere")


def test_a_program_reads_the_audit_and_keeps_the_inventory(program: httpx.Client) -> None:
    found = program.get("/api/audit", params={"source": "crm"}).json()
    made = program.put("/api/systems", json={"name": "Wi-Fi", "kind": "behavioral", "channel": "store"})
    listed = program.get("/api/systems").json()
    gone = program.delete("/api/systems", params={"name": "Wi-Fi"})

    assert [source["name"] for source in found["sources"]] == ["crm"]
    assert (made.status_code, made.json()["status"], gone.status_code) == (200, "wanted", 204)
    assert "Wi-Fi" in [system["name"] for system in listed["systems"]]
    assert program.get("/api/audit", params={"source": "nobody"}).status_code == 404
    assert program.put("/api/systems", json={"name": "X", "kind": "no", "channel": "store"}).status_code == 400


def test_the_csv_has_a_line_for_every_field(program: httpx.Client, site: Site) -> None:
    fields = sum(len(source["fields"]) for source in program.get("/api/audit").json()["sources"])

    with site.client(Role.ADMIN) as client:
        answer = client.get("/sources/audit.csv")

    assert answer.headers["content-type"].startswith("text/csv")
    assert len(answer.text.splitlines()) == fields + 1 > 20


def test_reading_again_takes_in_what_came_since(page: Page, site: Site) -> None:
    with site.app.transaction() as inside:
        source = collect.source_by_name(inside, "web-store")
        assert source is not None
    seed.send(
        site.app, source, [seed.message("page", "since-1", seed.FIRST, anonymousId="x", name="Since")], seed.FIRST
    )
    seed.carry(site.app)

    page.goto("/sources")
    page.get_by_role("button", name="Read now").click()
    expect(page.get_by_text("The audit is being read")).to_be_visible()
    expect(page.get_by_role("button", name="Read now")).to_have_count(0)
    with at_work(site.app):
        expect(page.get_by_text("The audit is being read")).to_have_count(0, timeout=READ_MS)

    expect(page.get_by_role("button", name="Read now")).to_have_count(0)
    with site.app.transaction() as inside:
        report = resolve.audit(inside).report
    assert report.read_until == report.journal_until
