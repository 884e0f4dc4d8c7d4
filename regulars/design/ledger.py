"""Points in the database: commands of a whole batch planned in memory under the members' locks, written at once.

The order is always: make sure the wallets are there, lock them by id, look up keys, read lots afresh, plan, write. A
wait for the lock inside one statement would not refresh what that statement sees; a read after it does.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime

import msgspec

from regulars.app import App
from regulars.design import loyalty
from regulars.design.errors import LedgerConflict
from regulars.design.loyalty import (
    MEMBER_ACCOUNTS,
    Adjust,
    Balance,
    Book,
    Command,
    Earn,
    Lot,
    Plan,
    Restore,
    Return,
    Settle,
)
from regulars.kit.clock import day_number
from regulars.store import queries

SQL = queries("regulars.design")
# Wallets settled in one tick; the next tick takes the others. Balances do not depend on it.
SETTLE_LIMIT = 5_000


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a command. `refused` says why nothing was posted; `repeated`: it had been posted before."""

    answer: int = 0
    waived: int = 0
    repeated: bool = False
    refused: str | None = None


class EntryRow(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a member's statement."""

    id: int
    kind: str
    source: str
    day: int
    points: int
    waived: int
    note: str


class Ordered(msgspec.Struct, frozen=True):
    """A command for one member."""

    customer: int
    command: Command


class Session(msgspec.Struct, kw_only=True):
    """What one call of `post_all` reads and gathers. `delta` and `plans` become rows at its end."""

    books: dict[int, Book]
    """Whole books, for members where that matters; the others only earn."""
    before: dict[int, Lot]
    plans: list[tuple[Ordered, Plan, list[int]]] = []
    """With the provisional ids of the lots it opened."""
    latest: dict[int, Lot] = {}
    """Every lot of the books as it is after all plans, and new ones, by id (provisional ones below zero)."""
    owner: dict[int, int] = {}
    next_days: dict[int, int | None] = {}
    delta: dict[int, dict[str, int]] = {}
    bounds: dict[str, int] = {}
    """What each new key is bound to."""


def post(app: App, customer: int, command: Command) -> Receipt:
    """Carry out one command once, however often it comes. Raises LedgerConflict if its key came with another body."""
    return post_all(app, [Ordered(customer, command)])[0]


def post_all(app: App, orders: list[Ordered], joined: dict[int, dict[str, int]] | None = None) -> list[Receipt]:
    """Carry out commands in their order with a constant number of statements.

    `joined`: what wallets that went up in these brought along, by member and account.
    """
    if not orders:
        return []
    whole = {o.customer for o in orders if not isinstance(o.command, Earn)} | set(joined or {})
    session = _open(app, sorted({o.customer for o in orders}), whole, joined or {})
    known = {k: rest for k, *rest in app.db.execute(SQL.known_keys, {"keys": [o.command.key for o in orders]})}
    receipts = [_carry_out(app, session, order, known) for order in orders]
    _write(app, session)
    return receipts


def _open(app: App, customers: list[int], whole: set[int], joined: dict[int, dict[str, int]]) -> Session:
    app.db.execute(SQL.ensure_wallets, {"customers": customers})
    debts = {c: debt for c, debt, _ in app.db.execute(SQL.lock_wallets, {"customers": customers})}
    for customer, brought in joined.items():
        debts[customer] = debts.get(customer, 0) + brought["debt"]
    books = {c: Book(lots=[], debt=debts[c]) for c in customers if c in whole or debts[c]}
    session = Session(books=books, before={}, plans=[], latest={}, owner={}, next_days={}, delta={}, bounds={})
    for customer, lot in members_lots(app, list(books)):
        assert lot.id is not None
        books[customer].lots.append(lot)
        session.before[lot.id] = lot
    session.delta = {c: dict(joined.get(c) or dict.fromkeys(MEMBER_ACCOUNTS, 0)) for c in customers}
    return session


def members_lots(app: App, customers: list[int]) -> list[tuple[int, Lot]]:
    """The lots of these members with their owner, in the order of ids; read after the lock, as things stand."""
    if not customers:
        return []
    rows = app.db.execute(SQL.lots, {"customers": customers})
    names = ("id", "source", "line", "points", "left", "earned_day", "active_day", "expires_day", "started")
    names += ("basis_cents", "returned", "returned_cents", "expired", "seq")
    return [(customer, Lot(**dict(zip(names, rest, strict=True)))) for customer, *rest in rows]


def _carry_out(app: App, session: Session, order: Ordered, known: dict[str, list[int]]) -> Receipt:
    command, bound = order.command, loyalty.body_hash(order.command)
    if command.key in known:
        was, answer, waived = known[command.key]
        if was != bound:
            raise LedgerConflict(
                f"The key '{command.key}' was used for another command",
                "Use a new key for each thing that happens once",
            )
        return Receipt(answer=answer, waived=waived, repeated=True)
    book = session.books.get(order.customer)
    redemption = _redemption(app, order.customer, command) if isinstance(command, Restore) else None
    plan = loyalty.plan(book or Book(lots=[]), command, redemption)
    if plan.refused:
        return Receipt(refused=plan.refused)
    _keep(session, order, plan, book is not None)
    known[command.key] = [bound, plan.answer, plan.waived]
    session.bounds[command.key] = bound
    return Receipt(answer=plan.answer, waived=plan.waived)


def _redemption(app: App, customer: int, command: Restore) -> list[tuple[int, int]]:
    rows = app.db.execute(SQL.redemption, {"key": command.redemption, "customer": customer}).fetchall()
    given_back = rows[0][2] if rows else 0
    left: list[tuple[int, int]] = []
    for lot, points, _ in reversed(rows):
        gone = min(given_back, points)
        given_back -= gone
        left.append((lot, points - gone))
    return left[::-1]


def _keep(session: Session, order: Ordered, plan: Plan, whole: bool) -> None:
    customer = order.customer
    opened: list[int] = []
    for lot in plan.book.lots:
        if lot.id is None:
            # Provisional: later plans of this batch refer to it before the database has numbered it.
            lot.id = -1 - len(session.owner)
            session.owner[lot.id] = customer
            opened.append(lot.id)
        session.latest[lot.id] = lot
    session.plans.append((order, plan, opened))
    delta = session.delta[customer]
    for source, target, points in plan.transfers:
        # Debt is what the member owes: points that reach the account make it smaller.
        if source in delta:
            delta[source] += points if source == "debt" else -points
        if target in delta:
            delta[target] += -points if target == "debt" else points
    if whole:
        session.books[customer] = plan.book
    day = loyalty.next_day(plan.book)
    seen = session.next_days.get(customer)
    session.next_days[customer] = day if whole or seen is None else min(seen, day or seen)


def _write(app: App, session: Session) -> None:
    plans = session.plans
    if plans:
        row = app.db.execute(SQL.new_ids, {"entries": len(plans), "lots": len(session.owner)}).fetchone()
        assert row is not None
        numbers = dict(zip(session.owner, row[1], strict=True))
        _write_entries(app, session, row[0])
        _write_lots(app, session, dict(_openers(plans, row[0])), numbers)
        _write_allocations(app, plans, row[0], numbers)
    moved = [c for c, delta in session.delta.items() if c in session.next_days or any(delta.values())]
    if moved:
        wallets: dict[str, list[object]] = {a: [session.delta[c][a] for c in moved] for a in MEMBER_ACCOUNTS}
        wallets["customers"] = list(moved)
        wallets["next_days"] = [session.next_days.get(c) for c in moved]
        wallets["whole"] = [c in session.books and c in session.next_days for c in moved]
        app.db.execute(SQL.move_wallets, wallets)


def _openers(plans: list[tuple[Ordered, Plan, list[int]]], entries: list[int]) -> list[tuple[int, int]]:
    return [(lot, entry) for (_, _, opened), entry in zip(plans, entries, strict=True) for lot in opened]


def _write_entries(app: App, session: Session, ids: list[int]) -> None:
    plans = session.plans
    commands = [order.command for order, _, _ in plans]
    entries = {
        "ids": ids,
        "keys": [c.key for c in commands],
        "hashes": [session.bounds[c.key] for c in commands],
        "kinds": [type(c).__name__.lower() for c in commands],
        "sources": [c.redemption if isinstance(c, Restore) else getattr(c, "source", None) for c in commands],
        "cents": [getattr(c, "cents", None) for c in commands],
        "parked": [isinstance(o.command, Return) and not _has(plan, o.command.source) for o, plan, _ in plans],
        "customers": [order.customer for order, _, _ in plans],
        "seqs": [c.seq for c in commands],
        "days": [c.day for c in commands],
        "answers": [plan.answer for _, plan, _ in plans],
        "waived": [plan.waived for _, plan, _ in plans],
        "notes": [c.note if isinstance(c, Adjust) else "" for c in commands],
        "now": app.clock.now(),
    }
    app.db.execute(SQL.insert_entries, entries)
    lines = [(id, at, *t) for id, (_, plan, _) in zip(ids, plans, strict=True) for at, t in enumerate(plan.transfers)]
    if lines:
        names = ("entries", "lines", "sources", "targets", "points")
        app.db.execute(SQL.insert_transfers, dict(zip(names, map(list, zip(*lines, strict=True)), strict=True)))


def _has(plan: Plan, source: str) -> bool:
    return any(lot.source == source for lot in plan.book.lots)


def _write_lots(app: App, session: Session, entries: dict[int, int], numbers: dict[int, int]) -> None:
    new = [(id, session.latest[id]) for id in session.owner]
    if new:
        opened: dict[str, list[object]] = {
            "ids": [numbers[id] for id, _ in new],
            "customers": [session.owner[id] for id, _ in new],
            "entries": [entries[id] for id, _ in new],
            "seqs": [lot.seq for _, lot in new],
            "sources": [lot.source for _, lot in new],
            "lines": [lot.line for _, lot in new],
            "basis": [lot.basis_cents for _, lot in new],
            "points": [lot.points for _, lot in new],
            "earned": [lot.earned_day for _, lot in new],
            "active": [lot.active_day for _, lot in new],
            "expires": [lot.expires_day for _, lot in new],
        }
        app.db.execute(SQL.insert_lots, opened | _changing([lot for _, lot in new]))
    changed = [lot for id, lot in session.latest.items() if id > 0 and lot != session.before[id]]
    if changed:
        app.db.execute(SQL.update_lots, {"ids": [lot.id for lot in changed]} | _changing(changed))


def _changing(lots: list[Lot]) -> dict[str, list[object]]:
    return {
        "left": [lot.left for lot in lots],
        "returned": [lot.returned for lot in lots],
        "returned_cents": [lot.returned_cents for lot in lots],
        "expired": [lot.expired for lot in lots],
        "started": [lot.started for lot in lots],
    }


def _write_allocations(
    app: App, plans: list[tuple[Ordered, Plan, list[int]]], entries: list[int], numbers: dict[int, int]
) -> None:
    # Taken and given back within one command cancel out.
    net: dict[tuple[int, int], int] = defaultdict(int)
    for (_, plan, _), entry in zip(plans, entries, strict=True):
        for lot, points in plan.taken:
            assert lot.id is not None
            net[entry, numbers.get(lot.id, lot.id)] += points
    rows = [(entry, lot, points) for (entry, lot), points in net.items() if points]
    if rows:
        names = ("entries", "lots", "points")
        app.db.execute(SQL.insert_allocations, dict(zip(names, map(list, zip(*rows, strict=True)), strict=True)))


def settle_due(app: App, now: datetime) -> int:
    """Post starts and ends of lots up to today, for at most SETTLE_LIMIT wallets; gives how many."""
    day = day_number(now, app.settings.zone)
    due = [c for (c,) in app.db.execute(SQL.due_wallets, {"day": day, "limit": SETTLE_LIMIT})]
    post_all(app, [Ordered(c, Settle(key=f"settle:{c}:{day}", day=day)) for c in due])
    return len(due)


def balance(app: App, customer: int, day: int | None = None) -> Balance:
    """What a member has on a day (today if None), exact whether or not anything has been posted for it."""
    return balances(app, [customer], day)[customer]


def balances(app: App, customers: list[int], day: int | None = None) -> dict[int, Balance]:
    """The same for many members."""
    today = day_number(app.clock.now(), app.settings.zone) if day is None else day
    books = {c: Book(lots=[]) for c in customers}
    for customer, debt in app.db.execute(SQL.wallets, {"customers": customers}):
        books[customer].debt = debt
    for customer, lot in members_lots(app, customers):
        books[customer].lots.append(lot)
    return {c: loyalty.on_day(book, today) for c, book in books.items()}


def statement(app: App, customer: int, limit: int = 50) -> list[EntryRow]:
    """A member's points as lines, newest first."""
    rows = app.db.execute(SQL.entries_of, {"customer": customer, "limit": limit})
    names = EntryRow.__struct_fields__
    return [EntryRow(**dict(zip(names, row, strict=True))) for row in rows]
