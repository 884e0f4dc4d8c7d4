"""OpenDSR over HTTP: what a key with the scope may hand in, follow and take back."""

from __future__ import annotations

import base64
import json
import uuid

import httpx

from regulars.web.accounts import Role

from .site import Site

PATH = "/opendsr/v3/requests"


def body(app_time: str) -> bytes:
    asked = {
        "subject_request_id": str(uuid.uuid4()),
        "subject_request_type": "access",
        "submitted_time": app_time,
        "subject_identities": {"email": {"value": "nobody@example.com", "encoding": "raw"}},
    }
    return json.dumps(asked, indent=1).encode()


def test_a_request_is_handed_in_followed_and_taken_back(site: Site) -> None:
    asked = body(site.app.clock.now().isoformat())
    id = json.loads(asked)["subject_request_id"]
    with httpx.Client(base_url=site.url, headers={"authorization": f"Bearer {site.keys[Role.ADMIN]}"}) as client:
        given = client.post(PATH, content=asked)
        again = client.post(PATH, content=asked)
        standing = client.get(f"{PATH}/{id}")
        gone = client.delete(f"{PATH}/{id}")
        wrong = client.post(PATH, content=b"{}")
        nowhere = client.get(f"{PATH}/{uuid.uuid4()}")

    assert (given.status_code, standing.status_code, gone.status_code) == (201, 200, 202)
    assert base64.b64decode(given.json()["encoded_request"]) == asked
    assert (again.json(), standing.json()["request_status"]) == (given.json(), "pending")
    assert gone.json()["request_status"] == "cancelled"
    assert (wrong.status_code, wrong.json()["error"]["code"], nowhere.status_code) == (400, 400, 404)
    assert given.headers["x-opendsr-signature"] != standing.headers["x-opendsr-signature"]


def test_everybody_may_ask_what_can_be_handed_in(site: Site) -> None:
    with site.client() as client:
        told = client.get("/opendsr/v3/discovery").json()
        certificate = client.get("/opendsr/v3/certificate.pem").text
        refused = client.post(PATH, content=b"{}", headers={"accept": "application/json"})

    assert told["processor_certificate"].endswith("/opendsr/v3/certificate.pem")
    assert {"identity_type": "email", "identity_format": "sha256"} in told["supported_identities"]
    assert certificate.startswith("-----BEGIN CERTIFICATE-----")
    assert refused.status_code in (401, 403)
