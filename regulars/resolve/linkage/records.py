"""Files of records into one clean table, in DuckDB: a column for each field, spelled one way, and keys to meet under.

All SQL here is put together from this module's own words; the names of a file's columns are quoted.
"""

# pyright: reportUnknownMemberType=false, reportMissingTypeStubs=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false
# (PyArrow has no types; nothing of it leaves this module.)

from __future__ import annotations

from collections.abc import Mapping as Map
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from regulars import collect
from regulars.resolve.errors import LinkRefused
from regulars.resolve.linkage.dates import CENTURY_YEAR, DATE_PARTS, MONTHS, date_patterns
from regulars.resolve.linkage.fields import FIELDS
from regulars.resolve.linkage.mapping import Mapping
from regulars.resolve.nicknames import ROOTS_BY_NAME
from regulars.resolve.normalize import BLOCKED

# What Parquet can hold in a cell and no field of a record is.
NESTED = frozenset(("struct", "list", "array", "map", "union", "blob"))
SAMPLE_ROWS = 2_000
ROOTS_MAX = 3
DUPLICATES_SHOWN = 5
# Columns of files stand under names of their own: one may be called as ours are, or as what DuckDB adds.
FILE_PREFIX = "of the file: "
OF_FILE = f"columns('(?s)(.*)') as '{FILE_PREFIX}\\1'"

NOTHING = "cast(null as varchar)"
# Letters of all scripts without their marks; a few are letters of their own and written in full.
BARE = (
    "strip_accents(replace(replace(replace(translate(lower({0}), 'øłđı', 'oldi'), 'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe'))"
)
LETTERS = f"nullif(trim(regexp_replace(regexp_replace({BARE}, '[^\\p{{{{L}}}} ]+', '', 'g'), ' +', ' ', 'g')), '')"
PLAIN = f"nullif(trim(regexp_replace({BARE}, '[^\\p{{{{L}}}}\\p{{{{N}}}}]+', ' ', 'g')), '')"
SIGNS = "nullif(regexp_replace(upper(strip_accents({0})), '[^A-Z0-9]+', '', 'g'), '')"
DIGITS = "regexp_replace({0}, '[^0-9]+', '', 'g')"
# Without what is dialed behind the number, nor the zeros that are dialed before one of another country.
WITHOUT_EXTENSION = "regexp_replace({0}, '(?i)[ ,;]*(?:x|ext)[. ]*[0-9]{{1,6}}$', '')"
DIALED = f"regexp_replace({DIGITS.replace('{0}', WITHOUT_EXTENSION)}, '^00', '')"
# A number is written with the country's and without it: then its last nine digits are alike, and in North America ten.
PHONE_DIGITS_MIN = 7
PHONE = (
    f"case when length({DIALED}) < {PHONE_DIGITS_MIN} then null"
    f" when {DIALED} like '1%' and length({DIALED}) = 11 then right({DIALED}, 10)"
    f" when {{0}} like '+%' or {DIGITS} like '0%' then right({DIALED}, 9) else right({DIALED}, 10) end"
)
PART = "case when regexp_full_match({0}, '[0-9]{{1,2}}') then lpad({0}, 2, '0') end"
CLEAN = {
    "national_id": SIGNS,
    "first_name": LETTERS,
    "last_name": LETTERS,
    "full_name": "{0}",
    "birth_year": "case when regexp_full_match({0}, '[0-9]{{4}}') then {0} end",
    "birth_month": PART,
    "birth_day": PART,
    "email": "case when regexp_full_match({0}, '[^@\\s,;]+@[^@\\s,;]+\\.[^@\\s,;.]{{2,}}') then lower({0}) end",
    "phone": PHONE,
    "street": PLAIN,
    "number": PLAIN,
    "unit": PLAIN,
    "city": PLAIN,
    "postcode": f"case when regexp_full_match({{0}}, '\\d{{{{5}}}}-\\d{{{{4}}}}') then left({{0}}, 5) else {SIGNS} end",
    "state": PLAIN,
}
CLEAN["landline"] = PHONE
DERIVED = frozenset(
    (
        *("initial", "initial_only", "root_1", "root_2", "root_3"),
        *("birth_swapped", "mailbox"),
    )
)
"""Columns that are made of fields."""
BIRTH_PARTS = ("birth_year", "birth_month", "birth_day")
# The first line: the house's number before or behind the street's name.
NUMBER_BEFORE, NUMBER_BEHIND = "^(\\d+[a-z]?) (.+)$", "^(.*\\p{L}.*) (\\d+ ?[a-z]?)$"
# A whole address in one cell: behind the street come city and postcode, and a state behind the city.
IN_ADDRESS = "\\d{5}-\\d{3,4}|\\d{2}-\\d{3}|\\d{4,6}|[A-Z]{1,2}\\d[A-Z\\d]? ?\\d[A-Z]{2}|[A-Z]\\d[A-Z] ?\\d[A-Z]\\d"
NOT_CITY = "[A-Za-z]{0,3}|.*\\d.*"
# What stands around a whole name and is none.
TITLES = "^(?:(?:mr|mrs|ms|miss|mx|dr|prof|sir|herr|frau|mme|mlle|sr|sra|sig|dott|dhr|mevr) )+"
BEHIND_NAMES = "(?: (?:jr|sr|ii|iii|iv|phd|md|dds|esq|dvm))+$"


