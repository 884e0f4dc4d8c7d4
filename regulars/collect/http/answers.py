"""What the gateway says back: bodies and headers."""

from collections.abc import Iterable
from typing import Any

import msgspec

from regulars.collect.errors import GatewayBroke, RateExceeded
from regulars.collect.http.writer import Counts
from regulars.collect.write_keys import Holder
from regulars.kit.errors import RegularsError
from regulars.kit.logging import logger

log = logger("collect")
Header = tuple[bytes, bytes]

RETRY_AFTER_SECONDS = {429: 60, 503: 2}
PREFLIGHT_SECONDS = 86_400

JSON = (b"content-type", b"application/json")
NO_STORE = (b"cache-control", b"no-store")
ANY_ORIGIN = (b"access-control-allow-origin", b"*")
# A page must be able to read when to come again.
EXPOSED = (b"access-control-expose-headers", b"retry-after, x-ratelimit-reset")
PREFLIGHT = [
    ANY_ORIGIN,
    (b"access-control-allow-methods", b"GET, POST, OPTIONS"),
    (b"access-control-max-age", b"%d" % PREFLIGHT_SECONDS),
    (b"content-length", b"0"),
]
ASKED_HEADERS = b"access-control-request-headers"
USUAL_HEADERS = b"authorization, content-type, anonymousid, sentat, x-retry-count, x-write-key"

_encode = msgspec.json.Encoder().encode


def preflight(headers: Iterable[Header]) -> list[Header]:
    """Leave for a page to send the headers it asks for, whichever they are.

    Nothing here goes by cookies, so there is nothing to protect; and clients send headers of their own with what they
    send again (`Rsa-Retry-Attempt`): refused, every event that failed once would be lost.
    """
    asked = next((value for name, value in headers if name == ASKED_HEADERS), USUAL_HEADERS)
    return [*PREFLIGHT, (b"access-control-allow-headers", asked)]


def success(counts: Counts) -> bytes:
    """The body of a 200."""
    return b'{"success":true,"accepted":%d,"duplicates":%d,"refused":%d}' % counts


def whole(counts: Counts) -> bytes:
    """The 200 as it goes over the line, for whoever writes to it directly."""
    body = success(counts)
    head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\naccess-control-allow-origin: *\r\ncontent-length: "
    return b"%b%d\r\n\r\n%b" % (head, len(body), body)


def allowed(origin: bytes, holder: Holder) -> list[Header]:
    """Which pages may read this answer: any, or, with a key that lists pages, the one that asked."""
    if not holder.origins:
        return [ANY_ORIGIN]
    vary = (b"vary", b"origin")
    return [(b"access-control-allow-origin", origin), vary] if origin else [vary]


def fault(error: RegularsError) -> tuple[int, list[Header], bytes]:
    """Status, headers and body of an error; 429 and 503 say when to come again."""
    headers: list[Header] = [JSON, ANY_ORIGIN]
    seconds = error.after_seconds if isinstance(error, RateExceeded) else RETRY_AFTER_SECONDS.get(error.status)
    if seconds is not None:
        headers += [(b"retry-after", b"%d" % seconds), EXPOSED]
    if error.status == 429:
        headers.append((b"x-ratelimit-reset", b"%d" % (seconds or 0)))
    return error.status, headers, _encode({"success": False, "code": error.code, "message": str(error)})


def of_fault(error: Exception) -> tuple[int, list[Header], bytes]:
    """The same of any fault: of what we did not expect the log says all, and the sender that it was not taken."""
    if isinstance(error, RegularsError):
        return fault(error)
    log.error("request_failed", exc_info=error)
    return fault(GatewayBroke("Something broke on our side", "Send it again under the same message ids"))


def health(is_well: bool, held: int) -> tuple[int, list[Header], bytes]:
    """Whether the journal is written, and how many events wait for it."""
    headers: list[Header] = [JSON, ANY_ORIGIN]
    if not is_well:
        headers.append((b"retry-after", b"%d" % RETRY_AFTER_SECONDS[503]))
    return (200 if is_well else 503), headers, _encode({"success": is_well, "waiting": held})


def segment_settings(key: str) -> bytes:
    """What Segment's browser client wants to hear before it sends."""
    content: dict[str, Any] = {
        "integrations": {"Segment.io": {"apiKey": key, "versionSettings": {"version": "4.4.7"}}},
        "plan": {"track": {"__default": {"enabled": True}}, "identify": {"__default": {"enabled": True}}},
        "edgeFunction": {},
        "analyticsNextEnabled": True,
        "middlewareSettings": {},
        "enabledMiddleware": {},
        "metrics": {"sampleRate": 0},
        "legacyVideoPluginsEnabled": False,
        "remotePlugins": [],
    }
    return _encode(content)


def rudder_settings(key: str) -> bytes:
    """What RudderStack's browser client wants to hear before it sends."""
    source = {"id": "source", "name": "source", "writeKey": key, "enabled": True, "workspaceId": "regulars"}
    return _encode({"source": source | {"config": {}, "destinations": [], "connections": []}})
