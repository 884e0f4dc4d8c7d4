"""`regulars retention`: what goes when its time is over, tried first, then approved."""

from __future__ import annotations

from typing import Annotated

import typer

from regulars.cli.terminal import Json, opened, print_json, print_table
from regulars.privacy import retention

BY_TERMINAL = "command line"

commands = typer.Typer(name="retention", no_args_is_help=True, help="Let go what is too old to be kept.")


@commands.command("try")
def try_(as_json: Json = False) -> None:
    """Read everything by retention.yaml and say what would go, what is held and why; nothing is removed."""
    with opened() as app:
        tell(retention.try_out(app), as_json)


@commands.command()
def approve(
    number: Annotated[int | None, typer.Option(help="How many events go, where that is a large part of all.")] = None,
    as_json: Json = False,
) -> None:
    """Let the worker remove what the last trial counted, today and every day. It cannot be undone."""
    with opened() as app, app.transaction() as inside:
        reading = retention.approve(inside, BY_TERMINAL, number)
    tell(reading, as_json)


@commands.command()
def show(as_json: Json = False) -> None:
    """The last reading by what is declared now, and since when there is history."""
    with opened() as app, app.transaction() as inside:
        reading, begins = retention.latest(inside), retention.begins(inside)
    if as_json:
        print_json({"reading": reading, "begins": begins})
        return
    if reading is None:
        typer.echo("Nobody has tried what retention.yaml says: regulars retention try")
    else:
        tell(reading, as_json)
    print_table("Where history begins", ("Class", "Begins"), begins.items())


def tell(reading: retention.Reading, as_json: bool) -> None:
    """A reading in words, one line a class."""
    if as_json:
        print_json(reading)
        return
    verb = "went" if reading.takes else "would go"
    typer.echo(f"{reading.going:,} of {reading.events:,} events {verb} ({reading.share:.1%}).")
    rows = [
        (
            name,
            one.kept_from,
            sum(one.going.values()),
            "as nobody's they stay" + (f": {one.law}" if one.law else "") if one.is_nobodys else "removed",
            ", ".join(f"{count:,} held: {why}" for why, count in one.held_because.items()),
            sum(one.staying.values()),
        )
        for name, one in reading.classes.items()
    ]
    columns = ("Class", "Kept from", verb.capitalize(), "What becomes of them", "Held", "Stay")
    print_table("Classes of events", columns, rows)
    for event in reading.unseen:
        typer.echo(
            f"There is no event named {event}: none was ever seen, or all of them went. Names are as they arrive."
        )
    if reading.approved_at is None:
        typer.echo("Not approved: regulars retention approve")
    else:
        typer.echo(f"Approved by {reading.approved_by} at {reading.approved_at:%Y-%m-%d %H:%M} UTC.")
