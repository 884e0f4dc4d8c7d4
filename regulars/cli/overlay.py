"""`regulars overlay`: bought data on its shelf: what is declared and loaded, take a file in, try one, let one go."""

from pathlib import Path
from typing import Annotated

import psycopg
import typer

from regulars import profile
from regulars.cli.terminal import Json, opened, print_json, print_table

Name = Annotated[str, typer.Argument(help="Name of the overlay: overlays/NAME.yaml in the data folder.")]
File = Annotated[Path, typer.Argument(help="The provider's file: CSV, Parquet, JSON lines or a workbook.")]

commands = typer.Typer(name="overlay", no_args_is_help=True, help="Bought data beside the profiles.")


@commands.command("list")
def show_all(as_json: Json = False) -> None:
    """List overlays: provider, fields, what is loaded, what it cost, when it lapses."""
    with opened() as app, app.transaction() as inside:
        declared = profile.overlays.declared(inside.settings)
        loaded = {one.name: one for one in profile.overlays.loads(inside)}
    if as_json:
        print_json({"declared": declared, "loaded": list(loaded.values())})
        return
    nothing = ("Nothing yet", "", "")
    rows = [
        (name, one.provider, ", ".join(one.fields), *(_said(loaded[name]) if name in loaded else nothing))
        for name, one in declared.items()
    ]
    rows += [
        (name, one.overlay.provider, "Declared no more", *_said(one))
        for name, one in loaded.items()
        if name not in declared
    ]
    print_table("Overlays", ("Name", "Provider", "Fields", "Matched", "Cost", "Lapses"), rows)


@commands.command()
def load(name: Name, file: File, as_json: Json = False) -> None:
    """Take a file in as the whole of an overlay, in place of what was loaded before."""
    with opened() as app, app.transaction() as inside:
        done = profile.overlays.load(inside, name, file)
    _tell(done, as_json, "Loaded")


@commands.command("try")
def try_out(name: Name, file: File, as_json: Json = False) -> None:
    """Say what loading a file would match and cost, and keep nothing of it."""
    with opened() as app, app.transaction() as inside, inside.db.transaction():
        done = profile.overlays.load(inside, name, file)
        raise psycopg.Rollback
    _tell(done, as_json, "Tried, nothing kept")


@commands.command()
def drop(name: Name, as_json: Json = False) -> None:
    """Let all that was loaded for an overlay go, for good."""
    with opened() as app, app.transaction() as inside:
        values = profile.overlays.drop(inside, name)
    if as_json:
        print_json({"overlay": name, "values": values})
    else:
        typer.echo(f"{values:,} values of {name} are gone")


def _said(one: profile.overlays.Loaded) -> tuple[str, str, str]:
    share = one.matched / one.rows if one.rows else 0
    return (
        f"{one.matched:,} of {one.rows:,} ({share:.0%})",
        f"{one.cost_cents / 100:,.2f}",
        f"{one.expires_at:%Y-%m-%d}",
    )


def _tell(done: profile.overlays.Loaded, as_json: bool, verb: str) -> None:
    if as_json:
        print_json({"loaded": done, "cost_cents": done.cost_cents})
        return
    matched, cost, until = _said(done)
    typer.echo(f"{verb}: {matched} matched for {cost}, good until {until}")
    if done.kept_out:
        typer.echo(f"{done.kept_out:,} of them not kept: no yes for '{done.overlay.purpose}', or another country")
