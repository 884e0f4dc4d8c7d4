"""The shelf of bought data: what a provider says about the holders of an e-mail or a phone, beside the golden fields.

An overlay is one file `overlays/NAME.yaml` in the data folder that says what comes from whom, by which license, at what
cost, for which purpose and how long:

    title: Household demographics
    provider: Acme Data
    key: email
    column: email_sha256
    fields: {income: {title: Income, type: choice, choices: [low, middle, high]}}
    license: {text: One year from the day of loading, url: "https://acme.example/license", until: 2027-12-31}
    cost_cents_per_match: 2
    expires_after_days: 365
    purpose: profiling
    jurisdictions: [US]

Keys are compared as SHA-256 of the identifier in our spelling, so that a provider need not tell plain addresses. Only
what matches somebody of ours, for whom it may be used, is kept; it stands at the identifier, never in a golden field.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any, Literal

import msgspec

from regulars import collect
from regulars.app import App
from regulars.kit.declaration import DeclarationFile
from regulars.kit.settings import Settings
from regulars.profile.declared import FIELD_NAME, FieldRule, faults_of_field
from regulars.profile.errors import OverlayRefused
from regulars.profile.purposes import purposes
from regulars.profile.survivorship import clean_custom
from regulars.resolve import normalize
from regulars.store import queries
from regulars.store.rows import array, quoted

SQL = queries(__package__ or "")
FOLDER = "overlays"
SHA256 = re.compile(r"[0-9a-f]{64}")
OVERLAYS_MAX = 100
FIELDS_MAX = 100
DAYS_MAX = 3_650
# Rows of a file matched at once, and faults of a file that are named.
ROWS_AT_ONCE = 20_000
FAULTS_NAMED = 5


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
    column: str
    """Of the key: plain, or its SHA-256 in hex."""
    fields: dict[str, FieldRule]
    license: License
    cost_cents_per_match: float = 0.0
    expires_after_days: int
    purpose: str
    """What it is used for, of purposes.yaml; where that needs a yes, only with one."""
    jurisdictions: tuple[str, ...] = ()
    """Countries whose people it may be used for; none: all."""


class Loaded(msgspec.Struct, frozen=True, kw_only=True):
    """The load of an overlay that holds."""

    name: str
    overlay: Overlay
    file: str
    rows: int
    matched: int
    kept_out: int
    """Matched, and not kept: no yes for the purpose, or another country."""
    loaded_at: datetime
    expires_at: datetime

    @property
    def cost_cents(self) -> float:
        """What its matches cost; what is not kept is not used, and not counted."""
        return self.overlay.cost_cents_per_match * (self.matched - self.kept_out)


class Bought(msgspec.Struct, frozen=True, kw_only=True):
    """One bought value of a customer."""

    overlay: str
    title: str
    provider: str
    field: str
    value: str
    loaded_at: datetime
    expires_at: datetime
    license: License


def declared(settings: Settings) -> dict[str, Overlay]:
    """Every overlay by name, as the files say now. Raises OverlayRefused."""
    files = sorted((settings.home_path / FOLDER).glob("*.yaml"))
    if len(files) > OVERLAYS_MAX:
        raise OverlayRefused(f"{len(files)} overlays, more than {OVERLAYS_MAX}", "Let some of them go")
    return {path.stem: one for path in files if (one := _file(path.stem).read(settings)) is not None}


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
    if faults:
        raise ValueError("; ".join(faults))
    return given


def load(app: App, name: str, path: Path) -> Loaded:
    """Take a file in as the whole of an overlay, in the caller's transaction. Raises OverlayRefused, FileRefused."""
    every = declared(app.settings)
    if name not in every:
        known = ", ".join(every) or "none is declared yet"
        raise OverlayRefused(f"There is no overlay '{name[:60]}'", f"Write overlays/NAME.yaml; there are: {known}")
    overlay, now = every[name], app.clock.now()
    expires_at = now + timedelta(days=overlay.expires_after_days)
    if overlay.license.until is not None:
        ends = datetime.combine(overlay.license.until, datetime.min.time(), app.settings.zone)
        if ends <= now:
            raise OverlayRefused(
                f"The license of {name} ended on {overlay.license.until}", "Renew it, or drop the overlay"
            )
        expires_at = min(expires_at, ends)
    drop(app, name)
    rows = matched = kept_out = 0
    lines = _lines(path, overlay, app.settings.brand_country)
    while some := dict(islice(lines, ROWS_AT_ONCE)):
        rows += len(some)
        found = _matches(app, overlay, some)
        matched += len(found)
        kept_out += sum(1 for _, _, may in found if not may)
        told = [(value, *said) for hashed, value, may in found if may for said in some[hashed].items()]
        given = {"overlay": name, "values": array(value for value, _, _ in told)}
        given |= {"fields": quoted(field for _, field, _ in told), "said": quoted(said for _, _, said in told)}
        app.db.execute(SQL.write_overlay_values, given)
    done = Loaded(
        name=name, overlay=overlay, file=path.name, rows=rows, matched=matched, kept_out=kept_out, loaded_at=now,
        expires_at=expires_at,
    )  # fmt: skip
    app.db.execute(
        SQL.write_overlay_load,
        {
            "overlay": name, "declared": msgspec.json.encode(overlay).decode(), "file": path.name, "rows": rows,
            "matched": matched, "kept_out": kept_out, "loaded_at": now, "expires_at": expires_at,
        },
    )  # fmt: skip
    return done


