"""What the reader of a message may change by its link, and what the link does not tell."""

from __future__ import annotations

from datetime import timedelta

import pytest

from regulars import engage
from regulars.app import App
from regulars.engage.preferences import PREFERENCES
from regulars.engage.signing import signer
from regulars.kit.clock import ManualClock
from tests.engage.people import intent, states, wish
from tests.engage.town import carry, customer_of, message, person, tell


def written_to(app: App) -> tuple[int, str]:
    """Ada, who got a letter, and the token of her preference center."""
    texts = message("track", "ada", app.clock.now(), event="Consent Given", properties={"channel": "sms"})
    tell(app, "shop", [person("ada", app.clock.now()), texts])
    carry(app)
    ada = customer_of(app, "ada")
    wish(app, intent(ada, "letter"))
    with app.transaction() as inside:
        return ada, signer(inside).token(PREFERENCES, "letter")


def choose(app: App, token: str, *wanted: str) -> engage.Preferences:
    with app.transaction() as inside:
        engage.prefer(inside, token, frozenset(wanted), app.clock.now())
    carry(app)
    with app.transaction() as inside:
        return engage.preferences(inside, token)


def names(shown: engage.Preferences) -> dict[str, bool]:
    return {one.name: one.allowed for one in shown.choices}


def test_a_no_by_the_link_stops_the_next_letter_and_a_yes_lets_it_go_again(app: App, clock: ManualClock) -> None:
    ada, token = written_to(app)

    assert names(choose(app, token, "sms.marketing")) == {"email.marketing": False, "sms.marketing": True}
    wish(app, intent(ada, "stopped"))
    clock.move_to(clock.now() + timedelta(minutes=1))
    assert names(choose(app, token, "email.marketing", "sms.marketing"))["email.marketing"]
    wish(app, intent(ada, "again"))

    assert states(app)["stopped"] == ("suppressed", "suppressed")
    assert states(app)["again"][0] == "ready"


def test_the_last_word_counts_also_where_the_worker_has_heard_of_none_yet(app: App, clock: ManualClock) -> None:
    app.settings.home_path.mkdir(parents=True, exist_ok=True)
    (app.settings.home_path / "purposes.yaml").write_text("purposes: {research: {title: Research, channels: [email]}}")
    _, token = written_to(app)
    with app.transaction() as inside:
        engage.prefer(inside, token, frozenset({"email.marketing", "email.research"}), clock.now())
    clock.move_to(clock.now() + timedelta(seconds=1))

    shown = choose(app, token, "email.marketing")

    assert names(shown) == {"email.marketing": True, "email.research": False}


def test_a_yes_that_lifts_a_stop_wakes_nothing_that_was_left_without_a_tick(app: App, clock: ManualClock) -> None:
    app.settings.home_path.mkdir(parents=True, exist_ok=True)
    (app.settings.home_path / "purposes.yaml").write_text("purposes: {research: {title: Research, channels: [email]}}")
    ada, token = written_to(app)
    choose(app, token, "email.marketing", "email.research")
    with app.transaction() as inside:
        engage.unsubscribe(inside, signer(inside).token("unsubscribe", "letter"), clock.now())
    clock.move_to(clock.now() + timedelta(minutes=1))

    choose(app, token, "email.marketing")
    wish(app, intent(ada, "study", purpose="research"), intent(ada, "news"))

    assert states(app)["study"] == ("suppressed", "withdrawn")
    assert states(app)["news"][0] == "ready"


def test_another_channel_can_be_stopped_by_the_link_but_never_agreed_to(app: App, clock: ManualClock) -> None:
    _, token = written_to(app)

    assert names(choose(app, token, "email.marketing")) == {"email.marketing": True}
    clock.move_to(clock.now() + timedelta(minutes=1))
    assert names(choose(app, token, "email.marketing", "sms.marketing")) == {"email.marketing": True}


def test_a_complaint_is_not_undone_by_whoever_has_the_link(app: App, clock: ManualClock) -> None:
    ada, token = written_to(app)
    told = {"email": "ada@example.com"}
    tell(app, "mailer", [message("track", "ada", clock.now(), event="Email Complained", properties=told)], "email")
    carry(app)

    shown = choose(app, token, "email.marketing")
    wish(app, intent(ada, "after"))

    assert shown.is_gone
    assert states(app)["after"] == ("suppressed", "suppressed")


def test_the_link_tells_no_name_and_no_whole_address(app: App) -> None:
    _, token = written_to(app)

    with app.transaction() as inside:
        shown = str(engage.preferences(inside, token))

    assert "ada@example.com" not in shown
    assert "Ada" not in shown


def test_the_link_to_unsubscribe_does_not_open_the_preference_center(app: App) -> None:
    written_to(app)

    with app.transaction() as inside, pytest.raises(engage.LinkRefused):
        engage.preferences(inside, signer(inside).token("unsubscribe", "letter"))


def test_the_words_she_says_yes_to_are_on_the_page(app: App) -> None:
    app.settings.home_path.mkdir(parents=True, exist_ok=True)
    (app.settings.home_path / "purposes.yaml").write_text(
        "purposes: {marketing: {title: News, notice: news}}\n"
        "notices: {news: {version: '2', text: We write about news}, other: {version: '1', text: Not asked}}"
    )
    _, token = written_to(app)

    with app.transaction() as inside:
        shown = engage.preferences(inside, token)

    assert {name: (one.version, one.text) for name, one in shown.notices.items()} == {
        "news": ("2", "We write about news")
    }
