"""`POST /hooks/{source}`: a vendor's delivery is verified, kept raw, and acknowledged once that is committed.

Nothing is mapped here: vendors wait for 5 to 10 seconds, and a fault of a mapping must not cost a delivery. What cannot
be verified is answered 401, counted, and never kept.
"""

from __future__ import annotations

import json
import os
import threading
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import blake2b, sha256
from pathlib import Path

import msgspec

from regulars.app import App
from regulars.collect import errors
from regulars.collect.door import HASH_BYTES, refuse, storable
from regulars.collect.errors import DeliveryUnverified, RequestTooLarge, SourceRefused, WebhookMissing
from regulars.collect.journal import Rejected, append
from regulars.collect.keys import Source, register
from regulars.collect.webhooks import Posted, Webhook, webhooks
from regulars.collect.wires import Request
from regulars.kit.durable import sync_folder
from regulars.kit.errors import RegularsError
from regulars.store import queries

SQL = queries("regulars.collect.webhooks")

# The shortest wait among vendors is 5 seconds.
CONNECT_SECONDS = 1.5
STATEMENT_MILLISECONDS = "2500"
KNOWN_SECONDS = 10.0
"""So long a changed secret may take to be heard of."""
KNOWN_MAX = 1_000
UNVERIFIED_EVERY = timedelta(seconds=10)
"""So often one process writes down what it turned away, a source."""
UNVERIFIED, OVERLONG = "unverified", "overlong"
DELIVERY_ID_MAX_CHARACTERS = 200
TOPIC_MAX_CHARACTERS = 100
SECRET_MAX_CHARACTERS = 1_000
TAKEN = b'{"success":true}'


class Hook(msgspec.Struct, frozen=True, kw_only=True):
    """A source fed by a vendor's webhooks."""

    source: Source
    vendor: str
    options: dict[str, str]
    unverified: int = 0
    unverified_at: datetime | None = None
    deliveries: int = 0
    waiting: int = 0
    refused: int = 0
    last_received_at: datetime | None = None

    @property
    def plug_in(self) -> Webhook:
        """The vendor's plug-in."""
        return webhooks[self.vendor]


def add_webhook(
    app: App, vendor: str, name: str, secret: str, options: dict[str, str] | None = None, logins: str | None = None
) -> Hook:
    """The source of this name fed by this vendor, made if need be.

    An existing one gets the new secret and these options; options that are not given stay as they are.
    """
    plug_in = webhooks[vendor]
    before = webhook_by_name(app, name)
    kept = before.options if before is not None and before.vendor == vendor else {}
    given = {name: kept.get(name, usual) for name, usual in plug_in.options.items()} | (options or {})
    unknown = sorted(set(given) - set(plug_in.options))
    if unknown:
        raise SourceRefused(
            f"The webhook '{vendor}' has no option {', '.join(unknown)}",
            f"Choose from: {', '.join(plug_in.options) or 'none'}",
        )
    if why := plug_in.wrong(given):
        raise SourceRefused(why, "Say it with --option NAME=VALUE")
    if not secret.strip() or len(secret) > SECRET_MAX_CHARACTERS:
        raise SourceRefused("The secret is empty or too long", "Copy it from the vendor's page of the webhook")
    source, _ = register(app, name, plug_in.kind, logins)
    made = app.db.execute(
        SQL.add_webhook,
        {"source": source.id, "vendor": vendor, "options": json.dumps(given), "now": app.clock.now()},
    ).fetchone()
    if made is None:
        raise SourceRefused(f"The source '{name}' is fed by another vendor", "Choose another name")
    _keep_secret(app, name, secret.strip())
    return Hook(source=source, vendor=vendor, options=given)


def webhook_by_name(app: App, name: str) -> Hook | None:
    """The webhook of this source; None: it has none."""
    row = app.db.execute(SQL.webhook_by_name, {"name": name}).fetchone()
    return (
        Hook(source=Source(*row[:4]), vendor=row[4], options=row[5], unverified=row[6], unverified_at=row[7])
        if row
        else None
    )


def list_webhooks(app: App) -> list[Hook]:
    """All of them by name, with what became of their deliveries."""
    names = Hook.__struct_fields__[1:]
    return [
        Hook(source=Source(*row[:4]), **dict(zip(names, row[4:], strict=True)))
        for row in app.db.execute(SQL.all_webhooks)
    ]


def url_of(app: App, name: str) -> str:
    """The address to give to the vendor."""
    return f"{app.settings.base_url.rstrip('/')}/hooks/{name}"


def _secret_path(app: App, name: str) -> Path:
    return app.settings.home_path / "secrets" / f"webhook-{name}"


def _keep_secret(app: App, name: str, secret: str) -> None:
    """In a file that only we may read, complete or not at all."""
    path = _secret_path(app, name)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}")
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(secret)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
    sync_folder(path.parent)


def _secret_of(app: App, name: str) -> str:
    """Empty where this machine has none: nothing is then verified."""
    try:
        return _secret_path(app, name).read_text()
    except OSError:
        return ""


