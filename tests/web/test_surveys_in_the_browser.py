"""One question as people meet it: from a letter, at a tablet, on a foreign page; and what the office makes of it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
import zxingcpp
from playwright.sync_api import Browser, Page, expect

from regulars import collect, engage
from regulars.web.accounts import Role

from . import seed
from .site import Site, context_of
from .test_pages import violations

ASKED = 20


@pytest.fixture(scope="module")
def asked(site: Site) -> Site:
    """Twenty people have answered what they were asked, the first few badly and with words."""
    with site.app.transaction() as inside:
        web = collect.source_by_name(inside, "web-store")
    assert web is not None
    texts = ("The shelf was empty and nobody was there", "La cola era muy larga", "It was not very clean")
    answers = [
        seed.message(
            "track",
            f"answer-{n}",
            site.app.clock.now(),
            userId=f"u{n}",
            event="Survey Answered",
            properties={
                "survey_id": "after-purchase",
                "question": "Well?",
                "score": 1 + n % 5,
                "answer": texts[n % 3] if n % 5 < 2 else "",
            },
        )
        for n in range(20, 20 + ASKED)
    ]
    seed.send(site.app, web, answers, site.app.clock.now())
    seed.carry(site.app)
    return site


def link(site: Site, customer: int, survey: str = "page-helped") -> str:
    """A question to somebody."""
    with site.app.transaction() as inside:
        found = engage.ask(inside, survey, customer, "test", site.app.clock.now())
    assert found.asked, found.why
    return "/q/" + found.url.rpartition("/q/")[2]


def test_a_letters_link_shows_the_clicked_answer_and_counts_nothing_until_sent(asked: Site, browser: Browser) -> None:
    path = link(asked, 1)
    with asked.client() as scanner:
        for score in range(1, 6):
            assert scanner.get(f"{path}?score={score}").status_code == 200
    context = context_of(browser, asked, None, java_script_enabled=False)
    page = context.new_page()

    page.goto(f"{path}?score=4")
    expect(page.get_by_role("heading", name="Did this page help you?")).to_be_visible()
    expect(page.get_by_role("radio", name="4")).to_be_checked()
    page.get_by_label("What made you say so?").fill("It was quick")
    page.get_by_role("button", name="Send answer").click()
    expect(page.get_by_role("heading", name="Thank you")).to_be_visible()
    page.goto(path)
    expect(page.get_by_role("heading", name="You have answered this already")).to_be_visible()

    context.close()
    assert told(asked, "page-helped") == [("4", "It was quick")]


def test_a_second_answer_by_the_same_link_is_told_that_the_first_stands(asked: Site) -> None:
    path = link(asked, 11)
    with asked.client() as anybody:
        first, second = (anybody.post(path, data={"score": score}).text for score in ("1", "5"))

    assert "Your answer has reached" in first
    assert "The first answer stands" in second


def test_a_link_that_is_not_ours_and_an_answer_that_is_none_are_refused_in_words(asked: Site) -> None:
    with asked.client() as anybody:
        assert "not one of ours" in anybody.get("/q/nonsense").text
        assert "not one of ours" in anybody.get("/kiosk/nonsense").text
        refused = anybody.post(link(asked, 2), data={"score": "77"})
    assert refused.status_code == 400
    assert "is no answer to this question" in refused.text


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_questions_pages_have_no_axe_violation(asked: Site, browser: Browser, theme: str) -> None:
    context = context_of(browser, asked, None, color_scheme=theme, viewport={"width": 1024, "height": 768})
    page = context.new_page()
    path = link(asked, {"light": 3, "dark": 5}[theme])

    found: list[str] = []
    for each in (path, kiosk(asked)):
        page.goto(each)
        found += violations(page, each)

    context.close()
    assert found == []


PIXELS = """async address => {
    const picture = new Image();
    picture.src = address;
    await picture.decode();
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [picture.width, picture.height];
    const drawing = canvas.getContext("2d");
    drawing.drawImage(picture, 0, 0);
    const {data} = drawing.getImageData(0, 0, canvas.width, canvas.height);
    return [canvas.height, canvas.width, Array.from({length: data.length / 4}, (_, n) => data[4 * n])];
}"""


def test_a_telephone_reads_the_address_of_a_question_off_its_code(asked: Site, browser: Browser) -> None:
    context = context_of(browser, asked, Role.ADMIN)
    page = context.new_page()
    page.goto("/affinity/ask")
    code = page.get_by_role("link", name="QR code of Did you find what you came for?").get_attribute("href")

    height, width, grays = page.evaluate(PIXELS, code)

    context.close()
    [read] = zxingcpp.read_barcodes(np.array(grays, np.uint8).reshape(height, width))
    assert read.text.endswith(kiosk(asked))


def test_a_tablet_takes_one_answer_a_view_and_asks_again(asked: Site, browser: Browser) -> None:
    context = context_of(browser, asked, None, viewport={"width": 1024, "height": 768}, has_touch=True)
    page = context.new_page()

    page.goto(kiosk(asked))
    button = page.get_by_role("button", name="2")
    box = button.bounding_box()
    assert box is not None
    assert min(box["width"], box["height"]) >= 64
    button.click()
    expect(page.get_by_role("heading", name="Thank you")).to_be_visible()
    page.get_by_role("link", name="Ask again now").click()
    expect(page.get_by_role("heading", name="Did you find what you came for?")).to_be_visible()

    context.close()
    assert told(asked, "found-it") == [("2", None)]


def test_a_foreign_page_asks_with_no_cookie_and_nothing_kept(asked: Site, browser: Browser, elsewhere: str) -> None:
    context = browser.new_context()
    page = context.new_page()

    page.goto(elsewhere)
    page.get_by_role("radio", name="5").check()
    page.get_by_role("button", name="Send answer").click()
    expect(page.get_by_text("Thank you. Your answer has arrived.")).to_be_visible()

    assert context.cookies() == []
    assert page.evaluate("localStorage.length + sessionStorage.length") == 0
    context.close()
    assert told(asked, "closer-to-buying") == [("5", None)]


def test_the_office_follows_a_bad_answer_up_and_can_open_it_again(asked: Site, page: Page) -> None:
    page.goto("/affinity")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Answers stand at")
    page.get_by_label("Key figures").get_by_role("link").click()
    page.get_by_role("table").get_by_role("link").first.click()
    expect(page.get_by_role("heading", name="What was written")).to_be_visible()
    assert violations(page, "a follow-up") == []

    page.get_by_label("Account").select_option(label="Tom Till")
    page.get_by_role("button", name="Assign").click()
    page.get_by_label("Note").fill("Called; will come again")
    page.get_by_role("button", name="Done").click()
    expect(page.get_by_text("Called; will come again")).to_be_visible()
    page.get_by_role("button", name="Open it again").click()

    expect(page.get_by_label("Note")).to_be_visible()
    expect(page.get_by_label("Account")).to_have_value(str(asked.accounts[Role.ASSOCIATE].id))


def test_a_number_leads_to_its_answers_and_these_to_their_people(asked: Site, page: Page) -> None:
    page.goto("/affinity")
    page.get_by_role("link", name="At the till").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Answers at At the till")
    page.get_by_label("Bad ones only").check()
    page.get_by_role("button", name="Show").click()

    expect(page.get_by_role("heading", level=1)).to_contain_text("Bad answers")
    assert page.locator("tbody tr").count() == 2 * ASKED // 5


def test_programs_ask_and_answer_with_a_key_and_nobody_is_asked_twice(asked: Site) -> None:
    with asked.client() as program:
        program.headers["authorization"] = f"Bearer {asked.keys[Role.ADMIN]}"
        first = program.post("/api/surveys/call-helped/ask", json={"customer": 9}).json()
        second = program.post("/api/surveys/call-helped/ask", json={"customer": 9}).json()
        once = program.post("/api/surveys/answers", json={"url": first["url"], "score": 5}).json()
        twice = program.post("/api/surveys/answers", json={"url": first["url"], "score": 1}).json()
        stages = program.get("/api/lifecycle?days=90").json()["stages"]

    assert (first["asked"], second["asked"], "30 days" in second["why"]) == (True, False, True)
    assert (once, twice) == ({"accepted": True}, {"accepted": False})
    assert [stage["name"] for stage in stages][:2] == ["initiate", "radiate"]


def kiosk(site: Site) -> str:
    with site.app.transaction() as inside:
        return "/kiosk/" + engage.kiosk_link(inside, "found-it").rpartition("/")[2]


def told(site: Site, survey: str) -> list[tuple[str, str | None]]:
    """Score and words of the answers to a survey, carried or not."""
    seed.carry(site.app)
    with site.app.transaction() as inside:
        rows = inside.db.execute(
            "select body #>> '{properties,score}', body #>> '{properties,answer}' from journal"
            " where name = 'Survey Answered' and body #>> '{properties,survey_id}' = %s order by seq",
            [survey],
        ).fetchall()
    return [(row[0], row[1]) for row in rows]


@pytest.fixture
def elsewhere(site: Site, tmp_path: Path) -> Iterator[str]:
    """A page of another site with the snippet on it."""
    with site.app.transaction() as inside:
        _, key = collect.register(inside, "survey-page", "web", "members")
        write_key = key or "missing"
    (tmp_path / "index.html").write_text(
        f'<!doctype html><title>Shop</title><div data-survey="closer-to-buying" data-write-key="{write_key}"></div>'
        f'<script src="{site.url}/static/survey.js" defer></script>'
    )
    handler = partial(SimpleHTTPRequestHandler, directory=str(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/index.html"
        server.shutdown()
