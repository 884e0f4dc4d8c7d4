"""What a brand buys: one file `overlays/NAME.yaml` in the data folder says what comes from whom, by which license, at
what cost, for which purpose and how long.

title: Household demographics
provider: Acme Data
key: email
column: email_sha256
ask: {protocol: batch, url: "https://api.acme.example/v1/people", headers: {Authorization: "file:/etc/acme"}}
fields: {income: {title: Income, type: choice, choices: [low, middle, high]}}
license: {text: One year from the day of loading, url: "https://acme.example/license", until: 2027-12-31}
cost_cents_per_match: 2
expires_after_days: 365
purpose: profiling
jurisdictions: [US]
"""

from __future__ import annotations

from contextlib import suppress
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any, Literal

import msgspec

from regulars.app import App
from regulars.kit.declaration import DeclarationFile
from regulars.kit.secret import check_open
from regulars.kit.settings import Settings
from regulars.profile.declared import FIELD_NAME, FieldRule, faults_of_field
from regulars.profile.errors import OverlayRefused
from regulars.profile.overlays.protocols import Asking, Protocol, protocols
from regulars.profile.purposes import purposes
from regulars.store.rows import quoted

FOLDER = "overlays"
OVERLAYS_MAX = 100
FIELDS_MAX = 100
DAYS_MAX = 3_650


class License(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """By what right we have it."""

    text: str
    url: str = ""
    until: date | None = None
    """The first day without it; None: as long as a load counts."""


class Overlay(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a file declares."""

    title: str
    provider: str
    key: Literal["email", "phone"]
    column: str = ""
    """Of the key in a file: plain, or its SHA-256 in hex; empty: no file is loaded."""
    ask: dict[str, Any] = {}
    """How the provider is asked; empty: not at all."""
    fields: dict[str, FieldRule]
    license: License
    cost_cents_per_match: float = 0.0
    expires_after_days: int
    purpose: str
    """What it is used for, of purposes.yaml; where that needs a yes, only with one."""
    jurisdictions: tuple[str, ...] = ()
    """Countries whose people it may be used for; none: all."""

    @property
    def text(self) -> str:
        """The same for the same declaration."""
        return msgspec.json.encode(self, order="sorted").decode()


def declared(settings: Settings) -> dict[str, Overlay]:
    """Every overlay by name, as the files say now. Raises OverlayRefused."""
    return {name: one for name in _names(settings) if (one := _file(name).read(settings)) is not None}


def usable(settings: Settings) -> dict[str, Overlay]:
    """The overlays whose files can be read; whoever lists all is told what is wrong with the others."""
    found: dict[str, Overlay] = {}
    for name in _names(settings):
        with suppress(OverlayRefused):
            found[name] = one_declared(settings, name)
    return found


def one_declared(settings: Settings, name: str) -> Overlay:
    """The overlay of a name, whatever is wrong with another one. Raises OverlayRefused."""
    names = _names(settings)
    one = _file(name).read(settings) if name in names else None
    if one is None:
        known = ", ".join(names) or "none is declared yet"
        raise OverlayRefused(f"There is no overlay '{name[:60]}'", f"Write overlays/NAME.yaml; there are: {known}")
    return one


def _names(settings: Settings) -> list[str]:
    files = sorted((settings.home_path / FOLDER).glob("*.yaml"))
    if len(files) > OVERLAYS_MAX:
        raise OverlayRefused(f"{len(files)} overlays, more than {OVERLAYS_MAX}", "Let some of them go")
    return [path.stem for path in files]


def asked_by(overlay: Overlay) -> tuple[Protocol, Asking]:
    """How its provider is asked; it says so. Raises msgspec.ValidationError, InputRefused."""
    protocol = protocols[str(overlay.ask.get("protocol", ""))]
    return protocol, msgspec.convert(overlay.ask, protocol.settings)


def column(name: str, rule: FieldRule) -> str:
    """What a provider calls this field."""
    return rule.reads[0] if rule.reads else name


def expiry(app: App, name: str, overlay: Overlay) -> datetime:
    """Until when what is bought now counts. Raises OverlayRefused without a license."""
    now = app.clock.now()
    after = now + timedelta(days=overlay.expires_after_days)
    if overlay.license.until is None:
        return after
    ends = datetime.combine(overlay.license.until, datetime.min.time(), app.settings.zone)
    if ends <= now:
        raise OverlayRefused(f"The license of {name} ended on {overlay.license.until}", "Renew it, or drop the overlay")
    return min(after, ends)


def conditions(app: App, overlay: Overlay) -> dict[str, object]:
    """About whom it may be used, as queries ask it."""
    return {
        "kind": overlay.key,
        "now": app.clock.now(),
        "purpose": overlay.purpose,
        "countries": quoted(overlay.jurisdictions),
        "needs_yes": purposes(app).needs_consent(overlay.purpose),
    }


@lru_cache(OVERLAYS_MAX)
def _file(name: str) -> DeclarationFile[Overlay | None]:
    if not FIELD_NAME.fullmatch(name):
        raise OverlayRefused(f"'{name[:60]}' is no name", "Small letters, digits and _, at most 40")
    shape: type[Overlay | None] = Overlay
    return DeclarationFile(f"{FOLDER}/{name}.yaml", shape, None, _sound, OverlayRefused, "docs/reference/overlays.md")


def _sound(given: Overlay | None) -> Overlay | None:
    if given is None:
        return None
    faults = [fault for name, rule in given.fields.items() for fault in faults_of_field(name, rule)]
    if not 0 < len(given.fields) <= FIELDS_MAX:
        faults.append(f"it has {len(given.fields)} fields, not 1 to {FIELDS_MAX}")
    if not 0 < given.expires_after_days <= DAYS_MAX:
        faults.append(f"it expires after 1 to {DAYS_MAX} days")
    if given.cost_cents_per_match < 0:
        faults.append("a match costs nothing or more")
    if not (given.license.text.strip() and given.provider.strip() and given.purpose.strip()):
        faults.append("provider, purpose and the text of the license are needed")
    if not given.column and not given.ask:
        faults.append("it names the column of the key in a file, or says how to ask, or both")
    if given.ask:
        faults += _faults_of_asking(given)
    if faults:
        raise ValueError("; ".join(faults))
    return given


def _faults_of_asking(given: Overlay) -> list[str]:
    name = given.ask.get("protocol")
    if name not in list(protocols):
        return [f"ask: '{str(name)[:40]}' is no protocol, but one of: {', '.join(protocols)}"]
    # Headers and what is sent beside the keys: whoever reads the declaration must not read a secret.
    check_open(given.ask, OverlayRefused, plain=("key", "keys", "keys_per_request", "cost_cents_per_key"))
    try:
        protocol, ask = asked_by(given)
    except msgspec.ValidationError as fault:
        return [f"ask: {fault}"]
    faults = [f"ask: {why}"] if (why := protocol.wrong(ask)) else []
    if ask.daily_cost_cents is None and (given.cost_cents_per_match or ask.cost_cents_per_key):
        faults.append("ask: what costs something has a limit a day, daily_cost_cents")
    return faults
