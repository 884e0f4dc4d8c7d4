"""`regulars source`: who may send us events."""

from typing import Annotated

import typer

from regulars import collect
from regulars.cli.terminal import Json, opened, print_json, print_table

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
    current: Annotated[
        list[str] | None,
        typer.Option(help="A field (email, phone) of which it says the one that holds now; repeat for both."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Make a source and show its write key, this one time."""
    with opened() as app, app.transaction() as inside:
        source, key = collect.register(inside, name, kind, logins, current or [])
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


Name = Annotated[str, typer.Argument(help="The source.")]
KeyId = Annotated[str, typer.Argument(help="The key's id, as `regulars source keys` shows it.")]
Label = Annotated[str, typer.Option(help="Who holds the key.")]
Origins = Annotated[
    list[str] | None, typer.Option("--origin", help="A page that may send with it; repeat for more. None: any page.")
]


@source_commands.command("keys")
def keys(
    name: Name,
    new: Annotated[bool, typer.Option("--new", help="Make one more key; the others go on working.")] = False,
    label: Label = "",
    origin: Origins = None,
    as_json: Json = False,
) -> None:
    """The write keys of a source, with their state; with --new, one more, shown this one time."""
    with opened() as app, app.transaction() as inside:
        made = collect.add_key(inside, name, label, origin or []) if new else None
        found, now = collect.write_keys(inside, name), app.clock.now()
    if as_json:
        print_json({"source": name, "keys": found} | ({"write_key": made} if made else {}))
        return
    rows = [
        (key.id, key.label, key.state(now), key.used_at, key.expires_at, " ".join(key.origins) or "any page")
        for key in found
    ]
    print_table(f"Write keys of {name}", ("Id", "Held by", "State", "Last used", "Ends", "May send from"), rows)
    if made:
        print(f"New write key of {name}, shown this one time:\n{made}")


@source_commands.command("describe")
def describe(name: Name, key: KeyId, label: Label = "", origin: Origins = None, as_json: Json = False) -> None:
    """Say anew who holds a key and which pages may send with it."""
    with opened() as app, app.transaction() as inside:
        collect.describe_key(inside, name, key, label, origin or [])
        found = collect.write_keys(inside, name)
    if as_json:
        print_json({"source": name, "keys": found})
    else:
        print(f"The key {key} of {name} is described anew; every process knows it within 5 seconds")


@source_commands.command("revoke")
def revoke(name: Name, key: KeyId, as_json: Json = False) -> None:
    """End a key now: within 5 seconds no process takes it any more."""
    with opened() as app, app.transaction() as inside:
        collect.revoke(inside, name, key)
    if as_json:
        print_json({"source": name, "revoked": key})
    else:
        print(f"The key {key} of {name} is revoked")


@source_commands.command("limits")
def limits(
    name: Name,
    request_bytes: Annotated[int | None, typer.Option(help="One request, unpacked; at most 4 MiB.")] = None,
    requests: Annotated[int | None, typer.Option(help="Requests a second of each key.")] = None,
    events: Annotated[int | None, typer.Option(help="Events a second of each key.")] = None,
    reset: Annotated[bool, typer.Option("--reset", help="Back to the defaults first.")] = False,
    as_json: Json = False,
) -> None:
    """What a source may send at once and a second; shown, or changed where one is given."""
    given = collect.Limits(request_max_bytes=request_bytes, requests_per_second=requests, events_per_second=events)
    with opened() as app, app.transaction() as inside:
        now = collect.change_limits(inside, name, given, collect.Limits() if reset else None)
    if as_json:
        print_json({"source": name, "limits": now})
        return
    rows = [
        ("One request, bytes", now.request_max_bytes or "512000, from RudderStack clients 4194304"),
        ("Requests a second", now.requests_per_second or collect.REQUESTS_PER_SECOND),
        ("Events a second", now.events_per_second or collect.EVENTS_PER_SECOND),
    ]
    print_table(f"Limits of {name}, for each key", ("Limit", "Value"), rows)


@source_commands.command("current")
def current(
    name: Name,
    fields: Annotated[list[str] | None, typer.Argument(help="email, phone; none: it keeps nothing current.")] = None,
    as_json: Json = False,
) -> None:
    """Say of which fields a source names the one that holds now, from its next event on."""
    with opened() as app, app.transaction() as inside:
        kept = collect.keep_current(inside, name, fields or [])
    if as_json:
        print_json({"source": name, "current": kept})
    elif kept:
        print(f"From now on another {' or '.join(kept)} from {name} ends the former one of the same login")
    else:
        print(f"From now on {name} keeps nothing current: what it says beside a former value stays beside it")


@source_commands.command("rotate")
def rotate(
    name: Name,
    overlap: Annotated[float, typer.Option(help="Hours for which the keys before still work; 0 if one leaked.")] = 24.0,
    key: Annotated[str | None, typer.Option(help="Id of the one key to replace; all if not given.")] = None,
    as_json: Json = False,
) -> None:
    """Make a new write key and let the ones before expire."""
    with opened() as app, app.transaction() as inside:
        made = collect.rotate(inside, name, overlap, key)
    if as_json:
        print_json({"source": name, "write_key": made})
    else:
        print(f"New write key of {name}, shown this one time:\n{made}")
