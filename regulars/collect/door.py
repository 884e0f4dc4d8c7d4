"""The door: one message in, one journal row or one refusal out. Pure; everything behind it may trust a journal row.

A message is refused alone, never the batch around it. What passes here is certain to be stored by PostgreSQL (no NUL,
no lone surrogate, no number beyond what a bigint holds) and to be decoded by `claim`: a row that cannot be read back
would stop the journal for everybody, so the door is the only place where that may fail.
"""

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Any, NamedTuple, cast

import msgspec

from regulars.collect import errors
from regulars.collect.audit.masking import hidden, masked
from regulars.collect.keys import KEY_BEGINS, Source, id_without_keys, without_keys, without_named_keys

EVENT_MAX_BYTES = 32 * 1024
# It is stored under every message of its batch.
BATCH_CONTEXT_MAX_BYTES = 8 * 1024
REFUSAL_KEPT_BYTES = 16 * 1024
MESSAGE_ID_MAX_CHARACTERS = 99
NAME_MAX_CHARACTERS = 500
# Of a faulty value; a longer one than can be judged at once shows its ends alone, for its beginning may be half a name.
JUDGED_MAX_CHARACTERS = 1_000
SHOWN_CHARACTERS = 40
DEPTH_MAX = 32
# Above this, arithmetic on cents leaves a bigint; no price, count or id written as a number is as large.
NUMBER_MAX = 10**18
FUTURE_MAX = timedelta(days=1)
FIRST_YEAR, LAST_YEAR = 1900, 2200
HASH_BYTES = 16

KINDS = frozenset({"identify", "track", "page", "screen", "group", "alias"})
# What differs between two deliveries of one message; never stored, never hashed.
KEY_MEMBERS = frozenset({"writeKey", "api_key"})
PER_DELIVERY = frozenset({"sentAt", "receivedAt", "_metadata", *KEY_MEMBERS})
TEXT_FIELDS = ("userId", "anonymousId", "previousId", "groupId", "name", "event")
OBJECT_FIELDS = ("properties", "traits", "context")
IDENTIFYING_PROPERTIES = frozenset({"email", "phone", "loyalty_card", "payment_token", "order_id"})
# Identified by their cookie or login alone; anonymous receipts come from servers, never from browsers.
BROWSER_KINDS = frozenset({"web"})
ANONYMOUS_EVENTS = frozenset({"Order Completed", "Order Refunded", "Item Returned"})
# What PostgreSQL or a bigint refuses can only hide behind one of these; walking every value would cost more than the
# rest of the door. Canonical text with every digit as 0: long and exponential numbers then show up as plain substrings.
DIGITS_AS_ZERO = bytes.maketrans(b"123456789+", b"0000000000")
LONG_NUMBER = b"0" * 18
KEY_MARK = KEY_BEGINS.encode()
EXPONENT = re.compile(rb"[\[:,]-?[0-9.]+e")

_encode = msgspec.json.Encoder(order="sorted").encode
_Json = dict[str, Any]


class Row(NamedTuple):
    """A message as the journal stores it."""

    message_id: str
    kind: str
    name: str
    occurred_at: datetime
    body: str
    body_hash: bytes


class Refused(NamedTuple):
    """A message that was not taken: why, how to mend it, and the beginning of the message as received."""

    message_id: str | None
    code: str
    reason: str
    fix: str
    body: str
    """Its first REFUSAL_KEPT_BYTES; where it was cut, it says so."""
    body_hash: bytes
    """Of the whole message without what belongs to one delivery: the same message again is the same refusal."""


class Arrival(NamedTuple):
    """What is true for all messages of one request."""

    source: Source
    received_at: datetime
    mint: Callable[[], str]
    """Makes a message id where the sender gave none."""
    sent_at: object = None
    """As sent; repairs the sender's clock."""
    context: Mapping[str, Any] = {}
    """Batch-level context, under each message's own; checked by `check_context`."""
    address: str | None = None
    """The sender's network address, for browsers."""


class _Fault(Exception):
    def __init__(self, code: str, reason: str, fix: str) -> None:
        super().__init__(reason)
        self.code, self.reason, self.fix = code, reason, fix


