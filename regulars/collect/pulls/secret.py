"""Secrets of a definition: named by where they are, never kept by us. Nothing here is a plug-in."""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast
from urllib.parse import unquote_plus

from regulars.collect.errors import PullRefused
from regulars.collect.pulls import Connect

PLACES = "Write file:/path or env:NAME, and the secret there"
IN_PLACE = ("file:", "env:")
SECRET_NAME = re.compile(
    r".*(?:token|secret|passw(?:or)?d|passphrase|pwd)|(?:.*[_.-])?(?:pass|auth|authorization|sig|signature|credentials?)"
    r"|key|.*(?:api|access|app|auth|consumer|client|private|subscription|license)[_.-]?key",
    re.IGNORECASE,
)
# Whatever stands between :// and the first @, with a colon in it: a password may hold a slash or a question mark.
USER_AND_PASSWORD = re.compile(r"://[^@]*:[^@]*@")
USER_OF_A_SERVICE = re.compile(r"https?://[^/?#]*@", re.IGNORECASE)
# `password=…` of a query, of a keyword DSN and of an ODBC string.
ASSIGNED = re.compile(r"(?:^|[?&;\s,{'\"])\s*([\w.-]+)\s*=\s*[^&;\s]")


def secret(told: str) -> str:
    """What stands in the file or the variable that is named; other text is itself."""
    where, _, name = told.partition(":")
    if where == "env":
        if name not in os.environ:
            raise PullRefused(f"There is no variable {name}", PLACES)
        return os.environ[name]
    if where == "file":
        try:
            return Path(name).read_text().strip()
        except (OSError, ValueError) as fault:
            raise PullRefused(f"{name} cannot be read: {type(fault).__name__}", PLACES) from None
    return told


def check_open(connect: Mapping[str, Any]) -> None:
    """Raise PullRefused where a definition holds a secret itself: it can be read by whoever reads the database."""
    for name, value in connect.items():
        # Ours are columns, whatever they are called.
        _check("" if name in Connect.__struct_fields__ else name, value)


def _check(name: str, value: object) -> None:
    if isinstance(value, Mapping):
        for inner, held in cast(Mapping[str, object], value).items():
            _check(inner, held)
    elif isinstance(value, list):
        for held in cast(list[object], value):
            _check(name, held)
    elif isinstance(value, str) and value and not value.startswith(IN_PLACE):
        if SECRET_NAME.fullmatch(name):
            raise PullRefused(f"'{name}' holds a secret itself", PLACES)
        if _tells_secret(value):
            raise PullRefused(f"'{name}' has a password or a token in it", PLACES)


def _tells_secret(text: str) -> bool:
    # An address within an address is quoted twice.
    for spelled in (text, unquote_plus(text), unquote_plus(unquote_plus(text))):
        if USER_AND_PASSWORD.search(spelled) or USER_OF_A_SERVICE.search(spelled):
            return True
        if any(SECRET_NAME.fullmatch(name) for name in ASSIGNED.findall(spelled)):
            return True
    return False
