"""`regulars import`: files in, and what became of them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from typer.core import TyperGroup

from regulars import collect
from regulars.app import App
from regulars.cli.terminal import Json, opened, print_json, print_table

SHOWN_REFUSALS = 20
LISTED = 50
BY = "command line"


class FileOrCommand(TyperGroup):
    """`regulars import customers.csv` is `regulars import file customers.csv`."""

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # pyright: ignore[reportIncompatibleMethodOverride]
        if args and args[0] not in self.commands and args[0] not in ctx.help_option_names:
            args = ["file", *args]
        return super().parse_args(ctx, args)


commands = typer.Typer(
    name="import",
    cls=FileOrCommand,
    no_args_is_help=True,
    help="Files in: `regulars import customers.csv --source crm`, and what became of them.",
)
Number = Annotated[int, typer.Argument(min=1, help="The import's number, from `regulars import list`.")]


@commands.command("list")
def list_(as_json: Json = False) -> None:
    """Imports, newest first: how far each is, and what was refused."""
    with opened() as app, app.transaction() as inside:
        runs = collect.list_imports(inside, limit=LISTED)
    if as_json:
        print_json({"imports": runs})
        return
    rows = [
        (r.id, r.file_name, r.source, r.state, f"{r.share:.0%}", r.rows, r.accepted, r.duplicates, r.refused)
        for r in runs
    ]
    columns = ("No.", "File", "Source", "State", "Share", "Rows", "Accepted", "Were here", "Refused")
    print_table("Imports", columns, rows)


@commands.command("undo")
def undo(number: Number, as_json: Json = False) -> None:
    """Withdraw every event of an import; profiles, segments and points follow in the worker."""
    with opened() as app, app.transaction() as inside:
        run = collect.undo_import(inside, number, BY)
    if as_json:
        print_json(run)
    else:
        print(f"Import {run.id} of {run.file_name} is undone: {run.accepted:,} events were withdrawn")


@commands.command("resume")
def resume(number: Number, as_json: Json = False) -> None:
    """Go on with an import that was stopped, behind the last row that is durable."""
    with opened() as app, bar(as_json) as progress:
        report = collect.carry_import(app, number, followed(progress, f"import {number}"))
    end(report, as_json)


@commands.command("file")
def file_(
    file: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, readable=True, help="CSV, TSV, JSONL, Parquet or XLSX.")
    ],
    source: Annotated[str, typer.Option(help="Name of the source these events come from; made if need be.")],
    mapping: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="TOML or JSON file: which column goes where.")
    ] = None,
    kind: Annotated[
        str | None, typer.Option(help=f"What a new source is: {', '.join(collect.SOURCE_KINDS)}; other if not given.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be refused, store nothing.")] = False,
    as_json: Json = False,
) -> None:
    """Append the events of a file. Run again, it takes up where it was cut off and duplicates nothing.

    Exit code 0: everything is in. 1: some rows were refused. 2: used wrongly.
    """
    plan = collect.load_mapping(mapping) if mapping else None
    with opened() as app, bar(as_json) as progress:
        origin = (imagine if dry_run else find_or_make)(app, source, kind)
        act = collect.try_file if dry_run else collect.import_file
        report = act(app, file, origin, plan, progress=followed(progress, file.name))
    end(report, as_json)


def find_or_make(app: App, name: str, kind: str | None) -> collect.Source:
    """The source of this name, as it is where no kind is asked, made if need be. Raises SourceRefused.

    A new one's key is thrown away: `source rotate` shows another.
    """
    with app.transaction() as inside:
        known = None if kind else collect.source_by_name(inside, name)
        return known or collect.register(inside, name, kind or "other")[0]


def imagine(app: App, name: str, kind: str | None) -> collect.Source:
    """The source that an import would use, judged by the same rules; nothing is made."""
    with app.transaction() as inside:
        known = None if kind else collect.source_by_name(inside, name)
        return known or collect.imagine_source(inside, name, kind or "other")


def followed(progress: Progress, name: str) -> collect.Followed:
    """A line of progress for one file."""
    task = progress.add_task(name, total=1.0, rows=0)

    def follow(rows: int, share: float) -> None:
        progress.update(task, completed=share, rows=rows)

    return follow


def end(report: collect.ImportReport, as_json: bool) -> None:
    """Print the report; exit code 1 where rows were refused."""
    if as_json:
        print_json(report)
    else:
        tell(report)
    raise typer.Exit(1 if report.refused else 0)


def bar(is_quiet: bool) -> Progress:
    """A progress bar on standard error, so that output can be piped."""
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[rows]:,} rows"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        disable=is_quiet,
    )


def tell(report: collect.ImportReport) -> None:
    """The report for people: counts, then refused rows with their reasons."""
    verb = "would be taken" if report.dry_run else "accepted"
    print(f"{report.rows} rows: {report.accepted} {verb}, {report.duplicates} were here, {report.refused} refused")
    shown = report.refusals[:SHOWN_REFUSALS]
    if shown:
        rows = [(each.row, each.code, each.reason, each.fix) for each in shown]
        print_table("Refused rows", ("Row", "Code", "Reason", "How to mend it"), rows)
    if report.refused > len(shown):
        print(f"… and {report.refused - len(shown)} more; all of them are under Data > Refusals")