def admit(message: object, arrival: Arrival) -> Row | Refused:
    """The journal row of this message, or why there is none."""
    try:
        return _row(message, arrival)
    except _Fault as fault:
        return refuse(message, fault.code, fault.reason, fault.fix)


def check_context(context: Mapping[str, Any]) -> Callable[[object], Refused] | None:
    """None where a batch-level context may stand under every message; else how each message of the batch is refused.

    Asked once a request: the messages alone are walked for each event.
    """
    try:
        size = len(_canonical({"context": context}))
        if size <= BATCH_CONTEXT_MAX_BYTES:
            return None
        fault = _Fault(errors.TOO_LARGE, f"It has {size} bytes", f"Stay within {BATCH_CONTEXT_MAX_BYTES} bytes")
    except _Fault as found:
        fault = found
    reason = f"The context of its batch cannot be taken. {fault.reason}"
    return lambda message: refuse(message, fault.code, reason, fault.fix)


def refuse(message: object, code: str, reason: str, fix: str) -> Refused:
    """A refusal of this message (an object, or its text as received). Nothing of it holds a write key."""
    message_id: object = None
    if isinstance(message, str):
        lasting = text = without_named_keys(message)
    elif isinstance(message, dict):
        given = {key: value for key, value in cast(_Json, message).items() if key not in KEY_MEMBERS}
        message_id = given.get("messageId")
        if isinstance(message_id, str):
            given["messageId"] = message_id = id_without_keys(message_id)
        lasting = text = without_keys(_as_text(given))
        if not PER_DELIVERY.isdisjoint(given):
            lasting = without_keys(_as_text({key: each for key, each in given.items() if key not in PER_DELIVERY}))
    else:
        lasting = text = without_keys(_as_text(message))
    return Refused(
        storable(message_id)[:MESSAGE_ID_MAX_CHARACTERS] if isinstance(message_id, str) else None,
        *(code, without_keys(reason), fix),
        _beginning(storable(text)),
        blake2b(lasting.encode("utf-8", "backslashreplace"), digest_size=HASH_BYTES).digest(),
    )


def _beginning(text: str) -> str:
    if len(text) * 4 <= REFUSAL_KEPT_BYTES or len(raw := text.encode()) <= REFUSAL_KEPT_BYTES:
        return text
    kept = raw[:REFUSAL_KEPT_BYTES].decode("utf-8", "ignore")
    return f"{kept}… (cut: the first {REFUSAL_KEPT_BYTES} of {len(raw)} bytes)"


def storable(text: str) -> str:
    """The text with what PostgreSQL cannot hold (NUL, lone surrogates) written as escapes."""
    if "\x00" in text:
        text = text.replace("\x00", "\\u0000")
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _as_text(message: object) -> str:
    # The standard library's: it can write down what JSON cannot hold (NaN, half a surrogate), for whoever mends it.
    try:
        return json.dumps(message, default=str)
    except (ValueError, TypeError, RecursionError):
        return "(nested too deep to write down)"


def _row(message: object, arrival: Arrival) -> Row:
    if not isinstance(message, dict):
        raise _Fault(errors.NOT_AN_OBJECT, "The message is not a JSON object", "Send each event as an object")
    clean: _Json = {
        key: value for key, value in cast(_Json, message).items() if value is not None and key not in PER_DELIVERY
    }
    _check_fields(clean)
    kind = clean["type"]
    name = _name(kind, clean)
    body = _canonical(clean)
    if KEY_MARK in body:
        keyless = cast(_Json, json.loads(without_keys(body.decode())))
        if "messageId" in clean:
            keyless["messageId"] = id_without_keys(clean["messageId"])[:MESSAGE_ID_MAX_CHARACTERS]
        return _row(keyless | {"sentAt": cast(_Json, message).get("sentAt")}, arrival)
    message_id = clean.get("messageId") or arrival.mint()
    body_hash = blake2b(body, digest_size=HASH_BYTES).digest()
    _check_identity(kind, name, clean, arrival.source.kind)
    occurred_at = _occurred_at(cast(_Json, message), clean, arrival)
    if _add_context(clean, arrival):
        body = _encode(clean)
        if KEY_MARK in body:
            body = without_keys(body.decode()).encode()
        _check_size(body)
    return Row(message_id, kind, name, occurred_at, body.decode(), body_hash)


