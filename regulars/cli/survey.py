"""`regulars survey`: the questions, what people feel, and asking one question."""

from typing import Annotated

import typer

from regulars import analyze, engage, profile
from regulars.analyze import affinity
from regulars.cli.terminal import Json, opened, print_json, print_table
from regulars.cli.trait import identified

commands = typer.Typer(name="survey", no_args_is_help=True, help="Surveys: one question, its answers, follow-ups.")


@commands.command("list")
def show_all(as_json: Json = False) -> None:
    """List the declared questions with the address for a tablet or a QR code."""
    with opened() as app, app.transaction() as inside:
        declared = affinity.surveys(inside)
        links = {name: engage.kiosk_link(inside, name) for name in declared.surveys}
    if as_json:
        print_json({"every_days": declared.every_days, "surveys": declared.surveys, "kiosks": links})
        return
    rows = [
        (name, one.question, one.measure, declared.place(one.touch_point), f"{one.low} to {one.high}", links[name])
        for name, one in declared.surveys.items()
    ]
    print_table("Surveys", ("Name", "Question", "Measure", "Touch point", "Scale", "For a tablet"), rows)


@commands.command()
def results(
    days: Annotated[int, typer.Option(help="The last so many days, against as many before.", min=1, max=3_650)] = 90,
    as_json: Json = False,
) -> None:
    """Show what people feel by touch point and measure, with intervals."""
    with opened() as app, app.transaction() as inside:
        found = affinity.overview(inside, days, [stage.name for stage in analyze.STAGES])
    if as_json:
        print_json(found)
        return
    rows = [
        (
            one.place,
            one.title,
            one.trend.count,
            of_hundred(one.trend.mean),
            of_hundred(one.trend.before),
            one.trend.verdict,
        )
        for one in found.cells
    ]
    columns = ("Touch point", "Measure", "Answers", "Mean of 100", "Before", "Change")
    print_table(f"Affinity over {days} days", columns, rows)
    said = found.said
    print(f"Words (English only): {said.scored:,} scored, {said.not_english + said.no_language:,} not scored")


@commands.command()
def ask(
    survey: Annotated[str, typer.Argument(help="Name of the survey.")],
    customer: Annotated[str | None, typer.Option(help="Id of the customer to make a link for.")] = None,
    segment: Annotated[str | None, typer.Option(help="Segment whose members to ask by e-mail.")] = None,
    as_json: Json = False,
) -> None:
    """Make a link for one customer, or wish a letter to everybody in a segment; caps and consent hold."""
    if (customer is None) == (segment is None):
        raise typer.BadParameter("Name either --customer or --segment")
    with opened() as app, app.transaction() as inside:
        now = app.clock.now()
        if segment is not None:
            found = engage.ask_segment(inside, survey, segment, now)
            said = ", ".join(f"{count:,} {state}" for state, count in sorted(found.by_state.items())) or "none new"
            print_json(found) if as_json else print(f"{found.intents:,} wishes: {said}")
            return
        who = profile.read(inside, identified(customer or "")).customer
        asked = engage.ask(inside, survey, who, "link", now)
    print_json(asked) if as_json else print(asked.url or f"Not asked: {asked.why}")


@commands.command("follow-ups")
def follow_ups(
    state: Annotated[str, typer.Option(help="open, done or lapsed.")] = "open",
    as_json: Json = False,
) -> None:
    """List bad answers that somebody should take care of, newest first."""
    with opened() as app, app.transaction() as inside:
        found = affinity.follow_ups(inside, state)
    if as_json:
        print_json({"follow_ups": found})
        return
    rows = [(one.id, one.customer, one.survey, one.score, one.made_at, one.note) for one in found]
    print_table(f"Follow-ups, {state}", ("Id", "Customer", "Survey", "Answer", "Answered", "Note"), rows)


@commands.command()
def done(
    follow_up: Annotated[int, typer.Argument(help="Id of the follow-up.")],
    note: Annotated[str, typer.Option(help="What came of it.")],
    as_json: Json = False,
) -> None:
    """End a follow-up with what came of it."""
    with opened() as app, app.transaction() as inside:
        affinity.finish(inside, follow_up, note, "command line", None)
        ended = affinity.follow_up(inside, follow_up)
    print_json(ended) if as_json else print(f"Follow-up {follow_up} is done")


def of_hundred(level: float | None) -> str | None:
    """A level as people read it."""
    return None if level is None else f"{level * 100:.0f}"
