"""Personas and shifts in the browser and over the API: found, proved, decided on, seen to."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from regulars.analyze.personas import mixture, portrait, rehearsal
from regulars.analyze.personas.growth import Growth
from regulars.analyze.personas.keep import SQL as PERSONA_SQL
from regulars.analyze.personas.lenses import lenses
from regulars.analyze.shifts.weekly import SQL as SHIFT_SQL
from regulars.kit.clock import day_number
from regulars.web.accounts import Role

from .site import Site, context_of

WEEKS = 30


@pytest.fixture(scope="module")
def found(site: Site) -> dict[str, int]:
    """A look through the lens of the web store and one at a series, as the worker stores them; their ids."""
    table, _ = rehearsal.visitors(1, 600, 60)
    lens = lenses["web"]
    plain = mixture.straightened(table, lens.features)
    scales = mixture.scales_of(plain)
    params = mixture.fitted(mixture.scaled(plain, scales), scales, [f.trait for f in lens.features], 4, seed=1)
    app = site.app
    day = day_number(app.clock.now(), app.settings.zone)
    stability = mixture.Stability(agreement=[0.4, 0.8, 0.99], groups=4, look_alikes=[0.9], is_stable=True)
    ids: list[int] = []
    with app.transaction() as inside:
        # The brand's own worker may have looked already, and found nothing.
        inside.db.execute("delete from persona_member where lens = 'web'")
        inside.db.execute("delete from persona_fit where lens = 'web'")
        inside.db.execute("delete from rhythm_break where customer = 1")
        fit: dict[str, Any] = {"lens": "web", "version": 1, "day": day, "now": app.clock.now(), "judged": 600}
        fit |= {"stability": msgspec.json.encode(stability).decode(), "sampled": 600}
        inside.db.execute(PERSONA_SQL.add_fit, fit | {"params": msgspec.json.encode(params).decode()})
        for place, name in enumerate(portrait.names(lens, params)):
            grown = Growth(
                now=60, then=20, share_now=0.1, share_then=0.03, low=0.05, high=0.09, p=0.001, since_day=day - 168
            )
            fact = portrait.Fact(trait="searches_90", above=3, share=0.9, low=0.85, high=0.95, base=0.2)
            told = portrait.Portrait(
                sentence=portrait.sentence(lens, params.centers[place]),
                facts=[fact],
                spokes=portrait.spokes(params, place),
                growth=grown,
            )
            given = {"lens": "web", "place": place, "name": name, "now": app.clock.now()}
            row = inside.db.execute(
                PERSONA_SQL.add_persona, given | {"portrait": msgspec.json.encode(told).decode()}
            ).fetchone()
            assert row is not None
            ids.append(row[0])
        sizes = {"personas": [ids[1]] * 2, "days": [day - 28, day], "customers": [20, 60], "judged": [600, 600]}
        inside.db.execute(PERSONA_SQL.put_sizes, sizes)
        inside.db.execute(
            "insert into persona_member values ('web', 1, %s, 0.4, %s), ('web', 2, %s, 0.9, %s)",
            [ids[1], day, ids[1], day],
        )
        look: dict[str, Any] = {"scopes": [""], "series": ["page_views"], "parts": [""], "ps": [0.001]}
        values = [100.0] * 20 + [180.0] * (WEEKS - 20)
        look |= {"values": [msgspec.json.encode(values).decode()], "holidays": ["[4]"]}
        look |= {"first_days": [day - 7 * WEEKS], "looked_day": day - 7, "now": app.clock.now()}
        inside.db.execute(SHIFT_SQL.keep_looks, look)
        at = day - 7 * (WEEKS - 20)
        change = {"scope": "", "series": "page_views", "part": "", "day": at, "low_day": at - 7, "high_day": at}
        change |= {"before": 100.0, "after": 180.0, "p": 0.001, "shape": "step", "now": app.clock.now()}
        row = inside.db.execute(SHIFT_SQL.add_shift, change).fetchone()
        assert row is not None
        inside.db.execute("insert into rhythm_break values (1, 'quiet', %s, %s, 0.004)", [day - 30, day])
    return {"persona": ids[1], "shift": row[0]}


@pytest.mark.parametrize(("theme", "width"), [("light", 1440), ("dark", 834)])
def test_no_page_of_personas_or_shifts_has_an_axe_violation_or_scrolls_sideways(
    browser: Browser, site: Site, found: dict[str, int], theme: str, width: int
) -> None:
    viewport = {"width": width, "height": 1000}
    context = context_of(browser, site, Role.ADMIN, viewport=viewport, color_scheme=theme)
    page, faults = context.new_page(), list[str]()

    paths = ["/personas", f"/personas/{found['persona']}", "/shifts", f"/shifts/{found['shift']}"]
    for path in [*paths, "/shifts/series/page_views", "/customers/1"]:
        page.goto(path)
        page.wait_for_load_state("load")
        faults += [
            f"{path}: {one['id']} at {one['nodes'][0]['target']}" for one in Axe().run(page).response["violations"]
        ]
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            faults.append(f"{path} scrolls sideways")

    context.close()
    assert faults == []


def test_a_marketer_names_a_group_and_the_name_stands_on_the_page(page: Page, found: dict[str, int]) -> None:
    page.goto(f"/personas/{found['persona']}")
    page.get_by_label("Name", exact=True).fill("Planners")
    page.get_by_role("button", name="Approve").click()

    expect(page.get_by_role("heading", level=1)).to_contain_text("Planners")
    expect(page.get_by_role("heading", name="Approved")).to_be_visible()


def test_a_change_is_seen_to_with_what_is_known_about_it(page: Page, found: dict[str, int]) -> None:
    page.goto("/shifts")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Page views a week rose 80.0%")
    page.get_by_role("link", name="Page views a week rose").click()
    page.get_by_label("What is known about it").fill("The new start page")
    page.get_by_role("button", name="Say that it is seen to").click()

    expect(page.get_by_role("heading", name="Seen to")).to_be_visible()
    page.goto("/shifts")
    expect(page.get_by_text("The new start page")).to_be_visible()


def test_the_api_tells_the_same(site: Site, found: dict[str, int]) -> None:
    with site.client(Role.ADMIN) as client:
        lenses_told = client.get("/api/personas").json()
        one = client.get(f"/api/personas/{found['persona']}").json()
        shifts_told = client.get("/api/shifts").json()
        series = client.get("/api/shifts/series", params={"series": "page_views"}).json()
        rhythms = client.get("/api/shifts/rhythms").json()

    assert {lens["name"] for lens in lenses_told} == set(lenses)
    assert [row["member"]["customer"] for row in one["rows"]] == [1, 2]
    assert [shift["id"] for shift in shifts_told] == [found["shift"]]
    assert len(series[0]["values"]) == WEEKS
    assert [one["customer"] for one in rhythms] == [1]


def test_what_is_not_there_is_said_in_words(site: Site, found: dict[str, int]) -> None:
    with site.client(Role.ADMIN) as client:
        answers = [client.get(path) for path in ("/personas/99999", "/shifts/99999", "/shifts/series/nothing")]

    assert [answer.status_code for answer in answers] == [404, 404, 404]
