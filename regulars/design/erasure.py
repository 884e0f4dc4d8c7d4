"""An erased member: her points are given up, and the books go on with nobody in them.

What was issued, redeemed and given up must still add up, and how well a journey worked must not change; so rows stay,
under a number of no meaning that is this room's alone and leads to no other room.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from regulars.app import App
from regulars.design.ledger import SQL, Ordered, post_all
from regulars.design.loyalty import Forfeit
from regulars.kit.clock import day_number
from regulars.kit.dice import nobody
from regulars.store.rows import array, quoted

REASON = "erased"


def forget(app: App, customers: Sequence[int], orders: Mapping[str, str], erasure: int) -> None:
    """Give up the points of these customers and take them out of ledger and journeys, in the caller's transaction.

    `orders`: the numbers under which orders are retained, by their own.
    """
    ids = {"customers": array(customers)}
    day = day_number(app.clock.now(), app.settings.zone)
    members = [customer for (customer,) in app.db.execute(SQL.members_among, ids)]
    post_all(app, [Ordered(member, Forfeit(key=f"erasure:{erasure}:{member}", day=day)) for member in members])
    given = ids | {"nobody": nobody(app.dice), "orders": quoted(orders), "tombstones": quoted(orders.values())}
    app.db.execute(SQL.entomb_entries, given)
    app.db.execute(SQL.entomb_lots, given)
    app.db.execute(SQL.drop_wallets, ids)
    app.db.execute(SQL.entomb_enrolments, given | {"reason": REASON, "now": app.clock.now()})
