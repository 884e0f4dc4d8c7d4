"""A file of transactions as days on which customers bought, in DuckDB: one GROUP BY, however many rows."""

# pyright: reportUnknownMemberType=false, reportMissingTypeStubs=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false
# (DuckDB's arrays have no types; nothing of it leaves this module.)

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import NamedTuple

import duckdb
import numpy as np

from regulars import collect
from regulars.analyze.errors import TransactionsRefused
from regulars.analyze.purchases import Floats, Ints
from regulars.kit.clock import EPOCH_DAY

MEMORY_LIMIT = "1GB"
# How the date is written; the time of day behind it is not looked at.
PATTERNS = ("%Y-%m-%d", "%Y%m%d", "%Y/%m/%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y")
# The part of the rows that may say nothing of a purchase by a slip; more is another kind of file.
SLIPS_MAX = 0.01
# Amounts beyond it are slips of whoever wrote the file: no purchase costs a thousand billion.
AMOUNT_MAX = 1e12
# Where the file was written it may be tomorrow already.
AHEAD_DAYS = 1
NUMERIC = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "FLOAT", "DOUBLE", "DECIMAL")
NESTED = ("STRUCT", "MAP", "UNION")
# What may stand around an amount; any other sign in a cell makes it none.
MINUS, APOSTROPHE = "\N{MINUS SIGN}", "\N{RIGHT SINGLE QUOTATION MARK}"
CODES = "EUR|USD|GBP|CHF|SEK|NOK|DKK|PLN|CZK|CAD|AUD|NZD|JPY|CNY|INR|BRL|MXN|ZAR"
BRACKETS = rf"regexp_replace(replace(value, '{MINUS}', '-'), '^\((.*)\)$', '-\1')"
WRITTEN = f"regexp_replace({BRACKETS}, '{CODES}|[$€£¥₹''{APOSTROPHE}]|\\s', '', 'g')"
AMOUNT = "^[-+]?[0-9.,]*[0-9][0-9.,]*$"
POINTED, COMMAED = r"\.[0-9]{1,2}$", "^[^,]*,[0-9]{1,2}$"


class Rows(NamedTuple):
    """One entry a customer, in the order of their names."""

    purchases: Floats
    """Days with one."""
    first: Ints
    """Days since 1970-01-01."""
    last: Ints
    repeat_value: Floats
    """Mean of a purchase after the first; 0 where there is none."""


