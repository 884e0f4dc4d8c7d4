"""A mail server that catches everything: for the demo and for tests. It answers 250 only when a message is on the disk.

Every message is one file, named by its Message-ID and a number, so that a duplicate would be seen. Nothing leaves this
machine.
"""

from __future__ import annotations

import argparse
import email
import email.policy
import hashlib
import json
import os
import threading
from collections.abc import Generator
from contextlib import contextmanager
from datetime import datetime
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import msgspec

from regulars.engage.errors import CatcherMissing
from regulars.kit.errors import NotFound
from regulars.kit.settings import Settings

MARK = "catcher.json"
SIZE_LIMIT_BYTES = 5_000_000
LISTED_LIMIT = 200
ENDING = ".eml"
STOP_POLL_SECONDS = 3600.0


class Caught(msgspec.Struct, frozen=True, kw_only=True):
    """A message in the list."""

    name: str
    sender: str
    to: str
    subject: str
    at: datetime | None
    message_id: str


class Opened(msgspec.Struct, frozen=True, kw_only=True):
    """A message with its parts. The HTML is as it was sent: show it in a sandboxed frame only."""

    caught: Caught
    headers: list[tuple[str, str]]
    text: str
    html: str


def folder_of(settings: Settings) -> Path:
    """Where this installation's catcher keeps its mail."""
    return settings.home_path / "mail"


def is_ours(folder: Path, host: str, port: int) -> bool:
    """Does the catcher of this folder stand behind this address?"""
    try:
        mark = json.loads((folder / MARK).read_text())
    except (OSError, ValueError):
        return False
    return (mark.get("host"), mark.get("port")) == (host, port)


def has(folder: Path, message_id: str) -> bool:
    """Is a message of this id on the disk?"""
    return next(folder.glob(f"{_stem(message_id)}-*{ENDING}"), None) is not None


def caught(folder: Path, limit: int = LISTED_LIMIT) -> list[Caught]:
    """The latest messages, newest first."""
    files = sorted(folder.glob(f"*{ENDING}"), key=lambda file: file.stat().st_mtime_ns, reverse=True)
    return [_heading(file.stem, parsed(file)) for file in files[:limit]]


def opened(folder: Path, name: str) -> Opened:
    """One message by its name in the list. Raises NotFound."""
    file = folder / f"{name}{ENDING}"
    if not name.replace("-", "").isalnum() or not file.exists():
        raise NotFound(f"There is no caught message '{name}'", "Choose one from the list")
    mail = parsed(file)
    return Opened(
        caught=_heading(name, mail),
        headers=[(key, str(value)) for key, value in mail.items()],
        text=_part(mail, "plain"),
        html=_part(mail, "html"),
    )


def parsed(file: Path) -> EmailMessage:
    """A caught message, read."""
    return email.message_from_bytes(file.read_bytes(), EmailMessage, policy=email.policy.default)


def _heading(name: str, mail: EmailMessage) -> Caught:
    date = mail["Date"]
    return Caught(
        name=name,
        sender=str(mail["From"] or ""),
        to=str(mail["To"] or ""),
        subject=str(mail["Subject"] or ""),
        at=parsedate_to_datetime(str(date)) if date else None,
        message_id=str(mail["Message-ID"] or ""),
    )


def _part(mail: EmailMessage, kind: str) -> str:
    body = mail.get_body((kind,))
    return str(body.get_content()) if body is not None else ""


def _stem(message_id: str) -> str:
    return hashlib.sha256(message_id.encode()).hexdigest()[:32]


class Keeper:
    """Takes messages off the line and onto the disk. The method's name is the mail library's."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._names = threading.Lock()

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        """Answer 250 when the message is durable, not before."""
        keep(self._folder, envelope.content, self._names)
        return "250 kept"


def keep(folder: Path, content: bytes, names: threading.Lock) -> Path:
    """Write one message durably: its bytes, then its name, then the folder."""
    stem = _stem(str(email.message_from_bytes(content)["Message-ID"] or ""))
    with names:
        number = sum(1 for _ in folder.glob(f"{stem}-*{ENDING}"))
        part = folder / f".{stem}-{number}"
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        path = folder / f"{stem}-{number}{ENDING}"
        part.rename(path)
        entry = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(entry)
        finally:
            os.close(entry)
    return path


@contextmanager
def serving(folder: Path, host: str = "127.0.0.1", port: int = 8025) -> Generator[int, None, None]:
    """Catch mail for as long as the context lasts; gives the port (0 asks for a free one). Raises CatcherMissing."""
    try:
        from aiosmtpd.controller import Controller
    except ImportError:
        raise CatcherMissing("The mail catcher is not installed", "Install regulars[demo]") from None
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    controller = Controller(
        Keeper(folder), hostname=host, port=port or _free_port(host), data_size_limit=SIZE_LIMIT_BYTES, ident="catcher"
    )
    controller.start()
    try:
        (folder / MARK).write_text(json.dumps({"host": host, "port": controller.port}))
        yield controller.port
    finally:
        controller.stop()


def _free_port(host: str) -> int:
    import socket

    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def main() -> None:
    """Catch until killed, as a process of its own; says the port on standard output when it is ready."""
    parser = argparse.ArgumentParser(prog="regulars.engage.catcher", description="Catch mail, send none.")
    parser.add_argument("--folder", type=Path, required=True, help="where messages are kept")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=8025, help="port, 0 for a free one")
    chosen = parser.parse_args()
    with serving(chosen.folder, chosen.host, chosen.port) as port:
        print(port, flush=True)
        threading.Event().wait()
