"""`regulars opportunity`: missed money, ranked, with who it is about and how it would be proved."""

from typing import Annotated

import typer

from regulars.analyze import missed
from regulars.cli.terminal import Json, opened, print_json, print_table
from regulars.kit.money import money

commands = typer.Typer(name="opportunity", no_args_is_help=True, help="Opportunities: missed money, with who and why.")


@commands.command("list")
def show_all(as_json: Json = False) -> None:
    """List what the newest search found, by the lower end of its money, and what it looked for in vain."""
    with opened() as app, app.transaction() as inside:
        newest = missed.missed(inside)
        currency = app.settings.brand_currency
    if as_json:
        print_json(newest or {"found": [], "others": []})
        return
    if newest is None:
        typer.echo("Nobody has searched yet. The worker does once a day; `regulars opportunity search` does it now.")
        return
    typer.echo(headline(newest, currency))
    rows = [(o.name, o.title, f"{o.size:,}", ranged(o, currency), o.confidence) for o in newest.found]
    print_table("Found", ("Name", "Who", "People", "Money in 13 weeks", "How sure"), rows)
    print_table("Looked for, not found", ("Name", "Finding"), [(o.name, o.finding) for o in newest.others])


@commands.command()
def show(
    name: Annotated[str, typer.Argument(help="Name of the opportunity; see list.")],
    limit: Annotated[int, typer.Option(help="At most so many people.", min=1, max=10_000)] = 20,
    as_json: Json = False,
) -> None:
    """Show one: finding, money, treatment, test, evidence, and who is in it with most at stake first."""
    with opened() as app, app.transaction() as inside:
        one = missed.opportunity(inside, name)
        people = missed.people(inside, name, limit=limit)
        currency = app.settings.brand_currency
    if as_json:
        print_json({"opportunity": one, "people": people})
        return
    for line in (one.finding, f"{one.confidence}. {ranged(one, currency)} in {one.days} days", one.treatment, one.test):
        typer.echo(line)
    typer.echo(f"By chance: {one.null}.")
    print_table(
        "Evidence", ("Fact", "Value"), [(f.name, missed.told_value(f.value, f.unit, currency)) for f in one.facts]
    )
    head = ("Customer", "At stake", *(title for title, _ in one.reasons))
    print_table("Who", head, [row_of(one, person, currency) for person in people])


@commands.command("take-up")
def take(
    name: Annotated[str, typer.Argument(help="Name of the opportunity; see list.")],
    author: Annotated[str, typer.Option("--by", help="Who takes it up; it is written down.")] = "command line",
    as_json: Json = False,
) -> None:
    """Write everybody in it into their time lines, some as held out, so that it can be treated and measured."""
    with opened() as app, app.transaction() as inside:
        made = missed.take_up(inside, name, author)
    if as_json:
        print_json(made)
        return
    typer.echo(f"{made.people:,} customers, {made.held_out:,} of them held out; campaign {made.campaign}")


@commands.command()
def search(as_json: Json = False) -> None:
    """Search the past year now instead of waiting for the worker, and list what is found."""
    with opened() as app:
        found = missed.search(app)
    if as_json:
        print_json({"found": found})
        return
    typer.echo(f"{found} found; `regulars opportunity list` tells them")


def headline(newest: missed.Missed, currency: str) -> str:
    """What was found, in one line."""
    if not newest.found:
        return f"Nothing beyond chance in the past year of {newest.customers:,} customers"
    first = newest.found[0]
    count = f"{len(newest.found)} {'opportunity' if len(newest.found) == 1 else 'opportunities'}"
    return f"{count}; first {first.title.lower()}: {ranged(first, currency)} in {first.days} days"


def ranged(one: missed.Opportunity, currency: str) -> str:
    """$1,000 to $5,000."""
    return f"{money(one.money.low, currency)} to {money(one.money.high, currency)}"


def row_of(one: missed.Opportunity, person: missed.Person, currency: str) -> tuple[str, ...]:
    """A line of the table of people."""
    reasons = [
        missed.told_value(value, unit, currency) for value, (_, unit) in zip(person.reasons, one.reasons, strict=True)
    ]
    return (str(person.customer), money(person.stake_cents, currency), *reasons)
