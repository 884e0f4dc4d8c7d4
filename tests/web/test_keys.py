"""The tab of write keys: who holds each, one more, a change, a rotation, a revocation, and the limits."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect

from regulars import collect
from regulars.collect import Limits, Source, WriteKey
from regulars.collect.http.limits import Meter
from regulars.web.accounts import Role

from .site import Site, context_of

KEY = re.compile(r"rk_live_write_([0-9a-f]+)_[0-9a-f]+")


def source_of(site: Site, label: str = "", *origins: str) -> tuple[Source, str]:
    """A source of its own for one test, with one key of this holder; and the key."""
    with site.app.transaction() as inside:
        source, first = collect.register(inside, f"k{uuid.uuid4().hex[:10]}", "web")
        assert first is not None
        if label:
            collect.describe_key(inside, source.name, id_of(first), label, origins)
    return source, first


def id_of(key: str) -> str:
    """The part of a key that lists show."""
    found = KEY.search(key)
    assert found is not None
    return found[1]


def keys_of(site: Site, source: Source) -> list[WriteKey]:
    with site.app.transaction() as inside:
        return collect.write_keys(inside, source.name)


def opens(site: Site, key: str) -> bool:
    with site.app.transaction() as inside:
        return collect.holder_of(inside, key) is not None


def send(site: Site, path: str, role: Role = Role.ADMIN, **form: str) -> tuple[int, str]:
    """Post a form of a page: the status and what is answered."""
    with site.client(role) as client:
        answer = client.post(f"/sources/{path}", data={"form_token": site.form_token(role)} | form)
    return answer.status_code, answer.text


def page_of(site: Site, source: Source, query: str = "") -> str:
    with site.client(Role.ADMIN) as client:
        answer = client.get(f"/sources/{source.name}?tab=keys{query}")
    assert answer.status_code == 200
    return answer.text


def test_a_key_is_made_shown_once_and_works(site: Site) -> None:
    source, _ = source_of(site)

    status, answered = send(
        site, f"{source.name}/keys", label="Till 3", origins="https://shop.example\nhttp://a.example:80"
    )

    shown = KEY.search(answered)
    assert status == 200
    assert shown is not None
    assert opens(site, shown[0])
    made = next(key for key in keys_of(site, source) if key.id == shown[1])
    assert (made.label, made.origins) == ("Till 3", ["https://shop.example", "http://a.example"])
    assert not KEY.search(page_of(site, source))


def test_pages_that_are_none_are_refused_in_their_place_and_nothing_is_made(site: Site) -> None:
    source, key = source_of(site, "Shop", "https://shop.example")

    made = send(site, f"{source.name}/keys", label="Till", origins="shop.example/checkout")
    changed = send(site, f"{source.name}/keys/{id_of(key)}", label="Other", origins="ftp://shop.example")

    assert (made[0], changed[0]) == (400, 400)
    assert all("is no origin of a page" in text and "aria-invalid" in text for _, text in (made, changed))
    assert "ftp://shop.example</textarea>" in changed[1]
    assert [(each.label, each.origins) for each in keys_of(site, source)] == [("Shop", ["https://shop.example"])]


def test_a_rotated_key_works_for_the_overlap_and_hands_on_holder_and_pages(site: Site) -> None:
    source, key = source_of(site, "Shop", "https://shop.example")

    _, answered = send(site, f"{source.name}/keys/{id_of(key)}/rotate", hours="24")

    shown = KEY.search(answered)
    assert shown is not None
    assert opens(site, shown[0])
    assert opens(site, key)
    old, new = sorted(keys_of(site, source), key=lambda each: each.expires_at is None)
    assert (new.label, new.origins, new.expires_at) == ("Shop", ["https://shop.example"], None)
    assert old.expires_at == site.app.clock.now() + timedelta(hours=24)
    assert "2 write keys work, 1 of them for a while only" in page_of(site, source)


def test_a_key_that_leaked_is_replaced_without_overlap(site: Site) -> None:
    source, key = source_of(site)

    send(site, f"{source.name}/keys/{id_of(key)}/rotate", hours="0")

    assert not opens(site, key)
    assert "Ended" in page_of(site, source)


def test_what_was_done_to_keys_and_limits_stands_in_the_audit_log_without_the_keys(site: Site) -> None:
    source, key = source_of(site)
    which = id_of(key)

    send(site, f"{source.name}/keys", label="Ann Miller")
    send(site, f"{source.name}/keys/{which}", label="Till")
    send(site, f"{source.name}/keys/{which}/rotate", hours="1")
    send(site, f"{source.name}/keys/{which}/revoke")
    send(site, f"{source.name}/limits", events_per_second="70")

    with site.app.transaction() as inside:
        rows = inside.db.execute(
            "select action, note from audit_log where object = %s order by id", [f"source:{source.name}"]
        ).fetchall()
    assert [action for action, _ in rows] == [
        "made a write key",
        "described a write key",
        "rotated a write key",
        "revoked a write key",
        "set the limits of a source",
    ]
    assert rows[-1][1] == "events_per_second 70"
    assert not [note for _, note in rows if "rk_live" in note or "Ann" in note]


def test_limits_are_set_refused_in_place_and_emptied_to_their_defaults(site: Site) -> None:
    source, _ = source_of(site)

    send(site, f"{source.name}/limits", request_max_bytes="1000", requests_per_second="5")
    wrong = [send(site, f"{source.name}/limits", requests_per_second=odd) for odd in ("0", "many", "9" * 40, "-1")]

    with site.app.transaction() as inside:
        assert collect.limits_of(inside, source) == Limits(1000, 5, None)
    assert [status for status, _ in wrong] == [400] * 4
    assert all('aria-describedby="requests_per_second-hint wrong-limits"' in text for _, text in wrong)
    assert send(site, f"{source.name}/limits")[0] == 200
    with site.app.transaction() as inside:
        assert collect.limits_of(inside, source) == Limits()


def test_what_clients_had_to_send_again_is_said_in_a_sentence(site: Site) -> None:
    source, _ = source_of(site)
    before, now = page_of(site, source), site.app.clock.now()
    meter = Meter()
    for _ in range(3):
        meter.repeated(source, b"1", now - timedelta(minutes=4))
    meter.slowed(source, now - timedelta(hours=3))

    with site.app.transaction() as inside:
        meter.take().write(inside)

    assert "No client said that it had to send anything again." in before
    said = "Clients said of 3 requests that a try before failed, last 4 min ago; "
    assert said + "we asked 1 request to come again later (429), last 3 h ago." in page_of(site, source)


def test_a_key_of_another_source_is_not_to_be_changed_here(site: Site) -> None:
    source, _ = source_of(site)
    _, other = source_of(site)

    tried = [
        send(site, f"{source.name}/keys/{id_of(other)}{verb}", hours="0")[0] for verb in ("", "/rotate", "/revoke")
    ]

    assert tried == [400] * 3
    assert opens(site, other)


@pytest.mark.parametrize("hours", ["-1", "nan", "inf", "x", "", "9e9"])
def test_an_overlap_that_is_none_replaces_nothing(site: Site, hours: str) -> None:
    source, key = source_of(site)

    assert send(site, f"{source.name}/keys/{id_of(key)}/rotate", hours=hours)[0] == 400
    assert [each.expires_at for each in keys_of(site, source)] == [None]


def test_nobody_gets_a_key_to_our_own_source(site: Site) -> None:
    with site.client(Role.ADMIN) as client:
        shown = client.get("/sources/regulars?tab=keys").text

    assert "tab=keys" not in shown
    assert [send(site, f"regulars/{path}")[0] for path in ("keys", "limits")] == [400, 400]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_key_is_revoked_after_the_consequence_was_read(browser: Browser, site: Site, theme: str) -> None:
    source, key = source_of(site, "Till 3", "https://shop.example")
    context = context_of(browser, site, Role.ADMIN, viewport={"width": 1024, "height": 768}, color_scheme=theme)
    page = context.new_page()
    page.goto(f"/sources/{source.name}?tab=keys")
    page.get_by_role("link", name="Change Till 3").click()
    found = [Axe().run(page).response["violations"]]

    page.get_by_role("button", name="Revoke now").click()
    expect(page.get_by_role("dialog")).to_contain_text(f"No other key works: {source.name} can send nothing")
    found.append(Axe().run(page).response["violations"])
    page.get_by_role("button", name="Keep it").click()
    assert opens(site, key)
    expect(page.get_by_role("button", name="Revoke now")).to_be_focused()
    page.get_by_role("button", name="Revoke now").click()
    page.get_by_role("button", name="Revoke key").click()

    expect(page.get_by_role("status").first).to_contain_text("is revoked")
    expect(page.get_by_role("heading", level=1)).to_contain_text("no key works")
    found.append(Axe().run(page).response["violations"])
    context.close()
    assert found == [[], [], []]
    assert not opens(site, key)
