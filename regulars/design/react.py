"""The room's turn in the flow: what a batch, or time itself, makes us want."""

from datetime import datetime

from regulars.app import App
from regulars.design import ownership
from regulars.design.earning import reward
from regulars.design.journeys import Version, enrol, follow, heirs_of, versions, wake, walk
from regulars.design.ledger import settle_due
from regulars.model import Changes, Intent, Plays


def react(app: App, changes: Changes) -> Plays:
    """Points for what was bought, journeys for whom it moved; the number of statements does not grow with the batch."""
    now = app.clock.now()
    known = versions(app)
    heirs = heirs_of(app, changes)
    follow(app, heirs, now)
    ownership.follow(app, changes, heirs, now)
    reward(app, changes)
    wake(app, known, changes, now)
    return Plays(intents=_go_on(app, known, changes, now), at=now)


def tick(app: App, changes: Changes, now: datetime) -> Plays:
    """What time alone brings: entries by the day's moves, waits that are over, points that start or run out."""
    known = versions(app)
    settle_due(app, now)
    return Plays(intents=_go_on(app, known, changes, now), at=now)


def _go_on(app: App, known: list[Version], changes: Changes, now: datetime) -> list[Intent]:
    """Walk whoever is due, let in whom it moved, walk those. First the old: who has arrived may come in again."""
    if not (changes.moves or changes.stages):
        return walk(app, known, now)
    due = walk(app, known, now)
    return due + walk(app, known, now) if enrol(app, known, changes, now) else due
