"""The line to the mail server: what is her message's fault, what is the server's, and when it is left alone."""

from __future__ import annotations

import ssl
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from regulars import engage
from regulars.app import App
from regulars.engage.channels.email import carried
from regulars.engage.deliver import ATTEMPTS_MAX, REST_FIRST, REST_MAX
from regulars.kit.clock import ManualClock
from regulars.kit.settings import Settings
from tests.engage.mail_server import Script, answering
from tests.engage.people import WEEK, add_people, intent, states, wish

ONE = "test:1:mail:1"
# A certificate for 127.0.0.1 that nobody vouches for, with its key: of this test alone.
SELF_SIGNED = Path(__file__).with_name("self_signed.pem")


def address(app: App, customer: int, email: str) -> None:
    with app.transaction() as inside:
        inside.db.execute("update profile set email = %s where customer = %s", [email, customer])


def given(app: App, settings: Settings) -> App:
    return replace(app, settings=settings)


def rows(app: App, columns: str, table: str = "outbox") -> list[tuple[object, ...]]:
    with app.transaction() as inside:
        return inside.db.execute(f"select {columns} from {table} order by 1").fetchall()  # type: ignore[arg-type]


def test_an_address_that_cannot_be_carried_fails_alone_and_the_others_get_their_mail(app: App) -> None:
    wish(app, *(intent(customer) for customer in add_people(app, 3)))
    address(app, 1, "josé@example.com")
    address(app, 2, "no address at all é")

    with answering(app, Script(), utf8=False) as mailing:
        assert engage.deliver(mailing, 10) == {"failed": 2, "sent": 1}

    assert [reason for _, reason in states(app).values()] == ["unfit", "unfit", "accepted"]


def test_addresses_in_other_letters_arrive_where_the_server_takes_them(app: App) -> None:
    script = Script()
    wish(app, *(intent(customer) for customer in add_people(app, 2)))
    address(app, 1, "ada@bücher.example")
    address(app, 2, "josé@bücher.example")

    with answering(app, script) as mailing:
        assert engage.deliver(mailing, 10) == {"sent": 2}

    assert script.recipients == ["ada@xn--bcher-kva.example", "josé@xn--bcher-kva.example"]
    assert "To: josé@xn--bcher-kva.example" in script.contents[1].decode()
    assert carried("Plain@Example.com") == "Plain@Example.com"


@pytest.mark.parametrize(
    ("answers", "end"),
    [
        ({"mail": "530 5.7.0 log in first"}, ("ready", "no_line", 0)),
        ({"mail": "550 5.1.8 sender unknown"}, ("ready", "no_line", 0)),
        ({"mail": "451 4.3.0 busy"}, ("ready", "no_line", 0)),
        ({"rcpt": "553 5.1.8 sender address rejected"}, ("ready", "no_line", 0)),
        ({"rcpt": "530 5.7.0 log in first"}, ("ready", "no_line", 0)),
        ({"rcpt": "554 5.7.1 relay access denied"}, ("later", "try_again", 1)),
        ({"rcpt": "451 4.7.1 greylisted"}, ("later", "try_again", 1)),
        ({"rcpt": "550 no such user here"}, ("failed", "refused", 1)),
        ({"data": "554 5.7.1 spam"}, ("failed", "refused", 1)),
    ],
)
def test_only_what_is_said_of_recipient_or_letter_judges_the_message(
    app: App, answers: dict[str, str], end: tuple[str, str, int]
) -> None:
    add_people(app, 1)
    wish(app, intent(1))

    with answering(app, Script(**answers)) as mailing:
        engage.deliver(mailing, 10)

    assert rows(app, "state, reason, attempts") == [end]


