"""The express lane takes the usual requests itself and leaves every odd one to the web server: the same answers."""

import asyncio
import json
import socket
from collections.abc import Callable, Coroutine, Sequence
from functools import wraps
from itertools import pairwise
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from uvicorn.server import ServerState

from regulars.app import App
from regulars.collect.http import express
from regulars.collect.http.gateway import Gateway
from regulars.collect.http.intake import Ask
from regulars.collect.http.writer import Counts
from tests.collect.door_server import Door, basic
from tests.collect.test_gateway import EVENT, stored

USUAL = b"POST /v1/track HTTP/1.1\r\nHost: x\r\nContent-Length: 2"


def request(key: str, message_id: str, path: str = "/v1/track", more: str = "", length: int | None = None) -> bytes:
    """One request as it goes over the line."""
    body = json.dumps(EVENT | {"messageId": message_id}).encode()
    size = len(body) if length is None else length
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: {basic(key)['Authorization']}\r\n{more}"
    return f"{head}Content-Length: {size}\r\n\r\n".encode() + body


def talk(door: Door, pieces: Sequence[bytes], answers: int) -> list[str]:
    """Send piece by piece over one connection; the status of each answer. Fewer where it is hung up before."""
    got = b""
    with socket.create_connection(("127.0.0.1", int(door.url.rpartition(":")[2])), timeout=20) as line:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for piece in pieces:
            line.sendall(piece)
        while got.count(b"HTTP/1.1 ") < answers or not got.rstrip().endswith((b"}", b"\r\n\r\n")):
            more = line.recv(65_536)
            if not more:
                break
            got += more
    return [part[:3].decode() for part in got.split(b"HTTP/1.1 ")[1:]]


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cuts=st.lists(st.integers(1, 900), max_size=6), number=st.integers(0, 10**9))
def test_however_the_bytes_arrive_each_request_is_answered_once_and_in_order(
    app: App, door: Door, write_key: str, cuts: list[int], number: int
) -> None:
    ids = [f"{number}-{place}" for place in range(3)]
    stream = b"".join(
        [request(write_key, ids[0]), request(write_key, ids[1], path="/v1/nothing"), request(write_key, ids[2])]
    )
    places = [0, *sorted({cut for cut in cuts if cut < len(stream)}), len(stream)]

    statuses = talk(door, [stream[a:b] for a, b in pairwise(places)], 3)

    assert statuses == ["200", "404", "200"]
    assert [row[0] for row in stored(app) if row[0] in ids] == [ids[0], ids[2]]


@pytest.mark.parametrize(
    "more",
    [
        "Expect: 100-continue\r\n",
        "Connection: close\r\n",
        "X-Forwarded-For: 10.0.0.1\r\n",
    ],
)
def test_what_is_odd_is_taken_by_the_web_server(app: App, door: Door, write_key: str, more: str) -> None:
    statuses = talk(door, [request(write_key, "a", more=more)], 1)

    assert statuses[-1] in ("200", "100")
    assert [row[0] for row in stored(app)] == ["a"]


def test_a_chunked_request_behind_a_usual_one_is_taken_too(app: App, door: Door, write_key: str) -> None:
    body = json.dumps(EVENT | {"messageId": "b"}).encode()
    head = f"POST /v1/t HTTP/1.1\r\nHost: x\r\nX-Write-Key: {write_key}\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
    chunked = head + b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)

    assert talk(door, [request(write_key, "a"), chunked], 2) == ["200", "200"]
    assert [row[0] for row in stored(app)] == ["a", "b"]


@pytest.mark.parametrize(
    "head",
    [
        USUAL + b"\r\nContent-Length: 3",
        USUAL + b"\r\nTransfer-Encoding: chunked",
        USUAL + b"\r\nX-Write-Key : k",
        USUAL + b"\r\n folded: x",
        USUAL + b"\r\nX: a\x00b",
        USUAL + b"\nTransfer-Encoding: chunked",
        USUAL + b"\r\nConnection: close",
        USUAL + b"\r\nX-Forwarded-For: 10.0.0.1",
        USUAL + b"\r\nx-forwarded-proto: https",
        USUAL + b"\r\nForwarded: for=10.0.0.1",
        USUAL + b"\r\nExpect: 100-continue",
        USUAL.replace(b"1.1", b"1.0"),
        USUAL.replace(b": 2", b": +2"),
        USUAL.replace(b": 2", b": 2, 2"),
        USUAL.replace(b": 2", b": 99999999"),
        USUAL.replace(b"/v1/track", b"/v1/track?writeKey=k"),
        USUAL.replace(b"/v1/track", b"//v1/track"),
        b"POST /v1/track HTTP/1.1\r\nHost: x",
        b"GET" + USUAL[4:],
    ],
)
def test_a_head_that_two_servers_could_read_differently_is_never_read_here(head: bytes) -> None:
    assert express.head_of(USUAL) is not None
    assert express.head_of(head) is None


