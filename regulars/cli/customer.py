"""`regulars customer`: find somebody, and say who she is and why we think so."""

import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from regulars import analyze, collect, design, privacy, profile, resolve
from regulars.app import App
from regulars.cli.terminal import Json, opened, plain, print_json, print_table
from regulars.kit.errors import InputRefused, NotFound
from regulars.model import Moment
from regulars.store import queries

SQL = queries(__package__ or "")

RECENT_EVENTS = 10
# How people name somebody on the command line, tried in this order.
KINDS = ("customer", "card", "email", "phone")

commands = typer.Typer(name="customer", no_args_is_help=True, help="Find customers and show what is known.")


@commands.command()
def search(
    text: Annotated[str, typer.Argument(help="Name, e-mail, phone, card or id, or the beginning of one.")],
    limit: Annotated[int, typer.Option(help="At most so many.", min=1, max=500)] = 20,
    as_json: Json = False,
) -> None:
    """Find customers by the beginning of what they are known by."""
    with opened() as app, app.transaction() as inside:
        hits = named(inside, text, limit)
    if as_json:
        print_json({"customers": hits})
        return
    rows = [(hit.customer, hit.name, hit.email, hit.phone, hit.city) for hit in hits]
    print_table(f"{len(hits)} found for '{text}'", ("Customer", "Name", "E-mail", "Phone", "City"), rows)


def named(app: App, text: str, limit: int) -> list[profile.Hit]:
    """Who is found by this text; first whoever has it as id, also where a merge took that id in."""
    hits = profile.search(app, text, limit)
    customer = resolve.look_up(app, Moment(kind="customer", value=text.strip()))
    if customer is None:
        return hits
    email, phone, city = app.db.execute(SQL.contact_of, {"customer": customer}).fetchone() or (None, None, None)
    first = profile.Hit(customer, profile.read(app, customer).name, email, phone, city)
    return [first, *[hit for hit in hits if hit.customer != customer]][:limit]


@commands.command()
def show(
    who: Annotated[str, typer.Argument(help="Customer id, loyalty card, e-mail or phone.")],
    as_json: Json = False,
) -> None:
    """Show one customer: profile, identifiers, segments, traits, scores, points, latest events."""
    with opened() as app, app.transaction() as inside:
        known = portrait(inside, find(inside, who))
    if as_json:
        print_json(known)
    else:
        draw(known)


@commands.command("export")
def export_customer(
    who: Annotated[str, typer.Argument(help="Customer id, loyalty card, e-mail or phone.")],
    out: Annotated[Path | None, typer.Option("--out", help="Where to write the ZIP; here, unless given.")] = None,
    masked: Annotated[bool, typer.Option("--masked", help="Hide what names or describes a person.")] = False,
    as_json: Json = False,
) -> None:
    """Write everything that is held about one customer into a ZIP: JSON lines, a page for reading, a README."""
    with opened() as app, app.transaction() as inside:
        customer = find(inside, who)
        path = out or Path(privacy.file_name(inside, customer))
        with written(path) as file:
            done = privacy.export(inside, customer, file, collect.hidden if masked else collect.in_the_clear)
    if as_json:
        print_json({"path": str(path), "export": done})
        return
    rows = [(file.name, file.rows, file.title) for file in done.files if file.rows]
    print_table(f"Customer {done.customer} is in {path}", ("File", "Rows", "What it is"), rows)


@contextmanager
def written(path: Path) -> Generator[IO[bytes]]:
    """A new file that its owner alone may read; there when it is whole, else not at all. Raises InputRefused."""
    unfinished = path.with_name(path.name + ".part")
    try:
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    except OSError as fault:
        raise InputRefused(f"{path} cannot be written: {fault.strerror}", "Name another place with --out") from None
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def find(app: App, who: str) -> int:
    """The customer named by an id, a card, an e-mail or a phone; raises NotFound."""
    # What a terminal of another encoding sends is half a character, which no database takes.
    who = who.encode(errors="replace").decode()
    for kind in KINDS:
        customer = resolve.look_up(app, Moment(kind=kind, value=who))
        if customer is not None:
            return customer
    raise NotFound(f"Nobody is known by '{who}'", "Look for a part of the name: regulars customer search NAME")


def portrait(app: App, customer: int) -> dict[str, Any]:
    """Everything the rooms know about one customer."""
    return {
        "customer": customer,
        "profile": profile.read(app, customer),
        "identifiers": resolve.identifiers(app, customer),
        "segments": segments_of(app, customer),
        "traits": analyze.traits_of(app, customer),
        "scores": analyze.scores_of(app, customer),
        "points": design.balance(app, customer),
        "events": profile.timeline(app, customer, limit=RECENT_EVENTS),
    }


def segments_of(app: App, customer: int) -> list[analyze.Visit]:
    """The segments she is in now, with since when."""
    newest: dict[str, analyze.Visit] = {}
    for visit in analyze.visits(app, customer):  # newest first
        newest.setdefault(visit.segment, visit)
    return [visit for visit in newest.values() if visit.entered]


def draw(known: dict[str, Any]) -> None:
    """The portrait for people."""
    console = Console(highlight=False)
    name = Text(str(plain(known["profile"].name)), "bold")
    console.print(name, f" customer {known['customer']}, {known['points'].available} points", markup=False)
    fields = [
        (field.name, field.value, field.source, f"{field.stated_at:%Y-%m-%d}") for field in known["profile"].fields
    ]
    print_table("Profile", ("Field", "Value", "From", "Stated"), fields)
    ids = [
        (each.strength, each.value, "shared" if each.shared else "", f"{each.last_at:%Y-%m-%d}")
        for each in known["identifiers"]
    ]
    print_table("Known by", ("Evidence", "Value", "", "Last seen"), ids)
    print_table("Segments", ("In", "Since"), [(each.segment, f"{each.at:%Y-%m-%d}") for each in known["segments"]])
    print_table("Traits", ("Trait", "Value"), [(each.title, each.shown) for each in known["traits"]])
    print_table("Scores", ("Score", "Grade", "Why"), [(each.title, each.grade, each.why) for each in known["scores"]])
    events = [(f"{item.at:%Y-%m-%d %H:%M}", item.source, item.summary) for item in known["events"]]
    print_table("Latest events", ("When (UTC)", "Source", "What"), events)
