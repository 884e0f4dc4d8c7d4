"""`regulars erase`: take a person out of everything, after showing what will go, and prove it."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from regulars import privacy
from regulars.app import App
from regulars.cli.customer import find
from regulars.cli.terminal import Json, opened, print_json, print_table
from regulars.kit.errors import InputRefused, NotFound

BY = "command line"
STEPS = {
    "asked": "Taking her out of every room",
    "held": "Waiting",
    "left": "Replacing files, looking through everything",
    "done": "Done",
}
SHOWN_PLACES = 20

commands = typer.Typer()


@commands.command()
def erase(
    who: Annotated[str, typer.Argument(help="Customer id, loyalty card, e-mail or phone.")],
    reason: Annotated[str, typer.Option(help="The request this follows, as its number; without personal data.")] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask: erase what the preview shows.")] = False,
    as_json: Json = False,
) -> None:
    """Erase a customer everywhere, and prove it. Shows first what will go; cut off, it goes on where it was.

    Exit code 0: nothing of her is left. 1: something is, and the proof says where.
    """
    privacy.check_reason(reason)
    with opened() as app:
        with app.transaction() as inside:
            found = privacy.scope(inside, find(inside, who))
        if not as_json:
            preview(found)
        if not yes and (as_json or not typer.confirm("This cannot be undone. Erase her?")):
            raise InputRefused("Nothing was erased: nobody said yes", "Look at the preview, then add --yes")
        with app.transaction() as inside:
            number = privacy.ask_erasure(inside, found.customer, BY, reason)
        carry(app, number)
        tell(app, number, as_json)


@commands.command()
def erasures(
    number: Annotated[int | None, typer.Option("--proof", min=1, help="The signed proof of this erasure.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with all that are under way.")] = False,
    as_json: Json = False,
) -> None:
    """List erasures and how far each is; show the proof of one; go on with those that were cut off."""
    with opened() as app:
        if resume:
            for one in privacy.open_erasures(app):
                carry(app, one)
        if number is not None:
            tell(app, number, as_json)
        with app.transaction() as inside:
            known = privacy.erasures(inside)
    if as_json:
        print_json({"erasures": known})
        return
    rows = [(one.id, standing(one), one.asked_at, one.reason, one.actor, one.events, one.done_at) for one in known]
    print_table("Erasures", ("No.", "State", "Asked at", "Reason", "By", "Events", "Proved at"), rows)


def standing(one: privacy.Erasure) -> str:
    """Its state, and why it waits where it does."""
    return f"held: {one.held_because}" if one.held_because else one.state


def preview(found: privacy.Scope) -> None:
    """What will go, with what joined her records where nobody vouched for it."""
    rows = [
        (one.type, one.value, one.strength, "others use it too, it stays theirs" if one.is_shared else "", one.why_weak)
        for one in found.identifiers
    ]
    columns = ("Identifier", "Value", "Known by", "", "Joined on weak evidence")
    print_table(f"Customer {found.customer} and everything about her will go", columns, rows)
    if found.weak:
        console = Console(stderr=True, highlight=False)
        console.print(f"{len(found.weak)} of these rest on weak evidence: make sure that they are the same person's.")


def carry(app: App, number: int) -> None:
    """Every step, saying which one it is."""
    console = Console(stderr=True, highlight=False)
    while True:
        with app.transaction() as inside:
            now = privacy.erasure(inside, number)
        console.print(f"Erasure {number}: {STEPS[now.state]}")
        if now.state == "done" or not privacy.carry_erasure(app, number):
            return


def tell(app: App, number: int, as_json: bool) -> None:
    """The proof, and exit code 1 where something is left. Raises NotFound."""
    with app.transaction() as inside:
        proof = privacy.erasure_proof(inside, number)
        now = privacy.erasure(inside, number)
    if now.held_because:
        raise privacy.ErasureRefused(
            f"Erasure {number} waits, because what we hold about her must stay: {now.held_because}",
            "Nothing to do: it goes on by itself when retention.yaml holds her no longer",
        )
    if proof is None:
        raise NotFound(
            f"Erasure {number} has no proof yet: a worker is at it", f"Ask again: regulars erasures --proof {number}"
        )
    report = proof.report
    if as_json:
        print_json({"erasure": now, "hits": report.hits, "proof": proof})
    else:
        stores = len(report.looked)
        print(f"{now.events or 0:,} events erased, {now.orders or 0:,} orders kept as nobody's.")
        print(f"{report.hits} hits in {stores:,} places for {report.spellings} spellings. Signed: {proof.signature}")
        rows = [(one.store, one.place, one.hits, one.why or "not explained") for one in report.exceptions]
        if rows:
            print_table("What names her still", ("Store", "Place", "Hits", "Why"), rows[:SHOWN_PLACES])
        for place in report.not_looked:
            print(f"Not looked through: {place}.")
    raise typer.Exit(1 if report.hits or not proof.is_genuine else 0)
