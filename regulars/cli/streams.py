"""`regulars stream` and `regulars device`: brokers that events come from or go to, and the devices behind them."""

import signal
import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Annotated

import psycopg
import typer

from regulars import collect
from regulars.app import App
from regulars.cli.children import Child, when_parent_ends
from regulars.cli.terminal import Json, opened, print_json, print_table
from regulars.kit.logging import logger

SLOW_PAUSE_SECONDS = 30.0
"""Before the first restart of a stream that was given up before; doubled before each further one."""
LOOK_SECONDS = 5.0
"""So often `serve` looks for streams that were added, changed or removed."""

commands = typer.Typer(no_args_is_help=True)
stream_commands = typer.Typer(no_args_is_help=True, help="Brokers (MQTT, Kafka) that events come from or go to.")
device_commands = typer.Typer(no_args_is_help=True, help="Devices that sent a reading.")
commands.add_typer(stream_commands, name="stream")
commands.add_typer(device_commands, name="device")

log = logger("cli")

Name = Annotated[str, typer.Argument(help="The stream.")]


@stream_commands.command("add")
def add(
    name: Annotated[str, typer.Argument(help="Lower-case letters, digits, - and _.")],
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="TOML: kind, source, connect, mapping.")],
    as_json: Json = False,
) -> None:
    """Add a stream, or change how one connects and maps; `serve` runs it from then on."""
    with opened() as app, app.transaction() as inside:
        collect.feeds.add_stream(inside, name, file)
    if as_json:
        print_json({"stream": name})
    else:
        print(f"Stream {name} is kept. A running `regulars serve` starts it; alone: regulars stream run {name}")


@stream_commands.command("list")
def list_(as_json: Json = False) -> None:
    """All streams, and how they stand."""
    with opened() as app, app.transaction() as inside:
        uses = collect.feeds.list_streams(inside)
    if as_json:
        print_json({"streams": uses})
        return
    rows = [(u.name, u.kind, u.source or "–", said(u), u.state_at) for u in uses]
    print_table("Streams", ("Name", "Kind", "Source", "State", "Said at"), rows)


def said(use: collect.feeds.StreamUse) -> str:
    """Its state; what was running and has not said so lately is not."""
    return "silent" if use.state == "running" and not use.is_running else use.state


@stream_commands.command("remove")
def remove(name: Name, as_json: Json = False) -> None:
    """Forget a stream and how far it was read. What came in stays."""
    with opened() as app, app.transaction() as inside:
        collect.feeds.remove_stream(inside, name)
    if as_json:
        print_json({"removed": name})
    else:
        print(f"Stream {name} is removed.")


@stream_commands.command("run")
def run(name: Name, with_parent: Annotated[bool, typer.Option(hidden=True)] = False) -> None:
    """Run one stream until stopped; `regulars serve` does this for all of them."""
    stop = threading.Event()
    with opened() as app:

        def end(number: int, frame: FrameType | None) -> None:
            stop.set()

        signal.signal(signal.SIGTERM, end)
        signal.signal(signal.SIGINT, end)
        if with_parent:
            when_parent_ends(stop.set)
        collect.feeds.run_stream(app, name, stop)


@device_commands.command("list")
def devices(
    every: Annotated[bool, typer.Option("--all", help="Known ones, too.")] = False, as_json: Json = False
) -> None:
    """Devices whose id is linked to nobody known, last seen first."""
    with opened() as app, app.transaction() as inside:
        found = [device for device in collect.feeds.devices(inside) if every or not device.is_known]
    if as_json:
        print_json({"devices": found})
        return
    rows = [
        (d.source, d.stream, d.id, "yes" if d.is_known else "no", d.readings, d.last_seen_at, d.sample) for d in found
    ]
    print_table("Devices", ("Source", "Stream", "Device", "Known", "Readings", "Last seen", "Last reading"), rows)


@contextmanager
def streaming(app: App) -> Generator[None, None, None]:
    """A process for each stream of this installation, kept alive, for as long as the context lasts."""
    ending = threading.Event()
    watch = threading.Thread(target=_watch, args=(app, ending), name="watch-streams", daemon=True)
    watch.start()
    try:
        yield
    finally:
        ending.set()
        watch.join()


def _watch(app: App, ending: threading.Event) -> None:
    running: dict[str, tuple[str, Child]] = {}
    try:
        while not ending.is_set():
            try:
                _match(app, running)
            except psycopg.OperationalError as fault:
                log.warning("streams_not_seen", why=type(fault).__name__)
            ending.wait(LOOK_SECONDS)
    finally:
        for _, child in running.values():
            child.end()


def _match(app: App, running: dict[str, tuple[str, Child]]) -> None:
    """End what is wanted no more, or differently; start what is not there."""
    with app.transaction() as inside:
        wanted = collect.feeds.defined_streams(inside)
    for name, (definition, child) in list(running.items()):
        if wanted.get(name) != definition:
            child.end()
            del running[name]
    for name, definition in wanted.items():
        if name not in running:
            running[name] = definition, Child(app.settings, ("stream", "run", name))
        elif running[name][1].fault is not None:
            # Its state says why. What it lacks (a library, a file with a password) may come without a new definition.
            running[name][1].end()
            running[name] = definition, Child(app.settings, ("stream", "run", name), SLOW_PAUSE_SECONDS)