def _lines(path: Path, overlay: Overlay, country: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Hash of the key and the values of each row; all faults at the end, at once."""
    kind = path.suffix.lstrip(".").lower()
    if kind not in list(collect.formats.formats):
        raise OverlayRefused(
            f"{path.name} is no file that we read", f"Use one of: {', '.join(collect.formats.formats)}"
        )
    if not path.is_file():
        raise OverlayRefused(f"There is no file {path}", "Check its name")
    form = collect.formats.formats[kind]
    dialect = form.look(path)
    form.check(path, dialect)
    wanted = {overlay.column, *(_column(name, rule) for name, rule in overlay.fields.items())}
    if missing := sorted(wanted - set(form.columns(path, dialect) or wanted)):
        raise OverlayRefused(f"{path.name} has no column {', '.join(missing)}", "Mend the file or the declaration")
    faults: list[str] = []
    wrong = 0
    for row in form.read(path, dialect, collect.formats.Place()):
        content: dict[str, Any] = row.content if isinstance(row.content, dict) else {}
        hashed = hash_of(content.get(overlay.column), overlay.key, country)
        said = {
            name: clean_custom(raw, rule)
            for name, rule in overlay.fields.items()
            if (raw := content.get(_column(name, rule))) is not None
        }
        unread = [name for name, value in said.items() if value is None]
        if hashed is None or unread:
            wrong += 1
            if len(faults) < FAULTS_NAMED:
                faults.append(f"row {row.number}: {', '.join(unread) or overlay.column} cannot be read")
        elif not wrong:
            yield hashed, {name: value for name, value in said.items() if value is not None}
    if wrong:
        more = f" and {wrong - FAULTS_NAMED:,} more" if wrong > FAULTS_NAMED else ""
        told = f"{path.name}: {'; '.join(faults)}{more}"
        raise OverlayRefused(told, "Nothing was kept; mend the file")


def _column(name: str, rule: FieldRule) -> str:
    return rule.reads[0] if rule.reads else name


def hash_of(raw: object, kind: str, country: str) -> str | None:
    """SHA-256 of an identifier in our spelling (lower case, E.164); what is one already stays as it is; else None."""
    text = normalize.text_of(raw)
    if SHA256.fullmatch(text.lower()):
        return text.lower()
    known = normalize.email(text) if kind == "email" else normalize.phone(text, country)
    return None if known is None else hashlib.sha256(known.encode()).hexdigest()


def _matches(app: App, overlay: Overlay, hashes: Iterable[str]) -> list[tuple[str, int, bool]]:
    """Hash, number of our identifier, and whether it may be used for a holder of it."""
    given = {
        "hashes": quoted(hashes), "kind": overlay.key, "now": app.clock.now(), "purpose": overlay.purpose,
        "countries": quoted(overlay.jurisdictions),
        "needs_yes": purposes(app).needs_consent(overlay.purpose),
    }  # fmt: skip
    return app.db.execute(SQL.overlay_matches, given).fetchall()


def loads(app: App) -> list[Loaded]:
    """What is loaded, by name."""
    return [
        Loaded(
            name=name, overlay=msgspec.json.decode(text, type=Overlay), file=file, rows=rows, matched=matched,
            kept_out=kept_out, loaded_at=loaded_at, expires_at=expires_at,
        )
        for name, text, file, rows, matched, kept_out, loaded_at, expires_at in app.db.execute(SQL.overlay_loads)
    ]  # fmt: skip


def drop(app: App, name: str) -> int:
    """Let all that was bought for an overlay go; how many values."""
    row = app.db.execute(SQL.drop_overlay, {"overlay": name}).fetchone()
    assert row is not None, "a count has a row"
    return row[0]


def bought(app: App, customer: int) -> list[Bought]:
    """What was bought about a customer and may be used now, by overlay and field."""
    given = {"customer": customer, "now": app.clock.now(), "with_yes": quoted(_with_yes(app))}
    rows = app.db.execute(SQL.overlay_values_of, given).fetchall()
    found: list[Bought] = []
    for name, field, value, text, loaded_at, expires_at in rows:
        overlay = msgspec.json.decode(text, type=Overlay)
        found.append(
            Bought(
                overlay=name, title=overlay.fields[field].title_of(field),
                provider=overlay.provider, field=field, value=value, loaded_at=loaded_at, expires_at=expires_at,
                license=overlay.license,
            )
        )  # fmt: skip
    return found


def lapse(app: App, now: datetime) -> None:
    """Let go what has expired, what has lost its yes, and what is about an identifier that nobody has any more."""
    app.db.execute(SQL.lapse_overlays, {"now": now, "with_yes": quoted(_with_yes(app))})


def forget(app: App, values: Iterable[int]) -> None:
    """Let go what was bought about identifiers that only an erased person had, by number."""
    app.db.execute(SQL.forget_overlays, {"values": array(values)})


def _with_yes(app: App) -> list[str]:
    """Overlays that need a yes, by what purposes.yaml says now."""
    declared_purposes = purposes(app)
    return [one.name for one in loads(app) if declared_purposes.needs_consent(one.overlay.purpose)]
