"""Connecting a source in a real browser: every way in is named, and a source for code is made on the spot."""

from __future__ import annotations

import uuid

import pytest
from playwright.sync_api import Page, expect

from regulars import collect
from regulars.collect import streams
from regulars.collect.webhooks import Webhook, webhooks
from regulars.web.accounts import Role

from .site import Site


def test_every_plug_in_that_brings_events_is_named_with_its_words(page: Page) -> None:
    page.goto("/connect")

    said = page.get_by_role("main").inner_text()
    found = collect.entrances()
    assert [one.name for one in found if one.name not in said or one.says.replace("`", "") not in said] == []
    assert {one.kind for one in found} == {"wire", "webhook", "file", "pull", "stream"}
    giving = [name for name, stream in streams.streams.items() if not stream.has_source]
    assert [one.name for one in found if one.kind == "stream" and one.name in giving] == []


def test_a_plug_in_that_is_added_stands_there_by_itself(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    found: dict[str, Webhook] = dict(webhooks.items())
    monkeypatch.setattr(webhooks, "_found", found)
    monkeypatch.setattr(webhooks, "_said", {name: webhooks.said(name) for name in found})
    webhooks.add("corner")(found["square"])

    with site.client(Role.ADMIN) as client:
        text = client.get("/connect").text

    assert "regulars webhook add corner --source NAME" in text
    assert "Connecting a source in a real browser" in text


def test_a_source_is_made_with_a_key_that_is_shown_this_once(page: Page, site: Site) -> None:
    name = f"kiosk-{uuid.uuid4().hex[:6]}"
    page.goto("/sources")
    page.get_by_role("link", name="Connect a source").click()
    page.get_by_label("Name").fill(name)
    page.get_by_role("button", name="Make source and key").click()

    expect(page.get_by_text("rk_live_write_").first).to_be_visible()
    page.goto(f"/sources/{name}?tab=keys")
    with site.app.transaction() as inside:
        assert len(collect.write_keys(inside, name)) == 1


def test_a_name_that_cannot_be_taken_stays_in_the_form_with_the_reason(site: Site) -> None:
    form = {"name": "No Name", "kind": "web", "form_token": site.form_token(Role.ADMIN)}
    with site.client(Role.ADMIN) as client:
        answer = client.post("/connect", data=form)

    assert answer.status_code == 400
    assert "is no name for a source" in answer.text
    assert 'value="No Name"' in answer.text
