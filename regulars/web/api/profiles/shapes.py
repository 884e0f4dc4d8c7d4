"""What programs get of profiles, in the words of Segment's Profile API."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

import msgspec


class Cursor(msgspec.Struct, frozen=True, kw_only=True):
    """Where a list goes on: ask again with `next`."""

    url: str
    has_more: bool
    next: str
    limit: int


class Stated(msgspec.Struct, frozen=True, kw_only=True):
    """A trait with where it comes from."""

    value: Any
    source_id: str
    updated_at: datetime | None


class Traits(msgspec.Struct, frozen=True, kw_only=True):
    """Traits by name, in its order: values, or with `verbose` values with source and time."""

    traits: dict[str, Any]
    cursor: Cursor


class ExternalId(msgspec.Struct, frozen=True, kw_only=True):
    """A value that names this profile."""

    collection: str
    type: str
    id: str
    encoding: Literal["none"]
    created_at: datetime
    source_id: str | None = None
    last_seen_at: datetime | None = None
    """From here on with `verbose` only."""
    strength: str | None = None
    shared: bool | None = None


class ExternalIds(msgspec.Struct, frozen=True, kw_only=True):
    """Identifiers, strongest first."""

    data: list[ExternalId]
    cursor: Cursor


class EventId(msgspec.Struct, frozen=True, kw_only=True):
    """An identifier that an event carried."""

    collection: str
    type: str
    id: str
    encoding: Literal["none"]


class ProfileEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One event as it was sent."""

    external_ids: list[EventId]
    context: dict[str, Any]
    type: str
    message_id: str
    source_id: str
    timestamp: datetime
    properties: dict[str, Any]
    """Of identify and group: the traits."""
    event: str
    related: dict[str, str]


class ProfileEvents(msgspec.Struct, frozen=True, kw_only=True):
    """Events, latest first unless asked otherwise."""

    data: list[ProfileEvent]
    cursor: Cursor


class Metadata(msgspec.Struct, frozen=True, kw_only=True):
    """When we first and last heard of this profile, and by what."""

    created_at: datetime | None
    updated_at: datetime | None
    expires_at: None
    first_message_id: str | None
    first_source_id: str | None
    last_message_id: str | None
    last_source_id: str | None
    profile_id: str
    merged_ids: list[str]
    """Former ids that lead here."""


class MetadataAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Metadata of a profile."""

    metadata: Metadata


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """Something this profile belongs to."""

    to_collection: str
    external_ids: list[ExternalId]


class Links(msgspec.Struct, frozen=True, kw_only=True):
    """What this profile belongs to, earliest first."""

    data: list[Link]


class Audience(msgspec.Struct, frozen=True, kw_only=True):
    """A segment this profile is in now."""

    segment: str
    title: str
    since: datetime


class Audiences(msgspec.Struct, frozen=True, kw_only=True):
    """Segments this profile is in now, by name."""

    data: list[Audience]
    cursor: Cursor


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """A look-up of many profiles at once."""

    profiles: list[str]
    """Identifiers as type:value."""
    include: list[str] | None = None
    """Traits to give; left out: all."""
    verbose: bool = False


class OneOfMany(msgspec.Struct, frozen=True, kw_only=True):
    """What is known by one of the identifiers that were asked with."""

    identifier: str
    profile_id: str | None
    """None: nobody, or more than one, is known by it."""
    traits: dict[str, Any]


class Many(msgspec.Struct, frozen=True, kw_only=True):
    """The answers in the order of the questions."""

    data: list[OneOfMany]