def _check_fields(clean: _Json) -> None:
    """Every named field has its type; numbers given as ids become text, empty ids are none."""
    kind = clean.get("type")
    if not isinstance(kind, str) or kind not in KINDS:
        raise _Fault(
            errors.UNKNOWN_TYPE, f"The type is '{_shown(kind)}'", "Use identify, track, page, screen, group or alias"
        )
    for field in TEXT_FIELDS:
        value = clean.get(field)
        if value is None or (value.__class__ is str and value):
            continue
        if value == "":
            del clean[field]
        elif isinstance(value, int | float) and not isinstance(value, bool) and -NUMBER_MAX < value < NUMBER_MAX:
            # A till that counts in floats means the customer 123, not "123.0".
            clean[field] = str(int(value) if value == int(value) else value)
        else:
            raise _Fault(errors.FIELD_WRONG, f"{field} is not text", f"Send {field} as a string")
    for field in OBJECT_FIELDS:
        if field in clean and not isinstance(clean[field], dict):
            raise _Fault(errors.FIELD_WRONG, f"{field} is not an object", f"Send {field} as a JSON object")
    message_id = clean.get("messageId", "")
    if not isinstance(message_id, str) or len(message_id) > MESSAGE_ID_MAX_CHARACTERS:
        raise _Fault(
            errors.FIELD_WRONG,
            "messageId is not a string below 100 characters",
            "Send a short unique string, for example a UUID",
        )


def _name(kind: str, clean: _Json) -> str:
    name = clean.get("event" if kind == "track" else "name", "") if kind in ("track", "page", "screen") else ""
    if kind == "track" and not name:
        raise _Fault(errors.FIELD_MISSING, "A track message has no event", "Name what happened in the field event")
    if len(name) > NAME_MAX_CHARACTERS:
        raise _Fault(errors.FIELD_WRONG, "The name is over 500 characters", "Put detail into properties, not the name")
    return name


def _canonical(clean: _Json) -> bytes:
    """One text for all spellings of a message, checked to be storable."""
    try:
        body = _encode(clean)
    except UnicodeEncodeError:
        raise _Fault(errors.NOT_STORABLE, "A text has half a surrogate pair", "Send valid Unicode") from None
    except (RecursionError, ValueError, TypeError, OverflowError):
        raise _Fault(errors.NOT_STORABLE, "A value is no JSON or nested too deep", "Send plain, flat JSON") from None
    _check_size(body)
    # Counting brackets is a bound on the depth that costs nothing; only rich messages are walked.
    if body.count(b"{") + body.count(b"[") > DEPTH_MAX and _depth_exceeds(clean, DEPTH_MAX):
        raise _Fault(errors.NOT_STORABLE, f"The message is nested over {DEPTH_MAX} deep", "Send flatter JSON")
    if _is_suspicious(body):
        _check_values(clean)
    return body


def _check_size(body: bytes) -> None:
    if len(body) > EVENT_MAX_BYTES:
        raise _Fault(errors.TOO_LARGE, f"The message has {len(body)} bytes", f"Stay within {EVENT_MAX_BYTES} bytes")


def _is_suspicious(body: bytes) -> bool:
    shape = body.translate(DIGITS_AS_ZERO)
    return (
        b"\\u0000" in shape
        or b"null" in shape
        or LONG_NUMBER in shape
        or (b"0e0" in shape and EXPONENT.search(body) is not None)
    )


def _check_values(value: object) -> None:
    """Raise on a NUL, a number that is none, or one beyond NUMBER_MAX, anywhere inside."""
    if isinstance(value, str):
        if "\x00" in value:
            raise _Fault(errors.NOT_STORABLE, "A text has a NUL character", "Remove U+0000")
    elif isinstance(value, int | float):
        # NaN compares false to everything.
        if not -NUMBER_MAX < value < NUMBER_MAX:
            raise _Fault(errors.NOT_STORABLE, "A number is not finite or too large", "Send long digits as a string")
    elif isinstance(value, dict):
        for key, inner in cast(_Json, value).items():
            _check_values(key)
            _check_values(inner)
    elif isinstance(value, list | tuple):
        for inner in cast(list[object], value):
            _check_values(inner)


