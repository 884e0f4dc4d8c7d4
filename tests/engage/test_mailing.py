"""The file of a segment for those who send outside: who is on it, one line a person or one a household."""

import csv
import io
from datetime import timedelta
from typing import Any

import pytest

from regulars import engage
from regulars.app import App
from regulars.engage.mailing import Candidate, chosen, why_not
from tests.conftest import START
from tests.engage.town import carry, message, order, tell

SEGMENT = "lapsing_regulars"
HOME = {"street": "12 Mill Road", "city": "Albany", "postcode": "12207"}


def person(login: str, last_name: str, **more: Any) -> dict[str, Any]:
    traits = {
        "first_name": login.capitalize(),
        "last_name": last_name,
        "email": f"{login}@example.com",
        "phone": "+15185550190",
        "address": HOME,
        "consent": {"email": True},
    }
    return message("identify", login, START - timedelta(days=30), traits=traits | more)


@pytest.fixture
def four(app: App) -> App:
    """Four people with two last names at one address and landline, all in one segment; the third was here last."""
    people = [person("ann", "Reed"), person("ben", "Reed"), person("cleo", "Voss"), person("dan", "Voss")]
    tell(app, "crm", people)
    tell(app, "crm", [order("cleo", START - timedelta(days=1))])
    carry(app)
    with app.transaction() as inside:
        inside.db.execute(
            "insert into segment_member (segment, customer, since) select %s, customer, %s from profile",
            [SEGMENT, START],
        )
    return app


def lines(app: App, channel: engage.MailingChannel, one_per_household: bool = False) -> list[dict[str, str]]:
    with app.transaction() as inside:
        found = engage.mailing(inside, SEGMENT, channel, one_per_household)
        return list(csv.DictReader(io.StringIO("".join(engage.as_csv(inside, found)))))


def test_a_household_gets_one_letter_and_everybody_an_e_mail(four: App) -> None:
    letters, mails = lines(four, "post", one_per_household=True), lines(four, "email")

    assert [(line["first_name"], line["people"]) for line in letters] == [("Cleo", "4")]
    assert letters[0]["street"] == "12 Mill Road"
    assert sorted(line["email"] for line in mails) == [f"{who}@example.com" for who in ("ann", "ben", "cleo", "dan")]


def test_who_said_no_to_letters_leaves_it_to_another_of_the_household(four: App) -> None:
    said = {"channel": "post", "purpose": "marketing"}
    tell(four, "crm", [message("track", "cleo", START, event="Consent Withdrawn", properties=said)])
    carry(four)

    (letter,) = lines(four, "post", one_per_household=True)

    assert (letter["first_name"], letter["people"]) == ("Ann", "3")


def test_a_message_needs_a_yes_and_a_letter_that_nobody_said_no() -> None:
    asked = Candidate(1, has_contact=True, is_suppressed=False, consent=None, consent_until=None, last_day=0)
    ended = Candidate(1, True, False, True, START, 0)

    assert why_not(asked, "post", START) is None
    assert why_not(asked, "email", START) == "Never agreed to it; silence is no"
    assert why_not(ended, "sms", START) == "The consent has ended by its date"
    assert why_not(Candidate(1, True, True, True, None, 0), "email", START) == "The address is on the suppression list"
    assert why_not(Candidate(1, False, False, True, None, 0), "post", START) == "No usable address known"


def test_of_a_household_the_one_who_was_active_last_is_written_to() -> None:
    some = [Candidate(n, True, False, True, None, last_day=day) for n, day in ((3, 8), (5, 9), (7, 9), (9, 1))]

    found = chosen(some, {3: 2, 5: 2, 7: 2})

    assert [(line.customer, line.household, line.people) for line in found] == [(5, 2, 3), (9, None, 1)]
