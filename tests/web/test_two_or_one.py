"""The stewards' queue: two records side by side, decided by one key, and taken back."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from regulars import collect, flow, resolve
from regulars.resolve import Steward
from regulars.web.accounts import Role
from tests.resolve.likeness_model import BANDS, model

from . import seed
from .site import Site, context_of
from .test_pages import SIZES, violations

STEWARD = Steward("ada", "a model for the queue")
ALIKE = [("nora", "velt"), ("nora", "velte"), ("anton", "krug"), ("anton", "kruge")]


@pytest.fixture(scope="module")
def queue(site: Site) -> Generator[Site, None, None]:
    """A model in force, and two pairs that it finds alike, but not enough."""
    told = [
        seed.message("identify", f"two-{place}", seed.FIRST, anonymousId=f"two-{place}", traits={
            "first_name": first, "last_name": last, "email": f"{first}.{place}@two.example",
            "address": {"street": f"{place} Hay Lane", "postcode": "12207"},
        })
        for place, (first, last) in enumerate(ALIKE)
    ]  # fmt: skip
    with site.app.transaction() as inside:
        number = resolve.models.add(inside, STEWARD, *model(), BANDS)
        resolve.models.score(inside, number)
        flow.on_decision(inside, resolve.models.approve(inside, STEWARD, number))
        source, _ = collect.register(inside, "queue", "other")
        assert collect.accept(inside, source, told, received_at=site.app.clock.now()).refusals == []
    with site.app.transaction() as inside:
        collect.publish(inside)
    # Others may have left events before ours, and decided something at the instant at which the clock stands.
    while carried(site):
        pass
    site.app.clock.sleep(1)
    yield site
    with site.app.transaction() as inside:
        flow.on_decision(inside, resolve.models.approve(inside, STEWARD, None))
        resolve.models.drop(inside, number)


def carried(site: Site) -> bool:
    """Whether there was a batch to carry."""
    with site.app.transaction() as inside:
        batch = collect.claim(inside, 1_000)
        if batch is None:
            return False
        flow.on_events(inside, batch)
        collect.advance(inside, batch)
    return True


def waiting(site: Site) -> int:
    with site.app.transaction() as inside:
        return resolve.waiting(inside)


def test_one_key_joins_two_and_one_takes_it_back(browser: Browser, queue: Site) -> None:
    context = context_of(browser, queue, Role.ADMIN, viewport=SIZES["desk"])
    page = context.new_page()
    page.goto("/identity/doubts")
    expect(page.get_by_role("heading", level=1)).to_have_text("2 pairs could be one person: are these two?")
    expect(page.locator("mark")).to_have_count(4)

    page.keyboard.press("y")
    expect(page.get_by_text("Joined by you")).to_be_visible()
    joined = waiting(queue)
    page.keyboard.press("u")
    expect(page.get_by_text("Taken back, ")).to_be_visible()

    context.close()
    assert (joined, waiting(queue)) == (1, 2)


def test_a_no_keeps_two_apart_and_a_skipped_pair_waits(browser: Browser, queue: Site) -> None:
    context = context_of(browser, queue, Role.ADMIN, viewport=SIZES["desk"])
    page = context.new_page()
    page.goto("/identity/doubts")
    first = page.locator("thead a").all_inner_texts()

    page.keyboard.press("s")
    page.wait_for_url("**/identity/doubts?skip=1")
    second = page.locator("thead a").all_inner_texts()
    page.keyboard.press("n")
    expect(page.get_by_text("Kept apart by you")).to_be_visible()
    left = page.locator("thead a").all_inner_texts()
    page.keyboard.press("u")
    expect(page.get_by_text("Taken back, ")).to_be_visible()

    context.close()
    assert first != second
    assert (left, waiting(queue)) == (first, 2)


@pytest.mark.parametrize(("theme", "size"), [("light", "desk"), ("dark", "tablet")])
def test_the_queue_has_no_axe_violation(browser: Browser, queue: Site, theme: str, size: str, tmp_path: Path) -> None:
    context = context_of(browser, queue, Role.ADMIN, viewport=SIZES[size], color_scheme=theme)
    page = context.new_page()

    page.goto("/identity/doubts")

    page.screenshot(path=str(tmp_path / f"queue-{theme}.png"))
    found = violations(page, "/identity/doubts")
    context.close()
    assert found == []


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"verdict": "maybe", "one": "1", "other": "2"}, "is no verdict"),
        ({"verdict": "yes", "one": "", "other": "\0"}, "Two records are needed"),
        ({"verdict": "no", "one": "1", "other": "99999999"}, "no record 99999999"),
        ({"verdict": "undo", "subject": "merge:9:9"}, "Nothing was ever stated"),
        ({"verdict": "undo", "subject": "model"}, "not taken back"),
    ],
)
def test_a_verdict_that_cannot_be_is_refused_in_words(queue: Site, form: dict[str, str], words: str) -> None:
    with queue.client(Role.ADMIN) as client:
        answer = client.post("/identity/doubts", data=form | {"form_token": queue.form_token(Role.ADMIN)})

    assert answer.status_code in (400, 404, 409)
    assert words in answer.text
    assert waiting(queue) == 2


def test_a_model_is_put_in_force_only_after_its_worst_examples_were_shown_and_the_old_one_comes_back(
    browser: Browser, queue: Site, tmp_path: Path
) -> None:
    [old] = in_force(queue)
    with queue.app.transaction() as inside:
        steward = Steward("ada", "joins sooner")
        soon = resolve.models.add(inside, steward, *model(), resolve.Bands(review=1.0, auto=3.0))
        resolve.models.score(inside, soon)
    context = context_of(browser, queue, Role.ADMIN, viewport=SIZES["tablet"])
    page = context.new_page()

    page.goto("/identity/models")
    page.get_by_role("button", name="See what it would change").click()
    shown = page.get_by_role("group", name="Worst examples")
    one, other = (customer_named(queue, name) for name in ("velt", "velte"))
    expect(shown.locator("tbody tr").first).to_contain_text(f"Customer {min(one, other)}")
    expect(shown.locator("td", has_text=f"Customer {one}")).to_contain_text("Nora Velt")
    expect(shown.locator("td", has_text=f"Customer {other}")).to_contain_text("Nora Velte")
    found = violations(page, "/identity/models/try")
    page.screenshot(path=str(tmp_path / "models.png"), full_page=True)
    before = waiting(queue)
    page.get_by_label("Why it is right").fill("seen side by side")
    page.get_by_role("button", name=f"Put model {soon} in force").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(f"Model {soon} says")
    between = waiting(queue)
    page.goto(f"/customers/{customer_named(queue, 'velt')}/identity")
    expect(page.get_by_role("heading", name="bits of likeness join them")).to_contain_text("Nora Velt and Nora Velte")
    expect(page.get_by_text("alike, ")).to_be_visible()
    found += violations(page, "why one person, by likeness")
    page.screenshot(path=str(tmp_path / "why.png"), full_page=True)
    page.goto("/identity/models")
    page.get_by_role("button", name="See what it would change").click()
    page.get_by_label("Why it is right").fill("the old one was better")
    page.get_by_role("button", name=f"Put model {old} in force").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(f"Model {old} says")

    context.close()
    with queue.app.transaction() as inside:
        resolve.models.drop(inside, soon)
    assert (before, between, waiting(queue), found) == (2, 0, 2, [])


def customer_named(site: Site, surname: str) -> int:
    with site.app.transaction() as inside:
        rows = inside.db.execute("select customer from signature where surname = %s", [surname]).fetchall()
    return rows[0][0]


def in_force(site: Site) -> list[int]:
    with site.app.transaction() as inside:
        return [one.number for one in resolve.models.listed(inside) if one.is_in_force]


@pytest.mark.parametrize(
    ("action", "form", "words"),
    [
        ("try", {"number": "x"}, "by its number"),
        ("drop", {"number": "1"}, "by its number"),
        ("approve", {"number": "1"}, "needs a reason"),
        ("try", {"number": "4711"}, "There is no model 4711"),
    ],
)
def test_a_model_is_chosen_in_words_that_can_be_followed(
    queue: Site, action: str, form: dict[str, str], words: str
) -> None:
    with queue.client(Role.ADMIN) as client:
        answer = client.post(f"/identity/models/{action}", data=form | {"form_token": queue.form_token(Role.ADMIN)})

    assert answer.status_code in (400, 404, 409)
    assert words in answer.text


def test_who_is_in_one_system_twice_is_asked_about_by_its_name(browser: Browser, queue: Site, tmp_path: Path) -> None:
    traits = {"last_name": "zabel", "birth_date": "1979-03-04", "address": {"street": "9 Fen Row", "postcode": "12207"}}
    told = [
        seed.message("identify", f"twice-{login}", seed.FIRST, userId=login, traits={"first_name": first, **traits})
        for login, first in (("z-1", "Ottilie"), ("z-2", "Otilie"))
    ]
    with queue.app.transaction() as inside:
        source, _ = collect.register(inside, "queue", "other")
        assert collect.accept(inside, source, told, received_at=queue.app.clock.now()).refusals == []
    with queue.app.transaction() as inside:
        collect.publish(inside)
    while carried(queue):
        pass
    before = waiting(queue)
    # Others decided something at the instant at which the clock stands.
    queue.app.clock.sleep(1)
    context = context_of(browser, queue, Role.ADMIN, viewport=SIZES["tablet"])
    page = context.new_page()
    page.goto("/identity/doubts")
    expect(page.get_by_role("heading", level=1)).to_contain_text("The same person twice in queue?")

    found = violations(page, "/identity/doubts")
    page.screenshot(path=str(tmp_path / "twice.png"))
    page.keyboard.press("y")
    expect(page.get_by_text("Joined by you")).to_be_visible()

    context.close()
    assert (found, waiting(queue)) == ([], before - 1)