def _depth_exceeds(value: object, limit: int) -> bool:
    layer: list[object] = [value]
    for _ in range(limit + 1):
        following: list[object] = []
        for item in layer:
            if isinstance(item, dict):
                following.extend(cast(_Json, item).values())
            elif isinstance(item, list | tuple):
                following.extend(cast(list[object], item))
        if not following:
            return False
        layer = following
    return True


def _check_identity(kind: str, name: str, clean: _Json, source_kind: str) -> None:
    if "userId" in clean or "anonymousId" in clean:
        if kind == "alias" and "previousId" not in clean:
            raise _Fault(errors.FIELD_MISSING, "An alias has no previousId", "Put the id of before into previousId")
        if kind == "group" and "groupId" not in clean:
            raise _Fault(errors.FIELD_MISSING, "A group message has no groupId", "Name the group in groupId")
        return
    if source_kind not in BROWSER_KINDS and (name in ANONYMOUS_EVENTS or _has_identifier(clean)):
        return
    raise _Fault(errors.NOBODY_NAMED, "The message names nobody", "Send userId or anonymousId")


def _has_identifier(clean: _Json) -> bool:
    context = clean.get("context", {})
    device = context.get("device")
    if context.get("externalIds") or context.get("customer") or (isinstance(device, dict) and "id" in device):
        return True
    bags = [clean.get("properties"), clean.get("traits"), context.get("traits")]
    given = [cast(_Json, bag) for bag in bags if isinstance(bag, dict)]
    return any(bag.get(key) for bag in given for key in IDENTIFYING_PROPERTIES)


def _occurred_at(message: _Json, clean: _Json, arrival: Arrival) -> datetime:
    """When it happened by our clock: received − (sent − told), so a sender whose clock is wrong does no harm."""
    told = clean.get("originalTimestamp", clean.get("timestamp"))
    if told is None:
        return arrival.received_at
    occurred_at = _instant(told)
    sent = message.get("sentAt")
    if sent is None:
        sent = arrival.sent_at
    try:
        if sent is not None:
            occurred_at = arrival.received_at - (_instant(sent) - occurred_at)
    except _Fault:
        pass  # an unreadable sentAt only means that the sender's clock cannot be repaired
    except OverflowError:
        occurred_at = _instant(told)
    if not FIRST_YEAR <= occurred_at.year < LAST_YEAR:
        raise _Fault(errors.TIME_UNREADABLE, f"The timestamp is in the year {occurred_at.year}", "Send a real time")
    if occurred_at - arrival.received_at > FUTURE_MAX:
        raise _Fault(
            errors.FAR_FUTURE,
            f"The event lies in the future: {occurred_at.isoformat()}",
            "Check the sender's clock and send sentAt; then send it again",
        )
    return occurred_at


def _instant(value: object) -> datetime:
    """An aware UTC instant from ISO 8601 text, epoch seconds or milliseconds, or a datetime."""
    try:
        if isinstance(value, str):
            value = datetime.fromisoformat(value)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            # Seconds of today have ten digits, milliseconds thirteen.
            value = datetime.fromtimestamp(value / 1000 if abs(value) > 10**11 else value, UTC)
        if isinstance(value, datetime):
            return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
    except (ValueError, OverflowError, OSError):
        pass
    raise _Fault(
        errors.TIME_UNREADABLE, f"The timestamp '{_shown(value)}' cannot be read", "Write it as 2026-03-02T15:04:05Z"
    )


def _shown(value: object) -> str:
    """The beginning of a faulty value, masked where it could be somebody's: reasons are read by more than messages are.

    Structures and huge integers may be impossible to write down.
    """
    text = value if isinstance(value, str) else _as_text(value)
    shown = hidden(text) if len(text) <= JUDGED_MAX_CHARACTERS else masked(text)
    return storable(str(shown)[:SHOWN_CHARACTERS])


def _add_context(clean: _Json, arrival: Arrival) -> bool:
    """Put batch-level context and a browser's address under the message's own; says whether anything was added."""
    own = cast(_Json, clean.get("context", {}))
    added = {key: value for key, value in arrival.context.items() if key not in own}
    if arrival.address and arrival.source.kind in BROWSER_KINDS and "ip" not in own:
        added.setdefault("ip", arrival.address)
    if added:
        clean["context"] = {**added, **own}
    return bool(added)
