"""E-mail over SMTP: HTML and text, one Message-ID for all time, and a way out in one click (RFC 8058)."""

from __future__ import annotations

import smtplib
from collections.abc import Generator
from contextlib import contextmanager
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from regulars.app import App
from regulars.engage import record
from regulars.engage.channels import Answer, Parcel, channels
from regulars.engage.errors import MailUnreachable
from regulars.engage.feedback import click_link
from regulars.engage.signing import Signer
from regulars.engage.templates import render

# A mail server may think about a message for long; the quiet period of `deliver` is longer than this.
TIMEOUT_SECONDS = 30
UNSUBSCRIBE = "unsubscribe"
PERMANENT = 500


class SmtpLine:
    """One SMTP session for many messages; a refusal of one leaves it ready for the next."""

    def __init__(self, smtp: smtplib.SMTP, mail_from: str) -> None:
        self._smtp = smtp
        self._from = mail_from

    def send(self, address: str, message: bytes) -> Answer:
        """Hand over one message. What broke after its first byte is `lost`: only the server's record knows."""
        try:
            refusal = self._envelope(address)
        except (smtplib.SMTPException, OSError) as fault:
            return Answer(outcome="down", words=str(fault))
        if refusal is not None:
            return refusal
        try:
            code, words = self._smtp.data(message)
        except smtplib.SMTPDataError as fault:
            return _refusal(fault.smtp_code, fault.smtp_error)
        except (smtplib.SMTPServerDisconnected, OSError) as fault:
            return Answer(outcome="lost", words=str(fault))
        return _refusal(code, words) if code >= 400 else Answer(outcome="accepted")

    def _envelope(self, address: str) -> Answer | None:
        for code, words in (self._smtp.mail(self._from), self._smtp.rcpt(address)):
            if code >= 400:
                self._smtp.rset()
                return _refusal(code, words)
        return None


def _refusal(code: int, words: bytes | str) -> Answer:
    said = words.decode(errors="replace") if isinstance(words, bytes) else words
    return Answer(outcome="refused" if code >= PERMANENT else "again", words=f"{code} {said}")


class Email:
    """The channel `email`."""

    def compose(self, app: App, parcel: Parcel, signer: Signer) -> bytes:
        """The message as it goes over the line: both parts, and headers that let every mail program unsubscribe."""
        out = f"{app.settings.base_url.rstrip('/')}/u/{signer.token(UNSUBSCRIBE, parcel.key)}"
        brand = {"name": app.settings.brand_name}
        shop = click_link(app, signer, parcel.key, app.settings.shop_url or app.settings.base_url)
        links = {"unsubscribe": out, "shop": shop}
        letter = render(parcel.template, {**parcel.facts, "brand": brand, "links": links})
        mail = EmailMessage(policy=SMTP)
        mail["From"] = _address(app.settings.brand_name, app.settings.mail_from)
        mail["To"] = Address(addr_spec=parcel.address)
        mail["Subject"] = letter.subject
        mail["Date"] = format_datetime(parcel.at)
        mail["Message-ID"] = parcel.message_id
        mail["List-Unsubscribe"] = f"<{out}>"
        mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        mail.set_content(letter.text)
        mail.add_alternative(letter.html, subtype="html")
        return mail.as_bytes()

    @contextmanager
    def connect(self, app: App) -> Generator[SmtpLine, None, None]:
        """A session with the first mail server we own. Raises MailUnreachable."""
        settings = app.settings
        try:
            smtp = smtplib.SMTP(settings.smtp_host, settings.smtp_port, timeout=TIMEOUT_SECONDS)
            if settings.smtp_starttls:
                smtp.starttls()
            if settings.smtp_user:
                smtp.login(settings.smtp_user, settings.smtp_password)
            smtp.ehlo_or_helo_if_needed()
        except (smtplib.SMTPException, OSError) as fault:
            raise MailUnreachable(
                f"The mail server {settings.smtp_host}:{settings.smtp_port} does not answer: {fault}",
                "Check REGULARS_SMTP_HOST and REGULARS_SMTP_PORT; what is ready stays ready",
            ) from None
        try:
            yield SmtpLine(smtp, settings.mail_from)
        finally:
            smtp.close()

    def accepted(self, app: App, message_ids: list[str]) -> set[str] | None:
        """Which of these our mail server took, by its own record."""
        return record.accepted(app.settings, message_ids)


def _address(name: str, spec: str) -> Address:
    return Address(display_name=" ".join(name.split()), addr_spec=spec)


channels.add("email")(Email())
