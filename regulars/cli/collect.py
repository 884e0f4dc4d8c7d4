"""`regulars import` and `regulars source`: files in, and who may send us events."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from regulars import collect
from regulars.app import App
from regulars.cli.terminal import Json, opened, print_json, print_table
from regulars.kit.errors import InputRefused

SHOWN_REFUSALS = 20
OVERLAP_HOURS_MAX = 365 * 24

commands = typer.Typer(no_args_is_help=True)
source_commands = typer.Typer(no_args_is_help=True, help="Who may send us events, and with which key.")
commands.add_typer(source_commands, name="source")

Kind = Annotated[str, typer.Option(help=f"What it is: {', '.join(collect.SOURCE_KINDS)}.")]
LoginSpace = Annotated[
    str | None, typer.Option("--logins", help="Name space of its logins; sources that share one share people.")
]


@commands.command("import")
def import_(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True, help="CSV, JSONL or Parquet.")],
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
        task = progress.add_task(file.name, total=1.0)
        act = collect.try_file if dry_run else collect.import_file
        report = act(app, file, origin, plan, progress=lambda share: progress.update(task, completed=share))
    if as_json:
        print_json(report)
    else:
        tell(report)
    raise typer.Exit(1 if report.refused else 0)


def find_or_make(app: App, name: str, kind: str | None) -> collect.Source:
    """The source of this name, made if need be. Raises SourceRefused, also where it is there as another kind."""
    with app.transaction() as inside:
        return as_asked(inside, name, kind)


def imagine(app: App, name: str, kind: str | None) -> collect.Source:
    """The source that an import would use, judged by the same rules and then undone."""
    with app.transaction() as inside:
        source = as_asked(inside, name, kind)
        inside.db.rollback()
    return source


def as_asked(app: App, name: str, kind: str | None) -> collect.Source:
    """The source, as it is where no kind is asked. A new one's key is thrown away: `source rotate` shows another."""
    known = None if kind else collect.source_by_name(app, name)
    return known or collect.register(app, name, kind or "other")[0]


def bar(is_quiet: bool) -> Progress:
    """A progress bar on standard error, so that output can be piped."""
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
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


@source_commands.command("add")
def add(
    name: Annotated[str, typer.Argument(help="Lower-case letters, digits, - and _.")],
    kind: Kind,
    logins: LoginSpace = None,
    as_json: Json = False,
) -> None:
    """Make a source and show its write key, this one time."""
    with opened() as app, app.transaction() as inside:
        source, key = collect.register(inside, name, kind, logins)
    if as_json:
        print_json({"source": source, "write_key": key})
    elif key:
        print(f"Source {source.name} made. Its write key, shown this one time:\n{key}")
    else:
        print(f"Source {source.name} exists. A new key: regulars source rotate {source.name}")


@source_commands.command("list")
def list_(as_json: Json = False) -> None:
    """All sources, with what they sent and what was refused."""
    with opened() as app, app.transaction() as inside:
        uses = collect.list_sources(inside)
    if as_json:
        print_json({"sources": uses})
        return
    rows = [
        (u.source.name, u.source.kind, u.source.login_space, u.keys, u.events, u.refusals, u.last_received_at)
        for u in uses
    ]
    print_table("Sources", ("Name", "Kind", "Logins", "Keys", "Events", "Refusals", "Last received"), rows)


@source_commands.command("rotate")
def rotate(
    name: Annotated[str, typer.Argument(help="The source.")],
    overlap: Annotated[float, typer.Option(help="Hours for which the keys before still work; 0 if one leaked.")] = 24.0,
    as_json: Json = False,
) -> None:
    """Make a new write key and let the ones before expire."""
    if not 0 <= overlap <= OVERLAP_HOURS_MAX:
        raise InputRefused(f"--overlap {overlap:g} is no number of hours", f"Use 0 to {OVERLAP_HOURS_MAX} (a year)")
    with opened() as app, app.transaction() as inside:
        key = collect.rotate(inside, name, overlap)
    if as_json:
        print_json({"source": name, "write_key": key})
    else:
        print(f"New write key of {name}, shown this one time:\n{key}")
