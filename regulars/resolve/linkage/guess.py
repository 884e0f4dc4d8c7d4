"""Which column holds what, by its name and by what stands in it. Pure.

A name is believed where the cells do not speak against it, first as a whole, then by a word in it; a column whose name
says nothing is known by its cells. First and last names that stand under each other's heading are put right.
"""

from __future__ import annotations

from collections.abc import Mapping as Map
from collections.abc import Sequence

from regulars.resolve.linkage.fields import (
    FIELDS,
    field_marked,
    field_named,
    is_of_others,
    is_one_word,
    known_first_names,
)
from regulars.resolve.linkage.mapping import Mapping

# Columns stand under each other's heading where the one of last names holds so many more first names.
SWAPPED_SHARE = 0.15


def guess_all(files: Sequence[Map[str, Sequence[str]]], taken: Sequence[str] = ()) -> Mapping:
    """The mapping that samples of several files suggest together: files may call a field differently."""
    made = [guess(cells, taken) for cells in reversed(files)]
    return Mapping(fields={column: field for mapping in made for column, field in mapping.fields.items()})


def guess(cells_by_column: Map[str, Sequence[str]], taken: Sequence[str] = ()) -> Mapping:
    """The mapping that a sample of filled cells by column suggests; columns in `taken` hold something else."""
    columns = {name: cells for name, cells in cells_by_column.items() if cells and name not in taken}
    found: dict[str, str] = {}
    for meant in (field_named, field_marked):
        for column, cells in columns.items():
            if column not in found.values():
                _take(meant(column), column, cells, found)
    for column, cells in columns.items():
        if column not in found.values() and not is_of_others(column) and (field := _by_looks(cells, found)):
            found[field] = column
    if "landline" in found and "phone" not in found:
        found["phone"] = found.pop("landline")
    found = _put_right(_halved(found, columns), columns)
    return Mapping(fields={column: field for field, column in found.items()})


def _take(field: str, column: str, cells: Sequence[str], found: dict[str, str]) -> None:
    """Let the column hold the field its name says, where that is free and the cells can be it."""
    # Who has two phones has one at home.
    field = "landline" if field == "phone" and "phone" in found else field
    fits = FIELDS[field].fits if field else None
    if field and field not in found and (fits is None or fits(cells)):
        found[field] = column


def _by_looks(cells: Sequence[str], found: Map[str, str]) -> str:
    for name, field in FIELDS.items():
        if name not in found and field.is_like and field.is_like(cells):
            return name
    return ""


def _halved(found: dict[str, str], columns: Map[str, Sequence[str]]) -> dict[str, str]:
    """A "name" beside a column of first names is the last name, and the other way round."""
    whole, halves = found.get("full_name"), [half for half in ("first_name", "last_name") if half in found]
    if whole is None or not halves or (len(halves) == 1 and not is_one_word(columns[whole])):
        return found
    rest = {field: column for field, column in found.items() if field != "full_name"}
    other = {"first_name": "last_name", "last_name": "first_name"}
    return rest | ({other[halves[0]]: whole} if len(halves) == 1 else {})


def _put_right(found: dict[str, str], columns: Map[str, Sequence[str]]) -> dict[str, str]:
    first, last = found.get("first_name"), found.get("last_name")
    if first is None or last is None:
        return found
    if known_first_names(columns[last]) - known_first_names(columns[first]) < SWAPPED_SHARE:
        return found
    return found | {"first_name": last, "last_name": first}
