"""OpenDSR for other systems: hand in what a person asks, follow it, take it back. Every answer is signed.

Its words are another specification's and stand in docs/reference/opendsr.md, not in our own OpenAPI document.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, Response, delete, get, post
from litestar.concurrency import sync_to_thread
from litestar.params import FromPath

from regulars.app import App
from regulars.privacy import opendsr, signing
from regulars.web import access, audit
from regulars.web.errors import OPENDSR
from regulars.web.site import House

REQUESTS = OPENDSR + "v3/requests"
ONE = REQUESTS + "/{request_id:uuid}"
PEM = "application/x-pem-file"


def signed(app: App, content: dict[str, Any], status: int = 200) -> Response[bytes]:
    """An answer with its signature."""
    body = msgspec.json.encode(content)
    headers = opendsr.signed(app, body)
    return Response(body, status_code=status, media_type="application/json", headers=headers)


@get(OPENDSR + "v3/discovery", opt=access.PUBLIC, include_in_schema=False, sync_to_thread=True)
def discovery_json(app: House) -> dict[str, Any]:
    """What can be handed in, and where the certificate stands."""
    return opendsr.discovery(app)


@get(OPENDSR + "v3/certificate.pem", opt=access.PUBLIC, include_in_schema=False, media_type=PEM, sync_to_thread=True)
def certificate_file(app: House) -> Response[bytes]:
    """By which our signatures are checked."""
    return Response(signing.certificate(app), media_type=PEM)


@post(REQUESTS, opt=access.office("privacy:write"), include_in_schema=False, status_code=201)
async def submit_json(app: House, request: Request[Any, Any, Any]) -> Response[bytes]:
    """Hand in what a person asks; the same again gets the same answer."""
    body = await request.body()

    def submit() -> Response[bytes]:
        with app.transaction() as inside:
            now = opendsr.submit(inside, request.user.name, body)
        audit.write(app, request.user, "handed in a privacy request", f"request:{now.request}")
        return signed(app, opendsr.accepted(now, body), 201)

    return await in_thread(submit)


async def in_thread(act: Callable[[], Response[bytes]]) -> Response[bytes]:
    """What asks the database must not hold up the others."""
    return await sync_to_thread(act)


@get(ONE, opt=access.office("privacy:read"), include_in_schema=False, sync_to_thread=True)
def standing_json(app: House, request_id: FromPath[UUID]) -> Response[bytes]:
    """How it goes: pending, in_progress, completed or cancelled."""
    with app.transaction() as inside:
        now = opendsr.standing(inside, request_id)
    return signed(app, msgspec.to_builtins(now) | {"results_url": None})


@delete(ONE, opt=access.office("privacy:write"), include_in_schema=False, status_code=202, sync_to_thread=True)
def cancel_json(app: House, request: Request[Any, Any, Any], request_id: FromPath[UUID]) -> Response[bytes]:
    """Take it back while it is pending."""
    with app.transaction() as inside:
        now = opendsr.cancel(inside, request.user.name, request_id)
    audit.write(app, request.user, "took a privacy request back", f"request:{now.request}")
    return signed(app, msgspec.to_builtins(now), 202)


routes = [discovery_json, certificate_file, submit_json, standing_json, cancel_json]
