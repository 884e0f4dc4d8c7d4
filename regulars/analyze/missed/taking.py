"""Taking an opportunity up: everybody in it is told to the journal, some of them held out on purpose.

The list is not kept beside the customers but in their own time lines, so merges, splits and erasures need no rule of
their own, a journey can start on it, and "why is she in it" ends in an event that says why.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from regulars import collect
from regulars.analyze.missed.errors import NothingToTakeUp, TakenAlready
from regulars.analyze.missed.telling import SQL, Opportunity, Person, opportunity
from regulars.analyze.missed.words import told_value
from regulars.analyze.segments import making, tree
from regulars.app import App
from regulars.kit.clock import day_date, day_number
from regulars.kit.dice import share

EVENT = "Opportunity Taken Up"
HELD_OUT = "-held-out"
# Those with most at stake, where there are more: each becomes an event.
MOST_PEOPLE = 50_000
# Held out where no share shows the effect within one period.
HALF = 0.5
TAKEN_SHOWN = 10


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """An opportunity as it was taken up."""

    campaign: str
    """Names the group in every event, as `campaign_id`; those held out have it with the ending -held-out."""
    version: int
    people: int
    held_out: int
    """Of these people."""
    taken_at: datetime
    taken_by: str
    segment: str | None
    """The segment of those to be treated."""


def take_up(app: App, name: str, author: str) -> Taken:
    """Announce everybody in it and make the segment of those to be treated, in the caller's transaction.

    Raises UnknownOpportunity, NothingToTakeUp, TakenAlready, SegmentRefused.
    """
    one = opportunity(app, name)
    if not one.is_found:
        raise NothingToTakeUp(
            f"'{one.title}' was not found: what the newest search saw is not more than chance explains",
            "Choose one that was found, or wait for the next search: with more orders smaller effects show",
        )
    row = app.db.execute(SQL.newest_run).fetchone()
    assert row is not None, "an opportunity is of a search"
    given = {"name": name, "version": row[0], "at": app.clock.now(), "by": author}
    added = app.db.execute(SQL.take_up, given).fetchone()
    if added is None:
        raise TakenAlready(
            f"'{one.title}' of this search was taken up already", "Wait for the next search, or use what was made of it"
        )
    ident, campaign = added
    rows = app.db.execute(SQL.members_once, {"name": name, "limit": MOST_PEOPLE}).fetchall()
    everybody = [Person(customer=c, found_as=f, stake_cents=s, reasons=r) for c, f, s, r in rows]
    # By the opportunity, not the campaign: a later search that is taken up must not treat those held out of this one.
    held = {p.customer for p in everybody if share(name, p.customer) < (HALF if one.holdout is None else one.holdout)}
    collect.announce(app, [_announcement(app, one, campaign, person, person.customer in held) for person in everybody])
    segment = making.create(app, _segment(app, one, campaign), author)
    counts = {"id": ident, "people": len(everybody), "held_out": len(held), "segment": segment}
    app.db.execute(SQL.count_taken, counts)
    return taken(app, name)[0]


def _segment(app: App, one: Opportunity, campaign: str) -> making.Draft:
    """Those to be treated, by the event that says so."""
    today = day_date(day_number(app.clock.now(), app.settings.zone))
    where = (tree.Condition(column="campaign", value=campaign),)
    return making.Draft(
        title=f"{one.title}, {today.day} {today:%b %Y}",
        rule=tree.Did(event=EVENT, where=where),
        reason=f"Opportunity {campaign}, without those held out",
    )


def taken(app: App, name: str) -> list[Taken]:
    """When and by whom it was taken up, newest first."""
    fields = Taken.__struct_fields__
    rows = app.db.execute(SQL.taken, {"name": name, "limit": TAKEN_SHOWN}).fetchall()
    return [Taken(**dict(zip(fields, row, strict=True))) for row in rows]


def _announcement(app: App, one: Opportunity, campaign: str, person: Person, is_held: bool) -> collect.Announcement:
    because = [
        f"{title.lower()} {told_value(value, unit, app.settings.brand_currency)}"
        for value, (title, unit) in zip(person.reasons, one.reasons, strict=True)
    ]
    return collect.Announcement(
        message_id=f"opportunity:{campaign}:{person.found_as}",
        name=EVENT,
        customer=person.customer,
        occurred_at=app.clock.now(),
        properties={
            "campaign_id": f"{campaign}{HELD_OUT}" if is_held else campaign,
            "opportunity": one.name,
            "title": one.title,
            "because": "; ".join(because),
            "held_out": is_held,
        },
    )
