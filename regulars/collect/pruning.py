"""How long deliveries of webhooks are kept raw: as long as the brand says, and until they are mapped in any case.

What a pruned delivery told stays told: its keys are remembered, so the vendor's retry tells nothing twice.
"""

from __future__ import annotations

from datetime import timedelta

from regulars.app import App
from regulars.collect.deliveries import NO_MAPPING
from regulars.collect.hooks import SQL

PRUNED_AT_ONCE_MAX = 1_000


def prune_deliveries(app: App) -> int:
    """Let some go of those that REGULARS_DELIVERIES_DAYS and REGULARS_DELIVERIES_MAX no longer keep; how many.

    In a transaction of its own, PRUNED_AT_ONCE_MAX at most. Never one that waits, was refused or has no mapping yet.
    """
    days, kept = app.settings.deliveries_days, app.settings.deliveries_max
    given = {"unmapped": NO_MAPPING, "limit": PRUNED_AT_ONCE_MAX}
    gone = 0
    with app.transaction() as inside:
        if days:
            before = app.clock.now() - timedelta(days=days)
            gone = inside.db.execute(SQL.prune_old_deliveries, given | {"before": before}).rowcount
        if kept and gone < PRUNED_AT_ONCE_MAX:
            given |= {"kept": kept, "limit": PRUNED_AT_ONCE_MAX - gone}
            gone += inside.db.execute(SQL.prune_many_deliveries, given).rowcount
    return gone