class Bought:
    """The purchases of a file: customer, day, money."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, left_out: dict[str, int]) -> None:
        self._connection, self.left_out = connection, left_out

    def span(self) -> tuple[int, int]:
        """The first day and the last."""
        [(first, last)] = self._connection.execute("from bought select min(day), max(day)").fetchall()
        return first, last

    def until(self, end: int, known: int) -> Rows:
        """What customers whose first purchase was until `known` did until `end`."""
        found = self._connection.execute(
            "from bought select count(*)::double as purchases, min(day)::bigint as first, max(day)::bigint as last"
            ", coalesce(avg(value) filter (day > start), 0)::double as repeat_value"
            " where day <= $end and start <= $known group by customer order by customer",
            {"end": end, "known": known},
        ).fetchnumpy()
        return Rows(*(np.asarray(found[name]) for name in Rows._fields))

    def names(self, known: int) -> list[str]:
        """Whose first purchase was until then, in order."""
        rows = self._connection.execute(
            "from bought select distinct customer where start <= $known order by customer", {"known": known}
        ).fetchall()
        return [row[0] for row in rows]

    def starts(self, known: int) -> tuple[Ints, Floats]:
        """Days until `known` on which customers bought for the first time, and how many."""
        return self._counted("start <= $known and day = start", known)

    def repeats_by_day(self, known: int) -> tuple[Ints, Floats]:
        """Days on which customers who came until `known` bought again, and how many."""
        return self._counted("start <= $known and day > start", known)

    def _counted(self, which: str, known: int) -> tuple[Ints, Floats]:
        found = self._connection.execute(
            f"from bought select day::bigint as day, count(*)::double as customers where {which} group by day"
            " order by day",
            {"known": known},
        ).fetchnumpy()
        return np.asarray(found["day"]), np.asarray(found["customers"])


def open_file(path: Path, folder: Path, today: date, customer: str, when: str, value: str) -> Bought:
    """Its purchases until today. Raises TransactionsRefused, FileRefused."""
    connection = duckdb.connect(config={"memory_limit": MEMORY_LIMIT, "temp_directory": str(folder)})
    source = collect.queried(path, folder / "again.csv")
    try:
        rows = connection.execute(f"describe from {source}").fetchall()
        types: dict[str, str] = {row[0]: row[1] for row in rows}
        for name in filter(None, (customer, when, value)):
            if name not in types:
                raise TransactionsRefused(f"{path.name} has no column '{name}'", f"Name one of {', '.join(types)}")
            if types[name].startswith(NESTED) or types[name].endswith("]"):
                raise TransactionsRefused(f"'{name}' of {path.name} holds several values a row", "Name a plain column")
        cells = {"customer": customer, "date": when, "value": value}
        shown = ", ".join(
            f"nullif(trim(cast({_quoted(name)} as varchar)), '') as {cell}" if name else f"'1' as {cell}"
            for cell, name in cells.items()
        )
        connection.execute(f"create temp table told as from {source} select {shown}")
    except duckdb.Error as fault:
        told = str(fault).splitlines()[0]
        raise TransactionsRefused(f"{path.name} cannot be read: {told}", "Export it anew as CSV or Parquet") from None
    is_number = not value or types[value].startswith(NUMERIC)
    number = "try_cast(value as double)" if is_number else _written(connection, path.name, value)
    _understand(connection, path.name, when, number)
    return Bought(connection, _keep(connection, path.name, (today - EPOCH_DAY).days + AHEAD_DAYS))


def _written(connection: duckdb.DuckDBPyConnection, file: str, column: str) -> str:
    """How to read amounts that are written as text, in one way for all of a column. Raises TransactionsRefused."""
    connection.execute(f"create temp table again as from told select customer, date, {WRITTEN} as value")
    connection.execute("drop table told")
    connection.execute("alter table again rename to told")
    [(pointed, commaed)] = connection.execute(
        f"from told select count(*) filter (regexp_matches(value, '{POINTED}'))"
        f", count(*) filter (regexp_matches(value, '{COMMAED}'))"
    ).fetchall()
    if pointed and commaed:
        raise TransactionsRefused(
            f"Amounts of '{column}' of {file} have points and commas before their cents", "Write all of them as 1234.50"
        )
    digits = "replace(replace(value, '.', ''), ',', '.')" if commaed else "replace(value, ',', '')"
    return f"try_cast(case when regexp_full_match(value, '{AMOUNT}') then {digits} end as double)"


def _understand(connection: duckdb.DuckDBPyConnection, file: str, column: str, number: str) -> None:
    """Make the table `row`: customer, day and value, NULL where a cell says nothing. Raises TransactionsRefused."""
    day = "split_part(replace(date, 'T', ' '), ' ', 1)"
    tried = ", ".join(f"count(try_strptime({day}, '{pattern}'))" for pattern in PATTERNS)
    [(dates, *fits)] = connection.execute(f"from told select count(date), {tried}").fetchall()
    best = max(fits)
    fitting = [pattern for pattern, count in zip(PATTERNS, fits, strict=True) if count == best]
    [(rows,)] = connection.execute("from told select count(*)").fetchall()
    if not rows:
        raise TransactionsRefused(f"{file} has no rows", "Name a file with rows under its header")
    if not dates or best < (1 - SLIPS_MAX) * dates:
        [(cell,)] = connection.execute("from told select any_value(date)").fetchall()
        raise TransactionsRefused(
            f"'{column}' of {file} does not look like dates: '{cell or ''}'", "Write them as 2026-11-23"
        )
    if len(fitting) > 1:
        raise TransactionsRefused(
            f"Dates of '{column}' of {file} can be read in two ways: {' and '.join(fitting)}",
            "Write them as 2026-11-23",
        )
    sane = f"case when abs({number}) <= {AMOUNT_MAX} then {number} end"
    connection.execute(
        f"create temp table row as from told select customer, {sane} as value"
        f", cast(try_strptime({day}, '{fitting[0]}') as date) - date '1970-01-01' as day"
    )
    connection.execute("drop table told")


def _keep(connection: duckdb.DuckDBPyConnection, file: str, today: int) -> dict[str, int]:
    """Make the table `bought`: customer, day, value, and the day of her first; rows that are left out, by why."""
    [(rows, customers, days, values, late)] = connection.execute(
        "from row select count(*), count(customer), count(day), count(value), count(*) filter (day > $today)",
        {"today": today},
    ).fetchall()
    lacking = {
        "no customer": rows - customers,
        "no date": rows - days,
        "no value": rows - values,
        "a date to come": late,
    }
    # One of them would be the end of all that is known.
    connection.execute("delete from row where day > $today", {"today": today})
    if sum(lacking.values()) > SLIPS_MAX * rows:
        told = ", ".join(f"{count:,} rows have {why}" for why, count in lacking.items() if count)
        raise TransactionsRefused(f"{file}: {told}, of {rows:,}", "Mend them, or name another column")
    connection.execute(
        "create temp table bought as from (from row select customer, day, sum(value) as value"
        " where customer is not null and day is not null and value is not null group by customer, day"
        " having sum(value) >= 0) select *, min(day) over (partition by customer) as start"
    )
    [(without,)] = connection.execute(
        "from (from row select 1 where customer is not null and day is not null and value is not null"
        " group by customer, day having sum(value) < 0) select count(*)"
    ).fetchall()
    connection.execute("drop table row")
    [(left,)] = connection.execute("from bought select count(*)").fetchall()
    if not left:
        raise TransactionsRefused(f"{file} holds no purchase", "Bring rows with a customer, a date and a value")
    found = lacking | {"days on which more was given back than bought": without}
    return {why: count for why, count in found.items() if count}


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
