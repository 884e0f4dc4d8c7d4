"""Every page in a real browser: readable by everybody, usable by keyboard, and doing what it says."""

from __future__ import annotations

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from regulars import collect, flow
from regulars.model import Intent, Plays
from regulars.web.accounts import Role

from . import seed
from .site import Site, context_of

SIZES = {"desk": {"width": 1440, "height": 900}, "tablet": {"width": 1024, "height": 768}}
PAGES = [
    "/",
    "/sources",
    "/sources?sort=-filled",
    "/sources/tills",
    "/sources/crm?tab=fields&personal=contact&sort=-joins",
    "/sources/tills?tab=about",
    "/sources/tills?tab=keys",
    "/live",
    "/live?verdict=refused&q=none",
    "/live/1",
    "/refusals",
    "/refusals/mend?like=1",
    "/refusals/mend?like=1&do1=set&field1=userId&value1=ann",
    "/refusals/mend?like=1&do1=cast&field1=userId&value1=odd",
    "/refusals/1",
    "/systems",
    "/connect",
    "/devices",
    "/systems?edit=Review%20site",
    "/vocabulary",
    "/vocabulary/event?name=Order Completed",
    "/customers",
    "/customers?q=hazel",
    "/customers?q=barneby",
    "/customers?q=qqqqq",
    "/customers/1",
    "/customers/1?tab=details",
    "/customers/1?tab=privacy",
    "/customers/1/identity",
    "/households/1",
    "/identity",
    "/identity/doubts",
    "/identity/models",
    "/overlays",
    "/privacy",
    "/privacy?ended=1",
    "/privacy/1",
    "/privacy/retention",
    "/personas",
    "/shifts",
    "/segments",
    "/segments/lapsing_regulars",
    "/segments/lapsing_regulars/why/1",
    "/scores",
    "/scores/rfm?grade=best",
    "/scores/lifetime_value",
    "/scores/category_affinity",
    "/scores/best_customers/why/1",
    "/best-customers?spend=0&frequency=1&evangelism=0",
    "/traits?trait=orders&is=>=&value=5",
    "/traits/average_order_cents",
    "/lifecycle",
    "/lifecycle?days=365",
    "/lifecycle/nurture",
    "/lifecycle/why/1",
    "/affinity",
    "/affinity/answers",
    "/affinity/follow-ups",
    "/affinity/ask",
    "/journeys",
    "/journeys/win-back",
    "/outbox",
    "/mail",
    "/reports",
    "/reports/purchase_trends",
    "/reports/segment_shift",
    "/reports/product_mix",
    "/reports/sales_by_week",
    "/reports/best_customers",
    "/reports/cart_size",
    "/reports/checkout_value",
    "/reports/purchase_timing",
    "/reports/segment_flows",
    "/reports/spend_quintiles",
    "/access",
    "/developers",
    "/moment",
    "/moment?kind=customer&value=1",
    "/password",
    "/nowhere",
]


# Each theme and each size once: what a theme changes (colors) and a size (the layout) do not depend on each other.
@pytest.mark.parametrize(("theme", "size"), [("light", "desk"), ("dark", "tablet")])
def test_no_page_has_an_axe_violation(browser: Browser, site: Site, theme: str, size: str) -> None:
    context = context_of(
        browser, site, Role.ADMIN, viewport=SIZES[size], color_scheme=theme, has_touch=size == "tablet"
    )
    page, found = context.new_page(), list[str]()

    for path in PAGES:
        page.goto(path)
        page.wait_for_load_state("load")
        found += violations(page, path)

    context.close()
    assert not found, "\n".join(found)


def violations(page: Page, path: str) -> list[str]:
    """What axe finds here, one line each."""
    result = Axe().run(page).response["violations"]
    return [
        f"{path}: {one['id']} at {one['nodes'][0]['target']}: {one['nodes'][0]['failureSummary']}" for one in result
    ]


