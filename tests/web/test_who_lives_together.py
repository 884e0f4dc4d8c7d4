"""Who lives with whom, on the pages."""

from __future__ import annotations

from datetime import timedelta

from playwright.sync_api import Browser, Page, expect

from regulars import collect, resolve
from regulars.web.accounts import Role

from . import seed
from .site import Site, context_of
from .test_pages import SIZES, violations

MOVING_DAY = seed.FIRST + timedelta(days=120)


def tell(site: Site) -> None:
    """Two live together with one phone; a third moves out of the same home."""
    app = site.app
    home = {"street": "1 Larkspur Lane", "city": "Troy", "postcode": "12180"}
    told = {
        "wren": {"first_name": "Wren", "last_name": "Larkin", "phone": "+15185550190", "address": home},
        "teal": {"first_name": "Teal", "last_name": "Larkin", "phone": "+15185550190", "address": home},
        "ibis": {"first_name": "Ibis", "last_name": "Larkin", "address": home | {"street": "1 Larkspur Ln."}},
    }
    said = [
        seed.message(
            "identify", f"home-{name}", seed.FIRST, userId=name, traits=traits | {"email": f"{name}@troy.example"}
        )
        for name, traits in told.items()
    ]
    away = {"email": "ibis@troy.example", "address": home | {"street": "9 Quay"}, "last_name": "Larkin"}
    said.append(seed.message("identify", "home-moved", MOVING_DAY, userId="ibis", traits=away))
    with app.transaction() as inside:
        web, _ = collect.register(inside, "web-store", "web", "members")
    seed.send(app, web, said, app.clock.now())
    seed.carry(app)


def test_the_household_page_says_who_lives_there_and_who_moved_out(page: Page, site: Site) -> None:
    tell(site)
    page.goto("/customers?q=wren+larkin")
    page.get_by_role("link", name="Wren Larkin").first.click()

    expect(page.get_by_role("link", name="Larkin household, 2 people")).to_be_visible()
    page.get_by_role("link", name="Larkin household, 2 people").click()

    expect(page.get_by_role("heading", level=1)).to_contain_text("Larkin household: 2 people")
    expect(page.get_by_label("Members table", exact=True)).to_contain_text("Teal Larkin")
    expect(page.get_by_label("Former members table")).to_contain_text("Ibis Larkin")
    expect(page.get_by_label("Former members table")).to_contain_text(f"{MOVING_DAY:%-d %B %Y}")


def test_the_household_page_is_readable_by_everybody(browser: Browser, site: Site) -> None:
    tell(site)
    with site.app.transaction() as inside:
        (wren,) = resolve.find(inside, [resolve.Named("user_id", "wren")])
    assert wren is not None
    found: list[str] = []

    for theme, size in (("light", "desk"), ("dark", "tablet")):
        context = context_of(browser, site, Role.ADMIN, viewport=SIZES[size], color_scheme=theme)
        page = context.new_page()
        for path in (f"/households/{wren}", f"/customers/{wren}"):
            page.goto(path)
            found += violations(page, path)
        context.close()

    assert not found, "\n".join(found)


def test_programs_read_a_household_with_what_it_is_together(site: Site) -> None:
    with site.client(Role.ADMIN) as client:
        one = client.get("/api/customers/1/household", headers={"accept": "application/json"}).json()

    assert [member["customer"] for member in one["members"]] == [1]
    assert one["household"] is None
    assert one["orders"] == one["members"][0]["orders"] > 0


def test_the_mailing_file_of_a_segment_is_downloaded_for_a_reason(page: Page, site: Site) -> None:
    page.goto("/segments/lapsing_regulars")
    page.get_by_label("Why you need it").fill("spring catalog")
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Download").click()

    text = waiting.value.path().read_text()
    page.goto("/access")

    assert text.startswith("customer,first_name,last_name,street,postcode,city,state,country,household,people")
    assert "Mill Street" in text
    expect(page.get_by_text("spring catalog").first).to_be_visible()


def test_programs_read_which_household_a_profile_lives_in(site: Site) -> None:
    tell(site)
    path = "/v1/spaces/default/collections/users/profiles/user_id:teal/links"
    with site.client(Role.ADMIN) as client:
        (home,) = client.get(path, headers={"accept": "application/json"}).json()["data"]

    assert home["to_collection"] == "households"
    assert home["external_ids"][0]["created_at"].startswith(f"{seed.FIRST:%Y-%m-%d}")
