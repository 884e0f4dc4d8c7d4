"""Does the flow stand still? For whoever watches this machine; `/health` says whether events are taken."""

from __future__ import annotations

from litestar import Response, get
from litestar.openapi.datastructures import ResponseSpec

from regulars import worker
from regulars.web import access
from regulars.web.site import House

STILL = ResponseSpec(worker.Standing, generate_examples=False, description="Events wait and nobody carries them")


@get("/api/health", opt=access.office("health:read"), responses={503: STILL}, sync_to_thread=True)
def health(app: House) -> Response[worker.Standing]:
    """How the flow stands; 503 while events wait and no worker carries them."""
    with app.transaction() as inside:
        now = worker.standing(inside)
    return Response(now, status_code=503 if now.is_still else 200)


routes = [health]
