"""A provider's file becomes the whole of an overlay.

Keys are compared as SHA-256 of the identifier in our spelling, so that a provider need not tell plain addresses. Only
what matches somebody of ours, for whom it may be used, is kept; it stands at the identifier, never in a golden field.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

from regulars import collect
from regulars.app import App
from regulars.profile.errors import OverlayRefused
from regulars.profile.overlays.declared import Overlay, column, conditions, expiry, one_declared
from regulars.profile.survivorship import clean_custom
from regulars.resolve import normalize
from regulars.store import queries
from regulars.store.rows import array, quoted

SQL = queries(__package__ or "")
SHA256 = re.compile(r"[0-9a-f]{64}")
# Rows of a file matched at once, and faults of a file that are named.
ROWS_AT_ONCE = 20_000
FAULTS_NAMED = 5
MAY = ""
_encode = msgspec.json.Encoder().encode


class KeptOut(msgspec.Struct, frozen=True):
    """Matched, or held by somebody, and not for us: how many by reason."""

    shared: int = 0
    """Several people use the identifier."""
    elsewhere: int = 0
    """Its holder lives in no country of the license, or nobody knows in which."""
    without_yes: int = 0
    """She gave no yes for the purpose."""

    @property
    def total(self) -> int:
        """All of them."""
        return self.shared + self.elsewhere + self.without_yes


class Loaded(msgspec.Struct, frozen=True, kw_only=True):
    """What of an overlay is loaded, from a file, by asking, or both."""

    name: str
    overlay: Overlay
    origin: str
    """The file, or the host that was asked, of the latest load."""
    rows: int
    """Of the file, and answers."""
    matched: int
    kept_out: KeptOut
    cost_cents: float
    """What matches cost; what is not kept is not used, and not counted. Asking costs what the provider takes for it."""
    open_cents: float
    """What questions that were never answered may have cost beside."""
    loaded_at: datetime
    expires_at: datetime


def load(app: App, name: str, path: Path) -> Loaded:
    """Take a file in as the whole of an overlay, in the caller's transaction. Raises OverlayRefused, FileRefused."""
    overlay, now = one_declared(app.settings, name), app.clock.now()
    if not overlay.column:
        raise OverlayRefused(f"{name} is asked for, not loaded", "Declare the column of its key to load a file")
    expires_at = expiry(app, name, overlay)
    empty(app, name)
    given = {"overlay": name, "declared": overlay.text, "origin": path.name}
    given |= {"loaded_at": now, "expires_at": expires_at, "is_asked": False}
    load_id = app.db.execute(SQL.begin_overlay_load, given).fetchall()[0][0]
    rows, fates = 0, Counter[str]()
    lines = _lines(path, overlay, app.settings.brand_country)
    while some := dict(islice(lines, ROWS_AT_ONCE)):
        rows += len(some)
        found = _matches(app, overlay, some)
        fates.update(why for _, _, why in found)
        told = [(value, _encode(some[hashed]).decode()) for hashed, value, why in found if why == MAY]
        given = {"overlay": name, "load": load_id, "values": array(value for value, _ in told)}
        app.db.execute(SQL.write_overlay_values, given | {"said": quoted(said for _, said in told)})
    done = Loaded(
        name=name, overlay=overlay, origin=path.name, rows=rows, matched=fates.total(),
        kept_out=KeptOut(fates["shared"], fates["elsewhere"], fates["without_yes"]),
        cost_cents=overlay.cost_cents_per_match * fates[MAY], open_cents=0.0, loaded_at=now, expires_at=expires_at,
    )  # fmt: skip
    app.db.execute(
        SQL.end_overlay_load,
        msgspec.structs.asdict(done.kept_out)
        | {"load": load_id, "rows": rows, "matched": done.matched, "cost_cents": done.cost_cents},
    )
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
    wanted = {overlay.column, *(column(name, rule) for name, rule in overlay.fields.items())}
    if missing := sorted(wanted - set(form.columns(path, dialect) or wanted)):
        raise OverlayRefused(f"{path.name} has no column {', '.join(missing)}", "Mend the file or the declaration")
    faults: list[str] = []
    wrong = 0
    for row in form.read(path, dialect, collect.formats.Place()):
        content: dict[str, Any] = row.content if isinstance(row.content, dict) else {}
        hashed = hash_of(content.get(overlay.column), overlay.key, country)
        said, unread = values_of(overlay, {name: content.get(name) for name in wanted})
        if hashed is None or unread:
            wrong += 1
            if len(faults) < FAULTS_NAMED:
                faults.append(f"row {row.number}: {', '.join(unread) or overlay.column} cannot be read")
        elif not wrong:
            yield hashed, said
    if wrong:
        more = f" and {wrong - FAULTS_NAMED:,} more" if wrong > FAULTS_NAMED else ""
        told = f"{path.name}: {'; '.join(faults)}{more}"
        raise OverlayRefused(told, "Nothing was kept; mend the file")


def values_of(overlay: Overlay, told: dict[str, Any]) -> tuple[dict[str, str], list[str]]:
    """The values of a record by field, and the fields that cannot be read; `told` by the provider's names."""
    said: dict[str, str] = {}
    unread: list[str] = []
    for name, rule in overlay.fields.items():
        raw = told.get(column(name, rule))
        if raw is None:
            continue
        value = clean_custom(raw, rule)
        if value is None:
            unread.append(name)
        else:
            said[name] = value
    return said, unread


def hash_of(raw: object, kind: str, country: str) -> str | None:
    """SHA-256 of an identifier in our spelling (lower case, E.164); what is one already stays as it is; else None."""
    text = normalize.text_of(raw)
    if SHA256.fullmatch(text.lower()):
        return text.lower()
    known = normalize.email(text) if kind == "email" else normalize.phone(text, country)
    return None if known is None else digest(known)


def digest(known: str) -> str:
    """What stands for an identifier outside."""
    return hashlib.sha256(known.encode()).hexdigest()


def _matches(app: App, overlay: Overlay, hashes: Iterable[str]) -> list[tuple[str, int, str]]:
    """Hash, number of our identifier, and why it may not be used (MAY: it may)."""
    return app.db.execute(SQL.overlay_matches, conditions(app, overlay) | {"hashes": quoted(hashes)}).fetchall()


def loads(app: App) -> list[Loaded]:
    """What is loaded, by name."""
    return [
        Loaded(
            name=name, overlay=msgspec.json.decode(text, type=Overlay), origin=origin, rows=rows, matched=matched,
            kept_out=KeptOut(shared, elsewhere, without_yes), cost_cents=cents, open_cents=open_cents,
            loaded_at=loaded_at, expires_at=expires_at,
        )
        for name, text, origin, rows, matched, shared, elsewhere, without_yes, cents, open_cents, loaded_at, expires_at
        in app.db.execute(SQL.overlay_loads)
    ]  # fmt: skip


def empty(app: App, name: str) -> int:
    """Let all that was bought for an overlay so far go; how many identifiers it was about."""
    return app.db.execute(SQL.empty_overlay, {"overlay": name}).fetchall()[0][0]


def drop(app: App, name: str) -> int:
    """Let all that was bought for an overlay go and ask no more; how many identifiers it was about."""
    app.db.execute(SQL.end_asking, {"overlay": name})
    return empty(app, name)
