"""`regulars shift`: which weekly series changed their level, which customers left their own rhythm."""

from typing import Annotated

import typer

from regulars.analyze import shifts
from regulars.cli.terminal import Json, opened, print_json, print_table
from regulars.kit.clock import day_date

commands = typer.Typer(name="shift", no_args_is_help=True, help="Shifts: changes of activity that are not chance.")


@commands.command("list")
def show_all(as_json: Json = False) -> None:
    """List the changes that were found, and whose rhythm broke lately."""
    with opened() as app, app.transaction() as inside:
        found, broken = shifts.shifts(inside), shifts.recent(inside)
    if as_json:
        print_json({"shifts": found, "rhythms": broken})
        return
    rows = [
        (
            str(one.id),
            f"{shifts.series[one.series].title}{f': {one.part}' if one.part else ''}",
            one.scope or "Everybody",
            day_date(one.day).isoformat(),
            "Not known" if one.change is None else f"{one.change:+.1%}",
            f"{one.p:.3f}",
            "seen to" if one.acknowledged_at else "open",
        )
        for one in found
    ]
    print_table("Shifts", ("Id", "Series", "Of", "Since the week of", "Change", "Chance", "State"), rows)
    people = [(str(one.customer), one.kind, day_date(one.found_day).isoformat(), f"{one.p:.4f}") for one in broken]
    print_table("Left their own rhythm in the last 30 days", ("Customer", "How", "Found", "Chance"), people)


@commands.command()
def look(as_json: Json = False) -> None:
    """Look at every series up to the last whole week now, instead of waiting for the worker."""
    with opened() as app:
        told = shifts.look(app)
    if as_json:
        print_json({"new": told})
        return
    typer.echo("1 new shift" if told == 1 else f"{told} new shifts")


@commands.command()
def acknowledge(
    ident: Annotated[int, typer.Argument(metavar="ID", help="Number of the shift.")],
    note: Annotated[str, typer.Option(help="What is known about it.")] = "",
    as_json: Json = False,
) -> None:
    """Say that somebody saw to a shift, so that it is open no more."""
    with opened() as app, app.transaction() as inside:
        done = shifts.acknowledge(inside, ident, by="command line", note=note)
    if as_json:
        print_json({"shift": done})
        return
    typer.echo(f"Shift {done.id} was seen to")
