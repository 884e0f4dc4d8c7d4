"""Files of records into one clean table, in DuckDB: a column for each field, spelled one way, and keys to meet under.

All SQL here is put together from this module's own words; the names of a file's columns are quoted.
"""

# pyright: reportUnknownMemberType=false, reportMissingTypeStubs=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false
# (PyArrow has no types; nothing of it leaves this module.)

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Mapping as Map
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as parquet

from regulars import collect
from regulars.resolve.errors import LinkRefused
from regulars.resolve.linkage import guess as guessing
from regulars.resolve.linkage.fields import DATE_PARTS, FIELDS
from regulars.resolve.linkage.mapping import Mapping
from regulars.resolve.nicknames import ROOTS_BY_NAME
from regulars.resolve.normalize import BLOCKED

SAMPLE_ROWS = 2_000
ROOTS_MAX = 3
DUPLICATES_SHOWN = 5
# What DuckDB reads by itself; any other encoding is written again as UTF-8 first.
READ_ENCODINGS = {"utf-8": "utf-8", "utf-16-le": "utf-16", "utf-16-be": "utf-16", "latin-1": "latin-1"}
PIECE_CHARACTERS = 1 << 20
# Columns of files stand under names of their own: one may be called as ours are, or as what DuckDB adds.
FILE_PREFIX = "of the file: "
OF_FILE = f"columns('(?s)(.*)') as '{FILE_PREFIX}\\1'"

NOTHING = "cast(null as varchar)"
LETTERS = (
    "nullif(trim(regexp_replace(regexp_replace(lower(strip_accents({0})), '[^a-z ]+', '', 'g'), ' +', ' ', 'g')), '')"
)
PLAIN = "nullif(trim(regexp_replace(lower(strip_accents({0})), '[^a-z0-9]+', ' ', 'g')), '')"
SIGNS = "nullif(regexp_replace(upper(strip_accents({0})), '[^A-Z0-9]+', '', 'g'), '')"
DIGITS = "regexp_replace({0}, '[^0-9]+', '', 'g')"
CLEAN = {
    "national_id": SIGNS,
    "first_name": LETTERS,
    "last_name": LETTERS,
    "full_name": "{0}",
    "email": "case when regexp_full_match({0}, '[^@\\s,;]+@[^@\\s,;]+\\.[^@\\s,;.]{{2,}}') then lower({0}) end",
    "phone": f"case when length({DIGITS}) >= 7 then right({DIGITS}, 10) end",
    "street": PLAIN,
    "number": PLAIN,
    "unit": PLAIN,
    "city": PLAIN,
    "postcode": f"case when regexp_full_match({{0}}, '\\d{{{{5}}}}-\\d{{{{4}}}}') then left({{0}}, 5) else {SIGNS} end",
    "state": PLAIN,
}
CLEAN["landline"] = CLEAN["phone"]
DERIVED = frozenset(
    (
        *("initial", "initial_only", "root_1", "root_2", "root_3"),
        *("birth_year", "birth_month", "birth_day", "birth_swapped", "mailbox"),
    )
)
"""Columns that are made of fields."""
# The first line: the house's number before or behind the street's name.
NUMBER_BEFORE, NUMBER_BEHIND = "^(\\d+[a-z]?) (.+)$", "^(.*[a-z].*) (\\d+ ?[a-z]?)$"


def read(connection: duckdb.DuckDBPyConnection, files: Sequence[Path], folder: Path) -> list[list[str]]:
    """Make the table `raw` (file, row, every column as text) of these files, in order; the columns of each."""
    parts: list[str] = []
    found: list[list[str]] = []
    for place, path in enumerate(files):
        source = _source(path, folder / f"again-{place}.csv")
        try:
            connection.execute(f"create or replace temp table part_{place} as select {OF_FILE} from {source}")
        except duckdb.Error as fault:
            raise LinkRefused(
                f"{path.name} cannot be read: {str(fault).splitlines()[0]}", "Export it anew as CSV or Parquet"
            ) from None
        if path.suffix.lower() == ".parquet":
            _refuse_doubled(path, parquet.read_schema(path).names)
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


