"""The write keys of a source: who holds each, from which pages it may send, when it was used, when it ends.

Whatever is changed here, every process knows KEY_CACHE_SECONDS (see `keyring`) later.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from urllib.parse import urlsplit

import msgspec

from regulars.app import App
from regulars.collect.errors import SourceRefused
from regulars.collect.keys import KEY_MAX_CHARACTERS, SQL, Source, hashed, make_key, refuse_own, source_by_name

# While a rotated key still works: time to roll the new one out to every till.
ROTATION_OVERLAP_HOURS = 24
OVERLAP_HOURS_MAX = 365 * 24
LABEL_MAX_CHARACTERS = 80
ORIGINS_MAX = 50
ORIGIN_MAX_CHARACTERS = 200


class WriteKey(msgspec.Struct, frozen=True):
    """A key as lists show it; the key itself is shown once and kept as a hash."""

    id: str
    """Its part that may be shown."""
    label: str
    origins: list[str]
    """Pages whose browsers may send with it; none: any."""
    created_at: datetime
    used_at: datetime | None
    """To the minute; None: never."""
    expires_at: datetime | None
    revoked_at: datetime | None

    def state(self, now: datetime) -> str:
        """As `key_state` says."""
        return key_state(self.expires_at, self.revoked_at, now)


def key_state(expires_at: datetime | None, revoked_at: datetime | None, now: datetime) -> str:
    """works, ends (it works until `expires_at`), ended or revoked; of keys that write and of keys that ask."""
    if revoked_at is not None:
        return "revoked"
    if expires_at is None:
        return "works"
    return "ends" if expires_at > now else "ended"


class Holder(NamedTuple):
    """What a key opens: one source, from some pages, within limits. None: the default."""

    source: Source
    key_id: str
    origins: frozenset[str]
    request_max_bytes: int | None
    requests_per_second: int | None
    events_per_second: int | None


def holder_of(app: App, key: str) -> Holder | None:
    """What this key opens; None where it is unknown, has ended or was revoked."""
    if not key or len(key) > KEY_MAX_CHARACTERS:
        return None
    row = app.db.execute(SQL.key_holder, {"hash": hashed(key), "now": app.clock.now()}).fetchone()
    return Holder(Source(*row[:4]), row[4], frozenset(row[5]), *row[6:]) if row else None


def write_keys(app: App, name: str) -> list[WriteKey]:
    """Every key this source ever had, newest first."""
    rows = app.db.execute(SQL.keys_of, {"source": _source(app, name).id}).fetchall()
    return [WriteKey(*row) for row in rows]


def add_key(app: App, name: str, label: str = "", origins: Sequence[str] = ()) -> str:
    """One more key to this source, shown this one time; the others go on working."""
    return make_key(app, _source(app, name), _label(label), _origins(origins))


def rotate(app: App, name: str, overlap_hours: float = ROTATION_OVERLAP_HOURS, key_id: str | None = None) -> str:
    """A new key in place of this one, or of all; what it replaces works for `overlap_hours` more.

    It takes over label and pages of the key it replaces (of all, the newest).
    """
    source = _source(app, name)
    expires_at = end_of_rotated(app, overlap_hours)
    before = app.db.execute(SQL.newest_key, {"source": source.id, "key": key_id}).fetchone()
    if before is None and key_id is not None:
        raise _no_key(name, key_id)
    app.db.execute(SQL.expire_keys, {"source": source.id, "key": key_id, "expires_at": expires_at})
    return make_key(app, source, *(before or ()))


def end_of_rotated(app: App, overlap_hours: float) -> datetime:
    """When a key ends that is replaced now. Raises SourceRefused."""
    if not 0 <= overlap_hours <= OVERLAP_HOURS_MAX:
        raise SourceRefused(f"{overlap_hours:g} is no number of hours", f"Use 0 to {OVERLAP_HOURS_MAX} (a year)")
    return app.clock.now() + timedelta(hours=overlap_hours)


def revoke(app: App, name: str, key_id: str) -> None:
    """This key opens nothing any more. Harmless for one that was revoked."""
    given = {"source": _source(app, name).id, "key": key_id, "now": app.clock.now()}
    if app.db.execute(SQL.revoke_key, given).fetchone() is None:
        raise _no_key(name, key_id)


def describe_key(app: App, name: str, key_id: str, label: str, origins: Sequence[str]) -> None:
    """Say anew who holds this key and from which pages it may send."""
    given = {"source": _source(app, name).id, "key": key_id, "label": _label(label), "origins": _origins(origins)}
    if app.db.execute(SQL.describe_key, given).fetchone() is None:
        raise _no_key(name, key_id)


def _source(app: App, name: str) -> Source:
    refuse_own(name)
    source = source_by_name(app, name)
    if source is None:
        raise SourceRefused(f"There is no source '{name}'", "Look at `regulars source list`")
    return source


def _no_key(name: str, key_id: str) -> SourceRefused:
    return SourceRefused(f"The source '{name}' has no such key: {key_id}", f"Look at `regulars source keys {name}`")


def _label(given: str) -> str:
    return " ".join(given.split())[:LABEL_MAX_CHARACTERS].replace("\x00", "")


def _origins(given: Sequence[str]) -> list[str]:
    if len(given) > ORIGINS_MAX:
        raise SourceRefused(f"{len(given)} pages are too many", f"Name at most {ORIGINS_MAX}")
    return list(dict.fromkeys(_origin(each) for each in given))


def _origin(given: str) -> str:
    """As browsers send it: scheme, host and a port that is not the usual one, in lower case."""
    try:
        parts = urlsplit(given.strip().lower())
        host, port = parts.hostname, parts.port
    except ValueError:
        parts, host, port = urlsplit(""), None, None
    is_whole = parts.scheme in ("http", "https") and host and parts.path in ("", "/") and not parts.query
    if not is_whole or "@" in parts.netloc or len(given) > ORIGIN_MAX_CHARACTERS or not given.isprintable():
        raise SourceRefused(
            f"'{given[:60]}' is no origin of a page", "Write it as https://shop.example, without a path"
        )
    assert host is not None
    shown = f"[{host}]" if ":" in host else host
    usual = {"http": 80, "https": 443}[parts.scheme]
    return f"{parts.scheme}://{shown}" + (f":{port}" if port and port != usual else "")
