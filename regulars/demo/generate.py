"""The brand's year: all streams as one, in order of event time. Pure but for reading the panel's files."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from functools import partial
from typing import NamedTuple
from zoneinfo import ZoneInfo

from regulars.demo import (
    bought,
    browsing,
    campaigns,
    credits,
    crm,
    evangelists,
    forms,
    habits,
    orders,
    panel,
    people,
    voices,
)
from regulars.demo.names import HOME_ZONE
from regulars.demo.stream import Made, Message, Stream, merged, stream_of, wire

BRAND_NAME = "Corner Market"
BRAND_ZONE = HOME_ZONE
SIZES = ("full", "small")


class Year(NamedTuple):
    """A year to be made, and its counts known beforehand."""

    streams: list[Stream]
    events: int
    orders: int
    revenue_cents: int
    declining: list[int]
    """Households with the planted complaint effect."""
    near_tier: list[int]
    """Keys of the people whom planted credits leave right below a tier."""
    bought: list[bought.Row]
    """What a provider says about the people."""
    habits: dict[str, str]
    """Planted personas by the login of the web store."""
    shift_day: date
    """The Monday from which the web store is visited more."""

    def chunks(self) -> Iterator[list[Made]]:
        """All events in order of time, at most 5,000 a chunk, each with its truth."""
        return merged(self.streams)


def year(size: str, today: date) -> Year:
    """Corner Market's year, ending on the latest Monday not after `today`. `size` is full or small."""
    shown = panel.read(size, today)
    who = people.invent(shown)
    to_utc = partial(panel.to_utc, zone=ZoneInfo(BRAND_ZONE))
    baskets = orders.shoppers(shown, who)
    drafts = [
        *orders.returns(shown, who, baskets),
        *campaigns.campaigns(shown, who),
        *campaigns.newsletters(shown, who),
        *campaigns.redemptions(shown, who),
        *credits.credits(shown, who, baskets),
        *browsing.visits(shown, who),
        *browsing.strangers(shown),
        *browsing.tablets(shown, who),
        *habits.actions(shown, who),
        *habits.more_visits(shown, who),
        *crm.rows(shown, who),
        *forms.forms(shown, who),
        *voices.calls(shown, who),
        *voices.surveys(shown, who, baskets),
        *voices.withdrawals(shown, who),
        *evangelists.evangelism(shown, who),
    ]
    planted = habits.habits(who)
    streams = [orders.orders(shown, who, baskets, to_utc), stream_of(drafts, to_utc, shown.end_us)]
    return Year(
        streams=streams,
        events=sum(len(stream.utc_us) for stream in streams),
        orders=len(shown.basket),
        revenue_cents=int(shown.basket_cents.sum()),
        declining=shown.households[voices.declining(shown)].tolist(),
        near_tier=who.keys[credits.lifted(shown, who, baskets)[0]].tolist(),
        bought=bought.rows(shown, who, today),
        habits={person.web: planted[person.key] for person in who.persons if person.web and person.key in planted},
        shift_day=date(1970, 1, 1) + timedelta(days=shown.start_us // panel.DAY_US + habits.SHIFT_DAY),
    )


def events(size: str = "full", today: date | None = None) -> Iterator[list[tuple[str, Message]]]:
    """Chunks of (source name, message) in order of event time: what the five senders would send, without the truth.

    `today` None: the panel's dates as they are, so that two runs give the same bytes.
    """
    for chunk in year(size, today or panel.PANEL_LAST_DAY).chunks():
        yield [wire(made) for made in chunk]
