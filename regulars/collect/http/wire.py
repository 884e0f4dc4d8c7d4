"""What a request says, read from its bytes. Pure: no socket, no store.

Compatibility is decided by what the clients in the field send, not by headers: gzip is recognized by its magic bytes,
the content type is ignored (browsers say text/plain to avoid a preflight), the key may stand in any of five places.
"""

import base64
import binascii
import json
import re
import zlib
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, NamedTuple, cast
from urllib.parse import parse_qs

import msgspec

from regulars.collect import errors
from regulars.collect.door import Refused, refuse
from regulars.collect.errors import RequestTooLarge, RequestUnreadable

REQUEST_MAX_BYTES = 4 * 1024 * 1024
BATCH_MAX_EVENTS = 2_500
USERS_KEPT = 1_000
# Far below what a decoder can nest and above what the door takes: what was cut here is refused there.
CUT_DEPTH = 100
# An integer of more digits is read as a float, which the door refuses; int() itself would refuse the whole request.
INTEGER_MAX_DIGITS = 40
# A text that never ends runs to the end, so that looking for it costs one pass.
TOKEN = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"|\Z)|[\[\]{}]', re.DOTALL)
GZIP_MAGIC = b"\x1f\x8b"
GZIP_WINDOW_BITS = 31
# So much at once is unpacked of a body that is known to be broken: what comes out before the break is kept.
UNPACKED_BYTES = 512

BATCH = "batch"
# The last part of the path says what one message is; batches hold messages that say it themselves.
KIND_BY_PATH = {
    f"/v1/{spelling}": kind
    for kind, spellings in {
        BATCH: ("batch", "b", "import"),
        "identify": ("identify", "i"),
        "track": ("track", "t"),
        "page": ("page", "p"),
        "screen": ("screen", "s"),
        "group": ("group", "g"),
        "alias": ("alias", "a"),
    }.items()
    for spelling in spellings
}

_decode = msgspec.json.Decoder().decode
_UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, ValueError)


class Delivery(NamedTuple):
    """One request, read."""

    messages: list[object]
    context: dict[str, Any]
    sent_at: object
    write_key: str | None
    api_key: str | None = None
    """Where it stands in the body under the name that other clients use."""


def unpacked(body: bytes) -> bytes:
    """The body, decompressed where it is gzip; never more than REQUEST_MAX_BYTES of it."""
    if not body.startswith(GZIP_MAGIC):
        return body
    stream = zlib.decompressobj(GZIP_WINDOW_BITS)
    try:
        plain = stream.decompress(body, REQUEST_MAX_BYTES + 1)
    except zlib.error:
        raise RequestUnreadable("The body looks like gzip and is not", "Send JSON, plain or gzipped") from None
    if len(plain) > REQUEST_MAX_BYTES:
        raise too_large()
    if not stream.eof:
        raise RequestUnreadable("The gzip body ends too early", "Send it again, whole")
    return plain


def legible(body: bytes) -> str:
    """A body as text for whoever looks at it later, where it is gzip unpacked as far as it goes."""
    if body.startswith(GZIP_MAGIC):
        stream, plain = zlib.decompressobj(GZIP_WINDOW_BITS), bytearray()
        try:
            for at in range(0, len(body), UNPACKED_BYTES):
                plain += stream.decompress(body[at : at + UNPACKED_BYTES], REQUEST_MAX_BYTES - len(plain) + 1)
                if len(plain) > REQUEST_MAX_BYTES:
                    break
        except zlib.error:
            pass  # what came out before is what there is to see
        body = bytes(plain) or body
    return body.decode("utf-8", "backslashreplace")


def too_large() -> RequestTooLarge:
    """The refusal of a request over the limit."""
    return RequestTooLarge(f"The request is over {REQUEST_MAX_BYTES} bytes", "Send smaller batches")


def read(body: bytes, kind: str) -> Delivery:
    """The messages of a request and what stands around them. Raises RequestUnreadable."""
    content = decoded(body)
    if not isinstance(content, dict):
        raise RequestUnreadable("The body is not a JSON object", "Send an object")
    request = cast(dict[str, Any], content)
    if kind != BATCH:
        request.setdefault("type", kind)
        return Delivery([request], {}, None, _text(request.get("writeKey")), _text(request.get("api_key")))
    batch = request.get("batch")
    if not isinstance(batch, list):
        raise RequestUnreadable("The body has no list named batch", "Send {'batch': [...]}")
    found = delivery(cast(list[object], batch), request.get("context"), request.get("sentAt"), request.get("writeKey"))
    return found._replace(api_key=_text(request.get("api_key")))


