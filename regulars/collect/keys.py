"""Sources and their write keys. A key can write to its source and read nothing; only its SHA-256 is stored."""

import re
from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256

import msgspec

from regulars.app import App
from regulars.collect.errors import SourceRefused
from regulars.store import queries

SQL = queries("regulars.collect")

# "JOUR": whoever appends to the journal holds it until the commit.
JOURNAL_LOCK = 0x4A4F5552
SOURCE_KINDS = ("tills", "web", "shop", "crm", "email", "calls", "other")
"""What may be registered. Our own events have a kind and a source that nobody gets a key to: they are believed."""
CURRENT_FIELDS = ("email", "phone")
"""What a source may keep current."""
OWN_KIND = "own"
OWN_SOURCE = "regulars"
NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
KEY_ID_BYTES = 5
SECRET_BYTES = 32
KEY_MAX_CHARACTERS = 200
KEY_BEGINS = "rk_live_write_"
# What is left of a key where one stood in a text: its part that may be shown. What stands right behind the key is not
# its own: taken out with it, two things that differ there only would become one.
KEY_INSIDE = re.compile(f"{KEY_BEGINS}([0-9a-fA-F]{{0,{2 * KEY_ID_BYTES}}})(?:_[0-9a-fA-F]{{0,{2 * SECRET_BYTES}}})?")
ID_HASH_CHARACTERS = 16
# A key of whatever form where a member or an argument says that it is one, in text that nobody could read into fields.
KEY_NAMED = re.compile(
    r'(?P<member>"(?:writeKey|api_key)"\s*:\s*")[^"]+|(?P<argument>(?<![\w.])(?:writeKey|api_key)=)[^"&\s]+'
)


class Source(msgspec.Struct, frozen=True):
    """Something that sends us events. `kind` decides how far the resolver trusts what it says."""

    id: int
    name: str
    kind: str
    login_space: str


class SourceUse(msgspec.Struct, frozen=True):
    """A source as the list shows it."""

    source: Source
    keys: int
    """Keys that work now."""
    events: int
    refusals: int
    last_received_at: datetime | None
    vendor: str | None = None
    """Who feeds it by webhooks, if anybody."""
    current: Sequence[str] = ()
    """Fields of which it names the one that holds now."""


def register(
    app: App, name: str, kind: str, login_space: str | None = None, current: Sequence[str] = ()
) -> tuple[Source, str | None]:
    """The source of this name, made if need be; with its write key the one time it can be shown, else None.

    Logins of one `login_space` identify one person across sources; left out, the source has its own. `current`: see
    `keep_current`; one that exists stays as it is.
    """
    _check_name(name, kind)
    _check_current(current)
    made = app.db.execute(
        SQL.make_source,
        {
            "name": name,
            "kind": kind,
            "login_space": login_space or name,
            "current": sorted(set(current)),
            "now": app.clock.now(),
        },
    ).fetchone()
    source = source_by_name(app, name)
    assert source is not None
    _check_same(source, kind, login_space)
    return source, make_key(app, source) if made else None


def keep_current(app: App, name: str, fields: Sequence[str]) -> list[str]:
    """From the next event on, this source says of each of these fields (email, phone) the one that holds now.

    Another one of the same login then ends the former: who brings that later is another person. Of a field left out it
    says so no more from then on. Events that are in the journal keep what held when they came, whenever they are read.
    """
    _check_current(fields)
    source = source_by_name(app, name)
    if source is None:
        raise SourceRefused(f"There is no source '{name}'", "`regulars source list` shows which there are")
    kept = sorted(set(fields))
    app.db.execute(SQL.lock_journal, {"lock": JOURNAL_LOCK})
    app.db.execute(SQL.keep_current, {"source": source.id, "current": kept})
    return kept


def _check_current(fields: Sequence[str]) -> None:
    for field in fields:
        if field not in CURRENT_FIELDS:
            raise SourceRefused(f"No source keeps '{field}' current", f"Choose from: {', '.join(CURRENT_FIELDS)}")


