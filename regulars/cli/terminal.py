"""What every command shares: settings from --home, output as text or JSON, errors as what / fix / code."""

import errno
import os
import pkgutil
import sys
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from contextvars import ContextVar
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import msgspec
import psycopg
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text
from typer.core import TyperGroup
from typer.main import get_group

from regulars.app import App, open_app
from regulars.kit import logging
from regulars.kit.errors import InputRefused, RegularsError
from regulars.kit.settings import PREFIX, Settings, load

FOLDER = Path(__file__).parent
HOME_VARIABLE = "REGULARS_HOME"
AS_JSON: ContextVar[bool] = ContextVar("AS_JSON", default=False)
# What remembers erasures beside the database.
ERASURES = Path("erasures", "erasures.jsonl")
UNEXPECTED = "RG-1900"
UNPRINTABLE = "\N{REPLACEMENT CHARACTER}"

# What a person can mend without us, by the operating system's number.
MACHINE = {
    errno.EADDRINUSE: "Stop the program that listens there, or choose another port",
    errno.EADDRNOTAVAIL: "Choose an address of this machine",
    errno.EACCES: "Run it as somebody who may, or choose another place",
    errno.EPERM: "Run it as somebody who may, or choose another place",
    errno.EROFS: "Choose a place that can be written to",
    errno.ENOTDIR: "Name a folder",
    errno.EEXIST: "Choose a name that is free",
    errno.ENOSPC: "Make room on that disk",
}

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]


class MachineRefused(RegularsError):
    """The operating system did not let a command have a port, a file or room on a disk."""

    code = "RG-1901"


class House(TyperGroup):
    """The root of all commands: finds them in this package, takes --home anywhere, makes errors one paragraph.

    Only the module of the command that is asked for is imported: some need the web or the models, which take seconds.
    """

    def list_commands(self, ctx: typer.Context) -> list[str]:  # pyright: ignore[reportIncompatibleMethodOverride]
        return sorted({*self.commands, *(name for module in modules() for name in offered(module))})

    def get_command(self, ctx: typer.Context, cmd_name: str) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        if cmd_name in self.commands:
            return self.commands[cmd_name]
        found = (offered(module) for module in sorted(modules(), key=lambda module: distance(module, cmd_name)))
        return next((commands[cmd_name] for commands in found if cmd_name in commands), None)

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # pyright: ignore[reportIncompatibleMethodOverride]
        AS_JSON.set("--json" in args)
        return super().parse_args(ctx, hoist_home(args))

    def invoke(self, ctx: typer.Context) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        before = os.environ.get(HOME_VARIABLE)
        try:
            return super().invoke(ctx)
        except RegularsError as fault:
            refuse(fault.what, fault.fix, fault.code)
        except (BrokenPipeError, typer.Exit, typer.Abort, typer.TyperException):
            raise  # Typer's own ways to end
        except Exception as fault:
            if os.environ.get(PREFIX + "LOG_LEVEL") == "debug":
                raise
            refuse(*explained(fault))
        finally:
            set_home(before)
        raise typer.Exit(1)


def modules() -> list[str]:
    """The modules of this package, by name."""
    return [module.name for module in pkgutil.iter_modules([str(FOLDER)])]


def distance(module: str, command: str) -> int:
    """How unlikely a module offers a command: 0 has its name, 1 has the word in its text, 2 neither."""
    if module == command:
        return 0
    return 1 if f'"{command}"' in (FOLDER / f"{module}.py").read_text() else 2


def offered(module: str) -> dict[str, Any]:
    """The commands of a module by name; a Typer with a name is one group of that name."""
    commands = getattr(import_module(f"{__package__}.{module}"), "commands", None)
    if not isinstance(commands, typer.Typer):
        return {}
    group = get_group(commands)
    return {commands.info.name: group} if isinstance(commands.info.name, str) else dict(group.commands)


def set_home(home: str | None) -> None:
    """Make `home` this process' data folder. In the environment, so that the processes we start agree."""
    if home is None:
        os.environ.pop(HOME_VARIABLE, None)
    else:
        os.environ[HOME_VARIABLE] = home


def hoist_home(arguments: list[str]) -> list[str]:
    """The same arguments with `--home DIR` moved to the front, where the root takes it; what follows `--` stays."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    front: list[str] = []
    rest: list[str] = []
    words = iter(arguments[:end])
    for word in words:
        if word == "--home":
            front += [word, *[value for value in [next(words, None)] if value is not None]]
        elif word.startswith("--home="):
            front.append(word)
        else:
            rest.append(word)
    return front + rest + arguments[end:]


def refuse(what: str, fix: str, code: str) -> None:
    """Print an error: as JSON on standard output when --json was asked for, else as text on standard error."""
    if AS_JSON.get():
        print_json({"error": {"what": what, "fix": fix, "code": code}})
        return
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    console.print(f"[bold red]{'Refused' if code != UNEXPECTED else 'Failed'}[/]", end=" ")
    console.print(plain(f"{what}.\n{fix}. ({code})"))


def explained(fault: Exception) -> tuple[str, str, str]:
    """What, fix and code of a failure that no room expected: the machine's own, or one for us to mend."""
    if isinstance(fault, OSError) and fault.errno in MACHINE:
        place = f": {fault.filename}" if fault.filename else ""
        return f"The machine says: {fault.strerror}{place}", MACHINE[fault.errno], MachineRefused.code
    if isinstance(fault, psycopg.errors.NumericValueOutOfRange):
        return "A number is larger than any here", "Name one from a list", InputRefused.code
    return (
        f"Something unexpected happened: {type(fault).__name__}: {fault}",
        "Run it again with REGULARS_LOG_LEVEL=debug to see where, and report that",
        UNEXPECTED,
    )


def settings(**given: object) -> Settings:
    """This command's settings: environment, --home, and `given` on top; logging is set up by them."""
    chosen = load(None, **given)
    logging.set_up(chosen.log_level)
    return chosen


@contextmanager
def opened(**given: object) -> Generator[App, None, None]:
    """The App of this command's settings, for as long as the command runs; a restored backup is caught up first."""
    with open_app(settings(**given)) as app:
        if (app.settings.home_path / ERASURES).exists():
            # Only then: it knows every room, and loading them all takes longer than most commands.
            import_module("regulars.privacy").caught_up(app)
        yield app


def print_json(data: object) -> None:
    """One JSON value on one line of standard output; structs, dates and paths are understood."""
    sys.stdout.write(msgspec.json.encode(data, enc_hook=str).decode() + "\n")
    sys.stdout.flush()


def print_table(title: str, columns: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
    """A table for people. None is shown as "not known"."""
    table = Table(title=Text(str(plain(title)), "table.title"), title_justify="left", header_style="bold")
    for column in columns:
        table.add_column(Text(column))
    for row in rows:
        table.add_row(*["not known" if value is None else plain(value) for value in row])
    Console(highlight=False).print(table)


def plain(value: object) -> Text:
    """A value as it is: what customers wrote is never markup, nor an order to the terminal."""
    return Text("".join(sign if sign.isprintable() or sign == "\n" else UNPRINTABLE for sign in str(value)))


def write_file(file: Path, text: str, newline: str | None = None) -> None:
    """Put text there, as UTF-8. Raises InputRefused where it cannot be."""
    try:
        file.write_text(text, encoding="utf-8", newline=newline)
    except OSError as fault:
        what = f"{file} cannot be written: {fault.strerror}"
        raise InputRefused(what, "Name a file in a folder that is there") from None
