"""What the demo's mail catcher holds. A letter is shown as it was sent, in a frame that may do nothing."""

from __future__ import annotations

from typing import Any

from litestar import MediaType, Request, Response, get
from litestar.params import FromPath

from regulars.web import access, audit, render
from regulars.web.api import engage as api
from regulars.web.site import House

# Whatever a letter holds, it runs no script, sends no form and loads nothing from anywhere.
LETTER_POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'"


@get("/mail", opt=access.OFFICE, include_in_schema=False, sync_to_thread=True)
def mail_page(app: House, request: Request[Any, Any, Any]) -> Response[str]:
    """All caught messages, newest first."""
    audit.write(app, request.user, "read the list of letters", "mail")
    return render.page(app, "pages/engage/mail.html", request, letters=api.mail(app), address=app.settings)


@get("/mail/{name:str}", opt=access.OFFICE, include_in_schema=False, sync_to_thread=True)
def letter_page(app: House, request: Request[Any, Any, Any], name: FromPath[str]) -> Response[str]:
    """One message: headers, text part, HTML part."""
    letter = api.letter(app, name)
    audit.write(app, request.user, "read a letter", f"letter:{name}")
    return render.page(app, "pages/engage/letter.html", request, letter=letter)


@get("/mail/{name:str}/body", opt=access.OFFICE, include_in_schema=False, sync_to_thread=True)
def letter_body(app: House, name: FromPath[str]) -> Response[str]:
    """The HTML part alone, for the sandboxed frame."""
    letter = api.letter(app, name)
    headers = {"content-security-policy": LETTER_POLICY, "x-frame-options": "SAMEORIGIN"}
    return Response(letter.html, media_type=MediaType.HTML, headers=headers)


routes = [mail_page, letter_page, letter_body]
