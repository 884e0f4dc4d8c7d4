"""Segments that people make: drafts counted while they are edited, saving, archiving, versions and export."""

from __future__ import annotations

import tempfile
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
from regulars.kit.errors import InputRefused
from regulars.store import queries
from regulars.web import access, audit
from regulars.web.api.analyze import NAME_MAX_CHARS, OVERLAPS
from regulars.web.api.privacy import IN_MEMORY_BYTES, pieces
from regulars.web.site import House
from regulars.web.words import full_name

SQL = queries("regulars.web")
SAMPLE = 5
# On the disk of the web process while it is sent.
EXPORT_BYTES_LIMIT = 4 << 30
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

    customer: int
    name: str
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
    read_at: datetime
    """As of when the numbers are."""
    took_ms: float
    currency: str


def drafted(app: App, rule: object) -> Drafted:
    """A rule counted over everybody we know now. Raises RuleRefused."""
    found = analyze.draft(app, analyze.read(rule), SAMPLE)
    titles = found.titles
    overlap = sorted(found.overlap.items(), key=lambda one: (-one[1], one[0]))[:OVERLAPS]
    return Drafted(
        sentence=found.sentence,
        people=found.people,
        known=found.known,
        parts=found.parts,
        spend_cents=found.spend_cents,
        base_cents=found.base_cents,
        overlap=[Shared(name=n, title=titles.get(n, n), people=people) for n, people in overlap if people],
        sample=examples(app, found.sample),
        read_at=found.read_at,
        took_ms=found.took_ms,
        currency=app.settings.brand_currency,
    )


def examples(app: App, customers: list[int]) -> list[Example]:
    """These people by name, in the order given."""
    return [
        Example(customer=customer, name=full_name(first, last, customer), spend_cents=spend, orders=orders)
        for customer, first, last, spend, orders in app.db.execute(SQL.sample_names, {"customers": customers})
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
    audit.write(app, request.user, "exported a segment", f"segment:{name[:NAME_MAX_CHARS]}", form)
    file: IO[bytes] = tempfile.SpooledTemporaryFile(IN_MEMORY_BYTES)  # noqa: SIM115 (closed by `pieces`)
    try:
        with app.transaction() as inside:
            for piece in analyze.export(inside, name, form):
                file.write(piece)
                if file.tell() > EXPORT_BYTES_LIMIT:
                    raise InputRefused(
                        f"The file would be larger than {EXPORT_BYTES_LIMIT >> 30} GiB",
                        "Export a smaller segment, or read it with regulars.connect",
                    )
        size = file.tell()
        file.seek(0)
    except BaseException:
        file.close()
        raise
    headers = {"content-disposition": f'attachment; filename="{name[:NAME_MAX_CHARS]}.{form}"'}
    return Stream(pieces(file), media_type=TYPES[form], headers=headers | {"content-length": str(size)})


@post("/api/segments/draft", opt=access.office("segments:read"), status_code=200, sync_to_thread=True)
def draft_json(app: House, data: JSONBody[Asked]) -> Drafted:
    """How many customers a rule would hold now, what each part holds alone, a sample, and its sentence."""
    with app.transaction() as inside:
        return drafted(inside, data.rule)


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
