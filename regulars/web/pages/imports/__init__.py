"""Imports: the list, a new one in three steps (file, meaning, run), and one with its progress and report."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import anyio
from litestar import Request, Response, get, post, put
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from regulars import collect
from regulars.app import App
from regulars.kit.errors import RegularsError
from regulars.web import access, audit, render, words
from regulars.web.charts import Figure
from regulars.web.pages.collect.kinds import KINDS
from regulars.web.pages.imports import launch
from regulars.web.pages.imports.plan import CHECK_ROWS, DELIMITERS, ENCODINGS, Plan, examined, looking, planned
from regulars.web.site import House

LISTED = 50
STATES = {
    "starting": ("Starting", "link"),
    "running": ("Running", "link"),
    "stopped": ("Stopped", "warn"),
    "failed": ("Failed", "bad"),
    "done": ("Done", ""),
    "undone": ("Undone", ""),
}


@get("/imports", opt=access.OFFICE, include_in_schema=False, sync_to_thread=True)
def imports_page(app: House, request: Request[Any, Any, Any], before: FromQuery[int | None] = None) -> Response[str]:
    """All imports, newest first."""
    with app.transaction() as inside:
        runs = collect.list_imports(inside, before, LISTED)
    older = runs[-1].id if len(runs) == LISTED else None
    template = "pages/imports/rows.html" if request.headers.get("hx-target") == "rows" else "pages/imports/list.html"
    return render.page(
        app, template, request, runs=runs, older=older, title=list_title(runs), state_of=shown_state(app), states=STATES
    )


def list_title(runs: list[collect.ImportRun]) -> str:
    """What was found, as a sentence."""
    if not runs:
        return "No file was imported yet"
    stuck = sum(run.state in ("stopped", "failed") for run in runs)
    going = sum(run.state == "running" for run in runs)
    what = f"{words.plural(stuck, 'import')} did not end" if stuck else f"{going} running now" if going else "all ended"
    return f"{words.plural(len(runs), 'import')}; {what}"


def shown_state(app: App) -> Any:
    """The state of a run in the words of STATES; one that was begun just now is starting, not stopped."""
    now = app.clock.now()

    def state(run: collect.ImportRun) -> str:
        is_new = run.launched_at is not None and now - run.launched_at < collect.IMPORT_STARTING
        return "starting" if run.state == "stopped" and is_new else run.state

    return state


@get("/imports/new", opt=access.OFFICE, include_in_schema=False, sync_to_thread=True)
def new_page(app: House, request: Request[Any, Any, Any], file: FromQuery[str] = "") -> Response[str]:
    """First a file, then what it means."""
    if not file:
        limit = collect.UPLOAD_MAX_BYTES // 1024**3
        return render.page(
            app, "pages/imports/choose.html", request, folder=collect.files_in_folder(app), limit=limit, fault=None
        )
    with looking():
        plan = planned(app, request.query_params)
        shown = preview_rows(app, plan)
    template = "pages/imports/plan.html" if request.headers.get("hx-target") == "plan" else "pages/imports/new.html"
    return page_of(app, request, template, plan, shown)


@get("/imports/preview", opt=access.OFFICE, include_in_schema=False, sync_to_thread=True)
def preview_part(app: House, request: Request[Any, Any, Any]) -> Response[str]:
    """The first rows as events, while the mapping is edited."""
    with looking():
        plan = planned(app, request.query_params)
        shown = preview_rows(app, plan)
    return page_of(app, request, "pages/imports/preview.html", plan, shown)


@get("/imports/check", opt=access.OFFICE, include_in_schema=False, sync_to_thread=True)
def check_part(app: House, request: Request[Any, Any, Any]) -> Response[str]:
    """What would be refused of the file's first CHECK_ROWS rows; nothing is stored."""
    with looking():
        plan = planned(app, request.query_params)
        report, fault = None, plan.fault
        if fault is None:
            try:
                report = collect.try_file(
                    app, plan.path, plan.imagined_source(app), plan.mapping, dialect=plan.dialect, rows_max=CHECK_ROWS
                )
            except RegularsError as found:
                fault = found
    return render.page(app, "pages/imports/checked.html", request, report=report, fault=fault, most=CHECK_ROWS)


def preview_rows(app: App, plan: Plan) -> list[Any]:
    """The first rows as events; none where the plan has a fault."""
    return examined(app, plan) if plan.fault is None else []


def page_of(
    app: App, request: Request[Any, Any, Any], template: str, plan: Plan, shown: list[Any], status: int = 200
) -> Response[str]:
    """The page of a plan, or a part of it."""
    with app.transaction() as inside:
        sources = [use.source for use in collect.list_sources(inside) if use.source.kind != "own"]
    kinds = {kind: KINDS[kind][0] for kind in collect.SOURCE_KINDS if kind in KINDS}
    return render.page(
        app,
        template,
        request,
        status,
        plan=plan,
        shown=shown,
        sources=sources,
        kinds=kinds,
        row_kinds=collect.ROW_KINDS,
        encodings=ENCODINGS,
        delimiters=DELIMITERS,
    )


