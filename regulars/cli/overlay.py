"""`regulars overlay`: bought data: what is declared and loaded, take a file in, ask a provider, let one go."""

import os
import signal
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Annotated

import psycopg
import typer
from rich.console import Console

from regulars import profile
from regulars.app import App
from regulars.cli.children import when_parent_ends
from regulars.cli.terminal import Json, opened, print_json, print_table
from regulars.cli.timed import Timed, timed

Name = Annotated[str, typer.Argument(help="Name of the overlay: overlays/NAME.yaml in the data folder.")]
File = Annotated[Path, typer.Argument(help="The provider's file: CSV, Parquet, JSON lines or a workbook.")]
MaybeFile = Annotated[Path | None, typer.Argument(help="The provider's file; without one: what asking would mean.")]

commands = typer.Typer(name="overlay", no_args_is_help=True, help="Bought data beside the profiles.")


@commands.command("list")
def show_all(as_json: Json = False) -> None:
    """List overlays: provider, fields, what is loaded, what it cost, when it lapses, how asking stands."""
    with opened() as app, app.transaction() as inside:
        declared = profile.overlays.declared(inside.settings)
        loaded = {one.name: one for one in profile.overlays.loads(inside)}
        asked = profile.overlays.askings(inside)
    if as_json:
        print_json({"declared": declared, "loaded": list(loaded.values()), "asked": list(asked.values())})
        return
    rows = [
        (
            name,
            (declared.get(name) or loaded[name].overlay).provider,
            ", ".join(declared[name].fields) if name in declared else "Declared no more",
            *_said(loaded.get(name)),
            _stands(declared.get(name), asked.get(name)),
        )
        for name in sorted(declared.keys() | loaded.keys())
    ]
    print_table("Overlays", ("Name", "Provider", "Fields", "Matched", "Cost", "Lapses", "Asking"), rows)


@commands.command()
def load(name: Name, file: File, as_json: Json = False) -> None:
    """Take a file in as the whole of an overlay, in place of what was loaded before."""
    with opened() as app, app.transaction() as inside:
        done = profile.overlays.load(inside, name, file)
    _tell(done, as_json, "Loaded")


@commands.command("try")
def try_out(name: Name, file: MaybeFile = None, as_json: Json = False) -> None:
    """Say what loading a file, or asking, would match and cost; nothing is kept and nothing leaves."""
    with opened() as app, app.transaction() as inside, inside.db.transaction():
        if file is None:
            _tell_outlook(profile.overlays.outlook(inside, name), as_json)
            return
        done = profile.overlays.load(inside, name, file)
        raise psycopg.Rollback
    _tell(done, as_json, "Tried, nothing kept")


@commands.command()
def ask(
    name: Name,
    with_parent: Annotated[bool, typer.Option(hidden=True)] = False,
    as_json: Json = False,
) -> None:
    """Ask a provider about everybody it may be asked about; from then on `regulars serve` asks again by itself."""
    if with_parent:
        # A run may be cut off anywhere; a provider that does not answer would hold up an orderly end.
        when_parent_ends(lambda: os.kill(os.getpid(), signal.SIGKILL))
    progress = Console(stderr=True, highlight=False, soft_wrap=True, markup=False)
    with opened() as app:
        done = profile.overlays.ask(app, name, lambda so_far: progress.print(_asked(so_far)))
    if as_json:
        print_json(done)
        return
    print(f"Done: {_asked(done)}")
    if done.is_at_limit:
        print("What may be spent in a day is spent; it goes on tomorrow")
    if done.unread:
        print(f"{done.unread:,} values could not be read as declared, and were not kept")


@commands.command()
def drop(name: Name, as_json: Json = False) -> None:
    """Let all that was bought for an overlay go, for good, and ask no more."""
    with opened() as app, app.transaction() as inside:
        identifiers = profile.overlays.drop(inside, name)
    if as_json:
        print_json({"overlay": name, "identifiers": identifiers})
    else:
        print(f"What was bought for {name} is gone: it was about {identifiers:,} identifiers")


def asking(app: App) -> AbstractContextManager[None]:
    """A process for each overlay that is to be asked again, for as long as the context lasts."""
    return timed(app, Timed(("overlay", "ask"), _due, profile.overlays.cut_off))


def _due(app: App) -> list[str]:
    with app.transaction() as inside:
        return profile.overlays.due(inside)


def _asked(done: profile.overlays.Asked) -> str:
    return f"{done.asked:,} asked about, {done.matched:,} matched for {done.cost_cents / 100:,.2f}"


def _stands(declared: profile.overlays.Overlay | None, asked: profile.overlays.Progress | None) -> str:
    if asked is None:
        return "Never asked" if declared and declared.ask else ""
    told = f"{asked.state}, {asked.asked:,} of {asked.wanted:,}"
    return f"{told}: {asked.fault}" if asked.fault else told


def _said(one: profile.overlays.Loaded | None) -> tuple[str, str, str]:
    if one is None:
        return ("Nothing yet", "", "")
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
    print(f"{verb}: {matched} matched for {cost}, good until {until}")
    _tell_kept_out(done.kept_out, "of them not kept")


def _tell_outlook(found: profile.overlays.Outlook, as_json: bool) -> None:
    if as_json:
        print_json(found)
        return
    cost = f"at most {found.cost_max_cents / 100:,.2f}"
    print(f"{found.wanted:,} may be asked about at {found.host}, for {cost}. Nothing was sent")
    _tell_kept_out(found.kept_out, "are not asked about")


def _tell_kept_out(out: profile.overlays.KeptOut, what: str) -> None:
    if out.total:
        told = [
            (out.without_yes, "without a yes"),
            (out.elsewhere, "not known to live where the license says"),
            (out.shared, "shared by several people"),
        ]
        why = ", ".join(f"{count:,} {reason}" for count, reason in told if count)
        print(f"{out.total:,} {what}: {why}")
