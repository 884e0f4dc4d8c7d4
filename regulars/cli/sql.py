"""`regulars sql`: one question in SQL about the documented views, read-only for certain."""

# pyright: reportUnknownMemberType=false, reportMissingTypeStubs=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false
# (PyArrow has no types.)

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, cast

import pyarrow.parquet as pq
import typer

from regulars import ask
from regulars.cli.customer import written
from regulars.cli.terminal import Json, opened, print_json, print_table
from regulars.kit.errors import InputRefused
from regulars.kit.sheet import safe_cell

ROWS_SHOWN = 1_000
ROWS_SHOWN_MAX = 1_000_000
SECONDS_MAX = 3_600

commands = typer.Typer()


@commands.command("sql")
def sql(
    question: Annotated[
        str, typer.Argument(help="One select in PostgreSQL's SQL. Left out: the views it may look at.")
    ] = "",
    as_json: Json = False,
    to_csv: Annotated[Path | None, typer.Option("--csv", help="Write all rows to this file.")] = None,
    to_parquet: Annotated[Path | None, typer.Option("--parquet", help="Write all rows to this file.")] = None,
    limit: Annotated[
        int, typer.Option(help="Rows shown, or given as JSON, at most.", min=1, max=ROWS_SHOWN_MAX)
    ] = ROWS_SHOWN,
    engine: Annotated[
        str, typer.Option(help="postgres or duckdb (the lake). Unless given, whichever has what is asked for.")
    ] = "",
    role: Annotated[
        ask.Reader, typer.Option(help="analyst: names and contact values are masked; admin: they are not.")
    ] = ask.Reader.ANALYST,
    seconds: Annotated[int, typer.Option(help="How long the answer may take.", min=1, max=SECONDS_MAX)] = 60,
) -> None:
    """Ask one question about customers, traits, scores, segments, events and orders. Nothing can be changed by it."""
    if sum([as_json, to_csv is not None, to_parquet is not None]) > 1:
        raise InputRefused("--json, --csv and --parquet say three things about one answer", "Choose one of them")
    with opened() as app:
        if not question:
            tell_views(as_json)
            return
        connection = ask.Connection(app, role, seconds)
        answer = connection.sql(question, engine=cast(Any, engine or None))
        if to_csv is not None:
            tell_file(to_csv, write_csv(answer, to_csv))
        elif to_parquet is not None:
            tell_file(to_parquet, write_parquet(answer, to_parquet))
        else:
            show(answer, limit, as_json)


def tell_views(as_json: bool) -> None:
    """What may be asked."""
    if as_json:
        columns = {view.name: [column._asdict() for column in view.columns] for view in ask.VIEWS}
        print_json({"views": [{"name": v.name, "about": v.about, "columns": columns[v.name]} for v in ask.VIEWS]})
        return
    rows = [(view.name, ", ".join(column.name for column in view.columns), view.about) for view in ask.VIEWS]
    print_table("Views", ("View", "Columns", "What it is"), rows)


def show(answer: ask.Answer, limit: int, as_json: bool) -> None:
    """The first `limit` rows, and whether there are more."""
    names, rows = answer.head(limit + 1)
    has_more, rows = len(rows) > limit, rows[:limit]
    if as_json:
        print_json({"columns": names, "rows": rows, "has_more": has_more})
        return
    print_table(f"{len(rows):,} {'row' if len(rows) == 1 else 'rows'}", names, rows)
    if has_more:
        typer.echo(f"There are more than these {limit:,}: say --limit, or write all with --csv or --parquet", err=True)


def write_csv(answer: ask.Answer, path: Path) -> int:
    """All rows, safe for spreadsheets; how many."""
    rows = 0
    with written(path) as file:
        text = io.TextIOWrapper(file, encoding="utf-8", newline="")
        lines = csv.writer(text)
        for number, batch in enumerate(answer.batches()):
            if number == 0:
                lines.writerow([safe_cell(name) for name in batch.schema.names])
            lines.writerows(cells(batch))
            rows += batch.num_rows
        text.flush()
        text.detach()
    return rows


def cells(batch: Any) -> Iterator[list[object]]:
    """Rows of a batch as cells; what is not known is empty."""
    for row in zip(*[column.to_pylist() for column in batch.columns], strict=True):
        yield [safe_cell(value) if isinstance(value, str) else value for value in row]


def write_parquet(answer: ask.Answer, path: Path) -> int:
    """All rows; how many."""
    rows = 0
    reader = answer.reader()
    with written(path) as file, pq.ParquetWriter(file, reader.schema, compression="zstd") as parquet:
        for batch in reader:
            parquet.write_batch(batch)
            rows += batch.num_rows
    return rows


def tell_file(path: Path, rows: int) -> None:
    """What was written, on standard error: the file may be /dev/stdout."""
    sys.stderr.write(f"{path}: {rows:,} rows\n")
