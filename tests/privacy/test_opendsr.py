"""OpenDSR: requests of other systems stand at the desk, and whoever handed one in is told, signed, until they know."""

from __future__ import annotations

import base64
import http.server
import json
import socket
import threading
import uuid
from collections.abc import Generator
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from typing import Any

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from regulars import privacy
from regulars.app import App
from regulars.kit.clock import ManualClock
from regulars.kit.errors import InputRefused, RegularsError
from regulars.kit.outward import AddressRefused, post
from regulars.privacy import opendsr, signing
from tests.engage.town import carry, customer_of, person, tell

ID = "a7551968-d5d6-44b2-9831-815ac9017798"


class Receiver:
    """A controller that is called back, over real HTTP."""

    def __init__(self) -> None:
        self.heard: list[tuple[dict[str, str], bytes]] = []
        self.answers = [202]
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                outer.heard.append((dict(self.headers), body))
                self.send_response(outer.answers[min(len(outer.heard), len(outer.answers)) - 1])
                self.send_header("location", "http://127.0.0.1:1/elsewhere")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                """Nothing."""

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/told?x=1"


@pytest.fixture
def receiver() -> Generator[Receiver, None, None]:
    one = Receiver()
    thread = threading.Thread(target=one.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield one
    one.server.shutdown()
    thread.join()
    one.server.server_close()


@pytest.fixture
def app(app: App) -> App:
    """Ada and Ben are known; machines of this one may be called back."""
    tell(app, "shop", [person(login, app.clock.now() - timedelta(days=3)) for login in ("ada", "ben")])
    carry(app)
    settings = msgspec.structs.replace(app.settings, callback_hosts="127.0.0.1", base_url="https://data.example.com")
    return replace(app, settings=settings)


def asking(app: App, **more: Any) -> bytes:
    asked = {
        "subject_request_id": ID,
        "subject_request_type": "erasure",
        "submitted_time": app.clock.now().isoformat(),
        "regulation": "gdpr",
        "subject_identities": [
            {"identity_type": "email", "identity_value": "Ada@Example.com", "identity_format": "raw"}
        ],
    }
    return json.dumps(asked | more).encode()


def submit(app: App, body: bytes) -> opendsr.Standing:
    with app.transaction() as inside:
        return opendsr.submit(inside, "consent tool", body)


def at_desk(app: App, number: int) -> privacy.Asked:
    with app.transaction() as inside:
        return privacy.request(inside, number)


def take(app: App, number: int, *actions: str) -> None:
    for action in actions:
        with app.transaction() as inside:
            privacy.take(inside, number, action, "Tess", "looked")


def tell_them(app: App) -> int:
    with app.transaction() as inside:
        opendsr.note_changes(inside)
    return opendsr.call_back(app, lambda: None)


def test_what_is_handed_in_stands_at_the_desk_with_its_deadline_and_whom_it_is_about(app: App) -> None:
    now = submit(app, asking(app))

    asked = at_desk(app, now.request)
    assert (asked.kind, asked.regime, asked.proof, asked.customer) == (
        "erasure", "GDPR", "proven", customer_of(app, "ada")
    )  # fmt: skip
    assert (now.request_status, now.controller_id) == ("pending", "consent tool")
    assert now.expected_completion_time.date() == asked.due_on


def test_the_same_request_again_is_the_same_one_and_another_under_its_number_is_refused(app: App) -> None:
    body = asking(app)

    assert submit(app, body) == submit(app, body)
    with pytest.raises(InputRefused, match="another body"):
        submit(app, asking(app, subject_request_type="access"))
    with app.transaction() as inside:
        assert len(privacy.requests(inside)) == 1


def test_a_hash_of_her_e_mail_is_enough_and_two_people_are_nobody(app: App) -> None:
    hidden = {"email": {"value": sha256(b"ben@example.com").hexdigest(), "encoding": "sha256"}}
    two = [{"identity_type": "email", "identity_value": f"{one}@example.com"} for one in ("ada", "ben")]

    by_hash = submit(app, asking(app, subject_identities=hidden))
    both = submit(app, asking(app, subject_identities=two, subject_request_id=str(uuid.uuid4())))

    assert at_desk(app, by_hash.request).customer == customer_of(app, "ben")
    assert at_desk(app, both.request).customer is None


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"subject_request_id": "no-uuid"}, "cannot be read"),
        ({"subject_request_id": "00000000-0000-1000-8000-000000000000"}, "version 4"),
        ({"subject_request_type": "selling"}, "cannot be read"),
        ({"subject_identities": []}, "1 to 20"),
        ({"subject_identities": [{"identity_type": "shoe", "identity_value": "42"}]}, "known here by shoe"),
        ({"status_callback_urls": ["http://controller.example.com/x"]}, "not a public machine over https"),
        ({"status_callback_urls": ["https://169.254.169.254/latest"]}, "not a public machine"),
        ({"status_callback_urls": ["file:///etc/passwd"]}, "no address"),
    ],
)
def test_what_cannot_be_meant_is_refused(app: App, more: dict[str, Any], why: str) -> None:
    with pytest.raises(RegularsError, match=why):
        submit(app, asking(app, **more))


