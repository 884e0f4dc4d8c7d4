"""What the mail server's own record says after an interruption, and when it can say nothing."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from regulars.engage.record import in_postfix_log

AT = datetime(2026, 11, 22, 21, 40, 2, 500_000, tzinfo=UTC)
BEFORE = "2026-11-22T21:39:00.1+00:00 mx postfix/smtpd[811]: connect from localhost[127.0.0.1]\n"
ONE = "2026-11-22T21:40:02.6+00:00 mx postfix/cleanup[812]: 4Fk2Yq1: message-id=<one@example.com>\n"
AFTER = "2026-11-22T21:40:09.9+00:00 mx postfix/smtpd[811]: disconnect from localhost[127.0.0.1]\n"
ASKED = {"<one@example.com>": AT, "<two@example.com>": AT}
ONLY_ONE = {"<one@example.com>": True}


def told(folder: Path, now: str, rotated: str | None = None) -> dict[str, bool]:
    log = folder / "mail.log"
    log.write_text(now)
    if rotated is not None:
        (folder / "mail.log.1").write_text(rotated)
    return in_postfix_log(log, ASKED)


def test_a_postfix_log_that_spans_the_sending_says_what_was_taken_and_what_was_not(tmp_path: Path) -> None:
    both = {"<one@example.com>": True, "<two@example.com>": False}

    assert told(tmp_path, BEFORE + ONE + AFTER) == both
    assert told(tmp_path, AFTER, rotated=BEFORE + ONE) == both


@pytest.mark.parametrize(
    ("log", "answer"),
    [
        ("", {}),
        ("2026-11-22T21:39:00+00:00 mx dovecot: nothing of Postfix\n" + ONE + AFTER, ONLY_ONE),
        (ONE + AFTER, ONLY_ONE),
        (BEFORE + AFTER, {}),
        (BEFORE + ONE.replace(":40:02.6", ":39:30.0"), ONLY_ONE),
    ],
    ids=["empty", "another program", "rotated away since", "cleanup filtered out", "left behind"],
)
def test_a_log_that_does_not_span_the_sending_never_says_that_something_was_not_taken(
    tmp_path: Path, log: str, answer: dict[str, bool]
) -> None:
    assert told(tmp_path, log) == answer


def test_a_log_that_is_not_there_says_nothing(tmp_path: Path) -> None:
    assert in_postfix_log(tmp_path / "absent.log", ASKED) == {}


def test_the_old_form_of_the_log_is_read_in_the_machines_zone_across_new_year(tmp_path: Path) -> None:
    at = datetime(2027, 1, 1, 0, 0, 30).astimezone()
    log = tmp_path / "mail.log"
    log.write_text(
        "Dec 31 23:59:59 mx postfix/smtpd[811]: connect from localhost[127.0.0.1]\n"
        "Jan  1 00:00:31 mx postfix/submission/cleanup[812]: 4Fk2Yq1: message-id=<one@example.com>\n"
    )

    assert in_postfix_log(log, {"<one@example.com>": at, "<two@example.com>": at}) == {
        "<one@example.com>": True,
        "<two@example.com>": False,
    }
    assert in_postfix_log(log, {"<two@example.com>": at - timedelta(minutes=2)}) == {}