def _source(path: Path, again: Path) -> str:
    if not path.is_file():
        raise LinkRefused(f"There is no file {path}", "Check the path")
    kind = path.suffix.lower()
    if kind == ".parquet":
        return f"read_parquet({text(str(path))})"
    if kind not in (".csv", ".tsv", ".txt"):
        raise LinkRefused(f"{path.name} is neither CSV nor Parquet", "Export it as CSV or Parquet")
    dialect = collect.guess(path).dialect
    if dialect.has_header:
        with path.open(encoding=dialect.encoding, errors="replace", newline="") as file:
            quoting = csv.QUOTE_MINIMAL if dialect.quote else csv.QUOTE_NONE
            rows = csv.reader(file, delimiter=dialect.delimiter, quotechar=dialect.quote or None, quoting=quoting)
            _refuse_doubled(path, next(rows, []))
    codec = READ_ENCODINGS.get(dialect.encoding)
    if codec is None:
        with (
            path.open(encoding=dialect.encoding, errors="replace", newline="") as file,
            again.open("w", newline="") as out,
        ):
            while piece := file.read(PIECE_CHARACTERS):
                out.write(piece)
        path, codec = again, "utf-8"
    return (
        f"read_csv({text(str(path))}, all_varchar = true, header = {str(dialect.has_header).lower()}"
        f", delim = {text(dialect.delimiter)}, quote = {text(dialect.quote)}, encoding = {text(codec)}"
        ", strict_mode = false, null_padding = true, normalize_names = false)"
    )


def _refuse_doubled(path: Path, names: Sequence[str]) -> None:
    """DuckDB would call the second one otherwise, and nobody could say which of them is meant."""
    times = Counter(name.strip().lower() for name in names)
    doubled = [name for name, count in times.items() if name and count > 1]
    if doubled:
        raise LinkRefused(
            f"{path.name} has more than one column {', '.join(map(repr, doubled))}", "Give each column its own name"
        )


def _shape(connection: duckdb.DuckDBPyConnection, table: str) -> tuple[int, list[str]]:
    answer = connection.execute(f"from {table} limit 0")
    columns = [column[0] for column in answer.description or ()]
    answer.fetchall()
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


def dated(mapping: Mapping, cells: Sequence[Map[str, Sequence[str]]]) -> Mapping:
    """The same mapping with the pattern of its dates of birth, where it names none. Raises LinkRefused."""
    dates = dict(mapping.dates)
    for birth in (column for column, field in mapping.fields.items() if field == "birth_date"):
        if dates.get(birth):
            continue
        pattern = guessing.date_pattern([cell for file in cells for cell in file.get(birth, ())])
        if pattern is None:
            raise LinkRefused(
                f"'{birth}' does not look like dates of birth", f"Name their pattern: {', '.join(DATE_PARTS)}"
            )
        dates[birth] = pattern
    return Mapping(fields=mapping.fields, dates=dates)


