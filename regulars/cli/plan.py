"""`regulars plan`: what sources should send, as a file; checked, loaded, shown, handed on as JSON Schema."""

import json
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from regulars import collect
from regulars.cli.terminal import Json, opened, print_json, print_table, write_file
from regulars.kit.errors import InputRefused

SHOWN_VIOLATIONS = 20

commands = typer.Typer(name="plan", no_args_is_help=True, help="The tracking plan: what your sources should send.")
PlanFile = Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True, help="The plan, as YAML.")]


@commands.command("check")
def check(
    file: PlanFile,
    latest: Annotated[int, typer.Option(help="Try it on so many of the latest events; 0: judge the file alone.")] = 0,
    as_json: Json = False,
) -> None:
    """Say whether a plan can be used, and how the latest events would fare under it. Stores nothing.

    Exit code 0: it can be used. 1: it cannot.
    """
    content = text_of(file)
    plan = collect.declare_plan(content)
    tried, found = 0, list[collect.Violation]()
    if latest:
        with opened() as app, app.transaction() as inside:
            tried, found = collect.try_plan(inside, content, latest)
    ways = Counter((each.event, each.path or "the event", each.what) for each in found)
    if as_json:
        listed = [{"event": way[0], "path": way[1], "what": way[2], "events": n} for way, n in ways.most_common()]
        print_json({"plan": plan.name, "events": len(plan.events), "tried": tried, "violations": listed})
        return
    print(f"{plan.name}: {len(plan.events)} events. The plan can be used.")
    if latest:
        broken = len({each.seq for each in found})
        print(f"Of the latest {tried} events {broken} would break it.")
    if ways:
        rows = [(*way, n) for way, n in ways.most_common(SHOWN_VIOLATIONS)]
        print_table("Violations", ("Event", "Where", "What", "Times"), rows)


@commands.command("load")
def load(file: PlanFile, as_json: Json = False) -> None:
    """Compare every event from now on with this plan. The version before stays on record."""
    content = text_of(file)
    with opened() as app, app.transaction() as inside:
        version = collect.load_plan(inside, content, "command line")
    if as_json:
        print_json(version)
    else:
        print(f"{version.name} is version {version.version}; events from position {version.from_seq} on are compared.")


@commands.command("show")
def show(as_json: Json = False) -> None:
    """The versions of the plan, and in which ways events break the newest one."""
    with opened() as app, app.transaction() as inside:
        versions = collect.plan_versions(inside)
        broken = collect.violation_counts(inside)
    if as_json:
        print_json({"versions": versions, "violations": broken})
        return
    print_table(
        "Plans",
        ("Version", "Name", "Loaded", "By", "From position"),
        [(each.version, each.name, each.loaded_at, each.loaded_by, each.from_seq) for each in versions],
    )
    print_table(
        "Violations",
        ("Event", "Where", "What", "Events", "Latest position"),
        [(each.event, each.path or "the event", each.what, each.events, each.latest_seq) for each in broken],
    )


@commands.command("export")
def export(
    file: Annotated[Path, typer.Argument(dir_okay=False, help=".json: JSON Schema. .yaml: the plan as it was loaded.")],
) -> None:
    """Write the plan that is loaded into a file, for those who send: as JSON Schema or as it was loaded."""
    with opened() as app, app.transaction() as inside:
        current = collect.current_plan(inside)
    if current is None:
        raise InputRefused("No plan is loaded", "Load one: regulars plan load FILE")
    version, plan = current
    if file.suffix == ".json":
        write_file(file, json.dumps(plan.schema(), indent=2, ensure_ascii=False) + "\n")
    elif file.suffix in (".yaml", ".yml"):
        write_file(file, version.content)
    else:
        raise InputRefused(f"{file.name} does not say what it should hold", "Name it .json or .yaml")
    print(f"{version.name}, version {version.version}, is in {file}.")


def text_of(file: Path) -> str:
    """The text of a plan's file."""
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise InputRefused(f"{file.name} is not UTF-8 text", "Save it as UTF-8") from None
