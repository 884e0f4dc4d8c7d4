"""`regulars stop-list`: people whose data must not come in again, kept as keyed hashes."""

from pathlib import Path
from typing import Annotated

import typer

from regulars import collect
from regulars.cli.terminal import Json, opened, print_json, print_table

BY_TERMINAL = "command line"

commands = typer.Typer(name="stop-list", no_args_is_help=True, help="Keep people out whose data must not come in.")


@commands.command()
def load(
    file: Annotated[Path, typer.Argument(help="One entry a line: e-mail, +phone, a hash, or TYPE,VALUE.", exists=True)],
    reason: Annotated[str, typer.Option("--reason", help="Why they are to stay out.")],
    as_json: Json = False,
) -> None:
    """Put everybody in a file on the list; identifiers are hashed and not kept."""
    with opened() as app:
        done = collect.stop_files.load_stops(app, file, reason, BY_TERMINAL)
    if as_json:
        print_json({"order": done.order, "lines": done.lines, "entries": done.entries})
        return
    typer.echo(f"Order {done.order}: {done.entries:,} entries of {done.lines:,} lines")


@commands.command("list")
def list_(as_json: Json = False) -> None:
    """Why entries are on the list, and what each source sent of these people."""
    with opened() as app, app.transaction() as inside:
        orders, uses = collect.stops.stop_orders(inside), collect.stops.stop_uses(inside)
    if as_json:
        print_json({"orders": orders, "sources": uses})
        return
    rows = [(one.id, one.reason, one.actor, one.entries, one.at, one.undone_at) for one in orders]
    print_table("Stop list", ("Order", "Reason", "By", "Entries", "Since", "Undone"), rows)
    kept_out = [(use.source, use.messages, use.last_at) for use in uses]
    print_table("Kept out", ("Source", "Messages", "Latest"), kept_out)


@commands.command()
def undo(
    order: Annotated[int, typer.Argument(help="Number of the order, as the list shows it.")], as_json: Json = False
) -> None:
    """Let the people of one order in again. What was kept out meanwhile is not here and has to be sent again."""
    with opened() as app, app.transaction() as inside:
        gone = collect.stops.undo_stop(inside, order, BY_TERMINAL)
    if as_json:
        print_json({"order": order, "entries": gone})
        return
    typer.echo(f"Order {order} is undone: {gone:,} entries are gone")
