"""The spine: how a batch of events becomes known customers, meaning, plans and messages. Read this first.

Everything a batch causes commits together with its checkpoint, so a kill anywhere leaves all of it or nothing.
Calls to rooms on the right exist only here.
"""

from __future__ import annotations

from datetime import datetime

from msgspec.structs import replace

from regulars import analyze, collect, design, engage, profile, resolve
from regulars.app import App
from regulars.model import Batch, Card, Gone, Moment, Outcome, People
from regulars.resolve import Erased


def on_events(app: App, batch: Batch) -> Outcome:
    """Carry one journalled batch through the house; everything it causes commits with its checkpoint."""
    people = resolve.identify(app, batch)  # who was it?
    changes = profile.apply(app, people)  # what do we know now?
    changes = analyze.update(app, changes)  # which traits, segments, stages moved?
    plays = design.react(app, changes)  # what do we want to do about it?
    engage.hear(app, people)  # did a letter come back, or a complaint?
    return engage.decide(app, plays)  # may we, with what, when?


def on_tick(app: App, now: datetime, until: datetime | None = None) -> Outcome:
    """Let time pass: windows expire, models refit, due journeys advance. `until`: where replayed history ends."""
    profile.overlays.lapse(app, now)  # what we bought, and may use no longer
    changes = analyze.tick(app, now, until or now)
    plays = design.tick(app, changes, now)
    return engage.decide(app, plays)


def on_lake(app: App, now: datetime) -> Outcome:
    """Let what is folded from the lake once a day follow, now that the lake has caught up."""
    changes = analyze.refresh_daily(app, now)
    plays = design.tick(app, changes, now)
    return engage.decide(app, plays)


def on_withdrawal(app: App, positions: list[int], bound: int) -> int:
    """Let what was made of these withdrawn events go, and of the others up to `bound` of the same people; how many."""
    people = resolve.forget(app, positions, bound)  # who is who without them?
    _correct(app, people)
    return len(people.withdrawn)


def on_decision(app: App, people: People) -> None:
    """Let what a steward stated about people (`resolve.decide`) hold in every room, in the same transaction."""
    _correct(app, people)


def on_erasure(app: App, erased: Erased, erasure: int) -> Gone:
    """Let a person whom `resolve.erase` took out of who is who leave every room, in the same transaction."""
    people, ids = erased.people, erased.ids
    words = resolve.spellings(app, erased)
    hashes = {told.text: f"erased:{told.value & (1 << 64) - 1:016x}" for told in erased.alone}
    orders = collect.erasure.orders_among(app, people.withdrawn)  # the law asks to keep them, as nobody's
    design.forget(app, ids, orders.tombstones, erasure)
    engage.forget(app, ids, hashes)
    profile.keep_refusals(app, people.withdrawn, hashes)
    _correct(app, people)
    profile.forget(app, people.withdrawn, hashes)
    profile.overlays.forget(app, [told.value for told in erased.alone])
    analyze.forget(app, ids)
    withdrawal = collect.erasure.erase_events(app, people.withdrawn)
    rows = collect.erasure.forget_texts(app, words)
    collect.erasure.retain(app, orders)
    collect.erasure.forget_announcements(app, ids)
    return Gone(withdrawal=withdrawal, events=len(people.withdrawn), orders=len(orders.entries), rows=rows, words=words)


def on_expiry(app: App, positions: list[int]) -> None:
    """Let events that are too old to be kept leave every room, in the same transaction; orders stay as nobody's."""
    orders = collect.erasure.orders_among(app, positions)
    bound = collect.checkpoint_of(app, collect.FLOW)
    collect.erasure.erase_events(app, positions, reason="they are too old to be kept")
    people = resolve.forget(app, positions, bound)
    old = frozenset(positions)
    # They did happen: what they earned is hers. Only what was taken back before goes with its points.
    _correct(app, replace(people, withdrawn=[seq for seq in people.withdrawn if seq not in old]))
    collect.erasure.retain(app, orders)


def on_moment(app: App, moment: Moment) -> Card | None:
    """Answer a till, a page or a call now; read-only. None: nobody is known by this identifier."""
    return engage.moment(app, moment)


def _correct(app: App, people: People) -> None:
    """Who is who has changed, and nothing happened: facts move, and nobody is let into anything by that."""
    changes = profile.apply(app, people)
    changes = analyze.update(app, changes)
    ended = design.correct(app, changes)  # points go with the records, journeys that rested on others end
    engage.cancel(app, ended)
