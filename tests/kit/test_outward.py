"""The way out over real sockets: who answers too slowly is left, however he spreads it."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import closing, suppress

import pytest

from regulars.kit.outward import NotSent, send

HERE = "127.0.0.1"


def drip(listening: socket.socket) -> None:
    """One header after the other, each in time, for three seconds."""
    line, _ = listening.accept()
    with closing(line), suppress(OSError):
        line.sendall(b"HTTP/1.1 200 OK\r\n")
        for number in range(60):
            line.sendall(b"x-%d: y\r\n" % number)
            time.sleep(0.05)


def test_headers_that_drip_are_waited_for_no_longer_than_a_silent_server() -> None:
    with closing(socket.create_server((HERE, 0))) as listening:
        thread = threading.Thread(target=drip, args=(listening,))
        thread.start()
        began = time.monotonic()

        with pytest.raises(TimeoutError):
            send("GET", f"http://{HERE}:{listening.getsockname()[1]}/", b"", {}, [HERE], timeout_seconds=0.3)

        assert time.monotonic() - began < 1.5
        thread.join()


def test_where_nobody_listens_nothing_was_sent() -> None:
    with closing(socket.create_server((HERE, 0))) as listening:
        port = listening.getsockname()[1]

    with pytest.raises(NotSent, match="nobody listens"):
        send("GET", f"http://{HERE}:{port}/", b"", {}, [HERE])
