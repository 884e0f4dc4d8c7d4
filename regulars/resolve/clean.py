"""The evidence of an event: which identifiers it carries, how well they are proved, and what else tells people apart.

Pure. `Cleaner` holds the secret that names values and remembers what it has read, because a customer's events carry
the same few identifiers again and again.
"""

from __future__ import annotations

import hashlib
import hmac
import struct
from functools import lru_cache
from typing import Any, NamedTuple, cast

from regulars.model import Event
from regulars.resolve import normalize
from regulars.resolve.facts import Link
from regulars.resolve.policy import (
    CARD,
    CARD_PENDING,
    COOKIE,
    DEVICE,
    EMAIL,
    EMAIL_VERIFIED,
    LOGIN,
    ORDER,
    PAYMENT,
    PHONE,
    PHONE_VERIFIED,
)

# Distinct bundles of raw identifiers remembered: about 1.2 kB each.
CACHED_BUNDLES = 65_536
# What stands at a till, or was checked by staff, is a presented card; one typed on the web is a claim until verified.
KINDS_THAT_PRESENT_CARDS = frozenset(("tills", "crm", "calls", "email"))
SPACE_MASK = 0x7FFF_FFFF
LINK_BYTES, NUMBER = struct.Struct(">qbi"), struct.Struct(">q")


class Bundle(NamedTuple):
    """The raw identifying fields of one event, as sent."""

    presents_cards: bool
    login_space: str
    user_id: object
    anonymous_id: object
    device: object
    email: object
    email_keeper: str
    """The source, if it says which address holds now; "" elsewhere, here and below."""
    email_verified: bool
    phone: object
    phone_keeper: str
    phone_verified: bool
    card: object
    card_verified: bool
    payment: object
    order: object
    first_name: object
    first_name_verified: bool
    last_name: object
    birth: object
    birth_verified: bool
    street: object
    city: object
    postcode: object
    external: tuple[tuple[object, object], ...]


class Evidence(NamedTuple):
    """A bundle, cleaned: the signature it belongs to and all that a new signature needs."""

    signature: int
    links: tuple[Link, ...]
    values: tuple[tuple[int, str, str], ...]
    """(id, type, text) of each value."""
    dob: int | None
    first_name: str | None
    surname: str | None
    address: str | None
    dob_verified: bool
    name_verified: bool


def bundle(event: Event) -> Bundle:
    """The identifying fields of an event, wherever the common shape lets them stand."""
    body = event.body
    context: dict[str, Any] = body.context
    traits = body.traits or _dict(context.get("traits"))
    properties = body.properties
    device = _dict(context.get("device"))
    external = context.get("externalIds")
    card = properties.get("loyalty_card") or traits.get("loyalty_card")
    holder = properties if properties.get("email") else traits
    email, email_verified = holder.get("email"), holder.get("email_verified") is True
    holder = properties if properties.get("phone") else traits
    phone, phone_verified = holder.get("phone"), holder.get("phone_verified") is True
    first_name, last_name, birth, street, city, postcode = _person(traits) if traits else NOBODY
    strong = body.user_id or card or (email and email_verified) or (phone and phone_verified)
    return Bundle(
        event.source_kind in KINDS_THAT_PRESENT_CARDS,
        event.login_space,
        body.user_id,
        body.anonymous_id,
        device.get("id"),
        email,
        _keeper(event, "email"),
        email_verified,
        phone,
        _keeper(event, "phone"),
        phone_verified,
        card,
        properties.get("loyalty_card_verified") is True or traits.get("loyalty_card_verified") is True,
        properties.get("payment_token") or traits.get("payment_token"),
        # An order names a person only where nothing stronger does; else every order would be a signature of its own.
        None if strong else properties.get("order_id"),
        first_name,
        traits.get("first_name_verified") is True,
        last_name,
        birth,
        traits.get("birth_date_verified") is True,
        street,
        city,
        postcode,
        _external(external) if external else (),
    )


def _keeper(event: Event, field: str) -> str:
    """The source, where it keeps this field current for a login: without one nobody knows whose former value ends."""
    return event.source if field in event.current and event.body.user_id else ""


def _person(traits: dict[str, Any]) -> tuple[object, object, object, object, object, object]:
    """First name, last name, birth, street, city and postcode."""
    place = _dict(traits.get("address"))
    return (
        traits.get("first_name") or traits.get("firstName"),
        traits.get("last_name") or traits.get("lastName"),
        traits.get("birth_date") or traits.get("birthday"),
        place.get("street"),
        place.get("city"),
        place.get("postcode") or place.get("postalCode"),
    )


NOTHING: dict[str, Any] = {}
NOBODY = (None, None, None, None, None, None)


def _dict(field: object) -> dict[str, Any]:
    return cast("dict[str, Any]", field) if isinstance(field, dict) else NOTHING


def _external(field: object) -> tuple[tuple[object, object], ...]:
    entries = [_dict(entry) for entry in cast("list[object]", field)] if isinstance(field, list) else []
    return tuple((entry.get("type"), entry.get("id")) for entry in entries)