@put("/imports/upload", opt=access.OFFICE, include_in_schema=False, request_max_body_size=collect.UPLOAD_MAX_BYTES)
async def upload(app: House, request: Request[Any, Any, Any], name: FromQuery[str]) -> dict[str, str]:
    """Take a file as it arrives; answers where to go on."""
    declared = request.headers.get("content-length", "0")
    size = int(declared) if declared.isascii() and declared.isdecimal() else 0
    await anyio.to_thread.run_sync(collect.tidy_uploads, app)
    stored = await collect.receive_upload(app, name, request.stream(), size)
    return {"key": stored.key}


@post("/imports/new", opt=access.OFFICE, include_in_schema=False)
async def run_new(app: House, request: Request[Any, Any, Any]) -> Response[Any]:
    """Begin the import and go to its page."""
    form = await request.form()
    return await anyio.to_thread.run_sync(begin_now, app, request, form)


def begin_now(app: App, request: Request[Any, Any, Any], form: Any) -> Response[Any]:
    """The import under way, or the page saying why not."""
    with looking():
        plan = planned(app, form)
    fault = plan.fault
    if fault is None:
        try:
            run = collect.begin_import(
                app,
                plan.path,
                plan.made_source(app),
                plan.mapping,
                dialect=plan.dialect,
                actor=request.user.name,
                file_name=plan.file.name,
            )
            audit.write(app, request.user, "began", f"import:{run}", plan.file.name)
            launch.carry(app, run)
        except RegularsError as found:
            fault = found
        else:
            return Redirect(f"/imports/{run}", status_code=303)
    return page_of(app, request, "pages/imports/new.html", plan.with_fault(fault), [], fault.status)


@get("/imports/{run:int}", opt=access.OFFICE, include_in_schema=False, sync_to_thread=True)
def import_page(app: House, request: Request[Any, Any, Any], run: FromPath[int]) -> Response[str]:
    """One import: how far, what was refused, and the way back."""
    with app.transaction() as inside:
        view, refusals = collect.import_run(inside, run), collect.refused_rows(inside, run)
        followed = collect.withdrawal(inside, view.withdrawal) if view.withdrawal else None
    part = "progress" if request.headers.get("hx-target") == "progress" else "run"
    state = shown_state(app)(view)
    return render.page(
        app,
        f"pages/imports/{part}.html",
        request,
        view=view,
        state=state,
        states=STATES,
        refusals=refusals,
        followed=followed,
        left=left_words(view.left),
        figures=figures(view),
        title=run_title(view, state),
    )


def run_title(run: collect.ImportRun, state: str) -> str:
    """What became of it, as a sentence."""
    if state == "undone":
        return f"{run.file_name} was undone: {words.plural(run.accepted, 'event')} withdrawn"
    if state in ("starting", "running"):
        return f"{run.file_name} is going in"
    if state == "done":
        refused = f"{words.plural(run.refused, 'row')} refused" if run.refused else "nothing refused"
        verb = "is" if run.accepted == 1 else "are"
        return f"{words.plural(run.accepted, 'event')} of {run.file_name} {verb} in; {refused}"
    return f"{run.file_name} stopped after {words.plural(run.rows, 'row')}"


def figures(run: collect.ImportRun) -> list[Figure]:
    """What became of its rows."""
    told = {"Rows read": run.rows, "Accepted": run.accepted}
    told |= {"Were here already": run.duplicates, "Refused": run.refused}
    return [Figure(name=name, value=words.number(count)) for name, count in told.items()]


def left_words(left: timedelta | None) -> str:
    """How long it will still take, roughly."""
    if left is None:
        return ""
    seconds = left.total_seconds()
    return f"about {max(1, round(seconds))} s left" if seconds < 90 else f"about {round(seconds / 60)} min left"


@post("/imports/{run:int}/undo", opt=access.OFFICE, include_in_schema=False, sync_to_thread=True)
def undo(app: House, request: Request[Any, Any, Any], run: FromPath[int]) -> Response[Any]:
    """Withdraw everything it brought."""
    with app.transaction() as inside:
        collect.undo_import(inside, run, request.user.name)
    audit.write(app, request.user, "undid", f"import:{run}")
    return Redirect(f"/imports/{run}", status_code=303)


@post("/imports/{run:int}/resume", opt=access.OFFICE, include_in_schema=False, sync_to_thread=True)
def resume(app: House, request: Request[Any, Any, Any], run: FromPath[int]) -> Response[Any]:
    """Go on behind the last durable row."""
    launch.carry(app, run)
    audit.write(app, request.user, "resumed", f"import:{run}")
    return Redirect(f"/imports/{run}", status_code=303)


routes = [imports_page, new_page, preview_part, check_part, upload, run_new, import_page, undo, resume]
