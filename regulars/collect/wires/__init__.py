"""The shelf of wires: HTTP protocols that are taken besides Segment's. A protocol is one plug-in.

A plug-in turns one request into Segment-shaped messages: `wires.add("pixel")(Wire(paths, methods, read))`. It is pure.
Finding the source of the key, judging each message, the commit and the answer after it are the gateway's.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from regulars.collect.http.wire import Delivery
from regulars.kit.registry import Shelf


class Request(NamedTuple):
    """One request."""

    method: str
    path: str
    query: bytes
    headers: list[tuple[bytes, bytes]]
    """As ASGI gives them: names in lower case."""
    body: bytes
    """Unpacked where it was gzip."""
    is_whole: bool = True
    """False: of a delivery to `/hooks/` that is longer than may be; its body was not read."""


class Takes(NamedTuple):
    """What a request of a protocol holds, for the published document; whatever else it holds is no fault."""

    says: str = "Take events of another protocol."
    query: tuple[str, ...] = ()
    """Names of fields of the address."""
    headers: tuple[str, ...] = ()
    content: tuple[tuple[str, dict[str, Any]], ...] = ()
    """Content types of a POST, each with the JSON Schema of its body."""


class Wire(NamedTuple):
    """One protocol."""

    paths: tuple[str, ...]
    """Whole paths, none of them one of Segment's or of another wire."""
    methods: tuple[str, ...]
    read: Callable[[Request], Delivery]
    """Raises RequestUnreadable (400, kept as a refusal) or RequestTooLarge (413). Where it finds no key, the places
    that all clients share are looked through."""
    answer: tuple[bytes, bytes] | None = None
    """Content type and body of the 200 where this protocol's clients expect others than ours."""
    takes: Takes = Takes()


wires: Shelf[Wire] = Shelf("wires", __name__)
