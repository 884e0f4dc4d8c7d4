"""`regulars key`: server keys, with which programs ask."""

from typing import Annotated

import typer

from regulars import web
from regulars.cli.terminal import Json, opened, print_json, print_table

commands = typer.Typer(name="key", no_args_is_help=True, help="Server keys: what programs may ask.")
Number = Annotated[int, typer.Argument(help="The key's number, from `regulars key list`.")]


@commands.command("list")
def list_(as_json: Json = False) -> None:
    """Every server key, newest first, with what it may and whether it works."""
    with opened() as app, app.transaction() as inside:
        keys, now = web.server_keys(inside), app.clock.now()
    if as_json:
        print_json({"keys": keys})
        return
    rows = [
        (key.id, key.name, key.state(now), " ".join(key.scopes), key.requests_per_second, key.used_at, key.expires_at)
        for key in keys
    ]
    print_table("Server keys", ("No.", "Program", "State", "May", "Requests a second", "Last used", "Ends"), rows)


@commands.command("add")
def add(
    name: Annotated[str, typer.Argument(help="The program that will use it.")],
    scope: Annotated[list[str], typer.Option(help=f"What it may; repeat for more. Of: {', '.join(web.SCOPES)}.")],
    requests: Annotated[int, typer.Option(help="Requests a second.")] = web.REQUESTS_PER_SECOND,
    as_json: Json = False,
) -> None:
    """Make a key for a program, shown this one time."""
    with opened() as app, app.transaction() as inside:
        made = web.add_server_key(inside, name, scope, requests)
    show(made, as_json)


@commands.command("rotate")
def rotate(
    number: Number,
    overlap: Annotated[float, typer.Option(help="Hours for which the key before still works; 0 if it leaked.")] = 24.0,
    as_json: Json = False,
) -> None:
    """Make a key in place of this one, with its scopes; the one before ends when the overlap is over."""
    with opened() as app, app.transaction() as inside:
        made = web.rotate_server_key(inside, number, overlap)
    show(made, as_json)


@commands.command("revoke")
def revoke(number: Number, as_json: Json = False) -> None:
    """End a key now: within 5 seconds it opens nothing any more."""
    with opened() as app, app.transaction() as inside:
        web.revoke_server_key(inside, number)
    if as_json:
        print_json({"revoked": number})
    else:
        print(f"Key {number} is revoked")


def show(made: web.NewKey, as_json: bool) -> None:
    """A new key, the one time it can be shown."""
    if as_json:
        print_json({"id": made.id, "server_key": made.key})
    else:
        print(f"Key {made.id}, shown this one time:\n{made.key}")
