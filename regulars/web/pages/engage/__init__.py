"""The outbox with its reasons."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get
from litestar.params import FromQuery

from regulars.web import access, audit, render, words
from regulars.web.api import engage as api
from regulars.web.charts import Figure
from regulars.web.site import House

# State: words, tone, icon. A "no" on purpose is calm; only what went wrong is red.
STATES = {
    "sent": ("Sent", "good", "check"),
    "ready": ("Ready to send", "link", "mail"),
    "sending": ("Being sent", "link", "mail"),
    "pending": ("Waiting for the decision", "", "clock"),
    "later": ("Later", "", "clock"),
    "suppressed": ("Not sent", "", "shield"),
    "held": ("Held out", "hold", ""),
    "failed": ("Failed", "bad", "x"),
    "unknown": ("Unknown whether it left", "bad", "alert"),
}
OPEN = ("pending", "later", "ready", "sending")


@get("/outbox", opt=access.OFFICE, include_in_schema=False, sync_to_thread=True)
def outbox_page(
    app: House, request: Request[Any, Any, Any], status: FromQuery[str] = "", before: FromQuery[str | None] = None
) -> Response[str]:
    """Every yes and no with its reason, newest first."""
    audit.write(app, request.user, "read the outbox", "outbox")
    chosen = status if status in STATES else ""
    with app.transaction() as inside:
        shown = api.outbox(inside, chosen, before)
    return render.page(
        app,
        "pages/engage/outbox.html",
        request,
        shown=shown,
        states=STATES,
        title=title(shown),
        figures=figures(shown),
        noes=[tally for tally in shown.tallies if tally.state in ("suppressed", "failed", "unknown", "later")],
    )


def title(shown: api.Outbox) -> str:
    """What was found."""
    total = shown.count()
    if not total:
        return "Nobody was written to yet"
    return f"{shown.count('sent'):,} of {total:,} messages went out; {shown.count('suppressed'):,} were not allowed"


def figures(shown: api.Outbox) -> list[Figure]:
    """Yes, no on purpose, no by rule, and what waits or broke."""
    broken = shown.count("failed", "unknown")
    return [
        Figure(name="Sent", value=words.number(shown.count("sent")), than=f"of {shown.count():,} wishes"),
        Figure(name="Not allowed", value=words.number(shown.count("suppressed")), than="each with its reason"),
        Figure(name="Held out on purpose", value=words.number(shown.count("held")), than="to measure the effect"),
        Figure(
            name="Waiting",
            value=words.number(shown.count(*OPEN)),
            than=f"{broken:,} failed or unknown" if broken else "none failed",
        ),
    ]


routes = [outbox_page]
