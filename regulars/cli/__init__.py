"""The command line: every module here that has `commands` (a `typer.Typer`) offers them, found without a list to edit.

Takes: arguments, REGULARS_* variables.
Gives: text for people, one JSON object with --json; exit code 0 done, 1 refused or wrong, 2 used wrongly.
Writes tables: none; it calls rooms.
Never: shows a traceback (unless REGULARS_LOG_LEVEL=debug), or decides anything a room should.
"""

from pathlib import Path
from typing import Annotated

import typer

from regulars import __version__
from regulars.cli.terminal import House, set_home

main = typer.Typer(
    cls=House,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Turns the customer data a brand already has into customers who come back.",
)


def show_version(wanted: bool) -> None:
    """Print the version and stop, when asked to."""
    if wanted:
        typer.echo(f"regulars {__version__}")
        raise typer.Exit


@main.callback()
def house(
    home: Annotated[
        Path | None,
        typer.Option(
            "--home",
            envvar="REGULARS_HOME",
            help="Data folder, ./.regulars unless given. May stand anywhere in the line.",
        ),
    ] = None,
    version: Annotated[
        bool, typer.Option("--version", callback=show_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Turns the customer data a brand already has into customers who come back."""
    if home:
        set_home(str(home))
