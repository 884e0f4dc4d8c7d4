"""A load process that costs next to nothing: requests built beforehand, keep-alive, one in flight per connection.

`python -m regulars.bench.load PORT KEY EVENTS PER_REQUEST CONNECTIONS SEED` prints one JSON line.
"""

import asyncio
import base64
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any, cast

import msgspec
import uvloop

PRODUCTS_MAX = 8
DEPARTMENTS = ("GROCERY", "PRODUCE", "DAIRY", "MEAT", "DRUG GM", "PASTRY")


def events(count: int, seed: int) -> Iterator[dict[str, Any]]:
    """A shop's mix, always alike for a seed: two orders with their products for every three page views."""
    dice = random.Random(seed)
    for number in range(count):
        base = {
            "messageId": f"bench-{seed}-{number:08}",
            "userId": f"customer-{dice.randrange(20_000)}",
            "timestamp": f"2026-02-{dice.randrange(1, 29):02}T{dice.randrange(24):02}:15:30.000Z",
            "context": {"library": {"name": "analytics.js", "version": "1.84.3"}, "locale": "en-US"},
        }
        if dice.random() < 0.6:
            path = f"/shop/{dice.randrange(500)}"
            yield base | {"type": "page", "name": "Shelf", "properties": {"path": path, "title": "Corner Market"}}
        else:
            yield base | {"type": "track", "event": "Order Completed", "properties": _order(number, dice)}


def _order(number: int, dice: random.Random) -> dict[str, Any]:
    products: list[dict[str, Any]] = [
        {
            "product_id": str(dice.randrange(800_000, 900_000)),
            "category": f"CATEGORY {dice.randrange(300)}",
            "department": dice.choice(DEPARTMENTS),
            "quantity": dice.randrange(1, 4),
            "revenue": dice.randrange(50, 2_000) / 100,
            "discount": 0,
        }
        for _ in range(dice.randrange(1, PRODUCTS_MAX))
    ]
    total = round(sum(product["revenue"] for product in products), 2)
    return {"order_id": f"order-{number}", "revenue": total, "store_id": "324", "products": products}


def requests(port: int, key: str, messages: list[dict[str, Any]], per_request: int) -> list[bytes]:
    """Whole HTTP/1.1 requests, as the field's clients send them."""
    token = base64.b64encode(f"{key}:".encode()).decode()
    head = f"Host: 127.0.0.1:{port}\r\nAuthorization: Basic {token}\r\nContent-Type: application/json\r\n"
    built: list[bytes] = []
    for start in range(0, len(messages), per_request):
        part = messages[start : start + per_request]
        path = "/v1/batch" if per_request > 1 else f"/v1/{part[0]['type']}"
        body = msgspec.json.encode({"batch": part} if per_request > 1 else part[0])
        built.append(f"POST {path} HTTP/1.1\r\n{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
    return built


class _Client(asyncio.Protocol):
    """Sends the next request as soon as the last one is answered."""

    def __init__(self, waiting: list[bytes], statuses: Counter[str], done: asyncio.Future[None]) -> None:
        self._waiting, self._statuses, self._done = waiting, statuses, done
        self._got = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._next()

    def data_received(self, data: bytes) -> None:
        # Nearly every answer comes whole; the load must not take the processor from what it measures.
        if not self._got and data.startswith(b"HTTP/1.1 200") and data.endswith(b"}"):
            self._statuses["200"] += 1
            self._next()
            return
        self._got += data
        head, found, body = self._got.partition(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0] or 0) if found else 0
        if not found or len(body) < length:
            return
        self._statuses[head[9:12].decode()] += 1
        self._got = b""
        self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._done.done():
            self._done.set_result(None)

    def _next(self) -> None:
        if self._waiting:
            self._transport.write(self._waiting.pop())
        else:
            self._transport.close()


async def drive(port: int, built: list[bytes], connections: int) -> dict[str, Any]:
    """Send everything over `connections` connections; how long it took and what was answered."""
    loop = asyncio.get_running_loop()
    statuses: Counter[str] = Counter()
    waiting = built[::-1]
    ends = [loop.create_future() for _ in range(connections)]
    start = time.perf_counter()
    for end in ends:
        await loop.create_connection(lambda end=end: _Client(waiting, statuses, end), "127.0.0.1", port)
    await asyncio.gather(*ends)
    return {"seconds": time.perf_counter() - start, "statuses": dict(statuses)}


def main() -> None:
    """One run, as asked on the command line."""
    port, key, count, per_request, connections, seed = sys.argv[1:7]
    built = requests(int(port), key, list(events(int(count), int(seed))), int(per_request))
    print(json.dumps(uvloop.run(drive(int(port), built, int(connections)))), flush=True)


if __name__ == "__main__":
    main()
