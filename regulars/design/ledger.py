"""Points in the database: commands of a whole batch planned in memory under the members' locks, written at once.

The order is always: make sure the wallets are there, lock them by id, look up keys, read lots afresh, plan, write. A
wait for the lock inside one statement would not refresh what that statement sees; a read after it does.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import Any

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
from regulars.store.rows import array, copy, quoted

SQL = queries("regulars.design")
# Wallets settled in one tick; the next tick takes the others. Balances do not depend on it.
SETTLE_LIMIT = 5_000
WITHDRAWN_NOTE = "the event it came from was withdrawn"
# The book of whoever only earns: what is in it does not matter, and no plan changes the book it is given.
UNREAD = Book(lots=[])


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
    opened: dict[int, Lot] = {}
    """New lots by provisional id (below zero); where there is a whole book, the lot in it is the newer one."""
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
    known = {k: rest for k, *rest in app.db.execute(SQL.known_keys, {"keys": quoted(o.command.key for o in orders)})}
    receipts = [_carry_out(app, session, order, known) for order in orders]
    _write(app, session)
    return receipts


def _open(app: App, customers: list[int], whole: set[int], joined: dict[int, dict[str, int]]) -> Session:
    app.db.execute(SQL.ensure_wallets, {"customers": array(customers)})
    debts = {c: debt for c, debt, _ in app.db.execute(SQL.lock_wallets, {"customers": array(customers)})}
    for customer, brought in joined.items():
        debts[customer] = debts.get(customer, 0) + brought["debt"]
    books = {c: Book(lots=[], debt=debts[c]) for c in customers if c in whole or debts[c]}
    session = Session(books=books, before={}, plans=[], opened={}, owner={}, next_days={}, delta={}, bounds={})
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
    return [(row[0], _lot(row)) for row in app.db.execute(SQL.lots, {"customers": array(customers)})]


def _lot(row: tuple[Any, ...]) -> Lot:
    return Lot(
        id=row[1],
        source=row[2],
        line=row[3],
        points=row[4],
        left=row[5],
        earned_day=row[6],
        active_day=row[7],
        expires_day=row[8],
        started=row[9],
        basis_cents=row[10],
        returned=row[11],
        returned_cents=row[12],
        expired=row[13],
        seq=row[14],
    )


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
    plan = loyalty.plan(book or UNREAD, command, redemption)
    if plan.refused:
        return Receipt(refused=plan.refused)
    _keep(session, order, plan, book)
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


def _keep(session: Session, order: Ordered, plan: Plan, book: Book | None) -> None:
    customer = order.customer
    fresh: list[int] = []
    # A plan appends what it opens to the lots it was given.
    for lot in plan.book.lots[len(book.lots) :] if book else plan.book.lots:
        # Provisional: later plans of this batch refer to it before the database has numbered it.
        lot.id = -1 - len(session.owner)
        session.owner[lot.id] = customer
        session.opened[lot.id] = lot
        fresh.append(lot.id)
    session.plans.append((order, plan, fresh))
    delta = session.delta[customer]
    for source, target, points in plan.transfers:
        # Debt is what the member owes: points that reach the account make it smaller.
        if source in delta:
            delta[source] += points if source == "debt" else -points
        if target in delta:
            delta[target] += -points if target == "debt" else points
    if book:
        session.books[customer] = plan.book
        # Known once the last command has left its book.
        session.next_days[customer] = None
    else:
        day = loyalty.next_day(plan.book)
        seen = session.next_days.get(customer)
        session.next_days[customer] = day if seen is None else min(seen, day or seen)


def _write(app: App, session: Session) -> None:
    plans = session.plans
    if plans:
        row = app.db.execute(SQL.new_ids, {"entries": len(plans), "lots": len(session.owner)}).fetchone()
        assert row is not None
        numbers = dict(zip(session.owner, row[1], strict=True))
        _write_entries(app, session, row[0])
        _write_lots(app, session, dict(_openers(plans, row[0])), numbers)
        _write_allocations(app, plans, row[0], numbers)
    for customer in session.books.keys() & session.next_days.keys():
        session.next_days[customer] = loyalty.next_day(session.books[customer])
    moved = [c for c, delta in session.delta.items() if c in session.next_days or any(delta.values())]
    if moved:
        wallets = {a: array(session.delta[c][a] for c in moved) for a in MEMBER_ACCOUNTS}
        wallets["customers"] = array(moved)
        wallets["next_days"] = array(session.next_days.get(c) for c in moved)
        wallets["whole"] = array(c in session.books and c in session.next_days for c in moved)
        app.db.execute(SQL.move_wallets, wallets)


def _openers(plans: list[tuple[Ordered, Plan, list[int]]], entries: list[int]) -> list[tuple[int, int]]:
    return [(lot, entry) for (_, _, opened), entry in zip(plans, entries, strict=True) for lot in opened]


def _write_entries(app: App, session: Session, ids: list[int]) -> None:
    now = app.clock.now().isoformat()
    plans = list(zip(ids, session.plans, strict=True))
    entries = (_entry(id, order, plan, session.bounds[order.command.key], now) for id, (order, plan, _) in plans)
    copy(app.db, SQL.copy_entries, entries)
    lines = [(id, at, *transfer) for id, (_, plan, _) in plans for at, transfer in enumerate(plan.transfers)]
    if lines:
        copy(app.db, SQL.copy_transfers, lines)


def _entry(id: int, order: Ordered, plan: Plan, bound: int, now: str) -> tuple[object, ...]:
    command = order.command
    kind = type(command).__name__.lower()
    source, cents, parked, note = None, None, False, ""
    match command:
        case Earn():
            source = command.source
        case Return():
            source, cents, parked = command.source, command.cents, not _has(plan, command.source)
        case Restore():
            source = command.redemption
        case Adjust():
            note = command.note
        case loyalty.Unearn() | loyalty.Unreturn():
            source, note = command.undoes, WITHDRAWN_NOTE
        case _:
            pass
    who, seq, day = order.customer, command.seq, command.day
    return id, command.key, bound, kind, source, cents, parked, who, seq, day, now, plan.answer, plan.waived, note


def _has(plan: Plan, source: str) -> bool:
    return any(lot.source == source for lot in plan.book.lots)


def _write_lots(app: App, session: Session, entries: dict[int, int], numbers: dict[int, int]) -> None:
    changed: list[Lot] = []
    for book in session.books.values():
        for lot in book.lots:
            assert lot.id is not None
            if lot.id < 0:
                session.opened[lot.id] = lot
            elif lot != session.before[lot.id]:
                changed.append(lot)
    if session.owner:
        new = ((numbers[id], customer, entries[id], session.opened[id]) for id, customer in session.owner.items())
        copy(app.db, SQL.copy_lots, (_lot_row(*one) for one in new))
    if changed:
        given = {
            "ids": array(lot.id for lot in changed),
            "left": array(lot.left for lot in changed),
            "returned": array(lot.returned for lot in changed),
            "returned_cents": array(lot.returned_cents for lot in changed),
            "expired": array(lot.expired for lot in changed),
            "started": array(lot.started for lot in changed),
        }
        app.db.execute(SQL.update_lots, given)


def _lot_row(id: int, customer: int, entry: int, lot: Lot) -> tuple[object, ...]:
    held = lot.basis_cents, lot.points, lot.left, lot.returned, lot.returned_cents, lot.expired, lot.started
    return id, customer, entry, lot.seq, lot.source, lot.line, *held, lot.earned_day, lot.active_day, lot.expires_day


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
        copy(app.db, SQL.copy_allocations, rows)


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
    for customer, debt in app.db.execute(SQL.wallets, {"customers": array(customers)}):
        books[customer].debt = debt
    for customer, lot in members_lots(app, customers):
        books[customer].lots.append(lot)
    return {c: loyalty.on_day(book, today) for c, book in books.items()}


def statement(app: App, customer: int, limit: int = 50) -> list[EntryRow]:
    """A member's points as lines, newest first."""
    rows = app.db.execute(SQL.entries_of, {"customer": customer, "limit": limit})
    names = EntryRow.__struct_fields__
    return [EntryRow(**dict(zip(names, row, strict=True))) for row in rows]
