"""Named SQL: every room keeps its row SQL in `queries.sql`, one line of why above each query."""

import re
from functools import cache
from importlib.resources import files
from typing import LiteralString, cast

# "-- name: some_name" starts a query; the comment lines that follow say why it exists.
NAME = re.compile(r"^-- name: (\w+)\s*$", re.MULTILINE)


class Queries:
    """The queries of one package as attributes: `SQL.claim_batch`."""

    def __init__(self, package: str, text: str) -> None:
        parts = NAME.split(text)
        self._package = package
        if twice := sorted({name for name in parts[1::2] if parts[1::2].count(name) > 1}):
            raise ValueError(f"{package}/queries.sql names two queries {twice[0]}: one of them would never run")
        self._by_name = dict(zip(parts[1::2], parts[2::2], strict=True))

    def __getattr__(self, name: str) -> LiteralString:
        try:
            # The text comes from our own package, never from outside: it is as literal as SQL in a string would be.
            return cast(LiteralString, self._by_name[name])
        except KeyError:
            raise AttributeError(f"{self._package}/queries.sql has no query named {name}") from None

    def names(self) -> list[str]:
        """All names, in file order."""
        return list(self._by_name)


@cache
def queries(package: str) -> Queries:
    """The named SQL of a package, read once."""
    return Queries(package, files(package).joinpath("queries.sql").read_text())