class Cleaner:
    """Reads events with one secret and one country."""

    def __init__(self, secret: bytes, country: str) -> None:
        self._secret = secret
        self._country = country
        # Reading the key costs as much as reading a text: it is read once, and copied.
        self._keyed = hashlib.blake2b(digest_size=NUMBER.size, key=secret)
        # One cache per cleaner: the secret must not leak into a cache another brand's cleaner reads.
        self._cached = lru_cache(maxsize=CACHED_BUNDLES)(self._clean)

    def evidence(self, event: Event) -> Evidence:
        """What this event says about who did it."""
        raw = bundle(event)
        try:
            return self._cached(raw)
        except TypeError:
            # A list or object where an identifier should stand cannot be hashed; reading it as text drops it.
            return self._cached(Bundle(*(_flat(field) for field in raw)))  # type: ignore[arg-type]

    def value_id(self, kind: str, text: str) -> int:
        """Name of a value: a keyed hash, so that without the secret nobody can test a guess."""
        digest = self._keyed.copy()
        digest.update(f"{kind}\x1f{text}".encode())
        return NUMBER.unpack(digest.digest())[0]

    def proof(self, purpose: str, content: str) -> str:
        """HMAC-SHA256 of a text for one purpose: whoever has not the secret cannot make it, or test a guess by it."""
        return hmac.new(self._secret, f"{purpose}\x1f{content}".encode(), hashlib.sha256).hexdigest()

    def _clean(self, raw: Bundle) -> Evidence:
        found = _Found(self)
        card_proved = raw.presents_cards or raw.card_verified
        text_of, token = normalize.text_of, normalize.token
        # Most fields are absent from most events.
        if raw.user_id is not None:
            found.take(LOGIN, f"login:{raw.login_space}", token(text_of(raw.user_id)))
        if raw.card is not None:
            found.take(CARD if card_proved else CARD_PENDING, "card", normalize.card(text_of(raw.card)))
        if raw.email is not None:
            email = normalize.email(text_of(raw.email))
            found.take(EMAIL_VERIFIED if raw.email_verified else EMAIL, "email", email, raw.email_keeper)
        if raw.phone:
            phone = normalize.phone(text_of(raw.phone), self._country)
            found.take(PHONE_VERIFIED if raw.phone_verified else PHONE, "phone", phone, raw.phone_keeper)
        if raw.order is not None:
            found.take(ORDER, "order", token(text_of(raw.order)))
        if raw.payment is not None:
            found.take(PAYMENT, "payment", token(text_of(raw.payment)))
        if raw.device is not None:
            found.take(DEVICE, "device", token(text_of(raw.device)))
        if raw.anonymous_id is not None:
            found.take(COOKIE, "cookie", token(text_of(raw.anonymous_id)))
        for kind, value in raw.external:
            found.take_external(normalize.text_of(kind), normalize.text_of(value), card_proved, self._country)
        address = None
        if raw.street is not None:
            address = normalize.address(text_of(raw.street), text_of(raw.city), text_of(raw.postcode))
        return found.evidence(
            None if raw.birth is None else normalize.birth(text_of(raw.birth)),
            None if raw.first_name is None else normalize.name(text_of(raw.first_name)),
            None if raw.last_name is None else normalize.surname(text_of(raw.last_name)),
            address,
            (raw.birth_verified, raw.first_name_verified),
        )


class _Found:
    """Links gathered from one bundle."""

    def __init__(self, cleaner: Cleaner) -> None:
        self._cleaner = cleaner
        self._links: dict[tuple[int, int], Link] = {}
        self._values: dict[int, tuple[int, str, str]] = {}

    def take(self, cls: int, kind: str, text: str | None, keeper: str = "") -> None:
        """One identifier, if it is one; said again beside its field, it is the field's."""
        if text is None:
            return
        value = self._cleaner.value_id(kind, text)
        space = space_of(kind) if cls == LOGIN else keeper_of(keeper) if keeper else 0
        self._links.setdefault((value, cls), Link(value, cls, space))
        self._values[value] = (value, kind, text)

    def take_external(self, kind: str, raw: str, card_proved: bool, country: str) -> None:
        """One entry of context.externalIds; a type that is no identifier of ours is a login of that name space."""
        match kind:
            case "":
                return
            case "email":
                self.take(EMAIL, "email", normalize.email(raw))
            case "phone":
                self.take(PHONE, "phone", normalize.phone(raw, country))
            case "loyalty_card":
                self.take(CARD if card_proved else CARD_PENDING, "card", normalize.card(raw))
            case "payment_token":
                self.take(PAYMENT, "payment", normalize.token(raw))
            case "order_id":
                self.take(ORDER, "order", normalize.token(raw))
            case _:
                self.take(LOGIN, f"login:{kind}", normalize.token(raw))

    def evidence(
        self,
        dob: int | None,
        first_name: str | None,
        surname: str | None,
        address: str | None,
        verified: tuple[bool, bool],
    ) -> Evidence:
        """All of it, with the number of its signature. `verified`: birth and first name."""
        dob_verified, name_verified = verified[0] and dob is not None, verified[1] and first_name is not None
        links = tuple(sorted(self._links.values()))
        packed = b"".join([LINK_BYTES.pack(*link) for link in links])
        told = f"{dob or ''}\x1f{first_name or ''}\x1f{surname or ''}\x1f{address or ''}".encode()
        proved = b"\x1e" + bytes((dob_verified, name_verified)) if dob_verified or name_verified else b""
        digest = hashlib.blake2b(packed + b"\x1e" + told + proved, digest_size=NUMBER.size).digest()
        number = NUMBER.unpack(digest)[0]
        values = tuple(self._values.values())
        return Evidence(number, links, values, dob, first_name, surname, address, dob_verified, name_verified)


@lru_cache(maxsize=1024)
def space_of(kind: str) -> int:
    """Number of a login's name space, never 0."""
    digest = hashlib.blake2b(kind.encode(), digest_size=4).digest()
    return (int.from_bytes(digest, "big") & SPACE_MASK) or 1


def keeper_of(source: str) -> int:
    """Number of a source that keeps a field current, as links name it."""
    return space_of(f"source:{source}")


def _flat(field: object) -> object:
    if isinstance(field, tuple):
        pairs = cast("tuple[tuple[object, object], ...]", field)
        return tuple((_flat(kind), _flat(value)) for kind, value in pairs)
    return field if isinstance(field, (str, int, float)) else None
