"""`regulars pull`: SQL databases and REST services whose rows are fetched."""

import os
import signal
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Annotated

import msgspec
import psycopg
import typer
from rich.console import Console

from regulars import collect
from regulars.app import App
from regulars.cli.children import when_parent_ends
from regulars.cli.terminal import Json, opened, print_json, print_table
from regulars.cli.timed import Timed, timed
from regulars.kit.errors import InputRefused, RegularsError, place_of

commands = typer.Typer(name="pull", no_args_is_help=True, help="SQL databases and REST services that are read.")
Name = Annotated[str, typer.Argument(help="The pull.")]


@commands.command("add")
def add(
    name: Annotated[str, typer.Argument(help="Lower-case letters, digits, - and _.")],
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="TOML: kind, source, connect, mapping.")],
    as_json: Json = False,
) -> None:
    """Keep how rows are fetched; one that is there is changed and goes on where it was."""
    with opened() as app, app.transaction() as inside:
        use = collect.pulling.add_pull(inside, name, file)
    if as_json:
        print_json(use)
    else:
        print(f"Pull {name} is kept. Fetch its rows: regulars pull run {name}")


@commands.command("list")
def list_(as_json: Json = False) -> None:
    """All pulls, and how far each is."""
    with opened() as app, app.transaction() as inside:
        uses = collect.pulling.list_pulls(inside)
    if as_json:
        print_json({"pulls": [{"state": use.state} | msgspec.structs.asdict(use) for use in uses]})
        return
    rows = [
        (u.name, u.definition.kind, u.source, u.state, u.rows, u.cursor, u.began_at, u.ran_at, u.fault or "")
        for u in uses
    ]
    print_table("Pulls", ("Name", "Kind", "Source", "State", "Rows", "Cursor", "Began", "Ended", "Fault"), rows)


@commands.command("run")
def run(
    name: Annotated[str | None, typer.Argument(help="The pull; left out with --due.")] = None,
    due: Annotated[bool, typer.Option("--due", help="All whose time it is, for a timer.")] = False,
    with_parent: Annotated[bool, typer.Option(hidden=True)] = False,
    as_json: Json = False,
) -> None:
    """Fetch what is new since the last run; `regulars serve` does this for all whose time it is.

    Exit code 1 with --due: one or more failed, the others ran.
    """
    if (name is None) != due:
        raise InputRefused("Which pull is not said", "Name one, or use --due")
    if with_parent:
        # A run may be cut off anywhere; a service that does not answer would hold up an orderly end.
        when_parent_ends(lambda: os.kill(os.getpid(), signal.SIGKILL))
    with opened() as app:
        if name:
            reports, failed = [collect.pulling.run_pull(app, name)], []
        else:
            reports, failed = run_due(app)
    if as_json:
        print_json({"pulls": reports, "failed": failed})
    else:
        tell(reports, failed)
    raise typer.Exit(1 if failed else 0)


class Failed(msgspec.Struct, frozen=True):
    """A pull that failed among others."""

    pull: str
    what: str
    fix: str
    code: str | None


def run_due(app: App) -> tuple[list[collect.pulling.PullReport], list[Failed]]:
    """Run all whose time it is, each whatever became of the others."""
    reports: list[collect.pulling.PullReport] = []
    failed: list[Failed] = []
    for name in due_pulls(app):
        try:
            reports.append(collect.pulling.run_pull(app, name))
        except psycopg.OperationalError:
            raise  # our own database is away, for all of them
        except collect.pulling.PullBusy:
            continue  # begun meanwhile beside `serve`, or by another timer
        except RegularsError as fault:
            failed.append(Failed(name, fault.what, fault.fix, fault.code))
        except Exception as fault:  # a fault of ours in one is none of the others'
            failed.append(Failed(name, f"It broke: {place_of(fault)}", "Report this line", None))
    return reports, failed


def due_pulls(app: App) -> list[str]:
    """The names of those whose time it is."""
    with app.transaction() as inside:
        return [use.name for use in collect.pulling.list_pulls(inside) if use.is_due(app.clock.now())]


def tell(reports: list[collect.pulling.PullReport], failed: list[Failed]) -> None:
    """What came, and what did not."""
    for each in reports:
        print(
            f"{each.pull}: {each.rows} rows, {each.accepted} accepted, {each.duplicates} were here,"
            f" {each.refused} refused"
        )
    console = Console(stderr=True, highlight=False, soft_wrap=True, markup=False)
    for each in failed:
        console.print(f"{each.pull} failed: {each.what}. {each.fix}" + (f" ({each.code})" if each.code else ""))


def pulling(app: App) -> AbstractContextManager[None]:
    """A process for each pull whose time it is, for as long as the context lasts: a slow service holds up nobody."""
    return timed(app, Timed(("pull", "run"), due_pulls, collect.pulling.cut_off_pull))


@commands.command("remove")
def remove(name: Name, as_json: Json = False) -> None:
    """Forget a pull and how far it was. What came in stays."""
    with opened() as app, app.transaction() as inside:
        collect.pulling.remove_pull(inside, name)
    print_json({"removed": name}) if as_json else print(f"Pull {name} is forgotten")
