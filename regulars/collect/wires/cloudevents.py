"""CloudEvents over HTTP in all three modes, for gateways of tills and devices and whatever else speaks the standard.

    structured   Content-Type: application/cloudevents+json          one event as an object
    batch        Content-Type: application/cloudevents-batch+json    a list of them
    binary       ce-id, ce-source, ce-type … as headers              the body is the data

`source` and `id` together are the message id, `type` is the name of a track event, `data` its properties. Where the
type is one of the six kinds of message, `data` is that message itself. A subject is kept and never taken for a person.
"""

import base64
from hashlib import blake2b
from typing import Any, cast
from urllib.parse import unquote

from regulars.collect.door import KINDS, MESSAGE_ID_MAX_CHARACTERS
from regulars.collect.http import wire
from regulars.collect.wires import Request, Takes, Wire, wires

PREFIX = b"ce-"
STRUCTURED = b"application/cloudevents"
HASH_BYTES = 16
# Who did it: extension attributes (their names have small letters alone), else fields of the data.
FIELD_BY_ATTRIBUTE = {"userid": "userId", "anonymousid": "anonymousId"}
READ = frozenset({"id", "type", "time", "data", "data_base64", "specversion", "datacontenttype", *FIELD_BY_ATTRIBUTE})


def read(request: Request) -> wire.Delivery:
    """The messages of one request. Raises RequestUnreadable, RequestTooLarge."""
    kind = next((value.lower() for name, value in request.headers if name == b"content-type"), b"")
    attributes: dict[str, Any] = {
        name.removeprefix(PREFIX).decode("latin-1"): unquote(value)
        for name, value in request.headers
        if name.startswith(PREFIX)
    }
    if attributes and not kind.startswith(STRUCTURED):
        return wire.delivery([message(attributes | {"data": _data(request.body, kind)})])
    content = wire.decoded(request.body)
    events = cast(list[object], content) if isinstance(content, list) else [content]
    return wire.delivery([message(event) for event in events])


def message(event: object) -> object:
    """The message that says what this event says; what is no event stays as it is, for the door to refuse."""
    if not isinstance(event, dict):
        return event
    given = cast(dict[str, Any], event)
    data: Any = given.get("data", given.get("data_base64"))
    inside: dict[str, Any] = _object(cast(object, data)) if data is None or isinstance(data, dict) else {"data": data}
    name = given.get("type")
    if isinstance(name, str) and name in KINDS:
        made = inside | {"type": name}
    else:
        properties = {key: value for key, value in inside.items() if key not in FIELD_BY_ATTRIBUTE.values()}
        made = {"type": "track", "event": name, "properties": properties}
    who = {field: given.get(attribute, inside.get(field)) for attribute, field in FIELD_BY_ATTRIBUTE.items()}
    around = {key: value for key, value in given.items() if key not in READ}
    context = _object(made.get("context")) | {"cloudevent": around}
    return made | who | {"context": context, "messageId": _message_id(given), "timestamp": given.get("time")}


def _message_id(given: dict[str, Any]) -> object:
    """An id is unique within its source alone. A source is an address and has no blank, so the first one parts them."""
    own, source = given.get("id"), given.get("source")
    if not isinstance(own, str) or not own or not isinstance(source, str):
        return own
    both = f"{source} {own}"
    if len(both) <= MESSAGE_ID_MAX_CHARACTERS and " " not in source:
        return both
    return blake2b(f"{len(source)} {both}".encode("utf-8", "backslashreplace"), digest_size=HASH_BYTES).hexdigest()


def _object(value: object) -> dict[str, Any]:
    return cast(dict[str, Any], value) if isinstance(value, dict) else {}


def _data(body: bytes, kind: bytes) -> object:
    """The data of binary mode: JSON where it says so or says nothing, text as text, anything else in base64."""
    kind = kind.partition(b";")[0].strip()
    if not body:
        return None
    if kind in (b"", b"text/json") or kind.endswith((b"/json", b"+json")):
        return wire.decoded(body)
    if kind.startswith(b"text/"):
        return body.decode("utf-8", "replace")
    return base64.b64encode(body).decode()


EVENT: dict[str, Any] = {
    "type": "object",
    "required": ["id", "source", "type", "specversion"],
    "properties": {
        **{name: {"type": "string"} for name in ("id", "source", "type", "specversion", "subject", "time")},
        **{name: {"type": "string"} for name in ("datacontenttype", "data_base64", *FIELD_BY_ATTRIBUTE)},
        "data": {},
    },
}
TAKES = Takes(
    "Take CloudEvents: one, a batch of them, or one as headers around its data.",
    headers=("ce-id", "ce-source", "ce-type", "ce-specversion", "ce-time", "ce-userid", "ce-anonymousid"),
    content=(
        ("application/cloudevents+json", EVENT),
        ("application/cloudevents-batch+json", {"type": "array", "items": EVENT}),
        ("application/json", {}),
    ),
)
wires.add("cloudevents")(Wire(paths=("/v1/cloudevents",), methods=("POST",), read=read, takes=TAKES))
