"""Ports of this machine for servers under test."""

import secrets
import socket

# Below what systems give to outgoing connections: a port from there may be somebody's before our server has it.
FIRST, BEYOND = 20_000, 32_000
TRIES = 200


def free_port() -> int:
    """A port nobody listens on just now."""
    for _ in range(TRIES):
        port = FIRST + secrets.randbelow(BEYOND - FIRST)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("no port is free")
