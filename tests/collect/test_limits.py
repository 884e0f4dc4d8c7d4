"""What a key may send, counted."""

from datetime import UTC, datetime, timedelta

import pytest

from regulars.collect.errors import RateExceeded
from regulars.collect.http.limits import BURST_SECONDS, Meter
from regulars.collect.keys import Source
from regulars.collect.write_keys import Holder

NOW = datetime(2026, 3, 2, tzinfo=UTC)
HOLDER = Holder(
    source=Source(1, "till", "tills", "till"),
    key_id="k",
    origins=frozenset(),
    request_max_bytes=None,
    requests_per_second=1,
    events_per_second=1,
)


@pytest.mark.parametrize("processes", [1, 16, 10 * BURST_SECONDS])
def test_a_sender_who_waits_as_told_is_served_however_many_processes_share_its_rate(processes: int) -> None:
    meter, now = Meter(processes), NOW
    for _ in range(BURST_SECONDS + 1):
        try:
            meter.spend(HOLDER, 1, now)
        except RateExceeded as fault:
            now += timedelta(seconds=fault.after_seconds)
            meter.spend(HOLDER, 1, now)

    assert now > NOW
