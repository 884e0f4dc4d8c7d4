"""Any sender that posts JSON and signs it; what it means is edited here, on real deliveries.

How a mapping names places: `collect.paths`. Options say how it signs: `scheme` hmac-hex, hmac-base64 (HMAC-SHA256 of
the raw body) or token (the secret itself), in `header`, after `prefix`. With `time_header`, what is signed is the
time, a dot and the body, and a delivery that is more than five minutes off is refused. A delivery is named by
`id_header` or `id_path`, else by its body; its topic stands in `topic_header` or `topic_path`.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping

from regulars.collect import paths, payload
from regulars.collect.errors import DeliveryUnreadable
from regulars.collect.webhooks import Posted, Said, Told, Webhook, is_signed, is_signed_in_hex, webhooks

HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
WINDOW_SECONDS = 300
TIME_MAX_CHARACTERS = 13
OPTIONS = {
    "scheme": "hmac-hex",
    "header": "x-signature",
    "prefix": "",
    "time_header": "",
    "id_header": "x-delivery-id",
    "id_path": "",
    "topic_header": "x-topic",
    "topic_path": "",
}
# What a sender may prove with, besides the secret itself.
PROOFS = {"hmac-hex": is_signed_in_hex, "hmac-base64": is_signed}
SCHEMES = (*PROOFS, "token")


def wrong(options: Mapping[str, str]) -> str:
    """The first option by which no delivery could ever be verified or named."""
    if options["scheme"] not in SCHEMES:
        return f"There is no scheme '{options['scheme']}': choose {', '.join(SCHEMES)}"
    for name in ("header", "time_header", "id_header", "topic_header"):
        # A sender that is not told apart by its signature is nobody we know; the other headers may be left out.
        if not HEADER.fullmatch(options[name]) and (options[name] or name == "header"):
            return f"The option {name} is no name of a header: '{options[name]}'"
    for name in ("id_path", "topic_path"):
        if options[name] and (why := paths.wrong_path(options[name])):
            return f"The option {name}: {why}"
    return ""


def verify(posted: Posted, secret: str) -> bool:
    """As the options say; an unknown scheme proves nothing."""
    options = posted.options
    given = posted.headers.get(options["header"].lower(), "")
    if not given.startswith(options["prefix"]):
        return False
    given = given.removeprefix(options["prefix"])
    if options["scheme"] == "token":
        return bool(secret) and hmac.compare_digest(given.encode("utf-8", "replace"), secret.encode())
    content = posted.body
    if options["time_header"]:
        told = posted.headers.get(options["time_header"].lower(), "")
        if not _is_now(told, posted):
            return False
        content = told.encode() + b"." + posted.body
    proves = PROOFS.get(options["scheme"])
    return proves is not None and proves(given, secret, content)


def _is_now(told: str, posted: Posted) -> bool:
    if not (told.isascii() and told.isdecimal()) or len(told) > TIME_MAX_CHARACTERS:
        return False
    return abs(int(told) - posted.received_at.timestamp()) <= WINDOW_SECONDS


def delivery_id(posted: Posted) -> str:
    """As the options say."""
    return _told(posted, "id")


def topic(posted: Posted) -> str:
    """As the options say."""
    return _told(posted, "topic")


def _told(posted: Posted, what: str) -> str:
    header, path = posted.options[f"{what}_header"], posted.options[f"{what}_path"]
    if header and (given := posted.headers.get(header.lower())):
        return given
    if not path:
        return ""
    try:
        found = paths.value_at(payload.read(posted.body), path)
    except DeliveryUnreadable:
        return ""
    return str(found) if isinstance(found, str | int) else ""


def events(told: Told) -> list[Said]:
    """What the brand's mapping makes of it."""
    return paths.said(told.mapping, told.topic, told.content)


webhooks.add("custom")(
    Webhook(
        kind="other",
        verify=verify,
        delivery_id=delivery_id,
        topic=topic,
        map=events,
        topics=(),
        options=OPTIONS,
        wrong=wrong,
        is_edited=True,
    )
)
