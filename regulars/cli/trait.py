"""`regulars trait`: what is computed about every customer, how, and the proof that it is right."""

from typing import Annotated

import typer

from regulars import analyze, collect, resolve
from regulars.analyze import ENGINES, Explained
from regulars.cli.terminal import Json, opened, print_json, print_table
from regulars.kit.errors import InputRefused, NotFound

commands = typer.Typer(name="trait", no_args_is_help=True, help="Traits: what they are, how they come about, proof.")


@commands.command("list")
def show_all(as_json: Json = False) -> None:
    """List all traits."""
    with opened() as app, app.transaction() as inside:
        found = analyze.listed(inside)
    if as_json:
        print_json({"traits": found})
        return
    rows = [
        (one.name, one.title, one.unit or "number or text", one.version, one.freshness, len(one.used_by))
        for one in found
    ]
    print_table("Traits", ("Name", "Title", "Unit", "Version", "Freshness", "Used by"), rows)


@commands.command()
def explain(
    name: Annotated[str, typer.Argument(help="Name of the trait.")],
    customer: Annotated[str | None, typer.Option(help="Id of the customer whose arithmetic to show.")] = None,
    as_json: Json = False,
) -> None:
    """Say what a trait looks at, what is kept of it, its SQL, and how one customer's value comes about."""
    with opened() as app, app.transaction() as inside:
        found = analyze.explain(inside, name, None if customer is None else identified(customer))
        versions = analyze.trait_versions(inside, name)
    if as_json:
        print_json(found)
        return
    tell(found)
    rows = [(one.version, one.words, one.at, one.adopted_at or "not yet", one.author) for one in versions]
    print_table("Versions", ("Version", "What it is", "Declared", "In force since", "By"), rows)


def identified(text: str) -> int:
    """The customer id that this text is."""
    customer = resolve.customer_id(text)
    if customer is None:
        raise NotFound(
            f"There is no customer '{text[:60]}'", "`regulars customer search` finds customers and their ids"
        )
    return customer


@commands.command()
def prove(
    engine: Annotated[str, typer.Option(help="duckdb: this machine; spark: many. The values are the same.")] = "duckdb",
    as_json: Json = False,
) -> None:
    """Compute everybody's traits and segments again from the lake, and compare them with the live ones."""
    if engine not in ENGINES:
        raise InputRefused(f"There is no engine '{engine}'", f"Choose one of: {', '.join(ENGINES)}")
    with opened() as app:
        collect.flush(app)
        with app.transaction() as inside:
            found = analyze.differences(inside, engine)
    if as_json:
        print_json({"differences": found})
    elif found:
        rows = [(one.customer, one.name, one.live, one.lake) for one in found]
        print_table("Live is not what the lake says", ("Customer", "Value", "Live", "Lake"), rows)
    else:
        print("All traits and segments are what the lake says")
    if found:
        raise typer.Exit(1)


def tell(found: Explained) -> None:
    """For people."""
    print(f"{found.title}: {found.words}. {found.freshness.capitalize()}.")
    rows = [
        (part.words, part.event, ", ".join(part.conditions) or "all", part.kept, ", ".join(part.columns))
        for part in found.parts
    ]
    print_table("Made of", ("Part", "Facts", "Which", "Kept as", "Columns"), rows)
    for part in found.parts:
        print(f"{part.words}:\n    {part.sql}")
    print(f"Value:\n    {found.sql}")
    if found.used_by:
        print(f"Segments that look at it: {', '.join(found.used_by)}")
    if found.customer is not None:
        print(f"Customer {found.customer}: {found.value or 'nothing is known of this customer'}")
        print_table("Her parts", ("Part", "Value"), [(part.words, part.value) for part in found.parts])
        print_table(
            "The newest events behind it", ("Position", "Event", "At"), [(e.seq, e.name, e.at) for e in found.events]
        )
