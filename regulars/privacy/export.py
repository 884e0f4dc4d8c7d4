"""Everything we hold about one person in one ZIP: JSON for programs, a page for people, a README for both."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import IO, Any, cast

import msgspec

from regulars import analyze, collect, profile
from regulars.app import App
from regulars.privacy import registry
from regulars.privacy.portrait import Portrait, page, readme
from regulars.privacy.rows import Row, Rows
from regulars.privacy.scope import InScope, Scope, scope
from regulars.store import queries

SQL = queries(__package__ or "")
FORMAT = "regulars-export/1"
PAGE, README, MANIFEST = "index.html", "README.txt", "manifest.json"
# Events on the page for people; all of them are in the file for programs.
PAGE_EVENTS_MAX = 1_000
# The file system's own beginning of time: a ZIP holds no earlier one.
ZIP_FIRST_YEAR = 1980

_encode = msgspec.json.Encoder().encode


class Exported(msgspec.Struct, frozen=True, kw_only=True):
    """One file of the export."""

    name: str
    title: str
    rows: int
    sha256: str


class Export(msgspec.Struct, frozen=True, kw_only=True):
    """What was written."""

    format: str
    customer: int
    made_at: datetime
    is_masked: bool
    files: list[Exported]


def file_name(app: App, customer: int) -> str:
    """How the ZIP of this customer is called."""
    return f"customer-{customer}-{app.clock.now():%Y-%m-%d}.zip"


def export(app: App, customer: int, out: IO[bytes], look: collect.Look = collect.hidden) -> Export:
    """Write what we hold about one customer as a ZIP to `out`; inside a transaction. Raises NoSuchCustomer.

    Rows are streamed, so that a customer of a hundred thousand events costs no more memory than one of ten. `look` is
    `collect.in_the_clear` for whoever may see it; masked, the files have the same shape.
    """
    found, made_at = scope(app, customer), app.clock.now()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        writer = _Writer(archive, made_at, look)
        for holding in registry.holdings():
            if holding.told:
                writer.lines(f"data/{holding.table}.jsonl", holding.title, Rows(app, found).told(holding))
        for name, title, rows in _computed(app, found):
            writer.lines(f"data/{name}.jsonl", title, rows)
        portrait = _portrait(app, found, made_at, look)
        writer.whole(PAGE, "All of this for reading", page(portrait).encode())
        writer.whole(README, "What is in which file", readme(portrait, writer.files, registry.holdings()).encode())
        done = Export(
            format=FORMAT,
            customer=found.customer,
            made_at=made_at,
            is_masked=look is not collect.in_the_clear,
            files=writer.files,
        )
        writer.whole(MANIFEST, "Every file with its number of rows and its SHA-256", _encode(done))
    return done


class _Writer:
    def __init__(self, archive: zipfile.ZipFile, at: datetime, look: collect.Look) -> None:
        self._archive = archive
        self._at = at
        self._look = look
        self.files: list[Exported] = []

    def lines(self, name: str, title: str, rows: Iterable[Row]) -> None:
        """One JSON object a line."""
        digest, count = hashlib.sha256(), 0
        with self._archive.open(self._info(name), "w") as file:
            for row in rows:
                line = _encode(shown(row, self._look)) + b"\n"
                file.write(line)
                digest.update(line)
                count += 1
        self.files.append(Exported(name=name, title=title, rows=count, sha256=digest.hexdigest()))

    def whole(self, name: str, title: str, content: bytes) -> None:
        """A file as it is."""
        self._archive.writestr(self._info(name), content)
        self.files.append(Exported(name=name, title=title, rows=1, sha256=hashlib.sha256(content).hexdigest()))

    def _info(self, name: str) -> zipfile.ZipInfo:
        at = self._at
        info = zipfile.ZipInfo(name, (max(at.year, ZIP_FIRST_YEAR), at.month, at.day, at.hour, at.minute, at.second))
        info.compress_type = zipfile.ZIP_DEFLATED
        return info


def shown(row: Row, look: collect.Look) -> Row:
    """A row as this reader may see it."""
    plain = cast(Row, look(msgspec.to_builtins(row), (), {}))
    if "field" in row and "value" in row:
        # What a value is stands beside it, not above it.
        plain["value"] = look({str(row["field"]): _unpacked(row["value"])}, (), {})[str(row["field"])]
    return plain


def _unpacked(value: Any) -> Any:
    """An address is kept as JSON."""
    if isinstance(value, str) and value[:1] == "{":
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def _computed(app: App, found: Scope) -> Iterator[tuple[str, str, Iterable[Row]]]:
    """What no table holds as it is told: identifiers with her own dates, traits in words, receipts."""
    yield "identifiers", "What you are known by", (_identifier(one) for one in found.identifiers)
    traits = analyze.traits_of(app, found.customer)
    yield "traits", "Values computed about you", (msgspec.to_builtins(one) for one in traits if one.value is not None)
    receipts = profile.receipts(app, found.customer)
    yield "consent_receipts", "A receipt for each of your decisions (ISO/IEC TS 27560:2023)", receipts
    declared = profile.purposes(app).purposes
    yield (
        "purposes",
        "What we use data for",
        ({"purpose": name} | msgspec.to_builtins(p) for name, p in declared.items()),
    )


def _identifier(one: InScope) -> Row:
    # The name of the type stands above the value, so that a masking look knows what it is.
    return {
        "type": one.type,
        one.kind: one.value,
        "strength": one.strength,
        "used_by_others_too": one.is_shared,
        "first_at": one.first_at,
        "last_at": one.last_at,
    }


def _portrait(app: App, found: Scope, made_at: datetime, look: collect.Look) -> Portrait:
    known = profile.read(app, found.customer)
    is_clear = look is collect.in_the_clear
    return Portrait(
        brand=app.settings.brand_name,
        zone=app.settings.brand_zone,
        customer=found.customer,
        made_at=made_at,
        is_masked=not is_clear,
        fields=[
            (
                field.name,
                look({field.name: _unpacked(field.value)}, (), {})[field.name],
                field.source or "not known",
                field.stated_at,
            )
            for field in known.fields
        ],
        identifiers=[(one, look({one.kind: one.value}, (), {})[one.kind]) for one in found.identifiers],
        consents=known.consents,
        purposes=list(profile.purposes(app).purposes.values()),
        traits=[one for one in analyze.traits_of(app, found.customer) if one.value not in (None, 0, "")],
        scores=analyze.scores_of(app, found.customer),
        events=[
            one if is_clear else msgspec.structs.replace(one, summary=collect.shown_name(one.summary))
            for one in profile.timeline(app, found.customer, limit=PAGE_EVENTS_MAX)
        ],
        events_max=PAGE_EVENTS_MAX,
    )
