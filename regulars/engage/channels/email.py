"""E-mail over SMTP: HTML and text, one Message-ID for all time, and a way out in one click (RFC 8058).

A mail server's "no" is of the line or of the message. What it says before it has heard of a recipient (no connection, a
wrong login, our own sender refused) is of the line: nothing is judged by it, and everything stays ready.
"""

from __future__ import annotations

import re
import smtplib
import ssl
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime
from ipaddress import ip_address

from email_validator import validate_email

from regulars.app import App
from regulars.engage import record
from regulars.engage.channels import Answer, Parcel, channels
from regulars.engage.errors import MailUnreachable
from regulars.engage.feedback import click_link
from regulars.engage.signing import Signer
from regulars.engage.templates import render
from regulars.kit.settings import Settings

# A mail server may think about a message for long; the quiet period of `deliver` is longer than this.
TIMEOUT_SECONDS = 30
UNSUBSCRIBE = "unsubscribe"
PREFERENCES = "preferences"
REFUSED_FROM = 400
PERMANENT = 500
# "Log in first", whatever it answers: RFC 4954.
LOGIN_CODES = (530, 534, 535, 538)
# RFC 3463, as digits after the class: what a refusal of a recipient is about.
STATUS = re.compile(r"[45]\.(\d{1,3}\.\d{1,3})\b")
# No such mailbox, no such domain, no address at all, moved, no mail at all, disabled. A full one (2.2) is not gone.
GONE = frozenset({"1.1", "1.2", "1.3", "1.6", "1.10", "2.1"})
# Our own sender's address: Postfix says so only when it hears of the recipient.
OUR_SENDER = frozenset({"1.7", "1.8"})
# Policy ("relay access denied"): more often about us than about her, so it is asked again before it is believed.
POLICY = "7."
UTF8_OPTIONS = ("SMTPUTF8", "BODY=8BITMIME")


class SmtpLine:
    """One SMTP session for many messages; a refusal of one leaves it ready for the next."""

    def __init__(self, smtp: smtplib.SMTP, mail_from: str) -> None:
        self._smtp = smtp
        self._from = mail_from

    def send(self, address: str, message: bytes) -> Answer:
        """Hand over one message. What broke after its first byte is `lost`: only the server's record knows."""
        to = carried(address)
        options = () if to.isascii() else UTF8_OPTIONS
        if options and not self._smtp.has_extn("smtputf8"):
            return Answer(outcome="unfit", words="the mail server offers no SMTPUTF8")
        try:
            refusal = self._envelope(to, options)
        except (smtplib.SMTPException, OSError) as fault:
            return Answer(outcome="down", words=str(fault))
        if refusal is not None:
            return refusal
        try:
            code, words = self._smtp.data(message)
        except smtplib.SMTPDataError as fault:
            return _of_message(fault.smtp_code, fault.smtp_error)
        except (smtplib.SMTPServerDisconnected, OSError) as fault:
            return Answer(outcome="lost", words=str(fault))
        return _of_message(code, words) if code >= REFUSED_FROM else Answer(outcome="accepted")

    def _envelope(self, to: str, options: tuple[str, ...]) -> Answer | None:
        code, words = self._smtp.mail(self._from, options)
        if code >= REFUSED_FROM:
            return Answer(outcome="down", words=_said(code, words))
        code, words = self._smtp.rcpt(to)
        if code < REFUSED_FROM:
            return None
        # A server that hangs up with its refusal (421) has judged this message all the same; the next finds it gone.
        with suppress(smtplib.SMTPException, OSError):
            self._smtp.rset()
        return _of_recipient(code, words)


def _of_message(code: int, words: bytes | str) -> Answer:
    return Answer(outcome="refused" if code >= PERMANENT else "again", words=_said(code, words))


def _of_recipient(code: int, words: bytes | str) -> Answer:
    said = _said(code, words)
    status = STATUS.search(said)
    about = status[1] if status else ""
    if code in LOGIN_CODES or about in OUR_SENDER:
        return Answer(outcome="down", words=said)
    if code >= PERMANENT and about in GONE:
        return Answer(outcome="gone", words=said)
    return Answer(outcome="again", words=said) if about.startswith(POLICY) else _of_message(code, words)


