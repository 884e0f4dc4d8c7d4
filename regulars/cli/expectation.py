"""`regulars expectation`: what was promised against what was measured, and what hangs on a practice."""

from typing import Annotated

import typer

from regulars.analyze import missed
from regulars.cli.terminal import Json, opened, print_json, print_table
from regulars.kit.clock import day_date
from regulars.kit.errors import InputRefused
from regulars.kit.money import money

commands = typer.Typer(
    name="expectation", no_args_is_help=True, help="Expectations: promised against measured, and what if we stop."
)


@commands.command("list")
def show_all(as_json: Json = False) -> None:
    """List what is promised, what was measured over the past year, and whether it is kept."""
    with opened() as app, app.transaction() as inside:
        found = missed.promises(inside)
    if as_json:
        print_json({"expectations": found})
        return
    rows = [(p.name, p.title, promised(p), measured(p), p.verdict, p.trend) for p in found]
    print_table("Expectations", ("Name", "Expectation", "Promised", "Measured", "Verdict", "Trend"), rows)


@commands.command()
def show(
    name: Annotated[str, typer.Argument(help="Name of the expectation; see list.")], as_json: Json = False
) -> None:
    """Show one by part of the business and in stretches of four weeks, with the newest cases that broke it."""
    with opened() as app, app.transaction() as inside:
        one, cases = missed.promise(inside, name), missed.cases(inside, name)
    if as_json:
        print_json({"expectation": one, "cases": cases})
        return
    typer.echo(f"{one.title}: {promised(one)} promised, {measured(one)} measured: {one.verdict}")
    print_table("By part", ("Part", "Measured", "Verdict"), [(p.name, shared(p.count), p.verdict) for p in one.parts])
    print_table(
        "By four weeks", ("To", "Measured"), [(str(day_date(p.last_day)), shared(p.count)) for p in one.periods]
    )
    rows = [(case.customer, case.seq, str(day_date(case.day))) for case in cases]
    print_table(one.cases, ("Customer", "Event", "Day"), rows)


@commands.command()
def stop(
    name: Annotated[str, typer.Argument(help="Name of a practice; leave it out for all.")] = "",
    threshold: Annotated[
        float | None, typer.Option(help="From which part on somebody depends on it, in percent.", min=5, max=100)
    ] = None,
    as_json: Json = False,
) -> None:
    """Show what hangs on a practice: share of customers, revenue and best customers, if we stop it."""
    if threshold is not None and not name:
        raise InputRefused("--threshold is of one practice", "Name the practice, for example coupons")
    with opened() as app, app.transaction() as inside:
        found = [missed.audit_of(inside, name)] if name else missed.audits(inside)
        currency = app.settings.brand_currency
    if as_json:
        print_json({"practices": found})
        return
    for one in found:
        at = one.threshold if threshold is None else threshold / 100
        print_table(
            f"If we stop {one.title}: {one.part} at least {one.at(at).threshold:.0%}",
            ("What", "Hangs on it", "Of"),
            [
                ("Customers", *of(one.at(at).customers, one.audited.customers)),
                ("Best customers", *of(one.at(at).best, one.audited.best)),
                (
                    "Their revenue of a year",
                    money(one.at(at).revenue_cents, currency),
                    money(one.audited.revenue_cents, currency),
                ),
                (
                    "Of it bought with it",
                    money(one.at(at).with_it_cents, currency),
                    money(one.audited.with_it_cents, currency),
                ),
            ],
        )


def of(part: int, whole: int) -> tuple[str, str]:
    """1,204 (12.0%) of 10,033."""
    return (f"{part:,} ({part / whole:.1%})" if whole else "0", f"{whole:,}")


def promised(one: missed.Promise) -> str:
    """At most 3%."""
    return f"at {'most' if one.better == 'low' else 'least'} {one.promise:.0%}"


def measured(one: missed.Promise) -> str:
    """2.1% (1.9% to 2.3%)."""
    return shared(one.year)


def shared(count: missed.Count) -> str:
    """The share with its interval, and of how many."""
    if count.share is None:
        return "not known"
    return f"{count.share:.1%} ({count.low:.1%} to {count.high:.1%}) of {count.trials:,}"
