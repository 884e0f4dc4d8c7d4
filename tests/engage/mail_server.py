"""A real SMTP server that answers as a test tells it to, and remembers what it was told."""

from __future__ import annotations

import ssl
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec
from aiosmtpd.controller import Controller

from regulars.app import App
from regulars.engage.catcher import _free_port

OK = "250 fine"


@dataclass
class Script:
    """Answers of the server, and what it heard."""

    mail: str = OK
    rcpt: str = OK
    data: str = OK
    senders: list[str] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    contents: list[bytes] = field(default_factory=list)

    async def handle_MAIL(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
        self.senders.append(address)
        envelope.mail_from = address
        return self.mail

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
        self.recipients.append(address)
        envelope.rcpt_tos.append(address)
        return self.rcpt

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        self.contents.append(envelope.content)
        return self.data


@contextmanager
def answering(app: App, script: Script, *, utf8: bool = True, tls: ssl.SSLContext | None = None) -> Generator[App]:
    """The app with this server behind its SMTP settings."""
    controller = Controller(script, "127.0.0.1", _free_port("127.0.0.1"), enable_SMTPUTF8=utf8, tls_context=tls)
    controller.start()
    try:
        yield replace(app, settings=msgspec.structs.replace(app.settings, smtp_port=controller.port))
    finally:
        controller.stop()
