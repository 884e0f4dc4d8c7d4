"""Batches a browser sends while its page closes (`navigator.sendBeacon`): no header can be set, so the key is asked."""

from regulars.collect.http import wire
from regulars.collect.wires import Request, Wire, wires


def read(request: Request) -> wire.Delivery:
    """A batch like any other; its content type says text/plain and is not looked at."""
    return wire.read(request.body, wire.BATCH)


wires.add("beacon")(Wire(paths=("/beacon/v1/batch",), methods=("POST",), read=read))