Patterns = dict[str, list[str]]
"""How the dates of a column are written, by column."""


def read(connection: duckdb.DuckDBPyConnection, files: Sequence[Path], folder: Path) -> list[list[str]]:
    """Make the table `raw` (file, row, every column as text) of these files, in order; the columns of each."""
    parts: list[str] = []
    found: list[list[str]] = []
    for place, path in enumerate(files):
        source = collect.queried(path, folder / f"again-{place}.csv")
        try:
            connection.execute(f"create or replace temp table part_{place} as select {OF_FILE} from {source}")
        except duckdb.Error as fault:
            raise LinkRefused(
                f"{path.name} cannot be read: {str(fault).splitlines()[0]}", "Export it anew as CSV or Parquet"
            ) from None
        rows, named = _shape(connection, f"part_{place}")
        columns = [name.removeprefix(FILE_PREFIX) for name in named]
        if not rows:
            raise LinkRefused(f"{path.name} has no records", "Name a file with rows under its header")
        found.append(columns)
        shown = ", ".join(f"cast({of_file(name)} as varchar) as {of_file(name)}" for name in columns)
        parts.append(
            f'select {place} as "file number", {text(path.name)} as "file name", rowid + 1 as "file row", {shown}'
            f" from part_{place}"
        )
    connection.execute("create or replace temp table raw as " + " union all by name ".join(parts))
    for place in range(len(files)):
        connection.execute(f"drop table part_{place}")
    return found


def _shape(connection: duckdb.DuckDBPyConnection, table: str) -> tuple[int, list[str]]:
    """Rows, and the columns that hold one value each."""
    told = connection.sql(f"from {table}")
    columns = [name for name, kind in zip(told.columns, told.types, strict=True) if str(kind.id) not in NESTED]
    return connection.execute(f"from {table} select count(*)").fetchall()[0][0], columns


