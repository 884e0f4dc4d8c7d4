"""`regulars report`: a finding and the rows that prove it."""

from typing import Annotated

import typer

from regulars import optimize
from regulars.cli.terminal import Json, opened, print_json, print_table
from regulars.kit.clock import day_date
from regulars.kit.errors import InputRefused
from regulars.optimize import Column, ReportResult

commands = typer.Typer()


@commands.command()
def report(
    name: Annotated[str, typer.Argument(help="Name of the report; see --list.")] = "",
    param: Annotated[list[str] | None, typer.Option("--param", "-p", help="name=value, repeatable.")] = None,
    listed: Annotated[bool, typer.Option("--list", help="Show all reports and their parameters.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print the rows as CSV.")] = False,
    as_json: Json = False,
) -> None:
    """Answer a question about purchases or customers."""
    if listed or not name:
        show_list(as_json)
        return
    with opened() as app, app.transaction() as inside:
        result = optimize.report(inside, name, dict(map(pair, param or [])))
    if as_json:
        print_json(result)
    elif as_csv:
        typer.echo(optimize.as_csv(result), nl=False)
    else:
        show(result)


def pair(text: str) -> tuple[str, str]:
    """`days=28` as name and value."""
    name, equals, value = text.partition("=")
    if not equals:
        raise InputRefused(f"--param {text} names no value", "Write --param name=value, for example --param days=28")
    return name.strip(), value.strip()


def show_list(as_json: bool) -> None:
    """Every report on the shelf."""
    shelf = [each for _, each in optimize.reports.items()]
    if as_json:
        print_json([{"name": each.name, "title": each.title, "parameters": each.parameters} for each in shelf])
        return
    rows = [(each.name, each.title, ", ".join(map(offered, each.parameters))) for each in shelf]
    print_table("Reports", ("Name", "Question", "Parameters"), rows)


def offered(parameter: optimize.Parameter) -> str:
    """`days=28`, or the name alone where the report chooses."""
    return parameter.name if parameter.default is None else f"{parameter.name}={parameter.default}"


def show(result: ReportResult) -> None:
    """The finding, then the table."""
    typer.echo(result.title)
    typer.echo(result.measure)
    if result.verdict:
        typer.echo(result.verdict)
    if result.rows:
        cells = [[told(*each) for each in zip(result.columns, row, strict=True)] for row in result.rows]
        print_table("", [column.title for column in result.columns], cells)


def told(column: Column, value: str | int | float | None) -> str | None:
    """A cell as people read it."""
    if value is None or isinstance(value, str):
        return value
    match column.unit:
        case "cents":
            return f"{value / 100:,.2f}"
        case "share":
            return f"{value:.2%}"
        case "points":
            return f"{value * 100:+.2f} pt"
        case "day":
            return day_date(int(value)).isoformat()
        case "count":
            return f"{value:,}"
        case _:
            return f"{value:,.2f}" if isinstance(value, float) else str(value)