def in_a_loop(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """The test, run to its end in an event loop of its own."""

    @wraps(test)
    def run(**given: Any) -> None:
        asyncio.run(test(**given))

    return run


class Line(asyncio.Transport):
    """A transport that only notes what is done to it."""

    def __init__(self) -> None:
        super().__init__()
        self.written, self.is_reading, self.is_closed = b"", True, False

    def write(self, data: Any) -> None:
        self.written += data

    def pause_reading(self) -> None:
        self.is_reading = False

    def resume_reading(self) -> None:
        self.is_reading = True

    def close(self) -> None:
        self.is_closed = True

    def is_closing(self) -> bool:
        return self.is_closed

    def statuses(self) -> list[str]:
        return [part[:3].decode() for part in self.written.split(b"HTTP/1.1 ")[1:]]


class Intake:
    """Takes all at once, later, or breaks."""

    def __init__(self, mood: str = "now") -> None:
        self.mood, self.waiting = mood, list[Callable[[Counts], None]]()
        self.intake = self

    def take_at_hand(self, ask: Ask, tell: Callable[[Counts], None]) -> bool:
        if self.mood == "broken":
            raise RuntimeError("broken")
        if self.mood == "later":
            self.waiting.append(tell)
        else:
            tell(Counts(1, 0, 0))
        return True


def connected(intake: Intake) -> tuple[express.Express, Line, express.Lane]:
    """A connection of the lane, over a line that goes nowhere."""
    lane, line = express.Lane(cast(Gateway, intake)), Line()
    connection = express.Express(lane, ServerState(), lambda: pytest.fail("handed over"))
    connection.connection_made(line)
    return connection, line, lane


@in_a_loop
async def test_a_reader_that_was_slow_is_read_from_again() -> None:
    intake = Intake("later")
    connection, line, _ = connected(intake)
    big = express.AHEAD_MAX_BYTES + 1
    head = b"POST /v1/track HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % big
    connection.data_received(USUAL + b"\r\n\r\n{}")
    connection.data_received(head + b" " * big)
    assert not line.is_reading

    connection.pause_writing()
    intake.waiting[0](Counts(1, 0, 0))
    connection.resume_writing()

    assert line.is_reading
    assert len(intake.waiting) == 2


@in_a_loop
async def test_a_connection_reads_on_after_an_answer_with_nothing_behind_it() -> None:
    intake = Intake("later")
    connection, line, _ = connected(intake)
    connection.data_received(USUAL + b"\r\n\r\n{}")
    connection.data_received((USUAL + b"\r\n\r\n{}") * (express.AHEAD_MAX_BYTES // len(USUAL)))
    assert not line.is_reading

    while intake.waiting:
        intake.waiting.pop()(Counts(1, 0, 0))

    assert line.is_reading


@in_a_loop
async def test_what_breaks_is_answered_and_so_is_what_comes_behind_it() -> None:
    intake = Intake("broken")
    connection, line, lane = connected(intake)
    connection.data_received((USUAL + b"\r\n\r\n{}") * 20)

    while len(line.statuses()) < 20:
        await asyncio.sleep(0)

    assert set(line.statuses()) == {"500"}
    assert lane.waiting_bytes == 0


@in_a_loop
async def test_above_its_memory_the_lane_asks_to_come_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(express, "WAITING_MAX_BYTES", 1_000)
    lines = [connected(Intake()) for _ in range(2)]
    lane = lines[0][2]
    lines[1][0]._lane = lane
    half = USUAL.replace(b": 2", b": 2000") + b"\r\n\r\n" + b" " * 600

    for connection, _, _ in lines:
        connection.data_received(half)

    assert [(line.statuses(), line.is_closed) for _, line, _ in lines] == [([], False), (["503"], True)]
    lines[0][0].connection_lost(None)
    assert lane.waiting_bytes == 0


@in_a_loop
async def test_a_request_that_is_not_whole_in_time_is_hung_up(monkeypatch: pytest.MonkeyPatch) -> None:
    connection, line, _ = connected(Intake())
    for piece in (USUAL, b"\r\n"):
        connection.data_received(piece)
        connection.end_if_silent_or_slow()
        assert not line.is_closed

    monkeypatch.setattr(express, "REQUEST_SECONDS", -1.0)
    connection.data_received(b"\r\n{")
    connection.end_if_silent_or_slow()

    assert line.is_closed


def test_a_connection_that_falls_silent_is_hung_up(app: App, write_key: str) -> None:
    with Door(app, keep_alive_seconds=1) as door:
        address = ("127.0.0.1", int(door.url.rpartition(":")[2]))
        with socket.create_connection(address, timeout=30) as line:
            line.sendall(request(write_key, "a")[:-5])

            assert line.recv(100) == b""

    assert stored(app) == []
