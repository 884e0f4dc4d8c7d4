"""What was bought about one customer, and when it goes."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

import msgspec

from regulars.app import App
from regulars.profile.overlays.declared import License, Overlay
from regulars.profile.overlays.loading import loads
from regulars.profile.purposes import purposes
from regulars.store import queries
from regulars.store.rows import array, quoted

SQL = queries(__package__ or "")
# What asking cost is remembered so long after it was let go: longer than any day of a brand.
SPENT_KEPT = timedelta(days=2)


class Bought(msgspec.Struct, frozen=True, kw_only=True):
    """One bought value of a customer."""

    overlay: str
    title: str
    provider: str
    field: str
    value: str
    loaded_at: datetime
    expires_at: datetime
    license: License


def bought(app: App, customer: int) -> list[Bought]:
    """What was bought about a customer and may be used now, by overlay and field."""
    given = {"customer": customer, "now": app.clock.now(), "with_yes": quoted(_with_yes(app))}
    found: list[Bought] = []
    for name, said, text, loaded_at, expires_at in app.db.execute(SQL.overlay_values_of, given).fetchall():
        overlay = msgspec.json.decode(text, type=Overlay)
        found += [
            Bought(
                overlay=name, title=overlay.fields[field].title_of(field), provider=overlay.provider, field=field,
                value=value, loaded_at=loaded_at, expires_at=expires_at, license=overlay.license,
            )
            for field, value in sorted(said.items())
        ]  # fmt: skip
    return found


def bought_of_each(app: App, customers: list[int] | None, overlays: list[str]) -> list[tuple[int, str, str]]:
    """(customer, overlay, values by field as JSON) of these overlays that may be used now; None: of everybody."""
    given = {
        "customers": customers,
        "overlays": overlays,
        "now": app.clock.now(),
        "with_yes": quoted(_with_yes(app)),
    }
    return app.db.execute(SQL.overlay_values_of_each, given).fetchall()


def lapse(app: App, now: datetime) -> None:
    """Let go what has expired, what has lost its yes, and what is about an identifier that nobody has any more."""
    app.db.execute(SQL.lapse_overlays, {"now": now, "with_yes": quoted(_with_yes(app))})
    app.db.execute(SQL.lapse_overlay_loads, {"now": now, "spent_before": now - SPENT_KEPT})


def forget(app: App, values: Iterable[int]) -> None:
    """Let go what was bought about identifiers that only an erased person had, by number."""
    app.db.execute(SQL.forget_overlays, {"values": array(values)})


def _with_yes(app: App) -> list[str]:
    """Overlays that need a yes, by what purposes.yaml says now."""
    declared_purposes = purposes(app)
    return [one.name for one in loads(app) if declared_purposes.needs_consent(one.overlay.purpose)]
