"""Which column of the files holds which field of a record, as a file of TOML says or as it was guessed. Pure."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Collection, Sequence
from pathlib import Path

import msgspec

from regulars.resolve.errors import LinkRefused
from regulars.resolve.linkage.dates import DATE_PARTS
from regulars.resolve.linkage.fields import FIELDS

# A record without any of these tells nobody apart.
TELLING = frozenset(("first_name", "last_name", "full_name", "email", "phone", "landline", "national_id"))


class Mapping(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a mapping file says."""

    fields: dict[str, str]
    """Column to field: `given_name = "first_name"`. Columns that are not named are left out."""
    dates: dict[str, str | list[str]] = {}
    """Column of dates of birth to their pattern, as in `%d.%m.%Y`, or to several; left out, they are guessed."""

    def columns(self, field: str) -> list[str]:
        """The columns that hold a field: more than one where files call it differently."""
        return [column for column, its in self.fields.items() if its == field]

    def patterns(self, column: str) -> list[str]:
        """How the dates of a column are written; none: nobody said."""
        told = self.dates.get(column, [])
        return [told] if isinstance(told, str) else told


def load(path: Path) -> Mapping:
    """The mapping in this file. Raises LinkRefused, naming every fault at once."""
    try:
        mapping = msgspec.convert(tomllib.loads(path.read_text()), Mapping)
    except (OSError, ValueError, msgspec.ValidationError) as fault:
        raise LinkRefused(
            f"The mapping {path.name} cannot be used: {fault}",
            'Write a table [fields] of column = "field", as docs/how-to/link-records.md shows',
        ) from None
    faults = [f"'{field}' is no field" for field in mapping.fields.values() if field not in FIELDS]
    patterns = [pattern for column in mapping.dates for pattern in mapping.patterns(column)]
    faults += [f"'{pattern}' is no pattern of dates" for pattern in patterns if pattern not in DATE_PARTS]
    if faults:
        raise LinkRefused(
            f"The mapping {path.name} cannot be used: {'; '.join(faults)}",
            f"Fields are {', '.join(FIELDS)}; patterns are {', '.join(DATE_PARTS)}",
        )
    return mapping


def check(mapping: Mapping, files: Sequence[Sequence[str]]) -> None:
    """Raise LinkRefused where the files lack a column, one holds a field twice, or nothing would tell people apart."""
    known = dict.fromkeys(column for columns in files for column in columns)
    missing = [name for name in (*mapping.fields, *mapping.dates) if name not in known]
    if missing:
        raise LinkRefused(
            f"The files have no column {', '.join(map(repr, missing))}",
            f"They have {', '.join(map(repr, known))}: mend the mapping",
        )
    for columns in files:
        held = Counter(mapping.fields[column] for column in columns if column in mapping.fields)
        for field in (field for field, times in held.items() if times > 1):
            both = [column for column in mapping.columns(field) if column in columns]
            raise LinkRefused(
                f"{' and '.join(map(repr, both))} are both '{field}'", "Leave all but one out of the mapping"
            )
    if not tells(mapping):
        raise LinkRefused(
            "No column says who a record is about",
            f"Name the columns of {', '.join(sorted(TELLING))} with --mapping",
        )


def tells(mapping: Mapping) -> bool:
    """Whether it names anything that tells people apart."""
    return bool(TELLING & set(mapping.fields.values()))


def narrowed(mapping: Mapping, names: Collection[str]) -> Mapping:
    """What it says of these columns."""
    return Mapping(
        fields={column: field for column, field in mapping.fields.items() if column in names},
        dates={column: pattern for column, pattern in mapping.dates.items() if column in names},
    )


def joined(one: Mapping, other: Mapping) -> Mapping:
    """What both say; the other where they differ."""
    return Mapping(fields=one.fields | other.fields, dates=one.dates | other.dates)
