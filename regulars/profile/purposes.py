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
from typing import Final, Literal

import msgspec

from regulars.app import App
from regulars.kit.declaration import VERSIONS_REMEMBERED, DeclarationFile
from regulars.kit.settings import Settings
from regulars.profile.errors import PurposesRefused
from regulars.store import queries

SQL = queries(__package__ or "")

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


def purposes(app: App) -> Purposes:
    """What this brand declares, on top of the usual ones; where the file cannot be read, what it said before.

    Inside a transaction. A typing error must not keep an event from being carried or a letter from going.
    """
    try:
        return purposes_of_file(app.settings)
    except PurposesRefused:
        row = app.db.execute(SQL.purposes_before).fetchone()
        return USUAL if row is None else _before(row[0])


def purposes_of_file(settings: Settings) -> Purposes:
    """What stands in the file now. Raises PurposesRefused."""
    return FILE.read(settings)


def remember_purposes(app: App) -> bool:
    """Keep what the file says, for the time when it cannot be read; whether that is new. Raises PurposesRefused."""
    given = {"declared": msgspec.json.encode(purposes_of_file(app.settings), order="sorted").decode()}
    return bool(app.db.execute(SQL.remember_purposes, given).rowcount)


@lru_cache(VERSIONS_REMEMBERED)
def _before(text: str) -> Purposes:
    return msgspec.json.decode(text, type=Purposes)


def _complete(given: Purposes) -> Purposes:
    names = {purpose.notice for purpose in given.purposes.values() if purpose.notice}
    faults = [f"purposes are written in lower case, not '{name}'" for name in given.purposes if name != _lower(name)]
    if unknown := sorted(names - given.notices.keys()):
        faults.append(f"it names notices that it does not hold: {', '.join(unknown)}")
    if faults:
        raise ValueError("; ".join(faults))
    return Purposes(purposes=USUAL.purposes | given.purposes, notices=given.notices, controller=given.controller)


def _lower(name: str) -> str:
    return name.strip().lower()


FILE = DeclarationFile("purposes.yaml", Purposes, USUAL, _complete, PurposesRefused, "docs/reference/privacy.md")
