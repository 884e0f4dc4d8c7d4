"""What a vendor posted to this source: each delivery with its state, one of them raw, and mapping them all anew."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, post
from litestar.params import FromPath, URLEncodedBody

from regulars import collect
from regulars.app import App
from regulars.collect import Hook, Look, SourceUse
from regulars.kit.errors import NotFound
from regulars.web import access, audit, clear
from regulars.web.pages.collect import tabs as frame
from regulars.web.pages.collect.raw import body
from regulars.web.pages.collect.tabs import Tab, tabs
from regulars.web.site import House

STATES = {"": "All", "waiting": "Waiting", "mapped": "Mapped", "silent": "Silent", "refused": "Refused"}
NUMBER_MAX_DIGITS = 18


def given(app: App, request: Request[Any, Any, Any], use: SourceUse) -> dict[str, object]:
    """A page of deliveries, and the one that is looked at."""
    hook = hook_of(app, use.source.name)
    state = request.query_params.get("state", "")
    state = state if state in STATES else ""
    rows = collect.deliveries(app, hook, number(request, "before"), state or None)
    chosen = number(request, "delivery")
    looked: dict[str, object] = looked_at(app, hook, chosen, collect.hidden) if chosen else {"looked": None}
    return looked | {
        "hook": hook,
        "url": collect.url_of(app, use.source.name),
        "rows": rows,
        "older": rows[-1].id if len(rows) == collect.DELIVERIES_A_PAGE else None,
        "states": STATES,
        "state": state,
        "report": None,
    }


def looked_at(app: App, hook: Hook, id: int, look: Look) -> dict[str, Any]:
    """One delivery with its content as `look` shows it. Raises NotFound."""
    found, raw = collect.raw_delivery(app, hook, id)
    return {"looked": found, "raw": body(raw, look), "is_clear": look is collect.in_the_clear}


@post(
    "/sources/{name:str}/deliveries/{delivery:int}/clear",
    opt=access.OFFICE,
    include_in_schema=False,
    status_code=200,
    sync_to_thread=True,
)
def show_clear(
    app: House,
    request: Request[Any, Any, Any],
    name: FromPath[str],
    delivery: FromPath[int],
    data: URLEncodedBody[clear.Reason],
) -> Response[str]:
    """One delivery in the clear, for a reason."""
    clear.note(app, request, f"delivery:{delivery}", data)
    with app.transaction() as inside:
        shown = looked_at(inside, hook_of(inside, name), delivery, collect.in_the_clear)
    return frame.page(app, request, name, "deliveries", **shown)


def number(request: Request[Any, Any, Any], name: str) -> int | None:
    """A number of the address; None where it holds none."""
    told = request.query_params.get(name, "")
    return int(told) if told.isascii() and told.isdecimal() and len(told) <= NUMBER_MAX_DIGITS else None


def hook_of(app: App, name: str) -> Hook:
    """The webhook of this source. Raises NotFound."""
    hook = collect.webhook_by_name(app, name)
    if hook is None:
        raise NotFound(f"The source '{name}' has no webhook", "Make one with `regulars webhook add`")
    return hook


def has_webhook(use: SourceUse) -> bool:
    """A vendor feeds it."""
    return use.vendor is not None


@post("/sources/{name:str}/replay/try", opt=access.OFFICE, include_in_schema=False, sync_to_thread=True)
def try_replay(app: House, request: Request[Any, Any, Any], name: FromPath[str]) -> Response[str]:
    """What mapping all deliveries anew would change."""
    report = collect.try_replay_deliveries(app, name)
    return frame.page(app, request, name, "deliveries", report=report)


@post("/sources/{name:str}/replay", opt=access.OFFICE, include_in_schema=False, sync_to_thread=True)
def carry_out(app: House, request: Request[Any, Any, Any], name: FromPath[str]) -> Response[str]:
    """Map all deliveries anew."""
    audit.write(app, request.user, "replayed deliveries", f"source:{name}")
    report = collect.replay_deliveries(app, name, request.user.name)
    return frame.page(app, request, name, "deliveries", report=report)


tabs.add("deliveries")(
    Tab("Deliveries", 40, "pages/collect/tabs/deliveries.html", given, has_webhook, (try_replay, carry_out, show_clear))
)
