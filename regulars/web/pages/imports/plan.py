"""What the wizard's form says: which file, how it is written, which column goes where, and into which source."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from threading import BoundedSemaphore
from typing import Any

import msgspec

from regulars import collect
from regulars.app import App
from regulars.kit.errors import InputRefused, RegularsError

SHOWN_ROWS = 5
CHECK_ROWS = 200_000
COLUMNS_MAX = 300
IDENTIFY, TRACK = "identify", "track"
FIELDS = {
    "userId": "Customer's id (login)",
    "anonymousId": "Anonymous id (cookie, device)",
    "messageId": "The event's own id",
    "timestamp": "When it happened",
    "event": "What happened (event name)",
}
ENCODINGS = ("utf-8", "utf-16-le", "utf-16-be", "cp1252", "cp1250", "cp1251", "cp932", "gb18030", "big5", "euc_kr")
DELIMITERS = {",": "Comma", ";": "Semicolon", "\t": "Tab", "|": "Bar"}


# A workbook takes up to 600 MB while it is read, and an edited mapping asks for its rows anew.
LOOKS_AT_ONCE_MAX = 2
LOOK_WAIT_SECONDS = 5.0
looks = BoundedSemaphore(LOOKS_AT_ONCE_MAX)


@contextmanager
def looking() -> Generator[None, None, None]:
    """Look into a file while the context lasts. Raises FilesBusy where LOOKS_AT_ONCE_MAX others do and go on."""
    if not looks.acquire(timeout=LOOK_WAIT_SECONDS):
        raise collect.FilesBusy(
            f"{LOOKS_AT_ONCE_MAX} files are being looked into, as many as this machine has memory for",
            "Try again in a moment",
        )
    try:
        yield
    finally:
        looks.release()


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that the page shows and the import needs."""

    file: collect.Waiting
    path: Path
    guess: collect.Guess | None
    dialect: collect.Dialect
    mapping: collect.Mapping
    kind: str
    source_name: str
    source_kind: str
    fault: RegularsError | None

    def places(self, column: collect.Column) -> dict[str, str]:
        """Where a column may go, in words; empty leaves it out."""
        bag = "traits." if self.mapping.kind == IDENTIFY else "properties."
        own = column.place if column.place and column.place not in FIELDS else bag + own_name(column.name)
        return {"": "Left out"} | FIELDS | {own: f"Kept as {own.partition('.')[2]}"}

    def values(self, column: collect.Column) -> list[str]:
        """The first values of a column; what could name somebody masked, as in the events below."""
        beside = {own_name(each.name): None for each in self.guess.columns} if self.guess else {}
        path = ("traits" if self.mapping.kind == IDENTIFY else "properties", column.name)
        return [str(collect.hidden(sample, path, beside)) for sample in column.samples]

    def made_source(self, app: App) -> collect.Source:
        """The source that the events come from, made if it is new. Raises SourceRefused."""
        with app.transaction() as inside:
            known = collect.source_by_name(inside, self.source_name)
            return known or collect.register(inside, self.source_name, self.source_kind)[0]

    def imagined_source(self, app: App) -> collect.Source:
        """The same, but nothing is made. Raises SourceRefused."""
        with app.transaction() as inside:
            known = collect.source_by_name(inside, self.source_name)
            return known or collect.imagine_source(inside, self.source_name, self.source_kind)

    def with_fault(self, fault: RegularsError) -> Plan:
        """The same with what is wrong."""
        return msgspec.structs.replace(self, fault=fault)


def own_name(column: str) -> str:
    """A column's name as part of a place."""
    return "_".join(column.replace(".", " ").split()).lower() or "column"


def planned(app: App, form: Any) -> Plan:
    """The plan of a form; what it leaves open is guessed. Raises NotFound where the file is gone."""
    file, path = collect.waiting_file(app, form.get("file", ""))
    kind = form.get("rows", "") if form.get("rows", "") in collect.ROW_KINDS else ""
    dialect, guess, fault = collect.Dialect(), None, None
    try:
        dialect = spelled(form, path)
        guess = collect.guess(path, dialect, kind)
    except RegularsError as found:
        fault = found
    mapping = guess.mapping if guess else collect.Mapping()
    if guess and len(guess.columns) > COLUMNS_MAX:
        fault = InputRefused(
            f"{file.name} has {len(guess.columns)} columns, more than this page can show", "Use regulars import"
        )
    elif guess and form.get("mapped") == guess.kind:
        mapping = edited(form, mapping)
    plan = Plan(
        file=file,
        path=path,
        guess=guess,
        dialect=dialect,
        mapping=mapping,
        kind=guess.kind if guess else kind,
        source_name=form.get("source", "").strip() or suggested(file.name),
        source_kind=form.get("kind", "") or ("tills" if guess and guess.kind in ("orders", "order lines") else "crm"),
        fault=fault,
    )
    try:
        collect.check_mapping(mapping, "The mapping")
    except RegularsError as found:
        plan = plan.with_fault(found)
    return plan


def spelled(form: Any, path: Path) -> collect.Dialect:
    """How the file is written: what the form says, else what its beginning says."""
    seen = collect.look(path)
    if not form.get("delimiter"):
        return seen
    return msgspec.structs.replace(
        seen,
        encoding=known(form.get("encoding"), (*ENCODINGS, seen.encoding), seen.encoding),
        delimiter=known(form.get("delimiter"), (*DELIMITERS, seen.delimiter), seen.delimiter),
        has_header=form.get("header", "yes") == "yes",
    )


def known(asked: str | None, choices: tuple[str, ...], seen: str) -> str:
    """What the form asks for; what its list does not offer is no choice."""
    return asked if asked in choices else seen


def edited(form: Any, guessed: collect.Mapping) -> collect.Mapping:
    """The mapping as the form has it."""
    names, places = form.getall("column", []), form.getall("place", [])
    fields = {name: place for name, place in zip(names, places, strict=False) if place}
    told = dict(zip(names, form.getall("pattern", []), strict=False)) or guessed.times
    return msgspec.structs.replace(
        guessed,
        event=form.get("event", guessed.event).strip(),
        fields=fields,
        times={name: pattern.strip() for name, pattern in told.items() if name in fields and pattern.strip()},
        zone=form.get("zone", "").strip(),
    )


def suggested(file_name: str) -> str:
    """A name for a source of files like this one."""
    stem = "".join(sign if sign.isascii() and sign.isalnum() else "-" for sign in Path(file_name).stem.lower())
    return "-".join(part for part in stem.split("-") if part)[:30] or "files"


def examined(app: App, plan: Plan) -> list[collect.Shown]:
    """The first rows as events, what they say of people masked, or why each would be refused."""
    try:
        source = plan.imagined_source(app)
    except RegularsError:
        # The name is still being typed: what the rows are does not depend on it.
        source = collect.Source(0, "new", plan.source_kind, "new")
    shown = collect.first_events(app, plan.path, source, plan.mapping, plan.dialect, SHOWN_ROWS)
    return [
        each._replace(row=each.row._replace(body=collect.hidden_text(each.row.body))) if each.row else each
        for each in shown
    ]