def sampled(connection: duckdb.DuckDBPyConnection, place: int, columns: Sequence[str]) -> dict[str, list[str]]:
    """Filled cells by column, of rows from all over a file."""
    total = connection.execute(f'from raw select count(*) where "file number" = {place}').fetchall()[0][0]
    step = max(1, total // SAMPLE_ROWS)
    shown = ", ".join(f"trim({of_file(name)})" for name in columns)
    rows = connection.execute(
        f'from raw select {shown} where "file number" = {place} and "file row" % {step} = 0 limit {SAMPLE_ROWS}'
    ).fetchall()
    return {name: [row[at] for row in rows if row[at]] for at, name in enumerate(columns)}


def dated(mapping: Mapping, cells: Sequence[Map[str, Sequence[str]]], is_told: bool) -> tuple[Mapping, list[Patterns]]:
    """The same mapping with the patterns of its dates of birth, and those of each file; `is_told`: as a person says.

    Patterns that nobody told are those of earlier files where they fit. Raises LinkRefused for what can be no birth.
    """
    dates = dict(mapping.dates)
    found: list[Patterns] = []
    for file in cells:
        patterns: Patterns = {}
        for birth in (column for column in mapping.columns("birth_date") if column in file):
            known = mapping.patterns(birth) if is_told else Mapping(fields={}, dates=dates).patterns(birth)
            if not (is_told and known):
                seen = (date_patterns(file[birth], known) if known else []) or date_patterns(file[birth])
                if is_told and file[birth] and not seen:
                    raise LinkRefused(
                        f"'{birth}' does not look like dates of birth", f"Name their pattern: {', '.join(DATE_PARTS)}"
                    )
                dates[birth] = [*known, *(each for each in seen if each not in known)]
                known = seen or known
            patterns[birth] = known
        found.append(patterns)
    return Mapping(fields=mapping.fields, dates=dates), found


def clean(
    connection: duckdb.DuckDBPyConnection,
    mapping: Mapping,
    births: Sequence[Patterns],
    truth: str = "",
    since: int = 0,
) -> None:
    """Make the table `record` of `raw`: number, record_id, true_person, then every field of FIELDS, cleaned.

    Its rows stand in the order of their numbers. From `since` on, they are added to it with numbers from there on.
    `births`: how each file writes its dates of birth.
    """
    named = [f"{_cleaned(field, mapping, births)} as {field}" for field in FIELDS if field != "record_id"]
    line = _first([f"trim({of_file(column)})" for column in mapping.columns("street")])
    own = _first([f"nullif(trim({of_file(column)}), '')" for column in mapping.columns("record_id")])
    person = f"trim({of_file(truth)})" if truth else NOTHING
    connection.execute(
        f"create or replace temp table cleaned as select cast(rowid + {since} as integer) as number_"
        f', coalesce({own}, "file name" || \':\' || "file row") as record_id'
        f", nullif({person}, '') as true_person, {line} as line, {', '.join(named)} from raw"
    )
    before = " union all from record semi join cleaned using (record_id) select record_id" if since else ""
    twice = connection.execute(
        f"from (from cleaned select record_id{before}) select record_id group by record_id having count(*) > 1"
        f" order by record_id limit {DUPLICATES_SHOWN}"
    ).fetchall()
    if twice:
        raise LinkRefused(
            f"Records share an id: {', '.join(row[0] for row in twice)}",
            "Map another column as record_id, or none: then a record is its file and row",
        )
    _derive(connection, since)


def repeats(connection: duckdb.DuckDBPyConnection, columns: Sequence[str]) -> bool:
    """Whether two records of `raw` have the same in these columns."""
    own = _first([f"nullif(trim({of_file(column)}), '')" for column in columns])
    return bool(
        connection.execute(
            f"from (from raw select {own} as own) select own where own is not null"
            " group by own having count(*) > 1 limit 1"
        ).fetchall()
    )


def _cleaned(field: str, mapping: Mapping, births: Sequence[Patterns]) -> str:
    """A field, of whichever column holds it in a record's file."""
    return _first([_cleaned_column(field, column, births) for column in mapping.columns(field)])


def _first(values: Sequence[str]) -> str:
    return f"coalesce({', '.join(values)})" if values else NOTHING


def _cleaned_column(field: str, column: str, births: Sequence[Patterns]) -> str:
    cell = f"nullif(trim({of_file(column)}), '')"
    filled = f"(case when not regexp_full_match({cell}, {text(BLOCKED.pattern)}, 'i') then {cell} end)"
    if field == "birth_date":
        return _births(filled, [file.get(column, []) for file in births])
    if field in ("number", "unit", *BIRTH_PARTS):
        return CLEAN[field].format(cell)
    return CLEAN[field].format(filled)


def _births(cell: str, patterns: Sequence[Sequence[str]]) -> str:
    """A date of birth as each file writes it."""
    read = [f"when {place} then {_birth(cell, told)}" for place, told in enumerate(patterns) if told]
    return f'(case "file number" {" ".join(read)} end)' if read else NOTHING


def _birth(cell: str, patterns: Sequence[str]) -> str:
    """Eight digits, year first. A day that no calendar has stays as it is: it is a slip, and still tells."""
    days = [_day(cell, pattern) for pattern in patterns]
    in_calendar = [
        f"case when regexp_full_match({day}, '....(0[1-9]|1[0-2])([0-2][0-9]|3[01])') then {day} end" for day in days
    ]
    day = _first([*in_calendar, *days] if len(days) > 1 else days)
    return f"(case when {day} not in ('00000000', '19000101', '19700101') then {day} end)"


def _day(cell: str, pattern: str) -> str:
    """The day in a cell of this pattern; null in any other."""
    regex = f"^(?:{DATE_PARTS[pattern].pattern})$"
    names = "['" + "', '".join(DATE_PARTS[pattern].groupindex) + "']"
    parts = f"regexp_extract({cell}, {text(regex)}, {names})"
    year, month = f"lpad({parts}.y, 4, '0')", f"lpad({parts}.m, 2, '0')"
    if pattern.endswith("%y"):
        year = f"(if({parts}.y <= '{CENTURY_YEAR}', '20', '19') || {parts}.y)"
    if "%b" in pattern:
        named = " ".join(f"when '{name}' then '{number:02}'" for name, number in MONTHS.items())
        month = f"(case lower(left({parts}.m, 3)) {named} end)"
    return f"(case when regexp_matches({cell}, {text(regex)}) then {year} || {month} || lpad({parts}.d, 2, '0') end)"


def _derive(connection: duckdb.DuckDBPyConnection, since: int) -> None:
    """What comparisons ask for beside the fields: names in full, roots of nicknames, parts of dates."""
    roots = [(short, *names[:ROOTS_MAX], *[None] * (ROOTS_MAX - len(names))) for short, names in ROOTS_BY_NAME.items()]
    connection.register(
        "given_roots",
        pa.table(dict(zip(("short", "root_1", "root_2", "root_3"), zip(*roots, strict=True), strict=True))),
    )
    behind, before = (LETTERS.format(f"split_part(full_name, ',', {part})") for part in (2, 1))
    named = f"coalesce({behind} || ' ' || {before}, {LETTERS.format('full_name')})"
    whole = f"regexp_replace(regexp_replace({named}, '{TITLES}', ''), '{BEHIND_NAMES}', '')"
    connection.execute(
        "create or replace temp table halves as select * replace ("
        "  coalesce(first_name, split_part(whole, ' ', 1)) as first_name"
        ", coalesce(last_name, case when contains(whole, ' ') then split_part(whole, ' ', -1) end) as last_name"
        f", coalesce(number, nullif(regexp_extract(street, '{NUMBER_BEFORE}', 1), '')"
        f", nullif(regexp_extract(street, '{NUMBER_BEHIND}', 2), '')) as number"
        f", coalesce(nullif(regexp_extract(street, '{NUMBER_BEFORE}', 2), '')"
        f", nullif(regexp_extract(street, '{NUMBER_BEHIND}', 1), ''), street) as street"
        ", coalesce(birth_date, birth_year || birth_month || birth_day) as birth_date"
        f") from (select * replace ({_lines()}), {whole} as whole from cleaned)"
    )
    put(
        connection,
        "record",
        "from halves left join given_roots on first_name = short"
        " select halves.* exclude (whole, full_name, line, birth_year, birth_month, birth_day)"
        ", left(first_name, 1) as initial, case when length(first_name) = 1 then first_name end as initial_only"
        ", coalesce(root_1, first_name) as root_1, root_2, root_3"
        # A part that no calendar has is a slip, and no proof of another birth.
        ", coalesce(case when left(birth_date, 4) between '1850' and '2050' then left(birth_date, 4) end"
        "  , birth_year) as birth_year"
        ", coalesce(case when substr(birth_date, 5, 2) between '01' and '12' then substr(birth_date, 5, 2) end"
        "  , birth_month) as birth_month"
        ", coalesce(case when right(birth_date, 2) between '01' and '31' then right(birth_date, 2) end"
        "  , birth_day) as birth_day"
        ", left(birth_date, 4) || right(birth_date, 2) || substr(birth_date, 5, 2) as birth_swapped"
        ", split_part(email, '@', 1) as mailbox order by number_",
        since,
    )
    for table in ("cleaned", "halves", "raw"):
        connection.execute(f"drop table {table}")


def _lines() -> str:
    """Street, city, postcode and number of addresses that stand in one cell, where no column holds the city."""
    is_whole = "(city is null and contains(line, ','))"
    parts = "string_split(line, ',')"
    last, before, second = f"trim({parts}[-1])", f"trim({parts}[-2])", f"trim({parts}[2])"
    postcode = f"nullif(regexp_extract(upper(array_to_string({parts}[2:], ' ')), '\\b({IN_ADDRESS})\\b', 1), '')"
    city = f"if(len({parts}) > 2 and regexp_full_match({last}, '{NOT_CITY}'), {before}, {last})"
    return (
        f"case when {is_whole} then {PLAIN.format(f'{parts}[1]')} else street end as street"
        f", case when {is_whole} then {LETTERS.format(city)} else city end as city"
        f", case when {is_whole} then coalesce(postcode, {SIGNS.format(postcode)}) else postcode end as postcode"
        f", case when {is_whole} and number is null and regexp_full_match({second}, '\\d{{1,5}} ?[A-Za-z]?')"
        f" then lower({second}) else number end as number"
    )


def put(connection: duckdb.DuckDBPyConnection, table: str, query: str, since: int) -> None:
    """What the query gives, as this table; from `since` on, behind the rows it has."""
    if since:
        connection.sql(query).insert_into(table)
        return
    connection.execute(f"drop table if exists {table}")
    connection.sql(query).create(table)


def present(connection: duckdb.DuckDBPyConnection, since: int = 0) -> frozenset[str]:
    """The columns of `record` that any record from this number on fills."""
    return _where(connection, "count({0}) > 0", since)


def telling(connection: duckdb.DuckDBPyConnection) -> frozenset[str]:
    """The columns of `record` that hold at least two different values: the others tell nobody apart."""
    return _where(connection, "min({0}) is distinct from max({0})")


def _where(connection: duckdb.DuckDBPyConnection, test: str, since: int = 0) -> frozenset[str]:
    columns = [name for name in _shape(connection, "record")[1] if name not in ("number_", "record_id", "true_person")]
    asked = ", ".join(test.format(name) for name in columns)
    answer: Sequence[Any] = connection.execute(f"from record select {asked} where number_ >= {since}").fetchall()[0]
    return frozenset(name for name, holds in zip(columns, answer, strict=True) if holds)


def of_file(name: str) -> str:
    """A column of the files in SQL, as it stands in `raw`."""
    return quoted(FILE_PREFIX + name)


def quoted(name: str) -> str:
    """A column's name in SQL."""
    return '"' + name.replace('"', '""') + '"'


def text(value: str) -> str:
    """A text in SQL."""
    return "'" + value.replace("'", "''") + "'"
