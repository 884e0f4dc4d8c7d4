"""`regulars refusals`: what was not taken, mended in bulk and sent through the same door again."""

from typing import Annotated

import typer

from regulars import collect
from regulars.cli.terminal import Json, opened, print_json, print_table
from regulars.kit.errors import InputRefused

commands = typer.Typer(name="refusals", no_args_is_help=True, help="What was not taken: look, mend, send again.")
Many = list[str]


@commands.command("list")
def list_(
    source: Annotated[str, typer.Option(help="Only of this source.")] = "",
    code: Annotated[str, typer.Option(help="Only of this code, such as RG-1107.")] = "",
    text: Annotated[str, typer.Option(help="Only with this text in the message or the reason.")] = "",
    state: Annotated[str, typer.Option(help="open, replayed or dismissed.")] = "open",
    as_json: Json = False,
) -> None:
    """Refusals by reason, largest group first. LIKE is what `replay` takes."""
    if state not in collect.REFUSAL_STATES:
        raise InputRefused(f"'{state}' is no state", f"Use {', '.join(collect.REFUSAL_STATES)}")
    search = collect.RefusalSearch(state=state, source=source, code=code, text=text)
    with opened() as app, app.transaction() as inside:
        groups = collect.refusal_groups(inside, search)
    if as_json:
        print_json({"groups": groups})
        return
    rows = [(each.like, each.count, each.source, each.code, each.reason, each.fix) for each in groups]
    print_table("Refusals", ("Like", "Events", "Source", "Code", "Reason", "How to mend it"), rows)


@commands.command("replay")
def replay(
    like: Annotated[int, typer.Argument(help="A refusal; all of its source, code and reason are sent again.")],
    set_: Annotated[Many | None, typer.Option("--set", help="FIELD=VALUE; the value is JSON, or else text.")] = None,
    rename: Annotated[Many | None, typer.Option(help="FIELD=NEW_PLACE")] = None,
    remove: Annotated[Many | None, typer.Option(help="FIELD")] = None,
    cast: Annotated[Many | None, typer.Option(help="FIELD=text, number, integer, boolean or time")] = None,
    replace: Annotated[Many | None, typer.Option(help="OLD_TEXT=NEW_TEXT, in the message as received")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Try it on real ones, send nothing.")] = False,
    as_json: Json = False,
) -> None:
    """Mend a group of refusals and send it again, as of the time each first came.

    Exit code 0: all were taken, or would be. 1: some were refused again.
    """
    given = {"set": set_, "rename": rename, "cast": cast, "replace": replace}
    mends = [mend(do, text) for do, texts in given.items() for text in texts or []]
    mends += [collect.Mend(do="remove", field=field) for field in remove or []]
    with opened() as app:
        if dry_run:
            with app.transaction() as inside:
                trial = collect.try_replay(inside, like, mends)
            said = f"{trial.would_pass} of {trial.tried} tried would pass; {trial.group.waiting} wait"
            print_json(trial) if as_json else print(said)
            raise typer.Exit(0 if trial.would_pass == trial.tried else 1)
        with app.transaction() as inside:
            ident = collect.order_replay(inside, like, mends, "command line")
        while collect.carry_replay(app, ident):
            pass
        with app.transaction() as inside:
            done = collect.refusal_replays(inside, ident)[0]
    if as_json:
        print_json(done)
    else:
        print(
            f"{done.total} sent again: {done.accepted} accepted, {done.duplicates} were here,"
            f" {done.conflicts} conflict, {done.refused} refused again, {done.left_out} left out"
        )
    raise typer.Exit(1 if done.refused or done.left_out or done.fault else 0)


def mend(do: str, text: str) -> collect.Mend:
    """One change as it is typed. Raises InputRefused."""
    field, mark, value = text.partition("=")
    if not mark:
        raise InputRefused(f"--{do} {text} has no =", "Write FIELD=VALUE")
    return collect.Mend(do=do, field=field, value=value)
