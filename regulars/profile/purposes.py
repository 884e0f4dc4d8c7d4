"""What a brand asks consent for, and the notices it shows: `purposes.yaml` in the data folder, read when it changes.

purposes:
  marketing: {title: News and offers, basis: consent, channels: [email, sms, post]}
  receipt: {title: Receipts and service messages, basis: contract, retention: 10 years, recipients: [tax office]}
controller: {address: "1 Mill Street, Albany", contact: privacy@example.com, storage_locations: [US]}
notices:
  privacy-2026: {version: "2", language: en, jurisdiction: GDPR, text: "We write to you about …"}
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Final, Literal

import msgspec

from regulars.kit.settings import Settings
from regulars.profile.errors import PurposesRefused

PURPOSES_FILE = "purposes.yaml"
PURPOSES_MAX_BYTES = 256 * 1024
# Versions of the file that one process remembers: it changes rarely, and a test has several folders.
FILES_REMEMBERED = 8
CHANNELS: Final = ("email", "sms", "phone", "post")

Basis = Literal["consent", "legitimate_interest", "contract", "legal_obligation", "vital_interest", "public_task"]
# What needs no yes: she could not have what she asked for without it, or the law wants it.
WITHOUT_CONSENT = frozenset({"contract", "legal_obligation", "vital_interest", "public_task"})


class Purpose(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something personal data is used for."""

    title: str
    basis: Basis = "consent"
    meaning: str = ""
    channels: tuple[Literal["email", "sms", "phone", "post"], ...] = CHANNELS
    """On which channels she is asked."""
    notice: str = ""
    """The notice that is shown where she is asked."""
    retention: str = ""
    """How long data is kept for it, as receipts say it."""
    recipients: tuple[str, ...] = ()
    """Who else gets data for it."""

    @property
    def needs_consent(self) -> bool:
        """Whether nothing is sent for it without a yes."""
        return self.basis not in WITHOUT_CONSENT


class Notice(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A text that people see before they decide."""

    version: str
    text: str
    language: str = "en"
    jurisdiction: str = ""

    @property
    def hash(self) -> str:
        """SHA-256 of its text: proves which words she saw."""
        return hashlib.sha256(self.text.encode()).hexdigest()


class Controller(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who answers for the data, as receipts say it; the name is the brand's."""

    address: str = ""
    contact: str = ""
    storage_locations: tuple[str, ...] = ()
    """Countries the data lies in."""


class Purposes(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that is declared, by name."""

    purposes: dict[str, Purpose] = {}
    notices: dict[str, Notice] = {}
    controller: Controller = Controller()

    def needs_consent(self, purpose: str) -> bool:
        """Whether this needs a yes; what nobody declared does."""
        found = self.purposes.get(purpose)
        return found is None or found.needs_consent

    def asked(self) -> dict[str, Purpose]:
        """The purposes that people are asked about."""
        return {name: purpose for name, purpose in self.purposes.items() if purpose.needs_consent}


# Without a file: what was sent so far was marketing, or something she asked for herself.
USUAL = Purposes(
    purposes={
        "marketing": Purpose(title="News and offers", meaning="What is new, and offers chosen for you"),
        "receipt": Purpose(title="Receipts", basis="contract", meaning="What you bought and what became of it"),
    }
)


def purposes(settings: Settings) -> Purposes:
    """What this brand declares, on top of the usual ones. Raises PurposesRefused."""
    path = settings.home_path / PURPOSES_FILE
    try:
        stat = path.stat()
    except FileNotFoundError:
        return USUAL
    return _read(path, stat.st_mtime_ns, stat.st_size)


@lru_cache(FILES_REMEMBERED)
def _read(path: Path, changed_ns: int, size_bytes: int) -> Purposes:
    fix = f"Mend {path} (docs/reference/privacy.md)"
    if size_bytes > PURPOSES_MAX_BYTES:
        raise PurposesRefused(f"{path.name} has {size_bytes} bytes, more than {PURPOSES_MAX_BYTES}", fix)
    try:
        given = msgspec.yaml.decode(path.read_bytes(), type=Purposes)
    except (msgspec.MsgspecError, UnicodeDecodeError) as fault:
        raise PurposesRefused(f"{path.name} cannot be read: {fault}", fix) from None
    names = {purpose.notice for purpose in given.purposes.values() if purpose.notice}
    if unknown := sorted(names - given.notices.keys()):
        raise PurposesRefused(f"{path.name} names notices that it does not hold: {', '.join(unknown)}", fix)
    if wrong := sorted(name for name in given.purposes if name != name.strip().lower()):
        raise PurposesRefused(f"Purposes are written in lower case: {', '.join(wrong)}", fix)
    return Purposes(purposes=USUAL.purposes | given.purposes, notices=given.notices, controller=given.controller)
