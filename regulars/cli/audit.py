"""`regulars audit` and `regulars system`: how good the data is, and which systems hold customers."""

import time
from pathlib import Path
from typing import Annotated

import typer

from regulars import collect, resolve
from regulars.app import App
from regulars.cli.terminal import Json, opened, print_json, print_table, write_file
from regulars.collect import FieldAudit, System
from regulars.kit.errors import NotFound
from regulars.resolve import Audit

commands = typer.Typer(no_args_is_help=True)
system_commands = typer.Typer(
    no_args_is_help=True, help="The inventory: systems that hold customers, connected or not."
)
commands.add_typer(system_commands, name="system")

Name = Annotated[str, typer.Argument(help="What people call it.")]


@commands.command()
def audit(
    source: Annotated[str | None, typer.Option(help="Only this source.")] = None,
    csv: Annotated[Path | None, typer.Option("--csv", dir_okay=False, help="Write one line a field here.")] = None,
    as_json: Json = False,
) -> None:
    """How full, valid, fresh and joinable every field of every source is, read up to the latest event carried."""
    with opened() as app:
        began = time.monotonic()
        collect.flush(app)
        resolve.prepare(app)
        with app.transaction() as inside:
            found = asked(inside, source)
        seconds = round(time.monotonic() - began, 3)
    if csv:
        write_file(csv, resolve.as_csv(found), newline="")
    if as_json:
        print_json(resolve.answer(found) | {"total_seconds": seconds})
    elif csv:
        print(f"{sum(len(each.fields) for each in found.report.sources):,} fields written to {csv}")
    else:
        tell(found)


def asked(app: App, source: str | None) -> Audit:
    """The audit of all sources, or of one. Raises NotFound."""
    if source and all(use.source.name != source for use in collect.list_sources(app)):
        raise NotFound(f"There is no source '{source}'", "Look at `regulars source list`")
    return resolve.audit(app, source)


def tell(found: Audit) -> None:
    """Sources, then their fields, then what to do."""
    named = "not known: nothing was sold yet" if found.named_share is None else f"{found.named_share:.1%}"
    print(f"{found.connected} of {len(found.systems)} systems connected; revenue with a name: {named}")
    sources = [
        (each.use.source.name, f"{each.read:,}", share(each.filled), share(resolve.joinable(found, each)))
        for each in found.report.sources
        if each.use.source.kind != "own"
    ]
    print_table("Sources", ("Source", "Records", "Filled", "Joinable"), sources)
    for each in found.report.sources:
        rows = [line(found, each.use.source.name, field) for field in each.fields]
        if rows:
            head = ("Event", "Field", "Looks like", "Personal", "Filled", "Distinct", "Valid", "Joins")
            print_table(each.use.source.name, head, rows)
    print_table("Worth a look", ("What", "Next"), [(one.what, one.next) for one in found.findings])


def line(found: Audit, source: str, field: FieldAudit) -> tuple[str, ...]:
    """One field for people."""
    match = found.match(source, field.identifier) if field.identifier else None
    return (
        *(field.event, field.field, field.looks_like, field.personal, share(field.share)),
        ("" if field.is_exact else "about ") + f"{field.different:,}",
        *(share(field.valid_share), f"{match.joins:,}" if match else ""),
    )


def share(part: float | None) -> str:
    """61.8% from 0.618."""
    return "" if part is None else f"{part:.1%}"


@system_commands.command("list")
def list_(as_json: Json = False) -> None:
    """Every system, connected or not, and what is commonly missing."""
    with opened() as app, app.transaction() as inside:
        systems = collect.inventory(inside)
    absent = collect.missing(systems)
    if as_json:
        print_json({"systems": systems, "missing": absent})
        return
    rows = [(each.name, each.kind, each.channel, each.owner, each.status, each.extract) for each in systems]
    print_table("Systems", ("Name", "Kind", "Channel", "Owner", "Status", "How to extract"), rows)
    print_table(
        "Commonly there", ("System", "Would add", "How"), [(each.name, each.adds, each.extract) for each in absent]
    )


@system_commands.command("add")
def add(
    name: Name,
    kind: Annotated[str, typer.Option(help=f"One of: {', '.join(collect.SYSTEM_KINDS)}.")],
    channel: Annotated[str, typer.Option(help=f"Where it meets customers: {', '.join(collect.CHANNELS)}.")],
    owner: Annotated[str, typer.Option(help="Who answers for it.")] = "",
    extract: Annotated[str, typer.Option(help="How its data can be had.")] = "",
    note: Annotated[str, typer.Option(help="Anything else worth knowing.")] = "",
    status: Annotated[str, typer.Option(help=f"One of: {', '.join(collect.STATUSES)}.")] = "wanted",
    source: Annotated[str | None, typer.Option(help="The source it is connected as.")] = None,
    as_json: Json = False,
) -> None:
    """State a system that holds customers, or change what was stated about it."""
    wanted = System(
        name=name, kind=kind, channel=channel, owner=owner, extract=extract, note=note, status=status, source=source
    )
    with opened() as app, app.transaction() as inside:
        made = collect.add_system(inside, wanted)
    print_json(made) if as_json else print(f"{made.name}: {made.kind}, {made.channel}, {made.status}")


@system_commands.command("remove")
def remove(name: Name, as_json: Json = False) -> None:
    """Take a system out of the inventory."""
    with opened() as app, app.transaction() as inside:
        collect.remove_system(inside, name)
    print_json({"removed": name}) if as_json else print(f"{name} is no longer in the inventory")
