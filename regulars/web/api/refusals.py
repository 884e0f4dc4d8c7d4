"""Refused messages: found, tried with mends, sent again, dismissed."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request, get, post
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec.structs import replace

from regulars import collect
from regulars.app import App
from regulars.collect import KeptRefusal, Mend, OneRefusal, RefusalSearch, Replay, Trial
from regulars.web import access, audit, clear
from regulars.web.site import House

TEXT_MAX_CHARACTERS = 200
BODY_SHOWN_CHARACTERS = 1_000


class ReplayOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which group (by one of its refusals), and what to change before it is sent again."""

    like: int
    mends: list[Mend] = []


def search_of(state: str, source: str, code: str, q: str) -> RefusalSearch:
    """What the address asks for; a state there is none of asks for what waits."""
    return RefusalSearch(
        state=state if state in collect.REFUSAL_STATES else "open",
        source=source.strip()[:TEXT_MAX_CHARACTERS],
        code=code.strip()[:TEXT_MAX_CHARACTERS],
        text=q.strip()[:TEXT_MAX_CHARACTERS],
    )


def masked(found: OneRefusal) -> OneRefusal:
    """The same with what its message and its ids say of people masked."""
    return replace(found, refusal=_masked(found.refusal))


def listed(refusal: KeptRefusal) -> KeptRefusal:
    """A refusal as lists have it: masked, and the beginning of its message only."""
    shown = _masked(refusal)
    return replace(shown, body=shown.body[:BODY_SHOWN_CHARACTERS])


def _masked(refusal: KeptRefusal) -> KeptRefusal:
    return replace(
        refusal,
        body=collect.hidden_text(refusal.body),
        message_id=collect.hidden(refusal.message_id, ("messageId",)),
        became_message_id=collect.hidden(refusal.became_message_id, ("messageId",)),
    )


def order(app: App, request: Request[Any, Any, Any], like: int, mends: list[Mend]) -> int:
    """Order the replay of a group and write down who did."""
    with app.transaction() as inside:
        replay = collect.order_replay(inside, like, mends, request.user.name)
    audit.write(app, request.user, "sent refusals again", f"refusal:{like}", f"{len(mends)} mends")
    return replay


@get("/api/refusals", opt=access.office("events:read"), sync_to_thread=True)
def refusals_json(
    app: House,
    request: Request[Any, Any, Any],
    show: FromQuery[str] = "",
    source: FromQuery[str] = "",
    code: FromQuery[str] = "",
    q: FromQuery[str] = "",
    before: FromQuery[int | None] = None,
) -> dict[str, Any]:
    """Refusals by group and one by one, newest first; and the latest orders to send some again."""
    search = replace(search_of(show, source, code, q), in_bodies=access.may_search_messages(request.user))
    audit.write(app, request.user, "read refusals", "refusals")
    with app.transaction() as inside:
        return {
            "states": collect.refusal_states(inside),
            "groups": collect.refusal_groups(inside, search),
            "refusals": [listed(each) for each in collect.search_refusals(inside, search, before)],
            "replays": collect.refusal_replays(inside),
        }


@get("/api/refusals/{number:int}", opt=access.office("events:read"), sync_to_thread=True)
def refusal_json(app: House, request: Request[Any, Any, Any], number: FromPath[int]) -> OneRefusal:
    """All that is kept of one refusal; what its message says of people masked."""
    audit.write(app, request.user, "read a refusal", f"refusal:{number}")
    with app.transaction() as inside:
        return masked(collect.one_refusal(inside, number))


@post("/api/refusals/{number:int}/clear", opt=access.office("personal:read"), status_code=200, sync_to_thread=True)
def clear_json(
    app: House, request: Request[Any, Any, Any], number: FromPath[int], data: JSONBody[clear.Reason]
) -> OneRefusal:
    """The same with its message in the clear, for a stated reason, which is written down."""
    clear.note(app, request, f"refusal:{number}", data)
    with app.transaction() as inside:
        return collect.one_refusal(inside, number)


@post("/api/refusals/try", opt=access.office("events:read"), status_code=200, sync_to_thread=True)
def try_json(app: House, request: Request[Any, Any, Any], data: JSONBody[ReplayOrder]) -> Trial:
    """What mends would do to a group; nothing is stored."""
    audit.write(app, request.user, "read a refusal", f"refusal:{data.like}", "with those like it")
    with app.transaction() as inside:
        return collect.try_replay(inside, data.like, data.mends)


@post("/api/refusals/replay", opt=access.office("events:write"), status_code=202, sync_to_thread=True)
def replay_json(app: House, request: Request[Any, Any, Any], data: JSONBody[ReplayOrder]) -> Replay:
    """Order a group to be sent again; the worker carries it out."""
    ident = order(app, request, data.like, data.mends)
    with app.transaction() as inside:
        return collect.refusal_replays(inside, ident)[0]


routes = [refusals_json, refusal_json, clear_json, try_json, replay_json]
