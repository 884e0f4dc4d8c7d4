"""A log line goes to standard error as it is now."""

import io
import sys

import pytest

from regulars.kit import logging


def test_a_logger_outlives_a_standard_error_that_was_replaced_and_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    logging.set_up("info", as_json=True)
    log = logging.logger("kit")
    first, second = io.StringIO(), io.StringIO()
    monkeypatch.setattr(sys, "stderr", first)
    log.info("before")
    monkeypatch.setattr(sys, "stderr", second)
    first.close()

    log.info("after")

    assert "after" in second.getvalue()
