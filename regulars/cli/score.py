"""`regulars score`: what models say of every customer, why, and whether they foretold what came."""

from __future__ import annotations

from typing import Annotated

import typer

from regulars import analyze, collect
from regulars.analyze import standings
from regulars.cli.terminal import Json, opened, print_json, print_table
from regulars.cli.trait import identified
from regulars.kit.clock import day_date
from regulars.kit.money import money

commands = typer.Typer(
    name="score", no_args_is_help=True, help="Scores: what they answer, who stands where, back-tests."
)


@commands.command("list")
def show_all(as_json: Json = False) -> None:
    """List all scores with the question they answer and what their back-test says."""
    with opened() as app, app.transaction() as inside:
        found = standings.listed(inside)
    if as_json:
        print_json({"scores": found})
        return
    rows = [
        (one.name, one.question, f"{one.spread.customers:,}" if one.spread else "nobody yet", one.backtest)
        for one in found
    ]
    print_table("Scores", ("Name", "Question", "Customers", "Back-test"), rows)


@commands.command()
def explain(
    name: Annotated[str, typer.Argument(help="Name of the score.")],
    customer: Annotated[str, typer.Option(help="Id of the customer whose score to explain.")],
    as_json: Json = False,
) -> None:
    """Say why a customer has this score now: the sentence, its parts, and the traits to ask about next."""
    with opened() as app, app.transaction() as inside:
        found = standings.why(inside, name, identified(customer))
        currency = app.settings.brand_currency
    if as_json:
        print_json(found)
        return
    standing = found.standing
    print(f"{standing.title}: {standing.grade}. {standing.why}")
    print_table("Parts", ("Part", "Value"), [(part.title, said(part, currency)) for part in standing.parts])
    print_table(
        "Grades so far", ("Since", "Grade"), [(day_date(one.as_of_day), one.grade or "none") for one in found.changes]
    )
    print(
        f"Made of {', '.join(standing.traits)}: `regulars trait explain NAME --customer {customer}` ends in her events."
    )


@commands.command()
def backtest(
    names: Annotated[list[str] | None, typer.Argument(help="Names of scores; all of them unless given.")] = None,
    again: Annotated[bool, typer.Option("--again", help="Look now instead of showing the latest look.")] = False,
    as_json: Json = False,
) -> None:
    """Show what each score foretold and what came; --again looks at the lake now, which takes seconds to minutes."""
    with opened() as app:
        chosen = [standings.named(name).name for name in names] if names else list(analyze.scores)
        if again:
            collect.flush(app)
            analyze.backtest(app, names=chosen)
        with app.transaction() as inside:
            found = [one for one in standings.listed(inside) if one.name in chosen]
    if as_json:
        print_json({"backtests": [{"score": one.name, "says": one.backtest, "judged": one.judgement} for one in found]})
        return
    for one in found:
        print(f"{one.title}: {one.backtest}")
        judged = one.judgement.found if one.judgement else None
        if judged:
            rows = [
                (
                    f"{tenth.from_value:,.2f} to {tenth.to_value:,.2f}",
                    f"{tenth.customers:,}",
                    "" if tenth.foretold is None else f"{tenth.foretold:,.3f}",
                    f"{tenth.actual:,.3f}",
                )
                for tenth in judged.tenths
            ]
            print_table("By tenths", ("Score then", "Customers", "Foretold", "Came"), rows)


def said(part: standings.PartValue, currency: str) -> str:
    """A part of a score in words."""
    if part.value is None:
        return "not known"
    match part.unit:
        case "cents":
            return money(part.value, currency)
        case "share":
            return f"{part.value:.1%}"
        case "date":
            return f"{day_date(int(part.value))}"
        case "days":
            return f"{part.value:,.0f} days"
        case _:
            return f"{part.value:,.10g}"
