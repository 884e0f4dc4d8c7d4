"""`regulars demo`: a real brand's year goes in; known customers and honest e-mail come out."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from datetime import date
from functools import partial
from types import FrameType
from typing import Annotated, Any, Literal

import psutil
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeElapsedColumn

from regulars import analyze, collect, demo, engage, flow, resolve, worker
from regulars.app import App, open_app
from regulars.bench.memory import MemoryWatch
from regulars.cli import terminal
from regulars.cli.children import Child, child
from regulars.cli.serve import announce_pages, refuse_taken, served_here
from regulars.cli.worker import rest_collector
from regulars.kit import settings as kit_settings
from regulars.kit.errors import RegularsError
from regulars.store import queries

commands = typer.Typer()
SQL = queries(__package__ or "")

POLL_SECONDS = 0.5
FLUSH_FROM_EVENTS = 20_000
"""Fewer are left for later: each flush writes a file for every day it has events of."""
STALL_SECONDS = 300
BRAND = {
    "brand_name": demo.BRAND_NAME,
    "brand_note": "Demo: real baskets, invented people",
    "brand_zone": demo.BRAND_ZONE,
    "mail_from": "hello@corner-market.example",
    "shop_url": "https://corner-market.example",
}


class DemoStalled(RegularsError):
    """The worker stopped making progress while the demo was loading."""

    code = "RG-1910"


@commands.command("demo")
def run_demo(
    serve: Annotated[
        bool, typer.Option(help="Keep the pages open afterwards; --no-serve loads, reports and ends.")
    ] = True,
    size: Annotated[
        Literal["full", "small"], typer.Option(help="small: about 300 households, for a quick look.")
    ] = "full",
    port: Annotated[int, typer.Option(help="Port of the pages.", min=1, max=65_535)] = 8000,
    today: Annotated[
        str | None, typer.Option(help="Let the year end before this day (YYYY-MM-DD) instead of today.")
    ] = None,
    as_json: terminal.Json = False,
) -> None:
    """Load the demo brand Corner Market: one year of a real grocery panel, with generated people around it."""
    started = time.monotonic()
    rest_collector()
    last_day = day_of(today) if today else None
    if serve:
        refuse_taken("127.0.0.1", port)
    settings = terminal.settings(
        **BRAND, base_url=f"http://127.0.0.1:{port}", smtp_port=free_port(kit_settings.load().smtp_port)
    )
    with (
        stopped_by_sigterm(),
        served_here(settings),
        open_app(settings) as app,
        MemoryWatch([os.getpid(), server_process(app)]) as memory,
        ExitStack() as stack,
    ):
        # Nothing of this data folder is touched before it is certain that the demo may come here.
        demo.admit(app, size, last_day)
        kit_settings.keep(settings)
        folder = engage.catcher.folder_of(settings)
        stack.enter_context(engage.catcher.serving(folder, settings.smtp_host, settings.smtp_port))
        if serve:
            stack.enter_context(child(settings, "serve", "--no-worker", "--port", str(port)))
            announce_pages(app, "127.0.0.1", port)
        carrier = stack.enter_context(child(settings, "worker"))
        report = load(app, size, last_day, carrier, quiet=as_json)
        summary = summarize(app, report, time.monotonic() - started, memory)
        terminal.print_json(summary) if as_json else print_summary(summary)
        if serve:
            wait_for_ctrl_c(app)


def day_of(text: str) -> date:
    """The day somebody typed, or DemoRefused."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise demo.DemoRefused(f"'{text}' is no day", "Write --today as YYYY-MM-DD, such as 2026-03-02") from None


@contextmanager
def stopped_by_sigterm() -> Generator[None, None, None]:
    """SIGTERM ends us as Ctrl-C does, by way of every `finally`."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def load(app: App, size: str, today: date | None, carrier: Child, quiet: bool) -> demo.LoadReport:
    """Load the year while the worker carries it, wait until everything is carried and sent, and read it for the audit.

    Broken off in the middle, the replay of history stays open and the next run goes on with it.
    """
    with progress_bars(quiet) as bars:
        loading, carrying = (
            bars.add_task("Loading the year", total=None),
            bars.add_task("Knowing customers", total=None),
        )

        def show(done: int, total: int) -> None:
            carrier.check()
            bars.update(loading, completed=done, total=total)
            advance_bar(bars, carrying, carried(app)[0], total)

        report = replay(app, size, today, show)
        wait_until_carried(app, carrier, partial(advance_bar, bars, carrying))
        reading = bars.add_task("Reading every field", total=None)
        collect.flush(app)
        with app.transaction() as inside:
            flow.on_lake(inside, inside.clock.now())
        resolve.prepare(app)
        demo.buy(app)
        analyze.missed.search(app)
        bars.update(reading, completed=1, total=1)
    return report


def replay(app: App, size: str, today: date | None, show: demo.Progress) -> demo.LoadReport:
    """The year into the journal, with the worker's clock going along; a year that is in already moves no clock."""
    plan = demo.admit(app, size, today)
    if plan is not None and plan.is_loaded:
        return demo.load(app, size=size, today=today, progress=show)
    with app.transaction() as inside:
        worker.begin_replay(inside)
    try:
        report = demo.load(app, size=size, today=today, progress=show)
    except BaseException:
        with app.transaction() as inside:
            worker.cancel_replay(inside)
        Console(stderr=True).print("The year is not whole: run the same command again, it goes on where it stopped.")
        raise
    with app.transaction() as inside:
        worker.end_replay(inside)
    return report


