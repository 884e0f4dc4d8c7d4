"""`regulars bench`: how fast it is, as shares of a raw limit measured in the same run."""

from importlib import import_module
from inspect import signature
from pkgutil import iter_modules
from typing import Annotated, Any

import typer

from regulars import bench as shelf
from regulars.cli.terminal import Json, print_json, print_table, settings
from regulars.kit.errors import InputRefused

commands = typer.Typer()


@commands.command()
def bench(
    name: Annotated[
        str,
        typer.Argument(
            help="analyze, engines, flow, import, ingest, likeness, link, moment, opportunities, quiet, resolve, "
            "search or segments."
        ),
    ],
    size: Annotated[int | None, typer.Option("--size", "--rows", min=1, help="Fewer events, for a quick look.")] = None,
    minutes: Annotated[
        float | None, typer.Option(min=0.01, help="ingest: go on at full load so long and tell the memory.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Measure one path in a scratch database of its own; the brand's data are never touched."""
    answer = measure(name, size, minutes)
    if as_json:
        print_json(answer)
        return
    print_table(f"bench {name}", ("Ratio", "Value"), answer["ratios"].items())
    print_table("made of", ("Figure", "Value"), answer["raw"].items())


def measure(name: str, size: int | None, minutes: float | None = None) -> dict[str, Any]:
    """Run the module of this name; refused if it is no bench."""
    known = [found.name for found in iter_modules(shelf.__path__)]
    names = "analyze, engines, flow, import, ingest, likeness, link, moment, opportunities, quiet, resolve, "
    names += "search, segments"
    choice = f"Choose one of: {names}"
    module = import_module(f"{shelf.__name__}.{name}") if name in known else None
    if not hasattr(module, "run"):
        raise InputRefused(f"There is no bench named '{name}'", choice)
    run = module.run  # pyright: ignore[reportOptionalMemberAccess]
    if minutes is None:
        return run(settings(), size=size)
    if "minutes" not in signature(run).parameters:
        raise InputRefused(f"The bench {name} is not run for a time", "Leave --minutes out")
    return run(settings(), size=size, minutes=minutes)
