"""Secrets of a definition: named by where they are, never kept by us."""

import os
import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, cast
from urllib.parse import unquote_plus

from regulars.kit.errors import RegularsError

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


def secret(told: str, refused: type[RegularsError]) -> str:
    """What stands in the file or the variable that is named; other text is itself. Raises `refused`."""
    where, _, name = told.partition(":")
    if where == "env":
        if name not in os.environ:
            raise refused(f"There is no variable {name}", PLACES)
        return os.environ[name]
    if where == "file":
        try:
            return Path(name).read_text().strip()
        except (OSError, ValueError) as fault:
            raise refused(f"{name} cannot be read: {type(fault).__name__}", PLACES) from None
    return told


def check_open(given: Mapping[str, Any], refused: type[RegularsError], plain: Collection[str] = ()) -> None:
    """Raise `refused` where a definition holds a secret itself: it can be read by whoever reads the database.

    `plain`: names that are none of a secret, whatever they are.
    """
    for name, value in given.items():
        _check("" if name in plain else name, value, refused)


def _check(name: str, value: object, refused: type[RegularsError]) -> None:
    if isinstance(value, Mapping):
        for inner, held in cast(Mapping[str, object], value).items():
            _check(inner, held, refused)
    elif isinstance(value, list):
        for held in cast(list[object], value):
            _check(name, held, refused)
    elif isinstance(value, str) and value and not value.startswith(IN_PLACE):
        if SECRET_NAME.fullmatch(name):
            raise refused(f"'{name}' holds a secret itself", PLACES)
        if _tells_secret(value):
            raise refused(f"'{name}' has a password or a token in it", PLACES)


def _tells_secret(text: str) -> bool:
    # An address within an address is quoted twice.
    for spelled in (text, unquote_plus(text), unquote_plus(unquote_plus(text))):
        if USER_AND_PASSWORD.search(spelled) or USER_OF_A_SERVICE.search(spelled):
            return True
        if any(SECRET_NAME.fullmatch(name) for name in ASSIGNED.findall(spelled)):
            return True
    return False
