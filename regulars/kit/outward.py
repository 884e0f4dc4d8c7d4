"""The way out to addresses that others named: https, to a public machine, without following where it points next.

The name is looked up once and that address is connected to, so that nobody can show one address to the check and
another one to the connection. Machines of our own network are reached only where the operator named the host.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
import time
from collections.abc import Collection, Generator, Mapping
from contextlib import closing, contextmanager, suppress
from functools import cache
from ipaddress import ip_address
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

from regulars.kit.errors import RegularsError

TIMEOUT_SECONDS = 10.0
URL_MAX_CHARACTERS = 2_000
READ_AT_ONCE_BYTES = 64 * 1024
PORTS = {"https": 443, "http": 80}


class AddressRefused(RegularsError):
    """An address that somebody named leads where we send nothing: not https, not public, or no address at all."""

    code = "RG-1006"


class NotSent(OSError):
    """Nothing of a message left the house: its text says what stood in the way."""


class Answer(NamedTuple):
    """What came back."""

    status: int
    headers: Mapping[str, str]
    """By name in small letters."""
    body: bytes


def checked(url: str, own: Collection[str] = ()) -> SplitResult:
    """The parts of an address that may be sent to. Raises AddressRefused. `own`: hosts that the operator named."""
    fix = "Give an https address of a public machine, or have the host named in REGULARS_CALLBACK_HOSTS"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise AddressRefused(f"'{url[:80]}' is no address", fix) from None
    host = parts.hostname or ""
    if len(url) > URL_MAX_CHARACTERS or not url.isascii() or not url.isprintable() or " " in url or not host:
        raise AddressRefused(f"'{url[:80]}' is no address", fix)
    if parts.username is not None or port == 0 or parts.scheme not in PORTS:
        raise AddressRefused(f"'{host}' is not addressed by https", fix)
    if host not in own and (parts.scheme != "https" or _is_inner(host)):
        raise AddressRefused(f"'{host}' is not a public machine over https", fix)
    return parts


def post(url: str, body: bytes, headers: Mapping[str, str], own: Collection[str] = ()) -> int:
    """The status it answers with. Raises AddressRefused, OSError, http.client.HTTPException."""
    return send("POST", url, body, headers, own).status


def send(
    method: str,
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    own: Collection[str] = (),
    *,
    timeout_seconds: float = TIMEOUT_SECONDS,
    answer_max_bytes: int = 0,
) -> Answer:
    """What it answers, in that time and up to that length; of a length of 0 nothing but the status is read.

    Raises AddressRefused, NotSent, and where something may have arrived OSError, http.client.HTTPException.
    """
    until = time.monotonic() + timeout_seconds
    parts = checked(url, own)
    with _nothing_sent():
        line = _line(parts, own, timeout_seconds)
    with closing(line), _ended(line, until):
        if isinstance(line, ssl.SSLSocket):
            with _nothing_sent():
                line.do_handshake()
        connection = http.client.HTTPConnection(parts.hostname or "", _port(parts), timeout=timeout_seconds)
        connection.sock = line
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        with closing(connection):
            connection.request(method, target, body or None, dict(headers))
            with closing(connection.getresponse()) as answer:
                told = {name.lower(): value for name, value in answer.getheaders()}
                return Answer(answer.status, told, _read(answer, answer_max_bytes))


def _port(parts: SplitResult) -> int:
    return parts.port or PORTS[parts.scheme]


def _line(parts: SplitResult, own: Collection[str], timeout_seconds: float) -> socket.socket:
    """Connected; where it is to be trusted, nobody has shaken hands yet."""
    host, port = parts.hostname or "", _port(parts)
    address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][4]
    if host not in own and _is_inner(str(address[0])):
        raise AddressRefused(f"'{host}' leads into our own network", "Give an address of a public machine")
    plain = socket.create_connection((str(address[0]), port), timeout_seconds)
    if parts.scheme == "http":
        return plain
    return _trust().wrap_socket(plain, server_hostname=host, do_handshake_on_connect=False)


@contextmanager
def _nothing_sent() -> Generator[None, None, None]:
    """Whatever the network raises in it, it raises as NotSent."""
    try:
        yield
    except (socket.gaierror, UnicodeError):
        raise NotSent("nobody knows its name") from None
    except ConnectionRefusedError:
        raise NotSent("nobody listens at its address") from None
    except TimeoutError:
        raise NotSent("there was no connection in time") from None
    except OSError as fault:
        raise NotSent(f"there was no connection ({type(fault).__name__})") from None


@contextmanager
def _ended(line: socket.socket, until: float) -> Generator[None, None, None]:
    """Shut a line down at that time, whatever is under way. Raises TimeoutError where something was.

    The timeout of a socket is that of a single read: what drips, headers above all, would never meet it.
    """
    is_late = threading.Event()

    def end() -> None:
        is_late.set()
        with suppress(OSError):
            # Not the method of TLS: that forgets the cipher, and what is still read would be taken for plain.
            socket.socket.shutdown(line, socket.SHUT_RDWR)

    timer = threading.Timer(max(0.0, until - time.monotonic()), end)
    timer.daemon = True
    timer.start()
    try:
        yield
    except NotSent:
        raise
    except (OSError, http.client.HTTPException):
        if is_late.is_set():
            raise TimeoutError from None
        raise
    finally:
        timer.cancel()
    if is_late.is_set():
        raise TimeoutError


def _read(answer: http.client.HTTPResponse, most_bytes: int) -> bytes:
    """The body. Raises where it is longer."""
    body = bytearray()
    while most_bytes and (some := answer.read1(READ_AT_ONCE_BYTES)):
        body += some
        if len(body) > most_bytes:
            raise http.client.HTTPException(f"an answer of more than {most_bytes:,} bytes")
    return bytes(body)


@cache
def _trust() -> ssl.SSLContext:
    return ssl.create_default_context()


def _is_inner(host: str) -> bool:
    """Whether this is the literal address of a machine that the Internet cannot reach."""
    try:
        return not ip_address(host).is_global
    except ValueError:
        return host == "localhost"
