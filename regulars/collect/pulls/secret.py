"""Secrets of a definition: named by where they are, never kept by us. Nothing here is a plug-in."""

import os
from pathlib import Path
from urllib.parse import urlsplit

from regulars.collect.errors import PullRefused

PLACES = "Write file:/path or env:NAME, and the secret there"


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
        except OSError as fault:
            raise PullRefused(f"{name} cannot be read: {fault.strerror}", PLACES) from None
    return told


def check_open(told: str) -> None:
    """Raise PullRefused for an address with its password in it: a definition can be read by whoever lists it."""
    try:
        parts = urlsplit(told)
    except ValueError:
        raise PullRefused("The address cannot be read", "Write it as scheme://host/name") from None
    if parts.password:
        raise PullRefused("The address has a password in it", PLACES)