def advance_bar(bars: Progress, task: TaskID, done: int, total: int) -> None:
    """Show `done` of `total` on one bar."""
    bars.update(task, completed=done, total=total)


def wait_until_carried(app: App, carrier: Child, show: Callable[[int, int], None]) -> None:
    """Until the flow is through and nothing waits to be sent; a stalled worker is an error, not a hang."""
    last, since, flushed = (-1, -1), time.monotonic(), 0
    while True:
        carrier.check()
        with app.transaction() as inside:
            done = worker.is_caught_up(inside) and not inside.db.execute(SQL.sends_waiting).fetchall()[0][0]
        now = carried(app)
        show(*now)
        if done:
            return
        if now != last:
            last, since = now, time.monotonic()
        elif time.monotonic() - since > STALL_SECONDS:
            raise DemoStalled(
                f"Nothing was carried for {STALL_SECONDS} seconds: {now[0]} of {now[1]} events are in",
                "Look at the lines above for the reason, then run the same command again: it goes on where it stopped",
            )
        # The worker is busy on one core; the other one copies what it has carried to the lake meanwhile.
        if now[0] - flushed >= FLUSH_FROM_EVENTS:
            flushed = collect.flush(app).up_to
        else:
            app.clock.sleep(POLL_SECONDS)


def carried(app: App) -> tuple[int, int]:
    """Journal positions carried, and given."""
    with app.transaction() as inside:
        done, total = inside.db.execute(SQL.carried).fetchall()[0]
    return done, total


def summarize(app: App, report: demo.LoadReport, seconds: float, memory: MemoryWatch) -> dict[str, Any]:
    """What came out, as one JSON object."""
    evaluation = demo.evaluate(app)
    with app.transaction() as inside:
        records, customers = inside.db.execute(SQL.counts).fetchall()[0]
        segments = {segment.name: segment.size for segment in analyze.segments(inside)}
        messages = dict(inside.db.execute(SQL.message_states).fetchall())
    return {
        "events": report.events,
        "orders": report.orders,
        "revenue_cents": report.revenue_cents,
        "records": records,
        "customers": customers,
        "seconds": round(seconds, 1),
        "peak_rss_bytes": memory.peak_bytes,
        "identity": {
            "precision": round(evaluation.precision, 5),
            "recall": round(evaluation.recall, 5),
            "b_cubed": round(evaluation.b_cubed, 5),
            "largest": evaluation.largest,
            "true_largest": evaluation.true_largest,
        },
        "segments": segments,
        "messages": messages,
    }


def print_summary(summary: dict[str, Any]) -> None:
    """The same for people."""
    identity = summary["identity"]
    terminal.print_table(
        "Corner Market is in",
        ["What", "How much"],
        [
            ["Events", f"{summary['events']:,}"],
            ["Orders", f"{summary['orders']:,}, ${summary['revenue_cents'] / 100:,.2f}"],
            ["Customers", f"{summary['customers']:,} from {summary['records']:,} records"],
            [
                "Identity",
                f"precision {identity['precision']:.3f}, recall {identity['recall']:.3f}, B-cubed"
                f" {identity['b_cubed']:.3f} against the planted truth",
            ],
            *[[f"Segment {name}", f"{size:,}"] for name, size in summary["segments"].items()],
            *[[f"Messages {state}", f"{count:,}"] for state, count in summary["messages"].items()],
            ["Took", f"{summary['seconds']} s, {summary['peak_rss_bytes'] / 2**20:,.0f} MiB at most"],
        ],
    )


def server_process(app: App) -> int:
    """Process id of the PostgreSQL server, if it runs on this machine."""
    with app.transaction() as inside:
        backend = inside.db.execute(SQL.backend).fetchall()[0][0]
    try:
        return psutil.Process(backend).ppid()
    except psutil.Error:
        return os.getpid()


@contextmanager
def progress_bars(quiet: bool) -> Generator[Progress, None, None]:
    """Bars on standard error; none with --json."""
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), disable=quiet) as bars:
        yield bars


def free_port(wanted: int) -> int:
    """`wanted` if nobody listens there, else any free port of this machine."""
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError:
            probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for_ctrl_c(app: App) -> None:
    """Until the person at the keyboard has seen enough."""
    try:
        while True:
            app.clock.sleep(3600)
    except KeyboardInterrupt:
        return