def test_public_pages_have_no_axe_violation(browser: Browser, site: Site) -> None:
    context = context_of(browser, site, None)
    page = context.new_page()

    for path in ("/signin", unsubscribe_path(site)):
        page.goto(path)
        assert violations(page, path) == []
    context.close()


def test_no_page_breaks_the_content_policy_or_asks_anybody_else(browser: Browser, site: Site) -> None:
    context = context_of(browser, site, Role.ADMIN)
    page, said, asked = context.new_page(), list[str](), set[str]()
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.add(request.url.split("/")[2]))

    for path in PAGES[:-1]:
        page.goto(path)
        page.wait_for_load_state("load")

    context.close()
    assert said == []
    assert asked == {site.url.removeprefix("http://")}


def test_one_signs_in_with_the_printed_token_and_out_again(browser: Browser, site: Site) -> None:
    from regulars.web import first_run_token

    context = context_of(browser, site, None)
    page = context.new_page()
    page.goto("/segments")
    page.get_by_label("One-time token").fill(first_run_token(site.app))
    page.get_by_role("button", name="Sign in with token").click()
    expect(page).to_have_url(re.compile("/segments$"))

    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in", exact=True)).to_be_visible()
    page.goto("/customers")
    expect(page).to_have_url(re.compile("/signin"))
    context.close()


def test_customers_are_found_while_typing_and_opened(page: Page) -> None:
    page.goto("/customers")
    page.keyboard.press("/")
    page.keyboard.type("barnaby thi", delay=20)
    expect(page.locator("#found tbody tr").first).to_contain_text("Barnaby Thistle")
    expect(page).to_have_url(re.compile("q=barnaby"))

    page.locator("#found a.person").first.click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Barnaby Thistle")
    expect(page.get_by_role("heading", name="Why one person")).to_be_visible()
    expect(page.locator(".timeline")).to_contain_text("Bought 3 products")


def test_a_trait_says_why_down_to_its_events(page: Page) -> None:
    page.goto("/customers/1")
    page.locator("details.why", has_text=re.compile(r"^\s*\d+")).first.locator("summary").click()

    expect(page.locator("details.why[open] .because")).to_contain_text("Order Completed")


def test_the_search_dialog_reaches_people_segments_and_pages_by_keyboard(page: Page) -> None:
    page.goto("/")
    page.keyboard.press("/")
    page.keyboard.type("lapsing", delay=20)
    expect(page.locator("#jump-found")).to_contain_text("Lapsing regulars")

    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")

    expect(page).to_have_url(re.compile("/segments/lapsing_regulars"))


def test_a_misspelled_customer_is_found_while_typing_and_opened_by_keyboard(page: Page) -> None:
    page.goto("/customers")
    page.keyboard.press("/")
    page.keyboard.type("thistle barneby", delay=20)
    expect(page.locator("#found")).to_contain_text("1 customer is spelled similarly")

    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    expect(page.get_by_label("Find a customer")).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Barnaby Thistle")


def test_a_search_that_fails_says_so_and_keeps_what_was_typed(page: Page) -> None:
    page.goto("/customers")
    page.route("**/customers?q=*", lambda route: route.abort())
    page.get_by_label("Find a customer").press_sequentially("thistle")

    expect(page.get_by_role("alert")).to_contain_text("The search did not answer")
    expect(page.get_by_label("Find a customer")).to_have_value("thistle")


def test_keys_move_the_row_cursor_open_rows_and_jump_between_pages(page: Page) -> None:
    page.goto("/segments")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    expect(page.locator("[data-rows] > tr").first).to_have_attribute("data-cursor", "")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/segments/lapsing_regulars"))

    page.keyboard.press("g")
    page.keyboard.press("j")
    expect(page).to_have_url(re.compile("/journeys$"))


def test_the_first_tab_stop_skips_to_the_content(page: Page) -> None:
    page.goto("/outbox")
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("Enter")

    expect(page.locator("#main")).to_be_focused()


