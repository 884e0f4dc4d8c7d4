"""Points follow people: a merge moves lots to the survivor, a split sends them with the record that earned them.

After a split the lots are the truth. Points that one person's redemption took from what is now the other's lot go back
to that lot, and one adjustment a wallet makes its transfers agree with its lots: a wallet that would have fallen below
zero is topped up by the program and never turned into debt.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime

from regulars.app import App
from regulars.design import loyalty
from regulars.design.ledger import SQL, Ordered, members_lots, post_all
from regulars.design.loyalty import MEMBER_ACCOUNTS, Book, Settle
from regulars.kit.clock import day_number
from regulars.model import Changes
from regulars.store.rows import copy

SPLIT_NOTE = "the people it belonged to were told apart"


def follow(app: App, changes: Changes, heirs: dict[int, int], now: datetime) -> None:
    """Bring points to whoever the people of this batch turned out to be."""
    people = changes.people
    if people is None:
        return
    cause = people.cause or str(people.batch.last_seq)
    if heirs:
        _join(app, heirs, cause, now)
    if people.recompute:
        _part(app, people.recompute, cause, now)


def _join(app: App, heirs: dict[int, int], cause: str, now: datetime) -> None:
    given = {"losers": list(heirs), "survivors": list(heirs.values())}
    if app.db.execute(SQL.wallets_of_losers, given).fetchone() is None:
        return
    survivors = sorted(set(heirs.values()))
    app.db.execute(SQL.ensure_wallets, {"customers": survivors})
    app.db.execute(SQL.lock_wallets, {"customers": sorted({*heirs, *survivors})})
    joined: dict[int, dict[str, int]] = defaultdict(lambda: dict.fromkeys(MEMBER_ACCOUNTS, 0))
    for survivor, *sums in app.db.execute(SQL.close_wallets, given):
        for account, points in zip(MEMBER_ACCOUNTS, sums, strict=True):
            joined[survivor][account] += points
    app.db.execute(SQL.move_lots, given)
    app.db.execute(SQL.move_entries, given)
    day = day_number(now, app.settings.zone)
    post_all(app, [Ordered(c, Settle(key=f"merge:{c}:{cause}", day=day)) for c in sorted(joined)], dict(joined))


def _part(app: App, customers: list[int], cause: str, now: datetime) -> None:
    affected = sorted(c for (c,) in app.db.execute(SQL.stray_entries, {"customers": customers}))
    if not affected:
        return
    app.db.execute(SQL.ensure_wallets, {"customers": affected})
    app.db.execute(SQL.lock_wallets, {"customers": affected})
    returned = app.db.execute(SQL.return_crossed, {"customers": affected, "note": SPLIT_NOTE}).fetchall()
    posted: dict[int, dict[str, int]] = {c: dict.fromkeys(MEMBER_ACCOUNTS, 0) for c in affected}
    for customer, account, points in app.db.execute(SQL.posted_sums, {"customers": affected}):
        posted[customer][account] = points
    held: dict[int, tuple[int, int]] = dict.fromkeys(affected, (0, 0))
    held |= {c: (a, p) for c, a, p in app.db.execute(SQL.lot_sums, {"customers": affected})}
    _adjust(app, affected, posted, held, returned, cause, now)
    _set_wallets(app, affected, held)


def _adjust(
    app: App,
    affected: list[int],
    posted: dict[int, dict[str, int]],
    held: dict[int, tuple[int, int]],
    returned: list[tuple[int, ...]],
    cause: str,
    now: datetime,
) -> None:
    """One entry a wallet: transfers that make the accounts equal to the lots, and the lots' returned points."""
    wanted = {c: {"available": held[c][0], "pending": held[c][1], "debt": 0} for c in affected}
    row = app.db.execute(SQL.new_ids, {"entries": len(affected), "lots": 0}).fetchone()
    assert row is not None
    entry_of = dict(zip(affected, row[0], strict=True))
    lines: list[tuple[int, int, str, str, int]] = []
    for customer in affected:
        for at, account in enumerate(MEMBER_ACCOUNTS):
            gap = wanted[customer][account] - posted[customer][account]
            if gap:
                source, target = ("adjustment", account) if gap > 0 else (account, "adjustment")
                lines.append((entry_of[customer], at, source, target, abs(gap)))
    day, at = day_number(now, app.settings.zone), now.isoformat()
    gained = {c: wanted[c]["available"] - posted[c]["available"] for c in affected}
    entries = [
        (id, f"split:{c}:{cause}", 0, "adjust", None, None, False, c, None, day, at, gained[c], 0, SPLIT_NOTE)
        for c, id in entry_of.items()
    ]
    copy(app.db, SQL.copy_entries, entries)
    copy(app.db, SQL.copy_transfers, lines)
    copy(app.db, SQL.copy_allocations, [(entry_of[customer], lot, -points) for lot, customer, points in returned])


def _set_wallets(app: App, affected: list[int], held: dict[int, tuple[int, int]]) -> None:
    books = {c: Book(lots=[]) for c in affected}
    for customer, lot in members_lots(app, affected):
        books[customer].lots.append(lot)
    wallets = {
        "customers": affected,
        "available": [held[c][0] for c in affected],
        "pending": [held[c][1] for c in affected],
        "debt": [0] * len(affected),
        "next_days": [loyalty.next_day(books[c]) for c in affected],
    }
    app.db.execute(SQL.set_wallets, wallets)