def _said(code: int, words: bytes | str) -> str:
    return f"{code} {words.decode(errors='replace') if isinstance(words, bytes) else words}"


def carried(address: str) -> str:
    """An address as it goes over the line: its domain in ASCII (IDNA). Raises EmailNotValidError, a ValueError."""
    if address.isascii():
        return address
    found = validate_email(address, check_deliverability=False, globally_deliverable=False)
    return f"{found.local_part}@{found.ascii_domain}"


class Email:
    """The channel `email`."""

    def compose(self, app: App, parcel: Parcel, signer: Signer) -> bytes:
        """The message as it goes over the line: both parts, and headers that let every mail program unsubscribe."""
        base = app.settings.base_url.rstrip("/")
        out = f"{base}/u/{signer.token(UNSUBSCRIBE, parcel.key)}"
        wishes = f"{base}/p/{signer.token(PREFERENCES, parcel.key)}"
        brand = {"name": app.settings.brand_name}
        shop = click_link(app, signer, parcel.key, app.settings.shop_url or app.settings.base_url)
        links = {"unsubscribe": out, "preferences": wishes, "shop": shop}
        letter = render(parcel.template, {**parcel.facts, "brand": brand, "links": links})
        name, _, domain = carried(parcel.address).rpartition("@")
        # An encoded word has no place in an address (RFC 2047): a name that is not ASCII goes as it is (RFC 6532).
        mail = EmailMessage(policy=SMTP if name.isascii() else SMTPUTF8)
        mail["From"] = _sender(app.settings)
        mail["To"] = Address(username=name, domain=domain)
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
        _check(settings)
        try:
            smtp = smtplib.SMTP(settings.smtp_host, settings.smtp_port, timeout=TIMEOUT_SECONDS)
        except (smtplib.SMTPException, OSError) as fault:
            raise _unreachable(settings, fault) from None
        try:
            try:
                if settings.smtp_starttls:
                    # The default context asks who answers; without it anybody on the way could.
                    smtp.starttls(context=ssl.create_default_context())
                smtp.ehlo_or_helo_if_needed()
                if settings.smtp_user:
                    smtp.login(settings.smtp_user, settings.smtp_password)
            except (smtplib.SMTPException, OSError) as fault:
                raise _unreachable(settings, fault) from None
            yield SmtpLine(smtp, settings.mail_from)
        finally:
            smtp.close()

    def accepted(self, app: App, sent_at: Mapping[str, datetime]) -> dict[str, bool]:
        """Which of these our mail server took, by its own record."""
        return record.accepted(app.settings, sent_at)


def _unreachable(settings: Settings, fault: Exception) -> MailUnreachable:
    return MailUnreachable(
        f"The mail server {settings.smtp_host}:{settings.smtp_port} does not take our mail: {fault}",
        "Check REGULARS_SMTP_HOST, _PORT, _USER, _PASSWORD and _STARTTLS; what is ready stays ready",
    )


def _check(settings: Settings) -> None:
    """What would fail for every letter is no letter's fault. Raises MailUnreachable."""
    if settings.smtp_user and not settings.smtp_starttls and not _is_here(settings.smtp_host):
        raise MailUnreachable(
            f"The password for {settings.smtp_host} would cross the network in the clear",
            "Set REGULARS_SMTP_STARTTLS=true",
        )
    try:
        if not settings.mail_from.isascii():
            raise ValueError("not ASCII")
        _sender(settings)
    except (ValueError, MessageError, IndexError) as fault:
        raise MailUnreachable(
            f"Nothing can be sent from {settings.mail_from}: {fault}",
            "Write REGULARS_MAIL_FROM as name@domain, a domain of other letters in its form of xn--",
        ) from None


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _sender(settings: Settings) -> Address:
    return Address(display_name=" ".join(settings.brand_name.split()), addr_spec=settings.mail_from)


channels.add("email")(Email())