def test_the_count_of_a_segment_is_that_of_its_members(page: Page, site: Site) -> None:
    page.goto("/segments/lapsing_regulars")
    shown = int(page.locator("#count").inner_text().replace(",", ""))

    with site.app.transaction() as inside:
        row = inside.db.execute("select count(*) from segment_member where segment = 'lapsing_regulars'").fetchone()
    assert row is not None
    assert shown == row[0] > 0
    assert page.get_by_role("group", name="Members table").locator("tbody > tr").count() == shown


def test_a_rule_is_counted_while_it_is_edited(page: Page) -> None:
    page.goto("/traits")
    page.get_by_label("Trait of part 1").select_option("orders")
    page.get_by_label("Value of part 1").fill("0")
    expect(page.locator("#tried")).to_have_text(str(seed.PEOPLE))
    page.get_by_label("Value of part 1").fill("100000")
    expect(page.locator("#tried")).to_have_text("0")

    page.get_by_label("Value of part 1").fill("many")

    expect(page.locator("#count [role=alert]")).to_be_visible()


def test_figures_on_the_page_follow_new_events_without_a_reload(page: Page, site: Site) -> None:
    page.goto("/sources")
    before = page.locator('[data-live="records"]').inner_text()

    with site.app.transaction() as inside:
        source = collect.source_by_name(inside, "web-store")
        assert source is not None
    seed.send(site.app, source, [seed.message("page", "live-1", seed.FIRST, anonymousId="x", name="Live")], seed.FIRST)
    seed.carry(site.app)

    expect(page.locator('[data-live="records"]')).not_to_have_text(before, timeout=8_000)


def test_charts_are_drawn_and_have_a_table_as_their_twin(page: Page) -> None:
    page.goto("/")
    chart = page.locator("figure").first
    expect(chart.locator("svg path").first).to_be_attached()

    chart.get_by_role("button", name="Table").click()

    expect(chart.locator(".as-table")).to_be_visible()
    expect(chart.locator(".plot")).to_be_hidden()


def test_the_theme_switch_turns_the_page_dark_and_is_remembered(page: Page) -> None:
    page.goto("/")
    page.locator(".nav [data-theme-switch]").click()
    page.goto("/segments")

    assert page.evaluate("document.documentElement.dataset.theme") == "dark"


def test_a_till_finds_a_customer_by_card_and_sees_no_contact_data(browser: Browser, site: Site) -> None:
    context = context_of(browser, site, Role.ASSOCIATE, viewport=SIZES["tablet"], has_touch=True)
    page = context.new_page()
    page.goto("/moment")
    page.get_by_label("Number or address").fill(seed.person(1)["loyalty_card"])
    page.get_by_role("button", name="Look up").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Barnaby")

    text = page.locator("body").inner_text()
    assert "@" not in text
    assert "Thistle" not in text
    assert page.evaluate("document.documentElement.scrollHeight <= innerHeight")
    assert violations(page, "/moment as associate") == []
    context.close()


def test_an_unknown_card_is_answered_in_words(browser: Browser, site: Site) -> None:
    context = context_of(browser, site, Role.ASSOCIATE)
    page = context.new_page()
    page.goto("/moment")
    page.get_by_label("Number or address").fill("9999999999")
    page.get_by_role("button", name="Look up").click()

    expect(page.get_by_role("alert")).to_contain_text("Nobody is known by this")
    context.close()


def test_mail_of_the_demo_is_read_in_a_frame_that_may_do_nothing(page: Page) -> None:
    page.goto("/mail")
    page.locator("[data-rows] a").first.click()

    expect(page.locator("iframe")).to_have_attribute("sandbox", "")
    expect(page.frame_locator("iframe").locator("body")).to_contain_text("we kept your place")


