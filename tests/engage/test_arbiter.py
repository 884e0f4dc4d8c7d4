"""Every no has its reason, and the first reason that a person would give."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
import pytest

from regulars.engage import WHY, Reason
from regulars.engage.arbiter import Verdict, Wish, judge, over_cap, week_of

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
NIGHT_TIME = datetime(2026, 3, 4, 23, tzinfo=UTC)
CHANNELS = frozenset({"email"})
DAY = timedelta(days=1)
YES = Wish(
    key="k", customer=1, channel="email", purpose="marketing", held=False, not_before=None, valid_until=NOON + 7 * DAY,
    address="a@example.com", zone=ZoneInfo("UTC"), suppressed=False, consent=True,
)  # fmt: skip


@pytest.mark.parametrize(
    ("change", "state", "reason"),
    [
        ({}, "ready", Reason.ALLOWED),
        ({"held": True}, "held", Reason.HOLDOUT),
        ({"consent": None}, "suppressed", Reason.NEVER_ASKED),
        ({"consent": False}, "suppressed", Reason.WITHDRAWN),
        ({"consent": False, "held": True}, "suppressed", Reason.WITHDRAWN),
        ({"suppressed": True}, "suppressed", Reason.SUPPRESSED),
        ({"address": None}, "suppressed", Reason.NO_ADDRESS),
        ({"channel": "pigeon"}, "suppressed", Reason.NO_CHANNEL),
        ({"valid_until": NOON}, "suppressed", Reason.EXPIRED),
        ({"not_before": NOON + DAY}, "later", Reason.NOT_YET),
        ({"is_asked_for": True, "consent": None, "suppressed": True}, "ready", Reason.ALLOWED),
        ({"consent_until": NOON}, "suppressed", Reason.LAPSED),
        ({"consent_until": NOON + DAY}, "ready", Reason.ALLOWED),
    ],
)
def test_the_answer_and_its_reason(change: dict[str, object], state: str, reason: Reason) -> None:
    verdict = judge(msgspec.structs.replace(YES, **change), NOON, CHANNELS)

    assert (verdict.state, verdict.reason) == (state, reason)


def test_at_night_it_waits_until_seven_where_she_lives() -> None:
    tokyo = msgspec.structs.replace(YES, zone=ZoneInfo("Asia/Tokyo"))

    at_night = judge(YES, NIGHT_TIME, CHANNELS)

    assert at_night == Verdict(state="later", reason=Reason.QUIET_HOURS, not_before=datetime(2026, 3, 5, 7, tzinfo=UTC))
    assert judge(tokyo, NIGHT_TIME, CHANNELS).state == "ready"


def test_what_is_worthless_in_the_morning_is_not_kept_overnight() -> None:
    short = msgspec.structs.replace(YES, valid_until=NIGHT_TIME + timedelta(hours=1))

    assert judge(short, NIGHT_TIME, CHANNELS) == Verdict(state="suppressed", reason=Reason.QUIET_HOURS)


def test_over_the_cap_it_waits_for_monday_morning() -> None:
    assert over_cap(YES, NOON).not_before == datetime(2026, 3, 9, 7, tzinfo=UTC)
    assert week_of(datetime(2026, 3, 8, 23, 59, tzinfo=UTC), YES.zone) + 1 == week_of(
        datetime(2026, 3, 9, 0, 0, tzinfo=UTC), YES.zone
    )


def test_every_reason_is_told_in_words_that_name_nobody() -> None:
    assert set(WHY) == set(Reason)
    assert len(set(WHY.values())) == len(WHY)
