"""An address that is gone, or whose owner complains, is written to no more."""

import pytest

from regulars import engage
from regulars.app import App
from tests.engage.mail_server import Script, answering
from tests.engage.people import add_people, intent, states, wish
from tests.engage.town import carry, message, person, tell


def suppressed(app: App) -> list[tuple[str, str]]:
    with app.transaction() as inside:
        return inside.db.execute("select address, reason from suppression order by address").fetchall()


@pytest.mark.parametrize(
    ("answer", "list_of_no_more"),
    [
        ("550 5.1.1 no such user", [("ada1@example.com", "hard bounce")]),
        ("550 5.1.10 domain takes no mail", [("ada1@example.com", "hard bounce")]),
        ("552 5.2.2 mailbox full", []),
        ("550 5.7.1 not for us", []),
        ("550 relay not permitted", []),
        ("450 4.1.1 not now", []),
    ],
)
def test_a_mailbox_that_does_not_exist_is_suppressed_at_once_and_no_other_refusal_is(
    app: App, answer: str, list_of_no_more: list[tuple[str, str]]
) -> None:
    add_people(app, 1)
    wish(app, intent(1))

    with answering(app, Script(rcpt=answer)) as mailing:
        engage.deliver(mailing, 10)

    assert suppressed(app) == list_of_no_more
    wish(app, intent(1, "next"))
    assert (states(app)["next"] == ("suppressed", "suppressed")) is bool(list_of_no_more)


def test_the_journal_hears_of_a_mailbox_that_does_not_exist(app: App) -> None:
    add_people(app, 1)
    wish(app, intent(1))

    with answering(app, Script(rcpt="550 5.1.1 no such user")) as mailing:
        engage.deliver(mailing, 10)

    with app.transaction() as inside:
        told = inside.db.execute("select name, properties ->> 'type' from announcement").fetchall()
    assert told == [("Email Bounced", "hard")]


@pytest.mark.parametrize(
    ("name", "properties", "stops"),
    [
        ("Email Bounced", {"type": "hard", "email": "Ada@Example.com"}, "hard bounce"),
        ("Email Bounced", {"bounce_type": "Permanent"}, "hard bounce"),
        ("Email Complained", {}, "complaint"),
        ("Email Marked as Spam", {"email": "ada@example.com"}, "complaint"),
        ("Email Bounced", {"type": "soft"}, None),
        ("Email Bounced", {}, None),
    ],
)
def test_what_a_mail_tool_reports_suppresses_when_it_is_for_good(
    app: App, name: str, properties: dict[str, str], stops: str | None
) -> None:
    tell(app, "mail-tool", [person("ada", app.clock.now())])
    carry(app)

    tell(app, "mail-tool", [message("track", "ada", app.clock.now(), event=name, properties=properties)])
    carry(app)

    assert suppressed(app) == ([("ada@example.com", stops)] if stops else [])


def test_a_page_whose_key_everybody_can_read_has_nobody_suppressed(app: App) -> None:
    complaint = message(
        "track", "eve", app.clock.now(), event="Email Complained", properties={"email": "ada@example.com"}
    )

    tell(app, "shop-page", [complaint], kind="web")
    carry(app)

    assert suppressed(app) == []
