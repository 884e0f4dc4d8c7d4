"""The audit and the inventory for programs."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request, Response, delete, get, put
from litestar.params import FromQuery, JSONBody

from regulars import collect, resolve
from regulars.app import App
from regulars.collect import Missing, System
from regulars.kit.errors import NotFound
from regulars.resolve import Audit
from regulars.web import access, audit
from regulars.web.site import House


class Inventory(msgspec.Struct, frozen=True, kw_only=True):
    """Systems that hold customers, and what is commonly missing."""

    systems: list[System]
    missing: list[Missing]


def audit_of(app: App, source: str | None = None) -> Audit:
    """The audit as it was read last, of all sources or of one. Raises NotFound."""
    if source and all(use.source.name != source for use in collect.list_sources(app)):
        raise NotFound(f"There is no source '{source}'", "Look at /api/sources")
    return resolve.audit(app, source)


def inventory(app: App) -> Inventory:
    """Every system, connected or not."""
    systems = collect.inventory(app)
    return Inventory(systems=systems, missing=collect.missing(systems))


@get("/api/audit", opt=access.office("sources:read"), sync_to_thread=True)
def audit_json(app: House, source: FromQuery[str | None] = None) -> dict[str, Any]:
    """How full, valid, fresh and joinable every field is, as read last; `journal_until` tells what came since."""
    with app.transaction() as inside:
        return resolve.answer(audit_of(inside, source))


@get("/sources/audit.csv", opt=access.office("sources:read"), include_in_schema=False, sync_to_thread=True)
def audit_csv(app: House, source: FromQuery[str | None] = None) -> Response[str]:
    """One line a field, safe to open in a spreadsheet."""
    with app.transaction() as inside:
        text = resolve.as_csv(audit_of(inside, source))
    headers = {"content-disposition": f'attachment; filename="audit{"-" + source if source else ""}.csv"'}
    return Response(text, media_type="text/csv; charset=utf-8", headers=headers)


@get("/api/systems", opt=access.office("sources:read"), sync_to_thread=True)
def systems_json(app: House) -> Inventory:
    """The inventory."""
    with app.transaction() as inside:
        return inventory(inside)


@put("/api/systems", opt=access.office("sources:write"), sync_to_thread=True)
def put_system(app: House, request: Request[Any, Any, Any], data: JSONBody[System]) -> System:
    """State a system, or change what was stated."""
    with app.transaction() as inside:
        made = collect.add_system(inside, data)
    audit.write(app, request.user, "stated a system", f"system:{made.name}", made.status)
    return made


@delete("/api/systems", opt=access.office("sources:write"), sync_to_thread=True)
def delete_system(app: House, request: Request[Any, Any, Any], name: FromQuery[str]) -> None:
    """Take a system out of the inventory."""
    with app.transaction() as inside:
        collect.remove_system(inside, name)
    audit.write(app, request.user, "removed a system", f"system:{name}")


routes = [audit_json, audit_csv, systems_json, put_system, delete_system]
