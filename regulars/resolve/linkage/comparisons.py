"""What two records are compared by: a declared list, and the settings that Splink makes of it. Pure.

A comparison is a list of levels, the most alike first; the first that holds counts. Conditions are plain SQL over both
sides (`x_l`, `x_r`), of the few functions that `scorer` knows too, and never negated: what is not known is not true.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Any, NamedTuple

# No fractions that a likeness can be exactly: two machines may differ in its last digit.
ALIKE, LIKELY, FAR = 0.9201, 0.8201, 0.7501
RELATIVES = "relatives"
COLUMN = re.compile(r'"(\w+)_[lr]"')


class Level(NamedTuple):
    """One step of a comparison."""

    words: str
    condition: str
    needs: str = ""
    """Columns it asks for, beside those of its comparison."""
    rarity: str = ""
    """The column whose value counts more the rarer it is."""


class Comparison(NamedTuple):
    """One question about two records."""

    name: str
    needs: str
    """Columns without which it is not asked."""
    levels: tuple[Level, ...]
    unknown: str = ""
    """When it says nothing; empty: one of its columns is not known."""
    unless: str = ""
    """Columns that say it already: two questions with one answer would count twice."""


def same(column: str, other: str = "") -> str:
    """Both have the same value."""
    return f'"{column}_l" = "{other or column}_r"'


def alike(column: str, least: float) -> str:
    """Both are spelled nearly alike."""
    return f'jaro_winkler_similarity("{column}_l", "{column}_r") >= {least}'


def slipped(column: str, slips: int = 1) -> str:
    """So many signs differ, or neighbors changed places."""
    return f'damerau_levenshtein("{column}_l", "{column}_r") <= {slips}'


def differ(column: str) -> str:
    """Both are known and differ."""
    return f'"{column}_l" <> "{column}_r"'


def unknown(*columns: str) -> str:
    """One side does not say."""
    return " or ".join(f'"{column}_{side}" is null' for column in columns for side in "lr")


CROSSED = f"({same('first_name', 'last_name')} and {same('last_name', 'first_name')})"
ROOTS = ("root_1", "root_2", "root_3")
NICKNAME = "(" + " or ".join(same(one, other) for one in ROOTS for other in ROOTS) + ")"
INITIAL = f"({same('initial_only', 'initial')} or {same('initial', 'initial_only')})"
PARTS = ("birth_year", "birth_month", "birth_day")
TWO_PARTS = " or ".join(
    f"({same(one)} and {same(other)})" for place, one in enumerate(PARTS) for other in PARTS[place + 1 :]
)
SWAPPED = same("birth_date", "birth_swapped")
# Two of year, month and day differ, which is no slip.
BORN_APART = (
    "("
    + " or ".join(
        f"({differ(one)} and {differ(other)})" for place, one in enumerate(PARTS) for other in PARTS[place + 1 :]
    )
    + ")"
)
AT_HOME = f"({same('street')} and {same('number')})"

COMPARISONS = (
    Comparison("national_id", "national_id", (
        Level("the same", same("national_id")),
        Level("one slip", slipped("national_id")),
        Level("two slips", slipped("national_id", 2)),
    )),
    Comparison("first_name", "first_name", (
        Level("the same", same("first_name"), rarity="first_name"),
        Level("first and last name swapped", CROSSED, needs="last_name"),
        Level("a nickname or an initial", f"{NICKNAME} or {INITIAL}"),
        Level("spelled nearly alike", alike("first_name", ALIKE)),
        Level("spelled somewhat alike", alike("first_name", LIKELY)),
    )),
    # Names that stand crosswise are told by the first name: told twice, they would count twice.
    Comparison("last_name", "last_name", (
        Level("the same", same("last_name"), rarity="last_name"),
        Level("spelled nearly alike", alike("last_name", ALIKE)),
        Level("spelled somewhat alike", alike("last_name", LIKELY)),
    ), unknown=f"{unknown('last_name')} or {CROSSED}"),
    Comparison("birth_date", "birth_date", (
        Level("the same", same("birth_date")),
        Level("one slip", slipped("birth_date")),
        Level("day and month swapped", SWAPPED),
        Level("two of year, month and day", TWO_PARTS),
    )),
    Comparison("street", "street", (
        Level("the same house", AT_HOME, needs="number", rarity="street"),
        Level("the same street", same("street"), rarity="street"),
        Level("the same number in a street spelled alike", f"{same('number')} and {alike('street', LIKELY)}",
              needs="number"),
        Level("spelled nearly alike", alike("street", ALIKE)),
    )),
    Comparison("place", "postcode", (
        Level("the same postcode", same("postcode"), rarity="postcode"),
        Level("one slip in the postcode, the same city", f"{same('city')} and {slipped('postcode')}", needs="city"),
        Level("the same city", same("city"), needs="city", rarity="city"),
        Level("one slip in the postcode", slipped("postcode")),
    )),
    Comparison("city", "city", (
        Level("the same", same("city"), rarity="city"),
        Level("spelled nearly alike", alike("city", ALIKE)),
    ), unless="postcode"),
    Comparison("state", "state", (Level("the same", same("state"), rarity="state"),), unless="postcode city"),
    Comparison("unit", "unit", (
        Level("the same", same("unit"), rarity="unit"),
        Level("spelled nearly alike", alike("unit", ALIKE)),
    )),
    Comparison("phone", "phone", (
        Level("the same", same("phone"), rarity="phone"),
        Level("one slip", slipped("phone")),
    )),
    Comparison("landline", "landline", (
        Level("the same", same("landline"), rarity="landline"),
        Level("one slip", slipped("landline")),
    )),
    Comparison("email", "email", (
        Level("the same", same("email"), rarity="email"),
        Level("the same mailbox elsewhere", same("mailbox"), rarity="mailbox"),
        Level("spelled nearly alike", alike("email", ALIKE)),
    )),
)  # fmt: skip

# What a household shares: all columns of one line being the same, one sees it. Of the second list, it may be neighbors.
HOMES = ("street number", "phone", "landline", "email")
NEAR_HOMES = ("street postcode", "street city", "number postcode")


def asked(present: Collection[str]) -> list[Comparison]:
    """The comparisons that records with these columns can answer."""
    return [
        comparison._replace(levels=tuple(level for level in comparison.levels if has(present, level.needs)))
        for comparison in COMPARISONS
        if has(present, comparison.needs) and not any(column in present for column in comparison.unless.split())
    ] + list(_relatives(present))


def _relatives(present: Collection[str]) -> Iterator[Comparison]:
    """Who shares last name and home, but not what one person has: relatives, not slips.

    Last name, home, phone and e-mail say "the same household" and count as if they said "the same person". Where a
    first name far from the other or a date of birth speaks against that, what they say is taken back; where neither is
    known, what the home says is.
    """
    homes, near_homes = (_any_of(present, columns) for columns in (HOMES, HOMES + NEAR_HOMES))
    if not near_homes or not has(present, "first_name last_name"):
        return
    home = f"(({near_homes}) and ({same('last_name')} or {alike('last_name', ALIKE)}))"
    far = f'({differ("first_name")} and jaro_winkler_similarity("first_name_l", "first_name_r") < {FAR})'
    nameless = f"({unknown('first_name')})"
    levels = [Level("one person's number", slipped("national_id", 2))] if "national_id" in present else []
    one_name = Level("a nickname or an initial", f"{NICKNAME} or {INITIAL} or {CROSSED}")
    if "birth_date" in present:
        apart = f'({BORN_APART} and "birth_date_l" <> "birth_swapped_r")'
        birthless = f"({unknown('birth_date')})"
        # Two first names and one birth are a mistake as easily as twins: there name and home must be the very same.
        twin = f"{same('birth_date')} and {far} and {same('last_name')} and ({homes or near_homes})"
        levels += [
            Level("a namesake at home", f"{same('first_name')} and {apart} and {home}"),
            one_name,
            Level("a twin at home", twin),
            Level("a relative at home", f"({differ('birth_date')} or {birthless}) and {far} and {home}"),
            Level("a relative at home", f"{nameless} and {apart} and {home}"),
            Level(SOMEBODY, f"{nameless} and {birthless} and {home}"),
        ]
    else:
        levels += [
            one_name,
            Level("a relative at home", f"{far} and {home}"),
            Level(SOMEBODY, f"{nameless} and {home}"),
        ]
    yield Comparison(RELATIVES, "first_name last_name", tuple(levels), unknown=unknown("last_name"))


def _any_of(present: Collection[str], homes: Collection[str]) -> str:
    return " or ".join(f"({' and '.join(map(same, columns.split()))})" for columns in homes if has(present, columns))


SOMEBODY = "somebody at home"
"""The level of RELATIVES at which nobody can tell who it is."""
AGAINST = frozenset(("a namesake at home", "a relative at home", "a twin at home"))
"""Levels of RELATIVES that speak against one person; the others say nothing."""


def has(present: Collection[str], columns: str) -> bool:
    """All these columns are there."""
    return all(column in present for column in columns.split())


def columns_of(comparison: Comparison) -> set[str]:
    """The columns it asks for."""
    conditions = (
        comparison.unknown or unknown(*comparison.needs.split()),
        *(level.condition for level in comparison.levels),
    )
    return {name for condition in conditions for name in COLUMN.findall(condition)}


def settings(present: Collection[str], rules: Collection[str], uid: str) -> dict[str, Any]:
    """Splink's settings for records with these columns, that meet by these rules."""
    return {
        "link_type": "dedupe_only",
        "sql_dialect": "duckdb",
        "linker_uid": uid,
        "unique_id_column_name": "number_",
        "retain_matching_columns": False,
        "retain_intermediate_calculation_columns": False,
        "blocking_rules_to_generate_predictions": [{"blocking_rule": rule, "sql_dialect": "duckdb"} for rule in rules],
        "comparisons": [_comparison(comparison) for comparison in asked(present)],
    }


def _comparison(comparison: Comparison) -> dict[str, Any]:
    is_fixed = comparison.name == RELATIVES
    # Splink asks for a chance of each level; those of relatives are settled when the others are known.
    chances = {"m_probability": 1.0, "u_probability": 1.0, "fix_m_probability": True, "fix_u_probability": True}
    levels: list[dict[str, Any]] = [
        {
            "sql_condition": comparison.unknown or unknown(*comparison.needs.split()),
            "label_for_charts": "not known",
            "is_null_level": True,
        }
    ]
    for level in comparison.levels:
        told: dict[str, Any] = {"sql_condition": level.condition, "label_for_charts": level.words}
        levels.append(
            told | ({"tf_adjustment_column": level.rarity} if level.rarity else {}) | (chances if is_fixed else {})
        )
    levels.append({"sql_condition": "ELSE", "label_for_charts": "different"} | (chances if is_fixed else {}))
    return {"output_column_name": comparison.name, "comparison_levels": levels}
