"""The write keys of a source, how much it may send, and what its clients had to send again.

A new key stands in the answer that made it and nowhere else; the audit log names the ids of keys only.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from litestar import Request, Response, post
from litestar.params import FromPath, URLEncodedBody

from regulars import collect
from regulars.app import App
from regulars.collect import Limits, SourceUse, Trouble, WriteKey
from regulars.kit.errors import InputRefused, RegularsError
from regulars.web import access, audit, words
from regulars.web.pages.collect import tabs as frame
from regulars.web.pages.collect.tabs import Tab, tabs
from regulars.web.site import House

OVERLAPS = {1: "1 hour", 24: "1 day", 168: "7 days", 720: "30 days", 0: "no time: it leaked"}
"""Hours for which a replaced key goes on working, as pages say them."""
NUMBER_MAX_DIGITS = 12


class Described(msgspec.Struct, frozen=True, kw_only=True):
    """Who holds a key, and the pages that may send with it, one a line."""

    label: str = ""
    origins: str = ""


class Overlap(msgspec.Struct, frozen=True, kw_only=True):
    """For how long the key before still works."""

    hours: float


class SaidLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Limits as typed; an empty one is the default."""

    request_max_bytes: str = ""
    requests_per_second: str = ""
    events_per_second: str = ""


def given(app: App, request: Request[Any, Any, Any], use: SourceUse) -> dict[str, object]:
    """Its keys, the one that is looked at, its limits and its trouble."""
    keys, now = collect.write_keys(app, use.source.name), app.clock.now()
    states = {key.id: key.state(now) for key in keys}
    opening = [key for key in keys if states[key.id] in ("works", "ends")]
    asked = request.query_params.get("key", "")
    return {
        "keys": keys,
        "states": states,
        "chosen": next((key for key in opening if key.id == asked), None),
        "finding": finding(use.source.name, opening, states),
        "trouble": told(collect.trouble_of(app, use.source), now),
        "opening": len(opening),
        "limits": msgspec.structs.asdict(collect.limits_of(app, use.source)),
        "defaults": {"request_max_bytes": collect.REQUEST_BYTES}
        | {"requests_per_second": collect.REQUESTS_PER_SECOND, "events_per_second": collect.EVENTS_PER_SECOND},
        "tops": {"request_max_bytes": collect.REQUEST_MAX_BYTES}
        | {"requests_per_second": collect.RATE_MAX, "events_per_second": collect.RATE_MAX},
        "overlaps": OVERLAPS,
        "overlap": collect.ROTATION_OVERLAP_HOURS,
        "cache_seconds": int(collect.KEY_CACHE_SECONDS),
        "said": Described(),
        "wrong": {},
        "made": "",
        "done": "",
    }


def finding(name: str, opening: list[WriteKey], states: dict[str, str]) -> str:
    """How many keys open the source, and how many of them are about to end."""
    if not opening:
        return f"{name}: no key works, nothing can be sent"
    ending = sum(states[key.id] == "ends" for key in opening)
    works = f"{name}: {words.plural(len(opening), 'write key works', 'write keys work')}"
    return works + (f", {ending} of them for a while only" if ending else "")


def told(trouble: Trouble, now: datetime) -> str:
    """What clients had to send again, in a sentence."""
    parts: list[str] = []
    if trouble.repeated:
        when = _since(trouble.last_repeated_at, now)
        parts.append(f"clients said of {words.plural(trouble.repeated, 'request')} that a try before failed{when}")
    if trouble.slowed:
        when = _since(trouble.last_slowed_at, now)
        parts.append(f"we asked {words.plural(trouble.slowed, 'request')} to come again later (429){when}")
    return words.opened("; ".join(parts)) + "." if parts else "No client said that it had to send anything again."


