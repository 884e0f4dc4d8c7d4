"""`regulars segment`: which groups there are, how large they are, and who is in them."""

from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from regulars import analyze, engage
from regulars.app import App
from regulars.cli.customer import written
from regulars.cli.terminal import Json, opened, print_json, print_table
from regulars.kit.errors import InputRefused
from regulars.store import queries

SQL = queries(__package__)
# As whom versions are saved.
AUTHOR = "command line"


class Given(msgspec.Struct, frozen=True):
    """A segment as a file holds it."""

    title: str
    rule: dict[str, Any]
    reason: str = ""


commands = typer.Typer(name="segment", no_args_is_help=True, help="Segments: rules, sizes, members.")


@commands.command("list")
def show_all(as_json: Json = False) -> None:
    """List all segments with their rules as sentences and their sizes now."""
    with opened() as app, app.transaction() as inside:
        found = analyze.segments(inside)
    if as_json:
        print_json({"segments": found})
        return
    print_table("Segments", ("Name", "Title", "Size", "Rule"), [(s.name, s.title, s.size, s.rule) for s in found])


@commands.command()
def show(segment: Annotated[str, typer.Argument(help="Name of the segment.")], as_json: Json = False) -> None:
    """Show a segment: its rule as a sentence and as JSON, its size, and where its newest version stands."""
    with opened() as app, app.transaction() as inside:
        analyze.check_named(inside, segment)
        found = next(one for one in analyze.segments(inside, archived=True) if one.name == segment)
    if as_json:
        print_json(found)
        return
    made = found.made
    state = f"{made.state}, version {made.version} by {made.author}" if made else "from the catalogue"
    typer.echo(f"{found.title}: {found.size:,} people, {state}\nEverybody {found.rule}.")
    if made:
        typer.echo(msgspec.json.encode(made.rule).decode())
        typer.echo(made.fault or "", nl=bool(made.fault))


@commands.command()
def create(
    file: Annotated[Path, typer.Argument(help="JSON with title, rule and, if you like, reason.")], as_json: Json = False
) -> None:
    """Make a segment; the worker takes it over as soon as it runs."""
    draft = drafted(file)
    with opened() as app, app.transaction() as inside:
        name = analyze.create(inside, draft, AUTHOR)
    tell_saved(name, 1, as_json)


@commands.command()
def edit(
    segment: Annotated[str, typer.Argument(help="Name of the segment.")],
    file: Annotated[Path, typer.Argument(help="JSON with title, rule and, if you like, reason.")],
    as_json: Json = False,
) -> None:
    """Save a new version of a segment; the one before stays in force until the worker has taken it over."""
    draft = drafted(file)
    with opened() as app, app.transaction() as inside:
        version = analyze.edit(inside, segment, draft, AUTHOR)
    tell_saved(segment, version, as_json)


@commands.command()
def archive(
    segment: Annotated[str, typer.Argument(help="Name of the segment.")],
    reason: Annotated[str, typer.Option(help="Why; kept with the version.")] = "",
    as_json: Json = False,
) -> None:
    """Put a segment into the archive: nobody is in it any more; its history and versions stay."""
    with opened() as app, app.transaction() as inside:
        version = analyze.archive(inside, segment, AUTHOR, reason)
    tell_saved(segment, version, as_json)


def drafted(file: Path) -> analyze.Draft:
    """The segment that a file holds. Raises InputRefused, RuleRefused."""
    try:
        given = msgspec.json.decode(file.read_bytes(), type=Given)
    except (OSError, msgspec.DecodeError, RecursionError) as fault:
        raise InputRefused(f"{file} cannot be read: {fault}", 'Write {"title": "…", "rule": {"kind": …}}') from None
    return analyze.Draft(title=given.title, rule=analyze.read(given.rule), reason=given.reason)


def tell_saved(name: str, version: int, as_json: bool) -> None:
    """Under which name and number."""
    if as_json:
        print_json({"segment": name, "version": version})
    else:
        typer.echo(f"Saved as {name}, version {version}")


@commands.command()
def count(
    which: Annotated[str, typer.Argument(help="Name of a segment, or a rule as JSON.")],
    as_json: Json = False,
) -> None:
    """Count the customers in a segment, or those that a rule would match now."""
    with opened() as app, app.transaction() as inside:
        number = size_of(inside, which)
    if as_json:
        print_json({"segment": which, "count": number})
    else:
        typer.echo(f"{number:,}")


@commands.command()
def members(
    segment: Annotated[str, typer.Argument(help="Name of the segment.")],
    after: Annotated[int | None, typer.Option(help="Continue after this customer id.")] = None,
    limit: Annotated[int, typer.Option(help="At most so many.", min=1, max=10_000)] = 50,
    as_json: Json = False,
) -> None:
    """List members by customer id, with since when."""
    with opened() as app, app.transaction() as inside:
        page = analyze.members(inside, segment, after, limit)
        names = names_of(inside, page)
    rows = [{"customer": m.customer, "name": names.get(m.customer), "since": m.since} for m in page]
    if as_json:
        print_json({"segment": segment, "members": rows})
        return
    shown = [(row["customer"], row["name"], f"{row['since']:%Y-%m-%d}") for row in rows]
    print_table(f"{segment}: {len(rows)} shown", ("Customer", "Name", "Since"), shown)


@commands.command()
def export(
    segment: Annotated[str, typer.Argument(help="Name of the segment.")],
    out: Annotated[Path, typer.Option("--out", help="Where to write the CSV.")],
    channel: Annotated[
        engage.MailingChannel, typer.Option("--channel", help="What the file is for: it decides who may be on it.")
    ] = "post",
    one_per_household: Annotated[
        bool, typer.Option("--one-per-household", help="One line for people who live together.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Write the mailing file of a segment: those who may be written to, with name and address."""
    with opened() as app, app.transaction() as inside:
        found = engage.mailing(inside, segment, channel, one_per_household)
        with written(out) as file:
            for piece in engage.as_csv(inside, found):
                file.write(piece.encode())
    if as_json:
        print_json({"path": str(out), "lines": len(found.lines), "left_out": found.left_out})
        return
    typer.echo(f"{out}: {len(found.lines):,} lines")
    print_table("Not on it", ("Why", "People"), [(why, f"{people:,}") for why, people in found.left_out.items()])


def size_of(app: App, which: str) -> int:
    """The size of a named segment, or of a rule written as JSON."""
    if not which.lstrip().startswith("{"):
        analyze.members(app, which, limit=1)  # raises for a name that does not exist, with the names that do
        return next(view.size for view in analyze.segments(app) if view.name == which)
    return analyze.count(app, analyze.read(which))


def names_of(app: App, page: list[analyze.Member]) -> dict[int, str | None]:
    """What to call the members of a page; None where nobody told us."""
    return dict(app.db.execute(SQL.names_of, {"customers": [member.customer for member in page]}).fetchall())
