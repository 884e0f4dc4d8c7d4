"""The lifecycle: stages with their figures, who stands in one, why somebody does."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from litestar import Request, get
from litestar.params import FromPath, FromQuery

from regulars import analyze, profile
from regulars.analyze import Lifecycle, Stage, StageMember, StageWhy
from regulars.app import App
from regulars.kit.errors import InputRefused
from regulars.store import queries
from regulars.web import access, audit
from regulars.web.site import House
from regulars.web.words import full_name

SQL = queries("regulars.web")
DAYS = (30, 90, 365)
DAYS_USUAL = 90


class StageMemberRow(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody in a stage, by name."""

    customer: int
    name: str
    since: datetime
    before: str
    """Title of the stage they came from; empty: they were new."""


class StagePage(msgspec.Struct, frozen=True, kw_only=True):
    """One stage with its people."""

    name: str
    title: str
    phase: str
    meaning: str
    rule: str
    """As a sentence after "everybody with"; empty: whoever is known."""
    members: list[StageMemberRow]
    after: str
    """Ask for rows behind this to go on; empty: there are none."""


def overview(app: App, days: int) -> Lifecycle:
    """Stages over the last `days`. Raises InputRefused."""
    if days not in DAYS:
        raise InputRefused(f"{days} days cannot be looked at", f"Choose {', '.join(map(str, DAYS))} days")
    return analyze.lifecycle(app, days)


def stage_page(app: App, name: str, after: str = "") -> StagePage:
    """One stage, who came last first; `after` is what the page before gave. Raises UnknownStage, InputRefused."""
    stage = analyze.stage_named(name)
    found = analyze.stage_members(app, name, place_of(after) if after else None)
    full = {"customers": [one.customer for one in found]}
    names = {row[0]: full_name(row[1], row[2], row[0]) for row in app.db.execute(SQL.full_names, full)}
    is_full = len(found) == analyze.STAGE_MEMBERS_A_PAGE
    return StagePage(
        name=stage.name,
        title=stage.title,
        phase=stage.phase,
        meaning=stage.meaning,
        rule=rule_of(app, stage),
        members=[row_of(one, names) for one in found],
        after=f"{found[-1].since.isoformat()} {found[-1].customer}" if is_full else "",
    )


def row_of(one: StageMember, names: dict[int, str]) -> StageMemberRow:
    """A member by name."""
    title = analyze.stage_named(one.before).title if one.before else ""
    name = names.get(one.customer, f"Customer {one.customer}")
    return StageMemberRow(customer=one.customer, name=name, since=one.since, before=title)


def place_of(after: str) -> tuple[datetime, int]:
    """Where a page goes on. Raises InputRefused."""
    instant, _, customer = after.partition(" ")
    try:
        since = datetime.fromisoformat(instant)
        if since.tzinfo is None:
            raise ValueError("no zone")
        return since, int(customer)
    except ValueError:
        raise InputRefused("This is no place in the list", "Take `after` as the page before gave it") from None


def rule_of(app: App, stage: Stage) -> str:
    """What a stage asks for, in words."""
    if stage.claim is None:
        return ""
    return analyze.sentence(stage.claim, analyze.TRAITS, app.settings.brand_currency)


def why(app: App, customer: int) -> StageWhy:
    """Why somebody stands where they stand; `customer` may have been merged. Raises NoSuchCustomer, UnknownStage."""
    return analyze.why_stage(app, profile.read(app, customer).customer)


@get("/api/lifecycle", opt=access.office("segments:read"), sync_to_thread=True)
def lifecycle_json(app: House, days: FromQuery[int] = DAYS_USUAL) -> Lifecycle:
    """Stages with people, figures, conversion, sizes over time, and who moved where; 30, 90 or 365 days."""
    with app.transaction() as inside:
        return overview(inside, days)


@get("/api/lifecycle/{stage:str}", opt=access.office("segments:read"), sync_to_thread=True)
def stage_json(
    app: House, request: Request[Any, Any, Any], stage: FromPath[str], after: FromQuery[str] = ""
) -> StagePage:
    """Who stands in a stage, who came last first."""
    audit.write(app, request.user, "read the members", f"stage:{stage[:100]}")
    with app.transaction() as inside:
        return stage_page(inside, stage, after)


@get("/api/lifecycle/why/{customer:int}", opt=access.office("customers:read"), sync_to_thread=True)
def why_stage_json(app: House, request: Request[Any, Any, Any], customer: FromPath[int]) -> StageWhy:
    """Why this customer stands in their stage, down to the events."""
    audit.write(app, request.user, "asked why", f"customer:{customer}", "lifecycle")
    with app.transaction() as inside:
        return why(inside, customer)


routes = [lifecycle_json, stage_json, why_stage_json]
