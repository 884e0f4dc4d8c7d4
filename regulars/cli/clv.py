"""`regulars clv`: who comes back and what they will bring, from a file of transactions."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from regulars.analyze import clv
from regulars.cli.terminal import Json, print_json, print_table
from regulars.kit.clock import SystemClock
from regulars.kit.errors import InputRefused

commands = typer.Typer()
SHOWN = 10


@commands.command("clv")
def lifetime(
    file: Annotated[Path, typer.Argument(help="CSV or Parquet file with a row for each purchase, or part of one.")],
    customer: Annotated[str, typer.Option(help="Column that says who.")],
    date: Annotated[str, typer.Option(help="Column that says on which day.")],
    value: Annotated[str, typer.Option(help="Column of money; without it purchases are counted.")] = "",
    calibration_end: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"], help="Last day that the models see; unless given, the last third is hidden."
        ),
    ] = None,
    unit: Annotated[str, typer.Option(help="week or day: what the parameters count in.")] = "week",
    model: Annotated[
        str, typer.Option(help="bg-nbd, mbg-nbd or pareto-nbd; auto: the one that foresaw the hidden time best.")
    ] = clv.AUTO,
    as_json: Json = False,
    html: Annotated[bool, typer.Option("--html", help="Print a page to read in a browser.")] = False,
) -> None:
    """Fit models of when customers buy and leave, judge them on a time they have not seen, and say what is to come."""
    if as_json and html:
        raise InputRefused("--json and --html print different things", "Leave one of them out")
    if unit not in clv.DAYS:
        raise InputRefused(f"There is no unit '{unit}'", f"Choose one of: {', '.join(clv.DAYS)}")
    until = calibration_end.date() if calibration_end else None
    answer = clv.lifetime_values(
        clv.Task(
            file=file,
            today=SystemClock().now().date(),
            customer=customer,
            when=date,
            value=value,
            calibration_end=until,
            unit=unit,
            model=model,
        )
    )
    if as_json:
        print_json(answer)
    elif html:
        typer.echo(clv.drawn(answer), nl=False)
    else:
        tell(answer)


def tell(answer: clv.Clv) -> None:
    """What was found, for people."""
    print(f"{len(answer.customers):,} customers on {answer.as_of}, by {answer.model}: {parameters(answer.params)}")
    if answer.holdout:
        held = answer.holdout
        print(
            f"From {held.begin} to {held.until}, which it had not seen, {held.predicted:,.0f} purchases were foreseen"
            f" and {held.actual:,} came; the mean error is {held.mae:.3f} a customer."
        )
    judged = [
        (
            each.title,
            parameters(each.params),
            f"{each.log_likelihood:,.1f}",
            f"{each.holdout.log_likelihood:,.1f}" if each.holdout else "",
            f"{each.holdout.predicted:,.0f}" if each.holdout else "",
        )
        for each in answer.models
    ]
    print_table("Models", ("Model", "Parameters", "Log-likelihood", "Of what came later", "Foreseen"), judged)
    rows = [
        (
            each.customer,
            f"{each.purchases:,}",
            f"{each.last}",
            f"{each.p_alive:.0%}",
            f"{each.expected_purchases:.1f}",
            "" if each.lifetime_value is None else f"{each.lifetime_value:,.2f}",
        )
        for each in answer.customers[:SHOWN]
    ]
    columns = ("Customer", "Purchases", "Last", "Still a customer", "To come", "In sum")
    print_table(f"The next {answer.horizon} {answer.unit}s", columns, rows)
    for why, count in answer.left_out.items():
        print(f"Left out: {count:,} {'' if why.startswith('days') else 'rows with '}{why}")


def parameters(params: dict[str, float]) -> str:
    """Names and numbers."""
    return ", ".join(f"{name} {value:.4g}" for name, value in params.items())
