"""Reports: the shelf, and each one's finding with its rows."""

from __future__ import annotations

import time
from threading import Lock
from typing import Any

import msgspec
from litestar import Request, Response, get
from litestar.params import FromPath

from regulars import optimize
from regulars.app import App
from regulars.kit.errors import NotFound
from regulars.optimize import Parameter, Report, ReportResult, reports
from regulars.web import access
from regulars.web.site import House

# A report reads the whole lake: within this time the same question gets the same answer.
FRESH_SECONDS = 60.0
CACHE_MAX = 64
# A report whose rows are customers says so by this column.
CUSTOMER_COLUMN = "customer"

_cache: dict[tuple[object, ...], tuple[float, ReportResult]] = {}
_running = Lock()


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """A report on the shelf."""

    name: str
    title: str
    parameters: tuple[Parameter, ...]


def shelf() -> list[Listed]:
    """Every report with the question it answers."""
    return [Listed(name=name, title=one.title, parameters=one.parameters) for name, one in reports.items()]


def listed(name: str) -> Report:
    """The report of this name. Raises NotFound naming the others."""
    if name not in list(reports):
        titles = " ".join(one.title for _, one in reports.items())
        raise NotFound("There is no report of this name", f"Choose one of these questions: {titles}")
    return reports[name]


def run(app: App, name: str, given: dict[str, str]) -> ReportResult:
    """The finding for these parameters (as typed; the empty ones are left to the report)."""
    offered = names(name)
    params = {key: value for key, value in given.items() if value and key in offered}
    key = (app.settings.home, app.settings.database_url, name, *sorted(params.items()))
    with _running:  # One at a time: two reports at once would each get half the machine and twice the memory.
        held = _cache.get(key)
        if held and time.monotonic() - held[0] < FRESH_SECONDS:
            return held[1]
        with app.transaction() as inside:
            result = optimize.report(inside, name, params)
        if len(_cache) >= CACHE_MAX:
            _cache.clear()
        if result.rows:  # "Nothing yet" is asked again: the lake may be filled the next second.
            _cache[key] = (time.monotonic(), result)
    return result


def run_for(app: App, request: Request[Any, Any, Any], name: str) -> ReportResult:
    """The finding for whoever asks. Raises ScopeMissing where its rows are customers, which a key may not read."""
    result = run(app, name, dict(request.query_params))
    is_of_customers = any(column.name == CUSTOMER_COLUMN for column in result.columns)
    if is_of_customers and not access.may_read_customers(request.user):
        access.need(request.user.scopes, access.CUSTOMERS, request.user.name)
    return result


def names(report: str) -> set[str]:
    """Names of a report's parameters."""
    return {parameter.name for parameter in listed(report).parameters}


@get("/api/reports", opt=access.office("reports:read"), sync_to_thread=False)
def reports_json() -> list[Listed]:
    """Every report on the shelf with its parameters."""
    return shelf()


@get("/api/reports/{name:str}", opt=access.office("reports:read"), sync_to_thread=True)
def report_json(app: House, request: Request[Any, Any, Any], name: FromPath[str]) -> ReportResult:
    """A report's finding, rows and chart; its parameters are query parameters."""
    return run_for(app, request, name)


@get("/reports/{name:str}/rows.csv", opt=access.office("reports:read"), include_in_schema=False, sync_to_thread=True)
def report_csv(app: House, request: Request[Any, Any, Any], name: FromPath[str]) -> Response[str]:
    """The rows of a report, to take away."""
    text = optimize.as_csv(run_for(app, request, name))
    headers = {"content-disposition": f'attachment; filename="{listed(name).name}.csv"'}
    return Response(text, media_type="text/csv; charset=utf-8", headers=headers)


routes = [reports_json, report_json, report_csv]
