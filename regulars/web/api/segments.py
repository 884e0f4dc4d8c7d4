"""Segments that people make: drafts counted while they are edited, saving, archiving, versions and export."""

from __future__ import annotations

import shutil
import tempfile
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import IO, Any, Literal

import msgspec
from litestar import Request, get, post, put
from litestar.openapi.spec import OpenAPIMediaType, OpenAPIResponse, OpenAPIType, Operation, Schema
from litestar.params import FromPath, FromQuery, JSONBody
from litestar.response import Stream

from regulars import analyze
from regulars.app import App
from regulars.store import queries
from regulars.web import access, audit
from regulars.web.api.analyze import NAME_MAX_CHARS, OVERLAPS
from regulars.web.api.privacy import IN_MEMORY_BYTES, pieces
from regulars.web.errors import ExportRefused
from regulars.web.site import House
from regulars.web.words import full_name, masked

SQL = queries("regulars.web")
SAMPLE = 5
# Of the sentence of a draft, in the audit.
NOTE_MAX_CHARS = 500
# On the disk of the web process while it is sent, and what must stay free there: the database may live on it, too.
EXPORT_BYTES_LIMIT = 4 << 30
LEFT_FREE_BYTES = 1 << 30
# So long an export waits for another one to be written; most are in less.
EXPORT_WAIT_SECONDS = 2.0
Format = Literal["csv", "jsonl", "parquet"]
TYPES: dict[Format, str] = {
    "csv": "text/csv",
    "jsonl": "application/x-ndjson",
    "parquet": "application/vnd.apache.parquet",
}


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A rule to count; `kind` of its parts is all, any, none, trait, did, last, segment, consent, identity, stage,
    score or grade."""

    rule: dict[str, Any]


class Saved(msgspec.Struct, frozen=True, kw_only=True):
    """A segment to save."""

    title: str
    rule: dict[str, Any]
    reason: str = ""
    based_on: int | None = None
    """The version it was made of; refused where there is a newer one."""


class Turned(msgspec.Struct, frozen=True, kw_only=True):
    """Why it goes to the archive, or comes back."""

    reason: str = ""


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """What was saved, and as which version."""

    name: str
    version: int


class Example(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody for whom the rule holds."""

    customer: int | None
    """None for a key without customers:read."""
    name: str
    """Masked for a key without customers:read."""
    spend_cents: int | None
    orders: int | None


class Shared(msgspec.Struct, frozen=True, kw_only=True):
    """Another segment that some of these people are in, too."""

    name: str
    title: str
    people: int


class Drafted(msgspec.Struct, frozen=True, kw_only=True):
    """What a draft says: its sentence, and who would be in it now."""

    sentence: str
    people: int
    known: int
    parts: list[int]
    """People for whom each leaf holds alone, in reading order."""
    spend_cents: int
    """In the last 365 days, by these people."""
    base_cents: int
    overlap: list[Shared]
    sample: list[Example]
    """For a key without customers:read empty where fewer than five people fit."""
    read_at: datetime
    """As of when the oldest of the numbers is."""
    took_ms: float
    currency: str


def drafted(app: App, visitor: access.Visitor, rule: object) -> Drafted:
    """A rule counted over everybody we know now; whoever is shown some of them is written down. Raises RuleRefused."""
    found = analyze.draft(app, analyze.read(rule), SAMPLE)
    titles, is_clear = found.titles, access.may_read_customers(visitor)
    overlap = sorted(found.overlap.items(), key=lambda one: (-one[1], one[0]))[:OVERLAPS]
    # A rule narrowed to one person says of her whatever it asks: yes, or no.
    sample = found.sample if is_clear or found.people >= SAMPLE else []
    if sample:
        audit.add(app, visitor, "tried a rule", "segments", found.sentence[:NOTE_MAX_CHARS])
    return Drafted(
        sentence=found.sentence,
        people=found.people,
        known=found.known,
        parts=found.parts,
        spend_cents=found.spend_cents,
        base_cents=found.base_cents,
        overlap=[Shared(name=n, title=titles.get(n, n), people=people) for n, people in overlap if people],
        sample=in_the_clear(app, sample) if is_clear else behind_a_mask(app, sample),
        read_at=found.read_at,
        took_ms=found.took_ms,
        currency=app.settings.brand_currency,
    )


def in_the_clear(app: App, customers: list[int]) -> list[Example]:
    """These people by name, in the order given."""
    return [
        Example(customer=customer, name=full_name(first, last, customer), spend_cents=spend, orders=orders)
        for customer, first, last, spend, orders in app.db.execute(SQL.sample_names, {"customers": customers})
    ]


def behind_a_mask(app: App, customers: list[int]) -> list[Example]:
    """The same for whoever may read segments, and nobody in them."""
    return [
        msgspec.structs.replace(one, customer=None, name=masked(one.name) or "") for one in in_the_clear(app, customers)
    ]


def save(app: App, request: Request[Any, Any, Any], name: str | None, data: Saved) -> Standing:
    """A new segment, or a new version of `name`; the act and its line in the audit stand or fall together."""
    draft = analyze.Draft(title=data.title, rule=analyze.read(data.rule), reason=data.reason)
    who = request.user.name
    with app.transaction() as inside:
        if name is None:
            saved = Standing(name=analyze.create(inside, draft, who), version=1)
        else:
            saved = Standing(name=name, version=analyze.edit(inside, name, draft, who, data.based_on))
        note = f"version {saved.version}: {data.reason}" if data.reason else f"version {saved.version}"
        audit.add(inside, request.user, "saved a segment", f"segment:{saved.name}", note)
    return saved


