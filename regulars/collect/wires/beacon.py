"""Batches a browser sends while its page closes (`navigator.sendBeacon`), the key in the batch or the address."""

from regulars.collect.http import wire
from regulars.collect.wires import Request, Takes, Wire, wires


def read(request: Request) -> wire.Delivery:
    """A batch like any other; its content type says text/plain and is not looked at."""
    return wire.read(request.body, wire.BATCH)


BATCH = {
    "type": "object",
    "required": ["batch"],
    "properties": {"batch": {"type": "array", "items": {"type": "object"}}, "writeKey": {"type": "string"}},
}
TAKES = Takes("Take a batch that a browser sends while its page closes.", content=(("application/json", BATCH),))
wires.add("beacon")(Wire(paths=("/beacon/v1/batch",), methods=("POST",), read=read, takes=TAKES))