def _since(instant: datetime | None, now: datetime) -> str:
    """How long ago the last one was: in hours, for a sentence that stands in any zone."""
    if instant is None:
        return ""
    minutes = max(0, int((now - instant).total_seconds() // 60))
    if minutes < 60:
        return f", last {minutes} min ago"
    return f", last {minutes // 60} h ago" if minutes < 2_880 else f", last {minutes // 1_440} days ago"


def has_keys(use: SourceUse) -> bool:
    """Nobody sends to our own source."""
    return use.source.kind != "own"


@post("/sources/{name:str}/keys", opt=access.OFFICE, include_in_schema=False, sync_to_thread=True)
def add(
    app: House, request: Request[Any, Any, Any], name: FromPath[str], data: URLEncodedBody[Described]
) -> Response[str]:
    """One more key, shown this once."""
    try:
        with app.transaction() as inside:
            made = collect.add_key(inside, name, data.label, data.origins.split())
            holder = collect.holder_of(inside, made)
    except RegularsError as fault:
        return frame.page(app, request, name, "keys", fault.status, said=data, wrong={"new": fault})
    assert holder is not None
    audit.write(app, request.user, "made a write key", f"source:{name}", holder.key_id)
    return frame.page(app, request, name, "keys", made=made)


@post("/sources/{name:str}/keys/{key:str}", opt=access.OFFICE, include_in_schema=False, sync_to_thread=True)
def describe(
    app: House,
    request: Request[Any, Any, Any],
    name: FromPath[str],
    key: FromPath[str],
    data: URLEncodedBody[Described],
) -> Response[str]:
    """Who holds it and from where, anew."""
    try:
        with app.transaction() as inside:
            collect.describe_key(inside, name, key, data.label, data.origins.split())
    except RegularsError as fault:
        chosen = _key(app, name, key)
        if chosen is None:
            raise
        return frame.page(app, request, name, "keys", fault.status, chosen=chosen, said=data, wrong={"key": fault})
    audit.write(app, request.user, "described a write key", f"source:{name}", key)
    return frame.page(app, request, name, "keys", done=f"The key {key} is described anew")


def _key(app: App, name: str, key_id: str) -> WriteKey | None:
    with app.transaction() as inside:
        return next((key for key in collect.write_keys(inside, name) if key.id == key_id), None)


@post("/sources/{name:str}/keys/{key:str}/rotate", opt=access.OFFICE, include_in_schema=False, sync_to_thread=True)
def rotate(
    app: House, request: Request[Any, Any, Any], name: FromPath[str], key: FromPath[str], data: URLEncodedBody[Overlap]
) -> Response[str]:
    """A new key in place of this one, shown this once."""
    with app.transaction() as inside:
        made = collect.rotate(inside, name, data.hours, key)
    audit.write(app, request.user, "rotated a write key", f"source:{name}", f"{key}, works {data.hours:g} hours more")
    return frame.page(app, request, name, "keys", made=made)


@post("/sources/{name:str}/keys/{key:str}/revoke", opt=access.OFFICE, include_in_schema=False, sync_to_thread=True)
def revoke(app: House, request: Request[Any, Any, Any], name: FromPath[str], key: FromPath[str]) -> Response[str]:
    """This key opens nothing any more."""
    with app.transaction() as inside:
        collect.revoke(inside, name, key)
    audit.write(app, request.user, "revoked a write key", f"source:{name}", key)
    return frame.page(app, request, name, "keys", done=f"The key {key} is revoked")


@post("/sources/{name:str}/limits", opt=access.OFFICE, include_in_schema=False, sync_to_thread=True)
def limit(
    app: House, request: Request[Any, Any, Any], name: FromPath[str], data: URLEncodedBody[SaidLimits]
) -> Response[str]:
    """How much the source may send from now on."""
    said = msgspec.structs.asdict(data)
    try:
        with app.transaction() as inside:
            set_to = collect.change_limits(inside, name, read(said), Limits())
    except RegularsError as fault:
        return frame.page(app, request, name, "keys", fault.status, limits=said, wrong={"limits": fault})
    note = ", ".join(f"{field} {value}" for field, value in msgspec.structs.asdict(set_to).items() if value)
    audit.write(app, request.user, "set the limits of a source", f"source:{name}", note or "the defaults")
    return frame.page(app, request, name, "keys", done="The limits are saved")


def read(said: dict[str, str]) -> Limits:
    """The limits as numbers. Raises InputRefused, naming each that is none."""
    typed = {field: text.strip() for field, text in said.items()}
    wrong = [
        field
        for field, text in typed.items()
        if text and not (text.isascii() and text.isdecimal() and len(text) <= NUMBER_MAX_DIGITS)
    ]
    if wrong:
        raise InputRefused(f"Not a whole number: {', '.join(wrong)}", "Leave a limit empty for its default")
    return Limits(**{field: int(text) for field, text in typed.items() if text})


tabs.add("keys")(
    Tab("Keys", 60, "pages/collect/tabs/keys.html", given, has_keys, (add, describe, rotate, revoke, limit))
)