def test_a_request_is_taken_back_only_while_nobody_has_begun(app: App) -> None:
    first = submit(app, asking(app))
    second = submit(app, asking(app, subject_request_id=str(uuid.uuid4())))
    take(app, second.request, "assign")

    with app.transaction() as inside:
        assert opendsr.cancel(inside, "consent tool", first.subject_request_id).request_status == "cancelled"
        assert opendsr.cancel(inside, "consent tool", first.subject_request_id).request_status == "cancelled"
        with pytest.raises(privacy.StepRefused, match="in_progress"):
            opendsr.cancel(inside, "consent tool", second.subject_request_id)


def test_each_change_is_told_once_and_signed(app: App, receiver: Receiver) -> None:
    now = submit(app, asking(app, status_callback_urls=[receiver.url, receiver.url]))
    assert tell_them(app) == 0

    take(app, now.request, "assign", "note")
    tell_them(app)
    take(app, now.request, "answer")
    tell_them(app)
    tell_them(app)

    said = [json.loads(body) for _, body in receiver.heard]
    assert [one["request_status"] for one in said] == ["in_progress", "completed"]
    assert {one["status_callback_url"] for one in said} == {receiver.url}
    for headers, body in receiver.heard:
        assert headers["X-OpenDSR-Processor-Domain"] == "data.example.com"
        check(app, headers["X-OpenDSR-Signature"], body)


def check(app: App, signature: str, body: bytes) -> None:
    """As a controller does: by the certificate."""
    known = x509.load_pem_x509_certificate(signing.certificate(app)).public_key()
    assert isinstance(known, rsa.RSAPublicKey)
    known.verify(base64.b64decode(signature), body, padding.PKCS1v15(), hashes.SHA256())


def test_who_does_not_answer_is_called_again_later_each_time_and_given_up_in_the_end(
    app: App, receiver: Receiver, clock: ManualClock
) -> None:
    now = submit(app, asking(app, status_callback_urls=[receiver.url]))
    receiver.answers = [500, 302]
    take(app, now.request, "assign")

    assert [tell_them(app), tell_them(app)] == [0, 0]
    assert len(receiver.heard) == 1
    for _ in range(2 * opendsr.TRIES_MAX):
        clock.sleep(opendsr.PAUSE_MAX.total_seconds())
        tell_them(app)

    with app.transaction() as inside:
        (call,) = opendsr.calls_of(inside, now.request)
    assert (len(receiver.heard), call.tries, call.told_at) == (opendsr.TRIES_MAX, opendsr.TRIES_MAX, None)
    assert call.fault == "It answered 302"


def test_a_name_that_leads_into_our_own_network_is_not_called(monkeypatch: pytest.MonkeyPatch) -> None:
    inner = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.0.0.7", 443))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: inner)

    with pytest.raises(AddressRefused, match="own network"):
        post("https://looks-public.example.com/x", b"{}", {})
