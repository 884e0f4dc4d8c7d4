"""Mail over real SMTP to a real server: both parts, one id, a way out that works."""

from __future__ import annotations

import re
from collections.abc import Generator
from dataclasses import replace
from datetime import timedelta

import msgspec
import pytest

from regulars import engage
from regulars.app import App
from regulars.engage import LinkRefused, catcher
from regulars.engage.templates import render
from tests.engage.people import add_people, intent, states, wish


@pytest.fixture
def mailing(app: App) -> Generator[App, None, None]:
    """The app with a catcher behind its SMTP settings."""
    folder = catcher.folder_of(app.settings)
    with catcher.serving(folder, port=0) as port:
        yield replace(app, settings=msgspec.structs.replace(app.settings, smtp_port=port))


def box(app: App) -> list[engage.Opened]:
    folder = catcher.folder_of(app.settings)
    return [catcher.opened(folder, one.name) for one in catcher.caught(folder)]


def header(mail: engage.Opened, name: str) -> str:
    (value,) = [value for key, value in mail.headers if key.lower() == name.lower()]
    return value


def test_a_mail_has_both_parts_one_id_and_a_way_out(mailing: App) -> None:
    add_people(mailing, 1)
    wish(mailing, intent(1))

    assert engage.deliver(mailing, 10) == {"sent": 1}

    (mail,) = box(mailing)
    assert "Dear Ada" in mail.text
    assert "Ada, we kept your place" in mail.html
    assert "Five off" in mail.html
    assert header(mail, "Message-ID").endswith("@regulars.invalid>")
    assert header(mail, "List-Unsubscribe-Post") == "List-Unsubscribe=One-Click"
    assert "ada1" not in header(mail, "List-Unsubscribe")


def test_after_one_click_the_next_mail_is_a_suppressed_row(mailing: App) -> None:
    add_people(mailing, 1)
    wish(mailing, intent(1))
    engage.deliver(mailing, 10)
    link = header(box(mailing)[0], "List-Unsubscribe").strip("<>")

    with mailing.transaction() as inside:
        told = engage.unsubscribe(inside, link.rpartition("/")[2], mailing.clock.now())
    wish(mailing, intent(1, "next"))

    assert (told.masked, told.already) == ("a…@example.com", False)
    assert states(mailing)["next"] == ("suppressed", "suppressed")
    with mailing.transaction() as inside:
        names = [name for (name,) in inside.db.execute("select name from announcement order by id")]
    assert names == ["Message Sent", "Unsubscribed"]


def test_both_parts_say_the_same_and_lead_to_the_shop_through_a_noted_click(mailing: App) -> None:
    add_people(mailing, 1)
    shop = "https://shop.example.com/"
    wish(mailing, intent(1))
    engage.deliver(replace(mailing, settings=msgspec.structs.replace(mailing.settings, shop_url=shop)), 10)

    (mail,) = box(mailing)

    link = re.search(r"Start a basket: (\S+/c/(\S+))", mail.text)
    assert link is not None
    for said in (link[1], "Five off", "Valid until", "Unsubscribe", "because you agreed to e-mail from"):
        assert said in mail.html, said
        assert said in mail.text, said
    with mailing.transaction() as inside:
        assert engage.click(inside, link[2], inside.clock.now()) == shop
        names = [name for (name,) in inside.db.execute("select name from announcement order by id")]
    assert names == ["Message Sent", "Email Link Clicked"]


def test_a_balance_of_nothing_is_not_mentioned() -> None:
    facts = {"customer": {"first_name": "", "store": "", "points": 0}, "offer": {}, "links": {}, "brand": {}}

    letter = render("win_back", facts)

    assert "balance" not in letter.text + letter.html


def test_who_opts_out_after_the_yes_gets_nothing(mailing: App) -> None:
    add_people(mailing, 1)
    wish(mailing, intent(1))
    with mailing.transaction() as inside:
        inside.db.execute("update consent_state set allowed = false")

    assert engage.deliver(mailing, 10) == {"suppressed": 1}
    assert box(mailing) == []


def test_what_is_ready_at_night_waits_for_the_morning(mailing: App) -> None:
    add_people(mailing, 1)
    wish(mailing, intent(1))
    mailing.clock.move_to(mailing.clock.now() + timedelta(hours=8))  # type: ignore[attr-defined]

    assert engage.deliver(mailing, 10) == {"later": 1}
    assert states(mailing)["test:1:mail:1"] == ("later", "quiet_hours")


def test_where_no_server_answers_everything_stays_ready(app: App) -> None:
    add_people(app, 1)
    wish(app, intent(1))
    nowhere = replace(app, settings=msgspec.structs.replace(app.settings, smtp_port=1))

    assert engage.deliver(nowhere, 10) == {}
    assert states(app)["test:1:mail:1"] == ("ready", "allowed")


def test_data_in_a_mail_is_text_and_never_markup_or_a_header(mailing: App) -> None:
    add_people(mailing, 1)
    with mailing.transaction() as inside:
        inside.db.execute("update profile set first_name = %s", ["<b>A</b>\r\nBcc: all@example.com {{ 7 | times: 7 }}"])
    wish(mailing, intent(1))

    engage.deliver(mailing, 10)

    (mail,) = box(mailing)
    assert "&lt;b&gt;A&lt;/b&gt;" in mail.html
    assert "49" not in header(mail, "Subject")
    assert [key for key, _ in mail.headers if key.lower() == "bcc"] == []


def test_a_link_that_was_altered_opens_nothing(app: App) -> None:
    with app.transaction() as inside, pytest.raises(LinkRefused):
        engage.unsubscribe(inside, "ImpvdXJuZXk6MSI.forged", app.clock.now())


def test_opening_a_mail_asks_nobody_but_the_brand(mailing: App) -> None:
    add_people(mailing, 1)
    shop = "https://shop.example.com/"
    wish(mailing, intent(1))
    engage.deliver(replace(mailing, settings=msgspec.structs.replace(mailing.settings, shop_url=shop)), 10)

    (mail,) = box(mailing)

    # The names of name spaces look like addresses and are never asked.
    html = re.sub(r'xmlns(:\w+)?="[^"]*"', "", mail.html)
    addresses = re.findall(r"(?:https?:)?//[\w.:-]+", html + mail.text)
    assert set(addresses) == {mailing.settings.base_url}
    assert re.findall(r"<(?:link|img|script|iframe)|@import", html) == []
