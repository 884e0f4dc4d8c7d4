"""`regulars lake`: the Parquet files proved against the journal, repaired from it, and kept few."""

from typing import Annotated

import typer

from regulars import collect
from regulars.cli.terminal import Json, opened, print_json, print_table
from regulars.kit.clock import day_date

SHOWN_RANGES = 5
DAYS_MAX = 365 * 200

commands = typer.Typer(name="lake", no_args_is_help=True, help="The lake: its files proved, repaired, kept few.")


@commands.command()
def verify(as_json: Json = False) -> None:
    """Prove that every file of the lake holds what the journal says, and name what a damaged one lost.

    Exit code 0: the lake is the journal. 1: something is damaged; readers pass it by until `regulars lake repair`.
    """
    with opened() as app, app.transaction() as inside:
        found = collect.verify_lake(inside)
    if as_json:
        print_json(found)
    else:
        tell(found)
    raise typer.Exit(0 if found.is_sound else 1)


def tell(found: collect.Verified) -> None:
    """What was proved, for people."""
    kept = "" if found.kept_from_day is None else f" since {day_date(found.kept_from_day)}"
    typer.echo(f"{found.files:,} files for {found.events:,} events{kept}, up to position {found.up_to:,}")
    if found.damages:
        rows = [(one.path, one.what, f"{one.rows:,}", f"{one.events:,}", spoken(one)) for one in found.damages]
        print_table("Damaged", ("File", "What is wrong", "Rows", "Events", "Positions"), rows)
        typer.echo("The journal has all of them: `regulars lake repair` writes these files again.")
    if found.unlisted:
        first = ", ".join(map(str, found.unlisted_positions[:SHOWN_RANGES]))
        typer.echo(f"{found.unlisted:,} events are in no file of the lake: positions {first} …")
    if found.is_sound:
        typer.echo("The lake is the journal.")


def spoken(damage: collect.Damage) -> str:
    """Lost positions in a few words."""
    some = [str(first) if first == last else f"{first}-{last}" for first, last in damage.lost[:SHOWN_RANGES]]
    return ", ".join(some) + (" …" if len(damage.lost) > SHOWN_RANGES else "")


@commands.command()
def repair(as_json: Json = False) -> None:
    """Find damaged files and write them again from the journal."""
    with opened() as app, app.transaction() as inside:
        collect.verify_lake(inside)
        done = collect.repair_lake(inside)
    if as_json:
        print_json(done)
    else:
        typer.echo(f"Damaged files written again: {done.files:,}; rows read from the journal for them: {done.rows:,}")


@commands.command()
def compact(as_json: Json = False) -> None:
    """Join the small files of each day. The worker does the same in its idle time."""
    with opened() as app:
        done = collect.compact_lake(app)
    if as_json:
        print_json(done)
    else:
        typer.echo(f"{done.before:,} files became {done.after:,}")


@commands.command()
def prune(
    older_than: Annotated[int, typer.Option(help="Days to keep, counted from today.", min=1, max=DAYS_MAX)],
    as_json: Json = False,
) -> None:
    """Give up old days of the lake for good. The journal keeps their events: this frees disk and forgets nobody.

    Reports and rebuilds read the lake: they know nothing of those days afterwards. Traits that stand are not touched.
    """
    with opened() as app, app.transaction() as inside:
        done = collect.prune_lake(inside, older_than)
    if as_json:
        print_json(done)
    else:
        typer.echo(
            f"{done.files:,} files of {done.events:,} events from before {day_date(done.before_day)} left the lake"
            f" ({done.size_bytes:,} bytes); the journal keeps the events"
        )
