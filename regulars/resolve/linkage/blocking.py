"""Which records are compared at all: those that meet under a key, unless too many do. Pure but for the counting.

A key that more than BLOCK_MAX records share says nothing about any two of them: it is generic and yields no pair,
whatever the order of the records.
"""

from __future__ import annotations

from collections.abc import Collection

import duckdb

from regulars.resolve.linkage.comparisons import has

BLOCK_MAX = 60

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


def keys(present: Collection[str]) -> list[tuple[str, ...]]:
    """The parts of every key that records with these columns have."""
    return [parts for needs, parts in RULES if has(present, needs)]


def key_all(connection: duckdb.DuckDBPyConnection, present: Collection[str]) -> list[str]:
    """Make the table `keyed`, which is `record` with a number for each key; the names of these columns.

    A generic key is null: it is no key.
    """
    names: list[str] = []
    hashed: list[str] = []
    for place, parts in enumerate(keys(present)):
        names.append(f"key_{place}")
        known = " and ".join(f"{part} is not null" for part in parts)
        hashed.append(f"case when {known} then hash({', '.join(parts)}) end as key_{place}")
    connection.execute(f"create or replace temp table hashed as from record select number_, {', '.join(hashed)}")
    capped = [
        f"case when count(*) over (partition by {name}) between 2 and {BLOCK_MAX} then {name} end as {name}"
        for name in names
    ]
    connection.execute(
        f"create or replace table keyed as select record.*, {', '.join(names)} from record join"
        f" (from hashed select number_, {', '.join(capped)}) as capped using (number_) order by number_"
    )
    connection.execute("drop table hashed")
    return names


def rules(names: Collection[str]) -> list[str]:
    """The keys as Splink's blocking rules."""
    return [f"l.{name} = r.{name}" for name in names]