def test_one_click_unsubscribes_and_the_next_message_is_suppressed(browser: Browser, site: Site) -> None:
    path, customer = unsubscribe_path(site), sent_to(site)
    context = context_of(browser, site, None)
    page = context.new_page()
    page.goto(path)
    page.get_by_role("button", name="Unsubscribe").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("You are unsubscribed")
    context.close()

    assert next_state(site, customer) == "suppressed"


def test_a_mail_program_unsubscribes_with_one_post_and_no_page_of_ours(site: Site) -> None:
    path = unsubscribe_path(site, nth=1)
    with site.client() as client:
        answer = client.post(path, data={"List-Unsubscribe": "One-Click"}, headers={"origin": "https://mail.example"})

    assert answer.status_code == 200
    assert "You are unsubscribed" in answer.text


def test_a_link_that_is_not_ours_is_refused_in_words(site: Site) -> None:
    with site.client() as client:
        answer = client.get("/u/forged")

    assert answer.status_code == 400
    assert "This link is not one of ours" in answer.text


def test_a_reader_chooses_without_javascript_what_she_hears_and_sees_no_name_of_hers(
    browser: Browser, site: Site
) -> None:
    from regulars.engage.preferences import PREFERENCES
    from regulars.engage.signing import signer

    with site.app.transaction() as inside:
        path = "/p/" + signer(inside).token(PREFERENCES, sent_rows(site)[2][0])
    context = context_of(browser, site, None, java_script_enabled=False, viewport=SIZES["tablet"])
    page = context.new_page()
    page.goto(path)

    asked = page.get_by_role("checkbox", name="News and offers")
    expect(asked).to_be_checked()
    assert "@" in page.inner_text("main")
    asked.uncheck()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Saved: you hear nothing from us")
    page.goto(path)
    expect(asked).not_to_be_checked()
    context.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_preference_center_has_no_axe_violation(browser: Browser, site: Site, theme: str) -> None:
    from regulars.engage.preferences import PREFERENCES
    from regulars.engage.signing import signer

    with site.app.transaction() as inside:
        path = "/p/" + signer(inside).token(PREFERENCES, sent_rows(site)[2][0])
    context = context_of(browser, site, None, color_scheme=theme, viewport=SIZES["desk"])
    page = context.new_page()
    page.goto(path)

    assert Axe().run(page).response["violations"] == []
    context.close()


def sent_rows(site: Site) -> list[tuple[str, int]]:
    """Outbox keys and customers of messages that went out, oldest first."""
    with site.app.transaction() as inside:
        return inside.db.execute("select key, customer from outbox where state = 'sent' order by key").fetchall()


def unsubscribe_path(site: Site, nth: int = 0) -> str:
    """The way out of the nth message that was sent."""
    from regulars.engage.channels.email import UNSUBSCRIBE
    from regulars.engage.signing import signer

    with site.app.transaction() as inside:
        return "/u/" + signer(inside).token(UNSUBSCRIBE, sent_rows(site)[nth][0])


def sent_to(site: Site) -> int:
    """Who got the first message."""
    return sent_rows(site)[0][1]


def next_state(site: Site, customer: int) -> str:
    """What becomes of one more wish to write to this customer."""
    seed.carry(site.app)
    now = site.app.clock.now()
    wish = Intent(
        key=f"test:{customer}",
        customer=customer,
        channel="email",
        purpose="marketing",
        template="win_back",
        origin="test",
    )
    with site.app.transaction() as inside:
        flow.engage.decide(inside, Plays(intents=[wish], at=now))
        row = inside.db.execute("select state from outbox where key = %s", [wish.key]).fetchone()
    assert row is not None
    return row[0]


def test_a_source_has_a_page_of_its_own_with_a_row_of_tabs(page: Page) -> None:
    page.goto("/sources")
    page.locator("a.person", has_text="tills").click()
    page.get_by_role("link", name="About", exact=True).click()

    expect(page).to_have_url(re.compile(r"/sources/tills\?tab=about$"))
    expect(page.locator(".tabs [aria-current=page]")).to_have_text("About")
    expect(page.locator("main")).to_contain_text("Last received")
