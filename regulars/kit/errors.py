"""Every error a person can meet says what happened, how to mend it, and a code that the reference explains."""

import traceback
from pathlib import Path
from typing import ClassVar

PACKAGE = f"{Path(__file__).parents[1]}/"


class RegularsError(Exception):
    """Base of all expected failures: three fields, what / fix / code. `status` is what HTTP answers."""

    code: ClassVar[str] = "RG-1000"
    status: ClassVar[int] = 400

    def __init__(self, what: str, fix: str) -> None:
        super().__init__(f"{what}. {fix}. {self.code}")
        self.what = what
        self.fix = fix


class SettingRefused(RegularsError):
    """A setting is missing, malformed or unsafe."""

    code = "RG-1001"


class DatabaseRefused(RegularsError):
    """The PostgreSQL we were pointed at cannot be used: version, durability, rights or reach."""

    code = "RG-1002"
    status = 503


class NotFound(RegularsError):
    """What was asked for does not exist (any more)."""

    code = "RG-1003"
    status = 404


class InputRefused(RegularsError):
    """Something a person or a program gave us cannot be taken; nothing of it was kept."""

    code = "RG-1004"


class NotAllowed(RegularsError):
    """The caller's role or key does not reach this."""

    code = "RG-1005"
    status = 403


class SparkRefused(RegularsError):
    """Spark was asked for and cannot run here."""

    code = "RG-1007"


def place_of(fault: BaseException) -> str:
    """What broke and where in our own code, without the message: that may hold a customer's data."""
    ours = [step for step in traceback.extract_tb(fault.__traceback__) if step.filename.startswith(PACKAGE)]
    where = f" in {ours[-1].filename.removeprefix(PACKAGE)}:{ours[-1].lineno}" if ours else ""
    return f"{type(fault).__name__}{where}"
