"""`regulars likeness`: models that join records without a common identifier: added, tried, approved, taken back."""

from pathlib import Path
from typing import Annotated

import typer

from regulars import flow, resolve
from regulars.app import App
from regulars.cli.link import followed, progress
from regulars.cli.terminal import Json, opened, print_json, print_table
from regulars.resolve import Steward

commands = typer.Typer(
    name="likeness", no_args_is_help=True, help="Models that say how alike two records are; none counts until approved."
)
Number = Annotated[int, typer.Argument(help="The model's number, from `regulars likeness list`; 0: none.")]
Reason = Annotated[str, typer.Option(help="Why; kept with the decision.")]


@commands.command("list")
def list_(as_json: Json = False) -> None:
    """The models kept, newest first, and which is in force."""
    with opened() as app, app.transaction() as inside:
        models = resolve.models.listed(inside)
    if as_json:
        print_json({"models": models})
        return
    rows = [(one.number, one.name, state(one), one.review_bits, one.auto_bits, one.pairs) for one in models]
    print_table("Models of likeness", ("No.", "Name", "State", "Ask from", "Join from", "Pairs"), rows)


def state(model: resolve.Model) -> str:
    """In a word."""
    if model.scored < 1:
        return f"{model.scored:.0%} scored"
    return "in force" if model.is_in_force else "kept"


@commands.command("learn")
def learn(
    folder: Annotated[Path, typer.Argument(help="A new folder for the records, the model and its report.")],
    as_json: Json = False,
) -> None:
    """Learn a model from what the brand's own records say of people. It counts for nothing until added and approved."""
    with opened() as app, app.transaction() as inside:
        count = resolve.models.save_records(inside, folder)
    with progress(as_json) as lines:
        model = resolve.models.learn(folder, followed(lines))
    if as_json:
        print_json({"records": count, "model": str(model)})
    else:
        print(f"Learned from {count:,} kinds of record, which stand in {folder} with names and births: keep it safe.")
        print(f"Read {model.with_name('report.html')}, then: regulars likeness add {model}")


@commands.command("add")
def add(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The JSON that `regulars link` wrote.")],
    join: Annotated[float, typer.Option(help="Bits from which two are one person.")] = resolve.AUTOMATIC_BITS,
    ask: Annotated[float, typer.Option(help="Bits from which a steward is asked.")] = resolve.REVIEW_BITS,
    name: Annotated[str, typer.Option(help="What to call it.")] = "",
    as_json: Json = False,
) -> None:
    """Add a model and score everybody by it. It changes nobody until it is approved."""
    body, terms = resolve.models.read(file)
    with opened() as app:
        with app.transaction() as inside:
            steward = Steward("command line", name or file.stem)
            number = resolve.models.add(inside, steward, body, terms, resolve.Bands(ask, join))
        scored(app, number, as_json)


@commands.command("score")
def score(number: Number, as_json: Json = False) -> None:
    """Go on scoring everybody by a model where `add` was cut off."""
    with opened() as app:
        scored(app, number, as_json)


def scored(app: App, number: int, as_json: bool) -> None:
    """Piece by piece, each in a transaction of its own: the flow goes on in between."""
    with progress(as_json) as lines:
        line = lines.add_task("scoring everybody", total=1.0)
        done = 0.0
        while done < 1.0:
            with app.transaction() as inside:
                done = resolve.models.score(inside, number)
            lines.update(line, completed=done)
    print_json({"number": number}) if as_json else print(
        f"Model {number} is added and counts for nothing yet: regulars likeness try {number}"
    )


@commands.command("try")
def try_(number: Number, as_json: Json = False) -> None:
    """Say what approving it would change, and change nothing."""
    with opened() as app, progress(as_json) as lines:
        line = lines.add_task("computing everybody", total=1.0)
        trial = resolve.models.tried(app, number or None, lambda share: lines.update(line, completed=share))
    if as_json:
        print_json(trial)
        return
    print(
        f"{trial.merges:,} customers would go up in others, {trial.splits:,} would come apart, {trial.ids_changed:,}"
        f" ids would lead elsewhere; {trial.customers:,} customers afterwards"
    )
    rows = [(one.kind, one.customer, one.other, "" if one.bits is None else one.bits) for one in trial.examples]
    print_table("Worth a look", ("What", "Customer", "The other", "Bits"), rows)


@commands.command("approve")
def approve(number: Number, reason: Reason = "approved", as_json: Json = False) -> None:
    """Put it in force, or an older one again; 0: join nobody by likeness."""
    with opened() as app, app.transaction() as inside:
        people = resolve.models.approve(inside, Steward("command line", reason), number or None)
        flow.on_decision(inside, people)
    if as_json:
        print_json({"in_force": number or None, "merged": len(people.merged), "recomputed": len(people.recompute)})
    else:
        print(f"{len(people.merged):,} customers went up in others, {len(people.recompute):,} were computed again")


@commands.command("drop")
def drop(number: Number, as_json: Json = False) -> None:
    """Let a model go with its scores; one in force stays."""
    with opened() as app, app.transaction() as inside:
        resolve.models.drop(inside, number)
    print_json({"dropped": number}) if as_json else print(f"Model {number} is dropped")
