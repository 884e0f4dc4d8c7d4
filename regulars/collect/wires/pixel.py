"""One event as the address of an invisible picture, for mails and pages that run no script.

`GET /pixel/v1/track?writeKey=…&userId=ann&event=Mail Opened&properties.campaign=june`: a dot in a name is a step down.
"""

from typing import Any, cast
from urllib.parse import parse_qsl

from regulars.collect.errors import RequestUnreadable
from regulars.collect.http import wire
from regulars.collect.wires import Request, Takes, Wire, wires

# The smallest transparent GIF that every mail program shows.
GIF = (
    b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x01\x00\x00\x00\x00"
    b",\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"
)
FIELDS_MAX = 200
STEPS_MAX = 8


def read(request: Request) -> wire.Delivery:
    """One message of the type the path names; every value is text."""
    try:
        given = parse_qsl(request.query.decode(), max_num_fields=FIELDS_MAX)
    except ValueError:
        raise RequestUnreadable("The address cannot be read", f"Send at most {FIELDS_MAX} fields in UTF-8") from None
    message: dict[str, Any] = {}
    for name, value in given:
        _put(message, name.split(".", STEPS_MAX), value)
    message["type"] = request.path.rpartition("/")[2]
    key = message.get("writeKey")
    return wire.Delivery([message], {}, None, key if isinstance(key, str) else None)


def _put(message: dict[str, Any], steps: list[str], value: str) -> None:
    *way, last = steps
    for step in way:
        below: object = message.setdefault(step, {})
        if not isinstance(below, dict):
            return  # `a=1&a.b=2`: the first one stands
        message = cast(dict[str, Any], below)
    message.setdefault(last, value)


TAKES = Takes(
    "Take one event as the address of an invisible picture.",
    query=("writeKey", "userId", "anonymousId", "messageId", "event", "name", "timestamp", "properties.campaign"),
)
wires.add("pixel")(
    Wire(
        paths=("/pixel/v1/track", "/pixel/v1/page"),
        methods=("GET",),
        read=read,
        answer=(b"image/gif", GIF),
        takes=TAKES,
    )
)
