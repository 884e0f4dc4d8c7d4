"""The export as people read it: one page that needs no network, and a README."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any, Protocol
from zoneinfo import ZoneInfo

import jinja2
import msgspec

from regulars.analyze import Standing, TraitValue
from regulars.model import Holding
from regulars.privacy.scope import InScope
from regulars.profile import Consent, Purpose, TimelineItem

TEMPLATE = "portrait.html"
SAID = {"email": "E-mail", "sms": "SMS", "zone": "Time zone"}


class File(Protocol):
    """A file of the export, as the README lists it."""

    @property
    def name(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def rows(self) -> int: ...


class Portrait(msgspec.Struct, frozen=True, kw_only=True):
    """What the page shows."""

    brand: str
    zone: str
    customer: int
    made_at: datetime
    is_masked: bool
    fields: list[tuple[str, Any, str, datetime]]
    identifiers: list[tuple[InScope, Any]]
    consents: list[Consent]
    purposes: list[Purpose]
    traits: list[TraitValue]
    scores: list[Standing]
    events: list[TimelineItem]
    """Newest first."""
    events_max: int


def page(portrait: Portrait) -> str:
    """One HTML file that needs nothing beside it."""
    zone = ZoneInfo(portrait.zone)

    def at(instant: datetime) -> str:
        return f"{instant.astimezone(zone):%-d %B %Y, %H:%M}"

    def day(instant: datetime) -> str:
        return f"{instant.astimezone(zone):%-d %B %Y}"

    def date(midnight: datetime) -> str:
        return f"{midnight:%-d %B %Y}"

    return _template().render(it=portrait, at=at, day=day, date=date, words=words)


def words(value: Any) -> str:
    """A name or a value for people: first_name: First name."""
    if isinstance(value, dict):
        return ", ".join(str(each) for each in value.values() if each)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    text = SAID.get(str(value)) or str(value).replace("_", " ")
    return text[:1].upper() + text[1:]


def readme(portrait: Portrait, made: Sequence[File], holdings: Sequence[Holding]) -> str:
    """What is in which file, what is not given and why."""
    width = max(len(file.name) for file in made)
    given = [f"  {file.name:<{width}}  {file.rows:>7}  {file.title}" for file in made if file.rows]
    empty = [file.name for file in made if not file.rows]
    left_out = [f"  {one.table} ({', '.join(one.kept)}): {one.why_kept}" for one in holdings if one.kept]
    return "\n".join(
        [
            f"What {portrait.brand} holds about customer {portrait.customer},",
            f"as of {portrait.made_at:%Y-%m-%d %H:%M} UTC.",
            "",
            *(["Values that name or describe a person are masked in this copy.", ""] if portrait.is_masked else []),
            "Open index.html to read it. Each file under data/ has one JSON object a line, in UTF-8; times are UTC,",
            "amounts whole cents, days counted from 1970-01-01 where they are numbers. manifest.json names every file",
            "with its number of rows and its SHA-256.",
            "",
            "  File, rows, what it is",
            *given,
            "",
            f"Nothing is held in: {', '.join(empty) or 'no file is empty'}.",
            "",
            "Other people's data is not in it. An identifier that several people use is marked (used_by_others_too),",
            "and what others did with it is not given. Refused messages that name this customer are counted in",
            "data/refusal.jsonl; one text of them may speak of several people, so the brand's staff reads them first.",
            "",
            "Columns that are not given, and why",
            *left_out,
            "",
        ]
    )


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(files(__package__ or "").joinpath(TEMPLATE).read_text())
