"""The year into the journal, in order of event time, as if the five senders had just spoken."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path

import msgspec

from regulars import collect
from regulars.app import App
from regulars.demo import bought, credits, likeness
from regulars.demo.errors import DemoRefused
from regulars.demo.generate import SIZES, Year, year
from regulars.demo.panel import PANEL_LAST_DAY, shift_days
from regulars.demo.panel import folder as panel_folder
from regulars.demo.stream import SOURCES, Made
from regulars.demo.truth import TruthWriter, truth_path
from regulars.store import queries

SQL = queries(__package__ or "")
# Whole years around which the panel's dates may be shifted: the door takes events from 1900 on.
FIRST_YEAR = 1971
LAST_YEAR = 2199

# name, kind and login space of each sender. The e-mail tool knows people by the CRM's id.
SENDERS = {
    "tills": ("tills", "tills"),
    "web": ("web", "web"),
    "crm": ("crm", "crm"),
    "email": ("email", "crm"),
    "calls": ("calls", "crm"),
}
assert tuple(SENDERS) == SOURCES
Progress = Callable[[int, int], None]
"""Called after every commit with (events so far, events in all)."""


class LoadReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a load brought; `duplicates` were in the journal already."""

    events: int
    accepted: int
    duplicates: int
    refused: int
    orders: int
    revenue_cents: int
    last_day: date
    """Last day of the year, in the brand's zone."""


class Plan(msgspec.Struct, frozen=True):
    """What this installation's demo is: fixed by the first load, so that a resumed one tells the same story."""

    size: str
    today: date
    begun_at: datetime
    """When its sources were made in the database: no other database will do."""
    is_loaded: bool = False
    """The whole year is in the journal."""


def register_sources(app: App) -> dict[str, str]:
    """Make the five sources; the write keys of those that are new, by name, which are shown this one time."""
    keys: dict[str, str] = {}
    with app.transaction() as inside:
        for name, (kind, login_space) in SENDERS.items():
            _, key = collect.register(inside, name, kind, login_space)
            if key is not None:
                keys[name] = key
    return keys


def load(app: App, size: str = "full", today: date | None = None, progress: Progress | None = None) -> LoadReport:
    """Append the whole year to the journal; may be killed and run again, nothing enters twice.

    Its model of likeness and its tiers are in force before the first event. The year ends on the latest Monday not
    after `today` (default: the brand's date now). Also writes the truth, beside.
    Raises DemoDataMissing without the demo extra, DemoRefused if this installation holds another demo.
    """
    found = admit(app, size, today)
    register_sources(app)
    plan = found or _begin(app, size, today)
    if not plan.is_loaded:
        likeness.approve(app)
        credits.declare(app)
    sources = _sources(app)
    made = year(plan.size, plan.today)
    truth = TruthWriter(truth_path(app))
    counts = [0, 0, 0]
    done = 0
    for chunk in made.chunks():
        truth.add(chunk)
        receipt = _append(app, sources, chunk)
        for place, count in enumerate((receipt.accepted, receipt.duplicates, len(receipt.refusals))):
            counts[place] += count
        done += len(chunk)
        if progress is not None:
            progress(done, made.events)
    truth.close(made)
    bought.write(app, made.bought)
    _keep(app, msgspec.structs.replace(plan, is_loaded=True))
    return _report(made, plan, counts)


def _sources(app: App) -> list[collect.Source]:
    """The five, in order of SOURCES."""
    with app.transaction() as inside:
        found = [collect.source_by_name(inside, name) for name in SOURCES]
    return [source for source in found if source is not None]


def _append(app: App, sources: list[collect.Source], chunk: list[Made]) -> collect.Receipt:
    messages = [(sources[made.source], made.message) for made in chunk]
    with app.transaction() as inside:
        return collect.accept_mixed(inside, messages, received_at=app.clock.now())


def admit(app: App, size: str, today: date | None = None) -> Plan | None:
    """The plan of the demo that is here already, None where nothing is; looks and changes nothing.

    Raises DemoDataMissing without the demo extra, DemoRefused where another demo or a brand's own events are.
    """
    if size not in SIZES:
        raise DemoRefused(f"There is no demo of size '{size}'", f"Choose one of: {', '.join(SIZES)}")
    if today is not None and not FIRST_YEAR <= today.year <= LAST_YEAR:
        raise DemoRefused(f"The demo cannot end in {today.year}", f"Choose a day from {FIRST_YEAR} to {LAST_YEAR}")
    panel_folder()
    plan = _kept(app)
    with app.transaction() as inside:
        begun_at, has_events = inside.db.execute(SQL.tills_and_events).fetchall()[0]
    if has_events and (plan is None or plan.begun_at != begun_at):
        raise DemoRefused(
            "The journal here holds events that are not the demo's", "Use an empty data folder, or an empty database"
        )
    if plan is None or plan.begun_at != begun_at:
        return None
    if plan.size != size or (today is not None and today != plan.today):
        raise DemoRefused(
            f"This data folder holds a {plan.size} demo made on {plan.today}",
            "Use another --home, or the same size and date",
        )
    return plan


def _begin(app: App, size: str, today: date | None) -> Plan:
    with app.transaction() as inside:
        begun_at = inside.db.execute(SQL.tills_and_events).fetchall()[0][0]
    plan = Plan(size, today or app.today, begun_at)
    _keep(app, plan)
    return plan


def _kept(app: App) -> Plan | None:
    path = plan_path(app)
    try:
        return msgspec.json.decode(path.read_bytes(), type=Plan)
    except FileNotFoundError:
        return None
    except msgspec.DecodeError:
        raise DemoRefused(f"{path} cannot be read", "Use another --home, or remove this one") from None


def _keep(app: App, plan: Plan) -> None:
    path = plan_path(app)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".new")
    part.write_bytes(msgspec.json.encode(plan))
    part.rename(path)


def plan_path(app: App) -> Path:
    """Where the first load says what it was."""
    return app.settings.home_path / "demo" / "plan.json"


def _report(made: Year, plan: Plan, counts: list[int]) -> LoadReport:
    accepted, duplicates, refused = counts
    return LoadReport(
        events=made.events,
        accepted=accepted,
        duplicates=duplicates,
        refused=refused,
        orders=made.orders,
        revenue_cents=made.revenue_cents,
        last_day=PANEL_LAST_DAY + timedelta(days=shift_days(plan.today)),
    )