def imagine(app: App, name: str, kind: str) -> Source:
    """The source that `register` would give; a new one has the id 0 and is not made, for ids are few."""
    _check_name(name, kind)
    source = source_by_name(app, name) or Source(0, name, kind, name)
    _check_same(source, kind, None)
    return source


def _check_name(name: str, kind: str) -> None:
    if not NAME.fullmatch(name):
        raise SourceRefused(f"'{name}' is no name for a source", "Use lower-case letters, digits, - and _")
    refuse_own(name)
    if kind not in SOURCE_KINDS:
        raise SourceRefused(f"There is no kind of source '{kind}'", f"Choose one of: {', '.join(SOURCE_KINDS)}")


def _check_same(source: Source, kind: str, login_space: str | None) -> None:
    if source.kind != kind or (login_space and source.login_space != login_space):
        raise SourceRefused(
            f"The source '{source.name}' exists as kind {source.kind} with logins of {source.login_space}",
            "Choose another name, or the same kind and login space",
        )


def register_own(app: App) -> None:
    """Make the source that our own events come from, which nobody holds a key to."""
    app.db.execute(
        SQL.make_source,
        {
            "name": OWN_SOURCE,
            "kind": OWN_KIND,
            "login_space": OWN_SOURCE,
            "current": list[str](),
            "now": app.clock.now(),
        },
    )


def refuse_own(name: str) -> None:
    """Raise SourceRefused for the source that is ours."""
    if name == OWN_SOURCE:
        raise SourceRefused(
            f"The source '{OWN_SOURCE}' holds what Regulars itself found; nobody else may write to it",
            "Choose another name",
        )


def source_by_name(app: App, name: str) -> Source | None:
    """The source of this name; None for our own, too: whoever asks by name wants to write to it."""
    row = app.db.execute(SQL.source_by_name, {"name": name}).fetchone()
    return Source(*row) if row and name != OWN_SOURCE else None


def list_sources(app: App) -> Sequence[SourceUse]:
    """All sources with what they sent, by name."""
    rows = app.db.execute(SQL.source_uses, {"now": app.clock.now()}).fetchall()
    return [SourceUse(Source(*row[:4]), *row[4:]) for row in rows]


def hashed(key: str) -> bytes:
    """What is stored of a key. A plain SHA-256 will do: the secret has 256 random bits, nobody can guess along."""
    return sha256(key.encode("utf-8", "replace")).digest()


def without_keys(text: str) -> str:
    """The text with write keys taken out; who holds one may write, so none is ever stored."""
    return KEY_INSIDE.sub(r"(key \1)", text) if KEY_BEGINS in text else text


def id_without_keys(ident: str) -> str:
    """A message id with keys taken out that no other id becomes, too: what was taken out is told by a hash before it.

    It may be all that tells two ids apart; the second would be dropped as a repetition of the first.
    """
    return f"{hashed(ident).hex()[:ID_HASH_CHARACTERS]}-{without_keys(ident)}" if KEY_BEGINS in ident else ident


def without_named_keys(text: str) -> str:
    """The same for text as received, where a key of whatever form stands under the name of one."""
    return without_keys(KEY_NAMED.sub(lambda found: f"{found['member'] or found['argument']}…", text))


def make_key(app: App, source: Source, label: str = "", origins: Sequence[str] = ()) -> str:
    """A new write key, to be shown this one time."""
    key_id = app.dice.token(KEY_ID_BYTES).hex()
    key = f"{KEY_BEGINS}{key_id}_{app.dice.token(SECRET_BYTES).hex()}"
    app.db.execute(
        SQL.add_key,
        {
            "id": key_id,
            "source": source.id,
            "hash": hashed(key),
            "now": app.clock.now(),
            "label": label,
            "origins": list(origins),
        },
    )
    return key
