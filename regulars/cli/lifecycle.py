"""`regulars lifecycle`: where customers stand, who got further, and why one stands there."""

from typing import Annotated

import typer

from regulars import analyze, profile
from regulars.cli.terminal import Json, opened, print_json, print_table
from regulars.cli.trait import identified

commands = typer.Typer(name="lifecycle", no_args_is_help=True, help="Lifecycle: stages, who moved, why.")


@commands.command("show")
def show(
    days: Annotated[int, typer.Option(help="How far back to look for moves.", min=1, max=3_650)] = 90,
    as_json: Json = False,
) -> None:
    """Show all stages with their people and who went further, and the moves of the last days."""
    with opened() as app, app.transaction() as inside:
        found = analyze.lifecycle(inside, days)
    if as_json:
        print_json(found)
        return
    rows = [
        (s.name, s.phase, f"{s.customers:,}", f"{s.customers - s.before:+,}", f"{s.orders_90:.1f}", said(s.conversion))
        for s in found.stages
    ]
    columns = ("Stage", "Phase", "Customers", f"In {days} days", "Orders in 90 days", "Went further in 90 days")
    print_table("Lifecycle", columns, rows)
    flows = [(f.before or "new", f.after or "ended", f"{f.customers:,}") for f in found.flows]
    print_table(f"{found.up:,} moved up, {found.down:,} fell back", ("From", "To", "Customers"), flows)


@commands.command("why")
def why(
    customer: Annotated[str, typer.Argument(help="Id of the customer.")],
    as_json: Json = False,
) -> None:
    """Say why a customer stands in their stage, step by step."""
    with opened() as app, app.transaction() as inside:
        found = analyze.why_stage(inside, profile.read(inside, identified(customer)).customer)
    if as_json:
        print_json(found)
        return
    rows = [
        (
            step.title,
            "holds" if part.holds else "does not hold",
            part.rule if part.wanted else f"must not be: {part.rule}",
            part.value,
            len(part.events),
        )
        for step in found.steps
        for part in step.clauses
    ]
    title = f"Customer {found.customer} stands in {found.title}, the highest stage that holds"
    print_table(title, ("Stage", "", "Comparison", "Value", "Events behind it"), rows)


def said(conversion: tuple[float, float, float] | None) -> str:
    """A share with its interval, for people."""
    if conversion is None:
        return "too early to say"
    share, low, high = conversion
    return f"{share:.0%} ({low:.0%} to {high:.0%})"
