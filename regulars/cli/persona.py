"""`regulars persona`: groups found among customers, how sure they are, and what is decided about them."""

from typing import Annotated

import typer

from regulars.analyze import personas
from regulars.cli.terminal import Json, opened, print_json, print_table

commands = typer.Typer(name="persona", no_args_is_help=True, help="Personas: groups found by what customers do.")


@commands.command("list")
def show_all(as_json: Json = False) -> None:
    """List every lens with its groups, or why it shows none."""
    with opened() as app, app.transaction() as inside:
        found = personas.views(inside)
    if as_json:
        print_json({"lenses": found})
        return
    for view in found:
        rows = [
            (str(one.id), one.name, f"{one.customers:,}", one.state, one.portrait.sentence) for one in view.personas
        ]
        print_table(f"{view.title}: {standing(view)}", ("Id", "Name", "Customers", "State", "What they do"), rows)


@commands.command()
def fit(
    lens: Annotated[str | None, typer.Argument(help="Name of the lens; all of them unless given.")] = None,
    as_json: Json = False,
) -> None:
    """Look for groups now instead of when it is due, and keep what is found."""
    with opened() as app:
        names = [lens] if lens else list(personas.lenses)
        fits = [personas.fit(app, name) for name in names]
        with app.transaction() as inside:
            found = {view.name: standing(view) for view in personas.views(inside)}
    if as_json:
        print_json({"fits": fits})
        return
    for one in fits:
        typer.echo(f"{one.lens}: {found[one.lens]}")


@commands.command()
def decide(
    ident: Annotated[int, typer.Argument(metavar="ID", help="Number of the persona.")],
    name: Annotated[str | None, typer.Option(help="What it is called from now on.")] = None,
    approve: Annotated[bool, typer.Option("--approve/--retire", help="Use it, or use it no more.")] = True,
    as_json: Json = False,
) -> None:
    """Approve or retire a persona, or give it a name; it keeps them when groups are looked for again."""
    with opened() as app, app.transaction() as inside:
        state: personas.State = "approved" if approve else "retired"
        done = personas.decide(inside, ident, by="command line", name=name, state=state)
    if as_json:
        print_json({"persona": done})
        return
    typer.echo(f"{done.name}: {done.state}")


def standing(view: personas.LensView) -> str:
    """How sure the groups of a lens are, in words."""
    if view.fit is None:
        return "nobody looked yet"
    if view.fit.stability is None:
        return f"too few to say, {view.fit.judged:,} customers can be judged"
    best = max(view.fit.stability.agreement)
    if view.fit.params is None:
        return f"no stable groups among {view.fit.judged:,} customers (adjusted Rand {best:.2f})"
    return f"{view.fit.stability.groups} groups among {view.fit.judged:,} customers (adjusted Rand {best:.2f})"
