"""The shelf of bought data."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from litestar import Request, Response, get

from regulars.web import access, render, words
from regulars.web.api import overlays as api
from regulars.web.charts import Figure
from regulars.web.site import House


@get("/overlays", opt=access.OFFICE, include_in_schema=False, sync_to_thread=True)
def overlays_page(app: House, request: Request[Any, Any, Any]) -> Response[str]:
    """What we have, how much of it matched, what it cost, when it lapses."""
    with app.transaction() as inside:
        listed = api.overlays(inside)
    title = title_of(listed, app.clock.now())
    shown = figures(listed, app.settings.brand_currency)
    return render.page(
        app, "pages/overlays/overlays.html", request, listed=listed, title=title, figures=shown, out=kept_out(listed)
    )


def title_of(listed: list[api.Listed], now: datetime) -> str:
    """What to look at, as a sentence."""
    held = [one for one in listed if one.matched > one.unused and one.expires_at and one.expires_at > now]
    if not held:
        return "Nothing is bought"
    kept = sum(one.matched - one.unused for one in held)
    days = min((one.expires_at - now).days for one in held if one.expires_at)
    providers = words.plural(len({one.provider for one in held}), "provider")
    people = f"{words.plural(kept, 'match', 'matches')} bought from {providers}"
    return f"{people}, the first to lapse in {words.plural(days, 'day')}"


def figures(listed: list[api.Listed], currency: str) -> list[Figure]:
    """What it is, in numbers."""
    matched, rows = sum(one.matched - one.unused for one in listed), sum(one.rows or 0 for one in listed)
    cost, may_cost = sum(one.cost_cents for one in listed), sum(one.open_cents for one in listed)
    each = f"{words.money(cost / matched, currency)} each" if matched else ""
    if may_cost:
        each = f"and {words.money(may_cost, currency)} where no answer came"
    filled = sum(bool(one.rows) for one in listed)
    return [
        Figure(name="Identifiers known more about", value=f"{matched:,}", than=f"of {rows:,} rows and answers"),
        Figure(name="Spent", value=words.money(cost, currency), than=each),
        Figure(name="Kept out", value=f"{sum(one.kept_out for one in listed):,}", than="not used, nor paid for"),
        Figure(name="Overlays", value=str(len(listed)), than=f"{filled} filled"),
    ]


def kept_out(listed: list[api.Listed]) -> list[tuple[str, str, int]]:
    """Why, what that means, and how many; the most first."""
    reasons = [
        ("Without a yes", "They gave none for the purpose it was bought for", sum(one.without_yes for one in listed)),
        (
            "Elsewhere",
            "They live in no country of the license, as far as known",
            sum(one.elsewhere for one in listed),
        ),
        ("Shared", "Several people use the e-mail or phone", sum(one.shared for one in listed)),
    ]
    return sorted([reason for reason in reasons if reason[2]], key=lambda reason: -reason[2])


routes = [overlays_page]
