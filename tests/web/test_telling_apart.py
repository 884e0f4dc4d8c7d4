"""A steward tells people apart and joins them, sees what would come of it first, and takes it back."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from regulars import resolve
from regulars.model import Moment
from regulars.web.accounts import Role

from . import seed
from .site import Site, context_of


def customer_of(site: Site, number: int) -> int:
    with site.app.transaction() as inside:
        found = resolve.look_up(inside, Moment(kind="card", value=seed.person(number)["loyalty_card"]))
    assert found is not None
    return found


def post(site: Site, customer: int, action: str, **form: str) -> Any:
    form["form_token"] = site.form_token(Role.ADMIN)
    with site.client(Role.ADMIN) as client:
        return client.post(f"/customers/{customer}/identity/{action}", data=form)


def test_what_would_come_of_joining_is_shown_and_nothing_has_changed(site: Site) -> None:
    one, other = customer_of(site, 40), customer_of(site, 41)

    answer = post(site, one, "merge", other=str(other), reason="same door, same card holder")

    assert answer.status_code == 200
    assert "They would be one person" in answer.text
    assert (customer_of(site, 40), customer_of(site, 41)) == (one, other)


def test_a_steward_joins_two_and_takes_it_back_in_the_browser(browser: Browser, site: Site) -> None:
    one, other = customer_of(site, 42), customer_of(site, 43)
    context = context_of(browser, site, Role.ADMIN)
    page = context.new_page()

    page.goto(f"/customers/{one}/identity")
    page.get_by_label("Id of the other customer").fill(str(other))
    page.get_by_label("How you know").last.fill("she said so at the till")
    page.get_by_role("button", name="See what comes of it").last.click()
    page.get_by_role("button", name="Join them").click()
    expect(page.get_by_text("Joined by hand")).to_be_visible()
    assert customer_of(site, 42) == customer_of(site, 43)
    page.get_by_placeholder("Why", exact=True).fill("it was her sister")
    page.get_by_role("button", name="Take it back").click()
    expect(page.get_by_text("Taken back: joined by hand")).to_be_visible()

    context.close()
    assert (customer_of(site, 42), customer_of(site, 43)) == (one, other)


def test_records_are_told_apart_with_all_that_say_the_same(site: Site) -> None:
    one = customer_of(site, 44)
    with site.app.transaction() as inside:
        groups = resolve.record_groups(inside, one)
    receipts = max(groups, key=lambda group: group.records)
    staying = sum(group.records for group in groups) - receipts.records
    assert receipts.records > 1
    assert staying

    answer = post(site, one, "split", records=str(receipts.first_record), reason="another's receipts", sure="1")

    assert answer.status_code == 303
    with site.app.transaction() as inside:
        left = resolve.record_groups(inside, resolve.current(inside, groups[0].first_record) or 0)
        [decided, *_] = resolve.decisions(inside, one)
    assert receipts.first_record not in {group.first_record for group in left}
    assert (decided.kind, decided.reason, decided.is_latest) == ("split", "another's receipts", True)
    assert post(site, one, "undo", subject=decided.subject, reason="hers after all").status_code == 303
    with site.app.transaction() as inside:
        assert len(resolve.record_groups(inside, one)) == len(groups)


@pytest.mark.parametrize(
    ("action", "form", "words"),
    [
        ("merge", {"other": "1"}, "needs a reason"),
        ("merge", {"other": "nobody", "reason": "x"}, "is no number"),
        ("merge", {"other": "9" * 30, "reason": "x"}, "is no number"),
        ("merge", {"other": "999999", "reason": "x"}, "999999"),
        ("split", {"records": "", "reason": "x"}, "two sides"),
        ("split", {"records": "999999", "reason": "x"}, "not this customer"),
        ("undo", {"subject": "merge:7:8", "reason": "x"}, "Nothing was ever stated"),
        ("undo", {"subject": "\0", "reason": "x"}, "Nothing was ever stated"),
        ("forget", {"reason": "x"}, "is no decision"),
    ],
)
def test_a_decision_that_cannot_be_is_refused_in_words_and_changes_nothing(
    site: Site, action: str, form: dict[str, str], words: str
) -> None:
    one = customer_of(site, 45)

    answer = post(site, one, action, **form)

    assert answer.status_code in (400, 404, 409), answer.status_code
    assert words in answer.text
    assert customer_of(site, 45) == one


def test_associates_decide_nothing_about_people(site: Site) -> None:
    with site.client(Role.ASSOCIATE) as client:
        assert client.get("/identity").status_code == 403
        form = {"other": "1", "reason": "x", "form_token": site.form_token(Role.ASSOCIATE)}
        assert client.post("/customers/1/identity/merge", data=form).status_code == 403


def test_the_health_of_who_is_who_counts_what_stands(site: Site) -> None:
    with site.client(Role.ADMIN) as client:
        told = client.get("/api/identity").json()

    assert told["known"] == sum(size["customers"] for size in told["sizes"])
    assert told["known"] >= seed.PEOPLE
    assert told["suspicious"] == []