def decoded(body: bytes) -> object:
    """What the JSON says, readable as far as anybody can read it. Raises RequestUnreadable."""
    try:
        return _decode(body)
    except _UNREADABLE:
        return _decoded_leniently(body)


def _decoded_leniently(body: bytes) -> object:
    """A body with something in it that cannot be stored (NaN, 1e400, broken text, depth), read as far as anybody can.

    The door then refuses the messages that have it, and the others of the batch are saved.
    """
    try:
        try:
            return _loads(body)
        except RecursionError:
            return _loads(_cut(body))
    except (ValueError, RecursionError):
        raise RequestUnreadable("The body is not valid JSON", "Send one JSON object in UTF-8") from None


def _loads(body: bytes) -> object:
    return json.loads(body.decode("utf-8", "surrogateescape"), parse_int=_integer, strict=False)


def _cut(body: bytes) -> bytes:
    """The body without what is nested more than CUT_DEPTH deep; the brackets around it stay."""
    kept: list[bytes] = []
    depth = start = 0
    for token in TOKEN.finditer(body):
        mark = body[token.start()]
        if mark in b"[{":
            depth += 1
            if depth == CUT_DEPTH:
                kept.append(body[start : token.end()])
        elif mark in b"]}":
            if depth == CUT_DEPTH:
                start = token.start()
            depth -= 1
    if depth >= CUT_DEPTH:
        raise ValueError("the body ends inside")
    return b"".join([*kept, body[start:]])


def _integer(digits: str) -> int | float:
    return int(digits) if len(digits) <= INTEGER_MAX_DIGITS else float(digits)


def unreadable(raw: bytes) -> Refused:
    """The refusal of bytes that are not JSON we can hold."""
    return refuse(legible(raw), errors.NOT_JSON, "This is not JSON that can be stored", "Send valid JSON in UTF-8")


def delivery(
    messages: list[object], context: object = None, sent_at: object = None, write_key: object = None
) -> Delivery:
    """These messages and what stands around them, however many: only who knows whose they are may refuse them."""
    around = cast(dict[str, Any], context) if isinstance(context, dict) else {}
    return Delivery(messages, around, sent_at, _text(write_key))


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


class Headers(NamedTuple):
    """The few headers we read."""

    authorization: bytes = b""
    write_key: bytes = b""
    length: bytes = b""
    origin: bytes = b""
    retries: bytes = b""
    agent: bytes = b""


HEADER_NAMES = (b"authorization", b"x-write-key", b"content-length", b"origin", b"x-retry-count", b"user-agent")
"""The names of Headers' fields on the wire, in lower case."""


def headers(given: Iterable[tuple[bytes, bytes]]) -> Headers:
    """The headers that matter, from ASGI's list of lower-case names; of one that is repeated, the last."""
    found = dict(given)
    return Headers(*[found.get(name, b"") for name in HEADER_NAMES])


def key(given: Headers, delivery: Delivery | None, query: bytes) -> str:
    """The write key of a request: Basic, the body's writeKey, X-Write-Key, ?writeKey=, api_key; empty: there is none.

    A Bearer token says nothing to us: its senders put the key into the body as well.
    """
    if user := _user(given.authorization):
        return user
    if delivery and delivery.write_key:
        return delivery.write_key
    if given.write_key:
        return given.write_key.decode("latin-1")
    asked = parse_qs(query.decode("latin-1")) if b"writeKey=" in query or b"api_key=" in query else {}
    if "writeKey" in asked:
        return asked["writeKey"][0]
    return (delivery.api_key if delivery else None) or asked.get("api_key", [""])[0]


# A client says the same with each of its requests.
@lru_cache(maxsize=USERS_KEPT)
def _user(authorization: bytes) -> str:
    scheme, _, told = authorization.partition(b" ")
    if scheme.lower() != b"basic":
        return ""
    try:
        return base64.b64decode(told.strip() + b"==").decode().partition(":")[0]
    except (binascii.Error, ValueError):
        return ""
