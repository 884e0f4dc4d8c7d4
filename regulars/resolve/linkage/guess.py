"""Which column holds what, by its name and by what stands in it. Pure.

A name is believed where the cells do not speak against it; a column whose name says nothing is known by its cells.
First and last names that stand under each other's heading are put right.
"""

from __future__ import annotations

from collections.abc import Mapping as Map
from collections.abc import Sequence

from regulars.resolve.linkage.fields import FIELDS, date_pattern, field_named, known_first_names
from regulars.resolve.linkage.mapping import Mapping

# Columns stand under each other's heading where the one of last names holds so many more first names.
SWAPPED_SHARE = 0.15


def guess_all(files: Sequence[Map[str, Sequence[str]]], taken: Sequence[str] = ()) -> Mapping:
    """The mapping that samples of several files suggest together: files may call a field differently."""
    made = [guess(cells, taken) for cells in reversed(files)]
    return Mapping(
        fields={column: field for mapping in made for column, field in mapping.fields.items()},
        dates={column: pattern for mapping in made for column, pattern in mapping.dates.items()},
    )


def guess(cells_by_column: Map[str, Sequence[str]], taken: Sequence[str] = ()) -> Mapping:
    """The mapping that a sample of filled cells by column suggests; columns in `taken` hold something else."""
    columns = {name: cells for name, cells in cells_by_column.items() if cells and name not in taken}
    found: dict[str, str] = {}
    for column, cells in columns.items():
        field = field_named(column)
        looks = FIELDS[field].looks if field else None
        # First names of another country are first names, too.
        if field and field not in found and (looks is None or field == "first_name" or looks(cells)):
            found[field] = column
    for column, cells in columns.items():
        if column not in found.values() and (field := _by_looks(cells, found)):
            found[field] = column
    if "first_name" in found or "last_name" in found:
        found.pop("full_name", None)
    found = _put_right(found, columns)
    birth = found.get("birth_date")
    return Mapping(
        fields={column: field for field, column in found.items()},
        dates={birth: date_pattern(columns[birth]) or ""} if birth else {},
    )


def _by_looks(cells: Sequence[str], found: Map[str, str]) -> str:
    for name, field in FIELDS.items():
        if field.is_known_by_looks and name not in found and field.looks and field.looks(cells):
            return name
    return ""


def _put_right(found: dict[str, str], columns: Map[str, Sequence[str]]) -> dict[str, str]:
    first, last = found.get("first_name"), found.get("last_name")
    if first is None or last is None:
        return found
    if known_first_names(columns[last]) - known_first_names(columns[first]) < SWAPPED_SHARE:
        return found
    return found | {"first_name": last, "last_name": first}
