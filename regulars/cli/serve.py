"""`regulars serve`: the web and the worker of one installation."""

import os
import signal
from contextlib import ExitStack
from typing import Annotated

import typer
from rich.console import Console

from regulars import engage, web
from regulars.app import App
from regulars.cli import terminal
from regulars.cli.children import child, when_parent_ends

commands = typer.Typer()

Host = Annotated[str, typer.Option(help="Address to listen on; 127.0.0.1 is this machine only.")]
Port = Annotated[int, typer.Option(help="Port to listen on.", min=1, max=65_535)]


@commands.command()
def serve(
    host: Host = "127.0.0.1",
    port: Port = 8000,
    worker: Annotated[bool, typer.Option(help="Run the worker beside the web.")] = True,
    with_parent: Annotated[bool, typer.Option(hidden=True)] = False,
) -> None:
    """Open the pages and the API, with the worker beside them, until stopped by Ctrl-C."""
    if with_parent:
        when_parent_ends(lambda: os.kill(os.getpid(), signal.SIGTERM))
    with terminal.opened() as app, ExitStack() as stack:
        if worker:
            catch_own_mail(app, stack)
            stack.enter_context(child(app.settings, "worker"))
            announce_pages(app, host, port)
        web.run(app, host, port)


def catch_own_mail(app: App, stack: ExitStack) -> None:
    """Run the mail catcher where this installation mails to one of its own (the demo does)."""
    folder = engage.catcher.folder_of(app.settings)
    if engage.catcher.is_ours(folder, app.settings.smtp_host, app.settings.smtp_port):
        stack.enter_context(engage.catcher.serving(folder, app.settings.smtp_host, app.settings.smtp_port))


def announce_pages(app: App, host: str, port: int) -> None:
    """Say where the pages are, with a one-time sign-in of this installation."""
    address = f"http://{host}:{port}/signin?token={web.first_run_token(app)}"
    Console(stderr=True, highlight=False, soft_wrap=True).print(f"Open {address}  (signs in once, within the hour)")
