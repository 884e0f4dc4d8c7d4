"""`regulars pull`: SQL databases and REST services whose rows are fetched."""

from pathlib import Path
from typing import Annotated

import typer

from regulars import collect
from regulars.cli.terminal import Json, opened, print_json, print_table
from regulars.kit.errors import InputRefused

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
        use = collect.add_pull(inside, name, file)
    if as_json:
        print_json(use)
    else:
        print(f"Pull {name} is kept. Fetch its rows: regulars pull run {name}")


@commands.command("list")
def list_(as_json: Json = False) -> None:
    """All pulls, and how far each is."""
    with opened() as app, app.transaction() as inside:
        uses = collect.list_pulls(inside)
    if as_json:
        print_json({"pulls": uses})
        return
    rows = [(u.name, u.definition.kind, u.source, u.rows, u.cursor, u.ran_at, u.fault or "") for u in uses]
    print_table("Pulls", ("Name", "Kind", "Source", "Rows", "Cursor", "Ran", "Fault"), rows)


@commands.command("run")
def run(
    name: Annotated[str | None, typer.Argument(help="The pull; left out with --due.")] = None,
    due: Annotated[bool, typer.Option("--due", help="All whose time it is, for a timer.")] = False,
    as_json: Json = False,
) -> None:
    """Fetch what is new since the last run."""
    if (name is None) != due:
        raise InputRefused("Which pull is not said", "Name one, or use --due")
    with opened() as app:
        with app.transaction() as inside:
            waiting = [use.name for use in collect.list_pulls(inside) if use.is_due(app.clock.now())]
        reports = [collect.run_pull(app, each) for each in ([name] if name else waiting)]
    if as_json:
        print_json({"pulls": reports})
        return
    for each in reports:
        print(
            f"{each.pull}: {each.rows} rows, {each.accepted} accepted, {each.duplicates} were here,"
            f" {each.refused} refused"
        )


@commands.command("remove")
def remove(name: Name, as_json: Json = False) -> None:
    """Forget a pull and how far it was. What came in stays."""
    with opened() as app, app.transaction() as inside:
        collect.remove_pull(inside, name)
    print_json({"removed": name}) if as_json else print(f"Pull {name} is forgotten")
