"""What a table holds about people: every room says it of its own tables, whoever reads or erases asks here."""

from __future__ import annotations

from enum import StrEnum

import msgspec

EVERY_COLUMN = "*"


class Hangs(StrEnum):
    """By what the rows of a table hang on a customer: what the key columns hold."""

    CUSTOMER = "customer"
    """Her id, or one that was merged into it."""
    RECORD = "record"
    """The position of one of her events."""
    SIGNATURE = "signature"
    """The evidence that her records share."""
    SIGNATURES = "signatures"
    """Lists of such evidence."""
    VALUE = "value"
    """An identifier by its number."""
    ADDRESS = "address"
    """A channel and the address on it, in this order."""
    MESSAGE = "message"
    """The source and the id of a message, in this order."""
    ROW = "row"
    """A row of the table `of`, which itself hangs on her."""
    NAME = "name"
    """A text "customer:" and her id."""
    CONTENT = "content"
    """Nothing but what it says: it is found by looking for her identifiers in the key columns."""


class Holding(msgspec.Struct, frozen=True, kw_only=True):
    """One table that holds something about people. A name that ends in * stands for all tables that begin so."""

    table: str
    title: str
    """What its rows are, in words for the person they are about."""
    hangs: Hangs
    keys: tuple[str, ...]
    """The columns that lead to her; several of one kind where `hangs` is no pair."""
    told: tuple[str, ...] = ()
    """Columns that an export of her data gives; `*`: all but the keys and those it does not give, by name."""
    kept: tuple[str, ...] = ()
    """Columns that it does not give; `*`: all others."""
    why_kept: str = ""
    of: str = ""
    """Of Hangs.ROW: the table whose `id` the key holds."""

    @property
    def is_pattern(self) -> bool:
        """Whether it stands for tables that are made at run time."""
        return self.table.endswith("*")

    def speaks_of(self, table: str) -> bool:
        """Whether this is the declaration of that table."""
        return table.startswith(self.table[:-1]) if self.is_pattern else table == self.table


class Impersonal(msgspec.Struct, frozen=True):
    """A table that holds nothing about customers, and why that is so."""

    table: str
    why: str