def clean(connection: duckdb.DuckDBPyConnection, mapping: Mapping, truth: str = "", since: int = 0) -> None:
    """Make the table `record` of `raw`: number, record_id, true_person, then every field of FIELDS, cleaned.

    Its rows stand in the order of their numbers. From `since` on, they are added to it with numbers from there on.
    """
    named = [f"{_cleaned(field, mapping)} as {field}" for field in FIELDS if field != "record_id"]
    own = _first([f"nullif(trim({of_file(column)}), '')" for column in mapping.columns("record_id")])
    person = f"trim({of_file(truth)})" if truth else NOTHING
    connection.execute(
        f"create or replace temp table cleaned as select cast(rowid + {since} as integer) as number_"
        f', coalesce({own}, "file name" || \':\' || "file row") as record_id'
        f", nullif({person}, '') as true_person, {', '.join(named)} from raw"
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


def _cleaned(field: str, mapping: Mapping) -> str:
    """A field, of whichever column holds it in a record's file."""
    return _first([_cleaned_column(field, column, mapping) for column in mapping.columns(field)])


def _first(values: Sequence[str]) -> str:
    return f"coalesce({', '.join(values)})" if values else NOTHING


def _cleaned_column(field: str, column: str, mapping: Mapping) -> str:
    cell = f"nullif(trim({of_file(column)}), '')"
    filled = f"(case when not regexp_full_match({cell}, {text(BLOCKED.pattern)}, 'i') then {cell} end)"
    if field == "birth_date":
        return _birth(filled, mapping.dates[column])
    if field in ("number", "unit"):
        return CLEAN[field].format(cell)
    return CLEAN[field].format(filled)


def _birth(cell: str, pattern: str) -> str:
    """Eight digits, year first. A day that no calendar has stays as it is: it is a slip, and still tells."""
    regex = text(DATE_PARTS[pattern].pattern)
    names = "['" + "', '".join(DATE_PARTS[pattern].groupindex) + "']"
    parts = f"regexp_extract({cell}, {regex}, {names})"
    day = f"(lpad({parts}.y, 4, '0') || lpad({parts}.m, 2, '0') || lpad({parts}.d, 2, '0'))"
    return f"(case when {day} not in ('00000000', '19000101', '19700101') then {day} end)"


def _derive(connection: duckdb.DuckDBPyConnection, since: int) -> None:
    """What comparisons ask for beside the fields: names in full, roots of nicknames, parts of dates."""
    roots = [(short, *names[:ROOTS_MAX], *[None] * (ROOTS_MAX - len(names))) for short, names in ROOTS_BY_NAME.items()]
    connection.register(
        "given_roots",
        pa.table(dict(zip(("short", "root_1", "root_2", "root_3"), zip(*roots, strict=True), strict=True))),
    )
    behind, before = (LETTERS.format(f"split_part(full_name, ',', {part})") for part in (2, 1))
    named = f"{behind} || ' ' || {before}"
    connection.execute(
        "create or replace temp table halves as select * replace ("
        "  coalesce(first_name, split_part(whole, ' ', 1)) as first_name"
        ", coalesce(last_name, case when contains(whole, ' ') then split_part(whole, ' ', -1) end) as last_name"
        f", coalesce(number, nullif(regexp_extract(street, '{NUMBER_BEFORE}', 1), '')"
        f", nullif(regexp_extract(street, '{NUMBER_BEHIND}', 2), '')) as number"
        f", coalesce(nullif(regexp_extract(street, '{NUMBER_BEFORE}', 2), '')"
        f", nullif(regexp_extract(street, '{NUMBER_BEHIND}', 1), ''), street) as street"
        f") from (select *, coalesce({named}, {LETTERS.format('full_name')}) as whole from cleaned)"
    )
    put(
        connection,
        "record",
        "from halves left join given_roots on first_name = short select halves.* exclude (whole, full_name)"
        ", left(first_name, 1) as initial, case when length(first_name) = 1 then first_name end as initial_only"
        ", coalesce(root_1, first_name) as root_1, root_2, root_3"
        # A part that no calendar has is a slip, and no proof of another birth.
        ", case when left(birth_date, 4) between '1850' and '2050' then left(birth_date, 4) end as birth_year"
        ", case when substr(birth_date, 5, 2) between '01' and '12' then substr(birth_date, 5, 2) end as birth_month"
        ", case when right(birth_date, 2) between '01' and '31' then right(birth_date, 2) end as birth_day"
        ", left(birth_date, 4) || right(birth_date, 2) || substr(birth_date, 5, 2) as birth_swapped"
        ", split_part(email, '@', 1) as mailbox order by number_",
        since,
    )
    for table in ("cleaned", "halves", "raw"):
        connection.execute(f"drop table {table}")


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
