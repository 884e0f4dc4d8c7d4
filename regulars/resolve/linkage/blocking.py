"""The keys under which records meet, and the table that has them. In DuckDB."""

from __future__ import annotations

from collections.abc import Collection

import duckdb

from regulars.resolve.linkage.comparisons import has
from regulars.resolve.linkage.records import put

# First letter and the consonants behind it: what stays of a name that is misspelled.
SOUND = "left({0}, 1) || left(regexp_replace(substr({0}, 2), '[aeiouyhw ]', '', 'g'), 3)"
FIRST, LAST, STREET = (SOUND.format(column) for column in ("first_name", "last_name", "street"))
# What two records share, the most telling first: columns it asks for, and the parts of the key.
RULES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("national_id", ("national_id",)),
    ("email", ("email",)),
    ("phone", ("phone",)),
    ("landline", ("landline",)),
    ("birth_date root_1", ("birth_date", "left(root_1, 1)")),
    ("birth_date last_name", ("birth_date", LAST)),
    ("birth_date first_name last_name", ("birth_date", "left(last_name, 1)")),
    ("birth_date postcode", ("birth_date", "postcode")),
    ("first_name last_name postcode", ("first_name", "last_name", "postcode")),
    ("first_name last_name birth_date", (FIRST, LAST, "birth_year")),
    ("first_name last_name birth_date", (FIRST, LAST, "birth_month", "birth_day")),
    ("first_name last_name", ("least(first_name, last_name)", "greatest(first_name, last_name)")),
    ("last_name postcode", (LAST, "postcode")),
    ("first_name postcode", (FIRST, "postcode")),
    ("street number postcode", ("street", "number", "postcode")),
    ("street number first_name", (STREET, "number", "left(root_1, 1)")),
    ("street number last_name", (STREET, "number", "left(last_name, 1)")),
    ("street city", ("street", "city")),
    ("email first_name", ("mailbox",)),
)


def names(present: Collection[str]) -> list[str]:
    """The columns of the keys that records with these columns can have."""
    return [f"key_{place}" for place, (needs, _) in enumerate(RULES) if has(present, needs)]


def key_all(connection: duckdb.DuckDBPyConnection, since: int = 0) -> None:
    """Make the table `keyed`: for each record of `record` a number for each key, null where it has none.

    From `since` on, the keys of records from this number on are added to it.
    """
    hashed: list[str] = []
    for place, (_, parts) in enumerate(RULES):
        known = " and ".join(f"{part} is not null" for part in parts)
        hashed.append(f"case when {known} then hash({', '.join(parts)}) end as key_{place}")
    put(connection, "keyed", f"from record select number_, {', '.join(hashed)} where number_ >= {since}", since)


def rules(names: Collection[str]) -> list[str]:
    """The keys as Splink's blocking rules."""
    return [f"l.{name} = r.{name}" for name in names]