def test_a_struggling_server_is_left_alone_longer_each_time_and_no_try_is_counted(app: App, clock: ManualClock) -> None:
    script = Script(mail="421 too busy")
    wish(app, *(intent(customer) for customer in add_people(app, 3)))

    with answering(app, script) as mailing:
        for _ in range(20):
            assert engage.deliver(mailing, 10) == {}
        assert len(script.senders) == 1
        clock.move_to(clock.now() + REST_FIRST)
        assert [engage.deliver(mailing, 10) for _ in range(5)] == [{}] * 5
        assert len(script.senders) == 2
        assert rows(app, "until", "line_rest") == [(clock.now() + 2 * REST_FIRST,)]
        assert {attempts for (attempts,) in rows(app, "attempts")} == {0}
        script.mail = "250 fine"
        clock.move_to(clock.now() + REST_MAX)
        assert engage.deliver(mailing, 10) == {"sent": 3}

    assert rows(app, "until", "line_rest") == []


def test_a_rest_grows_to_its_cap_and_a_clock_that_went_back_is_not_waited_for(app: App, clock: ManualClock) -> None:
    add_people(app, 1)
    wish(app, intent(1))
    script = Script(mail="421 too busy")

    with answering(app, script) as mailing:
        for _ in range(10):
            engage.deliver(mailing, 10)
            clock.move_to(clock.now() + REST_MAX)
        assert rows(app, "until", "line_rest") == [(clock.now(),)]
        clock.move_to(clock.now() - timedelta(hours=3))
        engage.deliver(mailing, 10)

    assert len(script.senders) == 11


def test_a_letter_is_tried_five_times_and_then_given_up(app: App, clock: ManualClock) -> None:
    script = Script(rcpt="451 4.7.1 greylisted")
    add_people(app, 1)
    wish(app, intent(1))

    with answering(app, script) as mailing:
        for _ in range(ATTEMPTS_MAX + 2):
            engage.deliver(mailing, 10)
            clock.move_to(clock.now().replace(hour=12) + timedelta(days=1))
            wish(app)

    assert len(script.recipients) == ATTEMPTS_MAX == 5
    assert states(app)[ONE] == ("failed", "gave_up")


def test_the_cap_counts_the_week_in_which_a_mail_goes_not_the_one_that_allowed_it(app: App, clock: ManualClock) -> None:
    add_people(app, 1)
    clock.move_to(clock.now() + WEEK - timedelta(days=1))
    wish(app, *(intent(1, f"sunday{n}") for n in range(2)))
    clock.move_to(clock.now() + timedelta(days=1))
    wish(app, *(intent(1, f"monday{n}") for n in range(2)))
    assert {state for state, _ in states(app).values()} == {"ready"}

    with answering(app, Script()) as mailing:
        assert engage.deliver(mailing, 10) == {"sent": 2, "later": 2}

    assert sorted(states(app).values())[:2] == [("later", "weekly_cap")] * 2


def test_a_password_never_crosses_the_network_in_the_clear(app: App) -> None:
    add_people(app, 1)
    wish(app, intent(1))
    settings = msgspec.structs.replace(app.settings, smtp_host="mail.example.com", smtp_user="us")

    with (
        pytest.raises(engage.MailUnreachable, match="in the clear"),
        engage.channels["email"].connect(given(app, settings)),
    ):
        pass


def test_a_sender_that_cannot_be_written_is_no_letters_fault(app: App) -> None:
    add_people(app, 1)
    wish(app, intent(1))

    engage.deliver(given(app, msgspec.structs.replace(app.settings, mail_from="hallo@bücher.example")), 10)

    assert states(app)[ONE] == ("ready", "allowed")


def test_a_server_that_cannot_prove_who_it_is_gets_no_mail_over_starttls(
    app: App, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_people(app, 1)
    wish(app, intent(1))
    behind = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    behind.load_cert_chain(SELF_SIGNED)

    with answering(app, Script(), tls=behind) as mailing:
        secured = given(mailing, msgspec.structs.replace(mailing.settings, smtp_starttls=True))
        assert engage.deliver(secured, 10) == {}
        assert states(app)[ONE] == ("ready", "allowed")
        monkeypatch.setenv("SSL_CERT_FILE", str(SELF_SIGNED))
        clock.move_to(clock.now() + REST_FIRST)
        assert engage.deliver(secured, 10) == {"sent": 1}
