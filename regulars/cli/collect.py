"""`regulars source`: who may send us events."""

from typing import Annotated

import typer

from regulars import collect
from regulars.cli.terminal import Json, opened, print_json, print_table
from regulars.kit.errors import InputRefused

OVERLAP_HOURS_MAX = 365 * 24

commands = typer.Typer(no_args_is_help=True)
source_commands = typer.Typer(no_args_is_help=True, help="Who may send us events, and with which key.")
commands.add_typer(source_commands, name="source")

Kind = Annotated[str, typer.Option(help=f"What it is: {', '.join(collect.SOURCE_KINDS)}.")]
LoginSpace = Annotated[
    str | None, typer.Option("--logins", help="Name space of its logins; sources that share one share people.")
]


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