def turn(app: App, request: Request[Any, Any, Any], name: str, reason: str, *, archived: bool) -> Standing:
    """Into the archive, or out of it."""
    act = analyze.archive if archived else analyze.restore
    with app.transaction() as inside:
        version = act(inside, name, request.user.name, reason)
        said = "archived a segment" if archived else "restored a segment"
        audit.add(inside, request.user, said, f"segment:{name[:NAME_MAX_CHARS]}", reason)
    return Standing(name=name, version=version)


def exported(app: App, request: Request[Any, Any, Any], name: str, form: Format) -> Stream:
    """Everybody in it with her traits, as of one moment: written whole before it is sent.

    So no transaction waits for whoever reads slowly, and by its length a file that was cut off is noticed.
    """
    with app.transaction() as inside:
        analyze.check_named(inside, name)
    file: IO[bytes] = tempfile.SpooledTemporaryFile(IN_MEMORY_BYTES)  # noqa: SIM115 (closed by `pieces`)
    try:
        with _room_to_write() as room_bytes:
            audit.write(app, request.user, "exported a segment", f"segment:{name[:NAME_MAX_CHARS]}", form)
            with app.transaction() as inside:
                for piece in analyze.export(inside, name, form):
                    file.write(piece)
                    _check_room(file.tell(), room_bytes)
        size = file.tell()
        file.seek(0)
    except BaseException:
        file.close()
        raise
    headers = {"content-disposition": f'attachment; filename="{name[:NAME_MAX_CHARS]}.{form}"'}
    return Stream(pieces(file), media_type=TYPES[form], headers=headers | {"content-length": str(size)})


_writing = threading.Lock()


@contextmanager
def _room_to_write() -> Generator[int]:
    """How many bytes the one export may have that this process writes now: what is being sent is on the disk, too."""
    if not _writing.acquire(timeout=EXPORT_WAIT_SECONDS):
        raise ExportRefused("Another export is being written", "Export again when it has come")
    try:
        free = shutil.disk_usage(tempfile.gettempdir()).free - LEFT_FREE_BYTES
        # What is small never reaches the disk.
        yield min(EXPORT_BYTES_LIMIT, max(IN_MEMORY_BYTES, free))
    finally:
        _writing.release()


def _check_room(size_bytes: int, room_bytes: int) -> None:
    if size_bytes > room_bytes:
        raise ExportRefused(
            f"The file would be larger than the {room_bytes >> 20:,} MiB of disk that it may take now",
            "Export a smaller segment, make room on the disk, or read it with regulars.connect",
        )


@post("/api/segments/draft", opt=access.office("segments:read"), status_code=200, sync_to_thread=True)
def draft_json(app: House, request: Request[Any, Any, Any], data: JSONBody[Asked]) -> Drafted:
    """How many customers a rule would hold now, what each part holds alone, a sample, and its sentence.

    The sample names people for keys with customers:read; for others it is masked, and of five people or more.
    """
    with app.transaction() as inside:
        return drafted(inside, request.user, data.rule)


@post("/api/segments", opt=access.office("segments:write"), sync_to_thread=True)
def create_json(app: House, request: Request[Any, Any, Any], data: JSONBody[Saved]) -> Standing:
    """Make a segment; the flow takes it over within seconds."""
    return save(app, request, None, data)


@put("/api/segments/{name:str}", opt=access.office("segments:write"), sync_to_thread=True)
def edit_json(app: House, request: Request[Any, Any, Any], name: FromPath[str], data: JSONBody[Saved]) -> Standing:
    """Save a new version of a segment; every version stays."""
    return save(app, request, name, data)


@post("/api/segments/{name:str}/archive", opt=access.office("segments:write"), status_code=200, sync_to_thread=True)
def archive_json(app: House, request: Request[Any, Any, Any], name: FromPath[str], data: JSONBody[Turned]) -> Standing:
    """Let nobody be in a segment any more; its history and versions stay."""
    return turn(app, request, name, data.reason, archived=True)


@post("/api/segments/{name:str}/restore", opt=access.office("segments:write"), status_code=200, sync_to_thread=True)
def restore_json(app: House, request: Request[Any, Any, Any], name: FromPath[str], data: JSONBody[Turned]) -> Standing:
    """Take a segment back out of the archive."""
    return turn(app, request, name, data.reason, archived=False)


@get("/api/segments/{name:str}/versions", opt=access.office("segments:read"), sync_to_thread=True)
def versions_json(app: House, name: FromPath[str]) -> list[analyze.Version]:
    """Every version that was saved: rule, who, when and why."""
    with app.transaction() as inside:
        analyze.check_named(inside, name)
        return analyze.versions(inside, name)


@dataclass
class _Files(Operation):
    """The document of the API knows one form a status by itself: here are all of them."""

    def __post_init__(self) -> None:
        file = OpenAPIMediaType(schema=Schema(type=OpenAPIType.STRING, content_encoding="binary"))
        told = OpenAPIResponse(description="The file, with its length", content=dict.fromkeys(TYPES.values(), file))
        self.responses = (self.responses or {}) | {"200": told}


@get("/api/segments/{name:str}/export", opt=access.office("segments:read"), operation_class=_Files, sync_to_thread=True)
def export_json(
    app: House, request: Request[Any, Any, Any], name: FromPath[str], format: FromQuery[Format] = "csv"
) -> Stream:
    """Everybody in a segment with their traits: CSV, lines of JSON, or Parquet. Names and addresses are not in it."""
    return exported(app, request, name, format)


routes = [
    draft_json, create_json, edit_json, archive_json, restore_json, versions_json, export_json,
]  # fmt: skip
