"""The shelf of webhooks: shops and tools that post what happened to `/hooks/<source>`. A vendor is one file.

A plug-in is a `Webhook` put up under the vendor's name: `webhooks.add("shopify")(Webhook(...))`. All of it is pure:
bytes and texts in, messages in the Segment shape out. Storing, answering, taking a delivery once, replaying after a fix
of the mapping, and the journal are the house's (`collect/hooks.py`, `collect/deliveries.py`).

What the suite over the shelf demands of each: a delivery is taken only with the signature over its raw bytes, compared
in constant time; it is named, so that the vendor's retry is no second one; the same delivery gives the same events
under the same keys, whenever it is mapped; amounts are exact text (`collect.amounts`), and no number of an event is a
float.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from regulars.collect import payload
from regulars.collect.errors import DeliveryUnreadable
from regulars.collect.payload import Content
from regulars.kit.registry import Shelf


class Posted(NamedTuple):
    """One request as it came."""

    url: str
    """The public address it was posted to, as the vendor knows it."""
    headers: Mapping[str, str]
    """By lower-case name."""
    body: bytes
    """Raw: what a signature is over."""
    received_at: datetime
    options: Mapping[str, str] = {}
    """What the brand said about this webhook, for plug-ins with `options`."""


class Told(NamedTuple):
    """A stored delivery on its way to being mapped."""

    topic: str
    content: Content
    """Decoded with `Decimal` in place of float."""
    mapping: Any = None
    """The brand's own (`collect.paths.Paths`), for plug-ins whose mapping is edited."""


class Said(NamedTuple):
    """One event that a delivery tells of."""

    key: str
    """Names what happened, whichever delivery tells it: `order:1001:completed` is one event however often it is told.
    Of several deliveries that tell the same, the first counts. Empty: each delivery tells something of its own."""
    message: dict[str, Any]
    """In the Segment shape, without messageId."""


class Webhook(NamedTuple):
    """A vendor."""

    kind: str
    """Kind of the source made for it: how far its identifiers are trusted."""
    verify: Callable[[Posted, str], bool]
    """Whether the request is from who knows this secret. An empty secret proves nothing."""
    delivery_id: Callable[[Posted], str]
    """The same for a delivery that is sent again, different for any other; empty where the request names none."""
    topic: Callable[[Posted], str]
    map: Callable[[Told], list[Said]]
    """The events. Raises DeliveryUnreadable: a refusal with its reason, mapped again on replay."""
    topics: tuple[str, ...]
    """What `map` reads, to be chosen in the vendor's settings; what else comes is kept and says nothing. Empty: all."""
    is_greeting: Callable[[Posted], bool] = lambda posted: False
    """A request by which the vendor tries the address, unsigned and without content: answered 200, nothing is kept."""
    options: Mapping[str, str] = {}
    """Option to its default, where the brand must say how its sender signs."""
    wrong: Callable[[Mapping[str, str]], str] = lambda options: ""
    """What of the options cannot be used, in words; empty: nothing."""
    is_edited: bool = False
    """Its mapping is the brand's own."""


CHANGE_HASH_BYTES = 6
_encode = msgspec.json.Encoder(order="sorted", enc_hook=str).encode

webhooks: Shelf[Webhook] = Shelf("webhooks", __name__)


def is_signed(given: str, secret: str, content: bytes) -> bool:
    """Whether `given` is the HMAC-SHA256 of `content` in base64; compared in constant time."""
    return _is_proof(given, secret, base64.b64encode(_digest(secret, content)))


def is_signed_in_hex(given: str, secret: str, content: bytes) -> bool:
    """The same where it is written in hex, in letters of any case."""
    return _is_proof(given.lower(), secret, _digest(secret, content).hex().encode())


def _digest(secret: str, content: bytes) -> bytes:
    return hmac.new(secret.encode(), content, hashlib.sha256).digest()


def _is_proof(given: str, secret: str, expected: bytes) -> bool:
    return bool(secret and given) and hmac.compare_digest(given.encode("utf-8", "replace"), expected)


def track(event: str, at: str | None, properties: dict[str, Any], **who: Any) -> dict[str, Any]:
    """A track message; `who` holds userId and context, where known."""
    given = {name: value for name, value in who.items() if value}
    return {"type": "track", "event": event, "timestamp": at, "properties": properties} | given


def text_in_body(name: str) -> Callable[[Posted], str]:
    """What reads the text of this name at the top of the body, for vendors whose headers do not name a delivery."""

    def told(posted: Posted) -> str:
        try:
            found = payload.read(posted.body).get(name)
        except DeliveryUnreadable:
            return ""
        return found if isinstance(found, str) else ""

    return told


def names_order(order_id: str) -> dict[str, Any]:
    """A context that names the order as evidence beside the login.

    A refund often tells nothing but its order. Where a message tells both the order and its customer, this is what
    joins the refund to her; only orders of which something came back need it.
    """
    return {"externalIds": [{"type": "order_id", "id": order_id, "collection": "users", "encoding": "none"}]}


def change(key: str, message: dict[str, Any]) -> Said:
    """A change that is named by its time, and by a short hash of what it tells.

    The times of vendors are as coarse as a second, or missing: two changes within one would else be one event, and
    what the second of them says would never be heard.
    """
    return Said(f"{key}:{hashlib.blake2b(_encode(message), digest_size=CHANGE_HASH_BYTES).hexdigest()}", message)


def consent(channel: str, allowed: bool, at: str, user: str, key: str, address: str | None) -> Said:
    """A yes or no to marketing, as its own event at its own time.

    Never as a trait of her record: sent again with every change of her address, an old yes would undo a later no.
    """
    event = "Consent Given" if allowed else "Consent Withdrawn"
    properties = {"channel": channel, "purpose": "marketing"} | ({"address": address} if address else {})
    return Said(key, track(event, at, properties, userId=user))
