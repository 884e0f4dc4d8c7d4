"""`regulars serve`: the web and the worker of one installation."""

import fcntl
import os
import signal
import socket
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from ipaddress import ip_address
from typing import Annotated
from urllib.parse import urlsplit

import typer
from rich.console import Console

from regulars import engage, web
from regulars.app import App
from regulars.cli import terminal
from regulars.cli.children import Child, child, when_parent_ends
from regulars.cli.overlay import asking
from regulars.cli.pull import pulling
from regulars.cli.streams import streaming
from regulars.kit import settings as kit_settings
from regulars.kit.errors import RegularsError
from regulars.kit.settings import PREFIX, Settings

commands = typer.Typer()

Host = Annotated[str, typer.Option(help="Address to listen on; 127.0.0.1 is this machine only.")]
Port = Annotated[int, typer.Option(help="Port to listen on.", min=1, max=65_535)]
Processes = Annotated[int, typer.Option(help="Processes that take requests on this port.", min=1, max=64)]
LOCK = "serving.lock"


class ServedAlready(RegularsError):
    """The port, or this data folder, is in the hands of another process."""

    code = "RG-1911"


@commands.command()
def serve(
    host: Host = "127.0.0.1",
    port: Port = 8000,
    worker: Annotated[bool, typer.Option(help="Run the worker beside the web.")] = True,
    processes: Processes = 1,
    beside: Annotated[bool, typer.Option(hidden=True)] = False,
    with_parent: Annotated[bool, typer.Option(hidden=True)] = False,
) -> None:
    """Open the pages and the API, with the worker beside them, until stopped by Ctrl-C."""
    if with_parent:
        when_parent_ends(lambda: os.kill(os.getpid(), signal.SIGTERM))
    settings = at_address(terminal.settings(), host, port)
    if not beside:
        refuse_taken(host, port)
    with ExitStack() as stack:
        if worker:
            stack.enter_context(served_here(settings))
        app = stack.enter_context(terminal.opened(base_url=settings.base_url))
        children: list[Child] = []
        if worker:
            catch_own_mail(app, stack)
            stack.enter_context(streaming(app))
            stack.enter_context(pulling(app))
            stack.enter_context(asking(app))
            children.append(stack.enter_context(child(app.settings, "worker")))
            announce_pages(app, host, port)
        if not beside:
            same = ("serve", "--host", host, "--port", str(port), "--no-worker", "--beside", f"--processes={processes}")
            children += [stack.enter_context(child(app.settings, *same)) for _ in range(processes - 1)]
        web.run(app, host, port, processes)
        for each in children:
            each.check()


def at_address(settings: Settings, host: str, port: int) -> Settings:
    """With the base_url of where we listen, unless somebody set a public one."""
    said = os.environ.get(PREFIX + "BASE_URL") or kit_settings.kept(settings.home_path).get("base_url")
    by_hand = bool(os.environ.get(PREFIX + "BASE_URL"))
    # What the data folder remembers as this machine's own address was written by an earlier start on another port.
    if said and (by_hand or not is_this_machine(urlsplit(settings.base_url).hostname or "")):
        return settings
    return kit_settings.load(None, base_url=address(host, port))


def is_this_machine(host: str) -> bool:
    """Is it an address that only this machine can reach?"""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def address(host: str, port: int) -> str:
    """Where a browser of this machine finds what listens there."""
    if host in ("", "0.0.0.0", "::"):
        host = "127.0.0.1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def refuse_taken(host: str, port: int) -> None:
    """Raise ServedAlready while somebody else listens there."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as fault:
            raise ServedAlready(
                f"Nobody can listen on {host}:{port}: {fault.strerror}",
                "If Regulars runs there already, open it; else choose another --port",
            ) from None


@contextmanager
def served_here(settings: Settings) -> Generator[None, None, None]:
    """This data folder is ours to serve, for as long as the context lasts; the kernel lets go of it when we are killed.

    Raises ServedAlready where another `serve` or `demo` is at it.
    """
    settings.home_path.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, parents=True, exist_ok=True)
    with (settings.home_path / LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise ServedAlready(
                f"The data folder {settings.home_path} is being served already",
                "Use what runs, or stop it first; `regulars serve --no-worker` opens another web beside it",
            ) from None
        yield


def catch_own_mail(app: App, stack: ExitStack) -> None:
    """Run the mail catcher where this installation mails to one of its own (the demo does)."""
    folder = engage.catcher.folder_of(app.settings)
    if engage.catcher.is_ours(folder, app.settings.smtp_host, app.settings.smtp_port):
        stack.enter_context(engage.catcher.serving(folder, app.settings.smtp_host, app.settings.smtp_port))


def announce_pages(app: App, host: str, port: int) -> None:
    """Say where the pages are, with a one-time sign-in of this installation."""
    there = f"{address(host, port)}/signin?token={web.first_run_token(app)}"
    Console(stderr=True, highlight=False, soft_wrap=True).print(f"Open {there}  (signs in once, within the hour)")