class Hooks:
    """Takes deliveries; remembers for seconds who its senders are, and how many it could not verify."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[datetime, Hook, str]] = {}
        self._turned_away: dict[tuple[str, str], tuple[int, datetime]] = {}
        """By source and why: how many since it was last written down, and when that was."""
        self._turn = threading.Lock()

    def __call__(self, app: App, name: str, request: Request) -> bytes:
        """The answer's body, once it is durable. Raises WebhookMissing, DeliveryUnverified or RequestTooLarge."""
        now = app.clock.now()
        with app.store.pool.connection(timeout=CONNECT_SECONDS) as connection:
            inside = replace(app, connection=connection)
            inside.db.execute(SQL.give_up_after, {"milliseconds": STATEMENT_MILLISECONDS})
            hook, secret = self._hook(inside, name, now)
            fault = self._fault(inside, hook, secret, request, now)
        # Only now is what was counted committed.
        if fault is not None:
            raise fault
        return TAKEN

    def _fault(self, app: App, hook: Hook, secret: str, request: Request, now: datetime) -> RegularsError | None:
        """Why the delivery is not taken, counted; None: it is kept."""
        name = hook.source.name
        if not request.is_whole:
            if self._due(name, OVERLONG, now):
                append(app, [], [_overlong_of_the_day(hook, now)])
            return _too_large(name)
        posted = Posted(url_of(app, name), _headers(request), request.body, now, hook.options)
        if hook.plug_in.is_greeting(posted):
            return None
        if hook.plug_in.verify(posted, secret):
            _keep(app, hook, posted)
            return None
        self._count_stranger(app, hook, now)
        return DeliveryUnverified(
            f"The signature of this delivery to '{name}' is not right",
            "Compare the secret and the address on both sides; nothing of it was kept",
        )

    def _hook(self, app: App, name: str, now: datetime) -> tuple[Hook, str]:
        known = self._known.get(name)
        if known is None or (now - known[0]).total_seconds() > KNOWN_SECONDS:
            hook = webhook_by_name(app, name)
            if hook is None:
                raise WebhookMissing(f"No webhook is expected at /hooks/{name}", "Make it with `regulars webhook add`")
            known = (now, hook, _secret_of(app, name))
            with self._turn:
                if len(self._known) >= KNOWN_MAX:
                    self._known.clear()
                self._known[name] = known
        return known[1], known[2]

    def _count_stranger(self, app: App, hook: Hook, now: datetime) -> None:
        if count := self._due(hook.source.name, UNVERIFIED, now):
            app.db.execute(SQL.count_unverified, {"source": hook.source.id, "count": count, "now": now})
            append(app, [], [_refusal_of_the_day(hook, now)])

    def _due(self, name: str, why: str, now: datetime) -> int:
        """How many were turned away since it was last written down; 0: it was less than UNVERIFIED_EVERY ago."""
        with self._turn:
            never = datetime.min.replace(tzinfo=now.tzinfo)
            count, written_at = self._turned_away.get((name, why), (0, never))
            is_due = now - written_at >= UNVERIFIED_EVERY
            self._turned_away[name, why] = (0, now) if is_due else (count + 1, written_at)
        return count + 1 if is_due else 0


def _headers(request: Request) -> dict[str, str]:
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in request.headers}


def _keep(app: App, hook: Hook, posted: Posted) -> None:
    """Store it, waiting to be mapped. The same again changes nothing; another body under its id is a refusal."""
    body_hash = blake2b(posted.body, digest_size=HASH_BYTES).digest()
    name = storable(hook.plug_in.delivery_id(posted) or f"body:{body_hash.hex()}")
    if len(name) > DELIVERY_ID_MAX_CHARACTERS:
        name = f"id:{sha256(name.encode()).hexdigest()}"
    given = {
        "source": hook.source.id,
        "delivery_id": name,
        "topic": storable(hook.plug_in.topic(posted)[:TOPIC_MAX_CHARACTERS]),
        "now": posted.received_at,
        "body": posted.body,
        "body_hash": body_hash,
        "size": len(posted.body),
    }
    if app.db.execute(SQL.keep_delivery, given).fetchone() is not None:
        return
    before = app.db.execute(SQL.kept_before, given).fetchone()
    if before is not None and not before[0]:
        append(app, [], [_conflict(hook, name, posted)])


def _conflict(hook: Hook, name: str, posted: Posted) -> Rejected:
    refused = refuse(
        posted.body.decode("utf-8", "backslashreplace"),
        errors.SAME_ID_OTHER_BODY,
        f"The delivery '{name[:60]}' is here already with another body; the first one stands",
        "Compare both; the vendor should send another delivery under another id",
    )
    return Rejected(hook.source, posted.received_at, refused)


def _refusal_of_the_day(hook: Hook, now: datetime) -> Rejected:
    """The same text all day, so that it is one row however many came."""
    refused = refuse(
        f"Deliveries to /hooks/{hook.source.name} of {now:%Y-%m-%d} whose signature was wrong",
        DeliveryUnverified.code,
        "A delivery came without the right signature; `regulars webhook list` counts them",
        "Compare the secret and the address on both sides; the vendor sends again what was refused",
    )
    return Rejected(hook.source, now, refused)


def _too_large(name: str) -> RequestTooLarge:
    return RequestTooLarge(
        f"The delivery to '{name}' is over the limit of one request, and nothing of it was kept",
        "Have the vendor send less in one delivery, or fetch what it holds from the vendor's own pages",
    )


def _overlong_of_the_day(hook: Hook, now: datetime) -> Rejected:
    """Without the delivery, as for a wrong signature: what is not whole cannot be verified."""
    fault = _too_large(hook.source.name)
    text = f"Deliveries to /hooks/{hook.source.name} of {now:%Y-%m-%d} that were too long"
    return Rejected(hook.source, now, refuse(text, errors.REQUEST_OVER_LIMIT, fault.what, fault.fix))
