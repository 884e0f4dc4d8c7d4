"""The rules of points, pure: a wallet's book and a command give the postings. Integers and whole days only.

Theory of operation. Points earned together are a lot: it starts on its active day, runs out on its expiry day, and
can be taken back as a whole or in part. A book is a wallet's lots and its debt; every balance follows from them, so a
balance is exact on any day whether or not a job has run. Each command first settles the book to its day (lots start,
debt is repaid, lots run out, in the order of days), then acts. What leaves one account arrives at another: members
have `available`, `pending` and `debt`; the program has `issued`, `redeemed`, `breakage` (ran out), `clawback` (taken
back), `forfeited` (left by the erased) and `adjustment`. Any points that become available, whatever the cause, repay
debt first: debt beside spendable points cannot exist.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from regulars.kit import dice

MEMBER_ACCOUNTS = ("available", "pending", "debt")
# Later than any day.
NO_END = 1 << 62
Policy = Literal["only_pending", "within_balance", "allow_debt"]


class Program(msgspec.Struct, frozen=True, kw_only=True):
    """The rules in force for new awards; what was awarded keeps the days it was given."""

    points_per_unit: int
    """Points for each whole unit of currency."""
    pending_days: int
    ttl_days: int | None
    """Days from the start to the end of a lot; None: never runs out."""
    returns: Policy
    """What is taken back when points of a returned order are spent already."""


PROGRAM = Program(points_per_unit=1, pending_days=0, ttl_days=365, returns="within_balance")


class Award(msgspec.Struct, frozen=True, kw_only=True):
    """Points for one line of an order (line '': the whole order)."""

    points: int
    line: str = ""
    basis_cents: int = 0


class Earn(msgspec.Struct, frozen=True, kw_only=True, tag="earn"):
    """Award points for `source` (an order)."""

    key: str
    day: int
    source: str
    awards: list[Award]
    pending_days: int = 0
    ttl_days: int | None = None
    seq: int | None = None


class Redeem(msgspec.Struct, frozen=True, kw_only=True, tag="redeem"):
    """Spend points, those that run out first before the others."""

    key: str
    day: int
    points: int
    seq: int | None = None


class Return(msgspec.Struct, frozen=True, kw_only=True, tag="return"):
    """Take back the recorded award of an order, of one line of it, or the part that `cents` of it were."""

    key: str
    day: int
    source: str
    line: str | None = None
    cents: int | None = None
    policy: Policy = "within_balance"
    seq: int | None = None


class Restore(msgspec.Struct, frozen=True, kw_only=True, tag="restore"):
    """Give back points of an earlier redemption: to the same lots, with the same days."""

    key: str
    day: int
    redemption: str
    points: int
    seq: int | None = None


class Adjust(msgspec.Struct, frozen=True, kw_only=True, tag="adjust"):
    """Points given by hand or by the program to set something right; they never run out."""

    key: str
    day: int
    points: int
    note: str
    seq: int | None = None


class Unearn(msgspec.Struct, frozen=True, kw_only=True, tag="unearn"):
    """Take back a whole award whose event was withdrawn: the lots `lots`, as if they had never been earned."""

    key: str
    day: int
    undoes: str
    """Key of the entry that awarded them."""
    lots: list[int]
    seq: int | None = None


class Unreturn(msgspec.Struct, frozen=True, kw_only=True, tag="unreturn"):
    """Give back what a return took whose event was withdrawn. `cents`: what its order's other returns come to."""

    key: str
    day: int
    undoes: str
    """Key of the entry that took them."""
    source: str
    cents: int
    taken: list[tuple[int, int]]
    """(lot, points) as the return took them."""
    seq: int | None = None


class Forfeit(msgspec.Struct, frozen=True, kw_only=True, tag="forfeit"):
    """Give up all that she has and is to have, and what she owes: she is erased, and the books go on without her."""

    key: str
    day: int
    seq: int | None = None


class Settle(msgspec.Struct, frozen=True, kw_only=True, tag="settle"):
    """Post what the days have done to the lots; balances are exact without it."""

    key: str
    day: int
    seq: int | None = None


Command = Earn | Redeem | Return | Restore | Adjust | Unearn | Unreturn | Forfeit | Settle


class Lot(msgspec.Struct, kw_only=True):
    """Points earned together. `id` is None until it is stored."""

    id: int | None
    source: str
    line: str
    points: int
    left: int
    earned_day: int
    active_day: int
    expires_day: int | None
    started: bool = False
    basis_cents: int = 0
    returned: int = 0
    """Reversed so far, taken back or waived."""
    returned_cents: int = 0
    expired: int = 0
    seq: int | None = None


class Balance(msgspec.Struct, frozen=True, kw_only=True):
    """What a member has."""

    available: int
    pending: int
    debt: int


class Book(msgspec.Struct, kw_only=True):
    """A wallet with its lots in the order of their ids. Planning works on a copy."""

    lots: list[Lot]
    debt: int = 0

    def balance(self) -> Balance:
        """As far as it is settled."""
        return Balance(
            available=sum(lot.left for lot in self.lots if lot.started),
            pending=sum(lot.left for lot in self.lots if not lot.started),
            debt=self.debt,
        )


class Plan(msgspec.Struct, kw_only=True):
    """The book as it will be, and everything that must be written. `refused` set: nothing must be."""

    book: Book
    transfers: list[tuple[str, str, int]] = []
    taken: list[tuple[Lot, int]] = []
    """Allocations: points taken from a lot; negative: given back to it."""
    answer: int = 0
    waived: int = 0
    refused: str | None = None

    def move(self, source: str, target: str, points: int) -> None:
        """Post points from one account to another."""
        if points:
            self.transfers.append((source, target, points))

    def take(self, lot: Lot, points: int) -> None:
        """Take points out of a lot and remember from which."""
        if points:
            lot.left -= points
            self.taken.append((lot, points))


def body_hash(command: Command) -> int:
    """What the key is bound to: everything of the command but the day it arrived and the record it came with."""
    return dice.hash64(msgspec.json.encode(msgspec.structs.replace(command, key="", day=0, seq=None)).decode())


def on_day(book: Book, day: int) -> Balance:
    """The exact balance on a day, whatever has been posted."""
    plan = _opened(book)
    settle(plan, day)
    return plan.book.balance()


def next_day(book: Book) -> int | None:
    """First day on which a lot starts or runs out; None: never."""
    first: int | None = None
    for lot in book.lots:
        if lot.left:
            day = lot.expires_day if lot.started else lot.active_day
            if day is not None and (first is None or day < first):
                first = day
    return first


def plan(book: Book, command: Command, redemption: list[tuple[int, int]] | None = None) -> Plan:
    """What this command does to this book.

    `redemption`, for Restore only: (lot id, points) taken by it and not given back yet, in the order they were taken.
    """
    work = _opened(book)
    if book.lots:
        settle(work, command.day)
    match command:
        case Earn():
            _earn(work, command)
        case Redeem():
            _redeem(work, command)
        case Return():
            _return(work, command)
        case Restore():
            _restore(work, command, redemption or [])
        case Unearn():
            for lot in [lot for lot in work.book.lots if lot.id in command.lots]:
                _take_back(work, lot, lot.points - lot.returned, "within_balance")
        case Unreturn():
            _unreturn(work, command)
        case Adjust():
            lot = _lot("adjustment", Award(points=command.points), command.day, 0, None, command.seq)
            _credit(work, lot, "adjustment", command.points)
            work.answer = command.points
        case Forfeit():
            _forfeit(work)
        case Settle():
            pass
    if work.refused:
        return Plan(book=book, refused=work.refused)
    return work


def settle(work: Plan, day: int) -> None:
    """Let lots start and run out up to `day`, in the order of days; on one day, ends before starts.

    Of lots that start on one day, the one to be spent first starts first: it is the one that repays a debt.
    """
    due: list[tuple[int, int, tuple[int, int, int], Lot]] = []
    for at, lot in enumerate(work.book.lots):
        if lot.left and not lot.started and lot.active_day <= day:
            due.append((lot.active_day, 1, _turn(lot, at), lot))
        if lot.left and lot.expires_day is not None and lot.expires_day <= day:
            due.append((lot.expires_day, 0, _turn(lot, at), lot))
    for _, starts, _, lot in sorted(due, key=lambda one: one[:3]):
        if starts:
            work.move("pending", "available", lot.left)
            lot.started = True
            _repay(work, lot)
        elif lot.left:
            work.move("available", "breakage", lot.left)
            lot.expired += lot.left
            work.take(lot, lot.left)
    for lot in _spendable(work.book) if work.book.debt else []:
        # Only where two wallets became one: one brought the points, the other the debt.
        _repay(work, lot)


def _opened(book: Book) -> Plan:
    return Plan(
        book=Book(lots=[msgspec.structs.replace(lot) for lot in book.lots], debt=book.debt), transfers=[], taken=[]
    )


def _lot(source: str, award: Award, day: int, pending_days: int, ttl_days: int | None, seq: int | None) -> Lot:
    starts = day + pending_days
    return Lot(
        id=None,
        source=source,
        line=award.line,
        points=award.points,
        left=0,
        earned_day=day,
        active_day=starts,
        expires_day=None if ttl_days is None else starts + ttl_days,
        started=pending_days == 0,
        basis_cents=award.basis_cents,
        seq=seq,
    )


def _earn(work: Plan, command: Earn) -> None:
    for award in command.awards:
        if award.points > 0:
            lot = _lot(command.source, award, command.day, command.pending_days, command.ttl_days, command.seq)
            _credit(work, lot, "issued", award.points)
            work.answer += award.points


def _credit(work: Plan, lot: Lot, account: str, points: int) -> None:
    """Open a lot with points from a program account."""
    lot.left = points
    work.book.lots.append(lot)
    work.move(account, "available" if lot.started else "pending", points)
    if lot.started and work.book.debt:
        _repay(work, lot)


def _repay(work: Plan, lot: Lot) -> None:
    points = min(work.book.debt, lot.left)
    work.move("available", "debt", points)
    work.take(lot, points)
    work.book.debt -= points


def _spendable(book: Book) -> list[Lot]:
    """What can be spent, in the order it is spent."""
    started = [(at, lot) for at, lot in enumerate(book.lots) if lot.started and lot.left]
    return [lot for _, lot in sorted(started, key=lambda one: _turn(one[1], one[0]))]


def _turn(lot: Lot, at: int) -> tuple[int, int, int]:
    """Earliest end first, those without end last; then the earlier earned, then the earlier stored."""
    return (NO_END if lot.expires_day is None else lot.expires_day, lot.earned_day, at)


def _redeem(work: Plan, command: Redeem) -> None:
    available = work.book.balance().available
    if command.points <= 0 or command.points > available:
        work.refused = f"{command.points} points were asked for and {available} are there"
        return
    _spend(work, command.points, _spendable(work.book), "redeemed")
    work.answer = command.points


def _spend(work: Plan, points: int, lots: list[Lot], account: str) -> int:
    """Take up to `points` from the lots in order; gives how many were found."""
    open_points = points
    for lot in lots:
        if not open_points:
            break
        part = min(open_points, lot.left)
        work.take(lot, part)
        open_points -= part
    work.move("available", account, points - open_points)
    return points - open_points


def _return(work: Plan, command: Return) -> None:
    """The recorded award is reversed, never today's rule; what ran out already is not taken twice."""
    cents = command.cents
    for lot in [lot for lot in work.book.lots if lot.source == command.source]:
        if command.line is not None and lot.line != command.line:
            continue
        back = lot.points - lot.returned
        if cents is not None:
            part = min(cents, lot.basis_cents - lot.returned_cents)
            lot.returned_cents += part
            cents -= part
            kept = lot.basis_cents - lot.returned_cents
            # Rounded in her favor for each part, exact once everything is back.
            back = min(back, lot.points - _ceil_share(lot.points, kept, lot.basis_cents) - lot.returned)
        if back > 0:
            _take_back(work, lot, back, command.policy)


def _ceil_share(points: int, kept: int, basis: int) -> int:
    return -(-points * kept // basis) if basis else 0


def _take_back(work: Plan, lot: Lot, back: int, policy: Policy) -> None:
    # Parts of this lot that ran out count as taken last: those points are gone already.
    lasted = lot.points - lot.expired
    gone = max(0, lot.returned + back - lasted) - max(0, lot.returned - lasted)
    lot.returned += back
    owed = back - gone
    if not lot.started:
        part = min(owed, lot.left)
        work.move("pending", "clawback", part)
        work.take(lot, part)
        work.answer += part
        owed -= part
    elif policy != "only_pending":
        lots = [lot] if lot.left else []
        if lot.left < owed:
            lots += [other for other in _spendable(work.book) if other is not lot]
        part = _spend(work, owed, lots, "clawback")
        work.answer += part
        owed -= part
    if policy == "allow_debt" and owed:
        work.move("debt", "clawback", owed)
        work.book.debt += owed
        work.answer += owed
        owed = 0
    work.waived += owed


def _restore(work: Plan, command: Restore, redemption: list[tuple[int, int]]) -> None:
    if command.points <= 0 or command.points > sum(points for _, points in redemption):
        work.refused = f"{command.points} points are more than was redeemed there and not yet given back"
        return
    lots = {lot.id: lot for lot in work.book.lots}
    open_points = command.points
    # Last taken, first back: a part given back is then the part that runs out last.
    for id, points in reversed(redemption):
        part = min(open_points, points)
        if part:
            _give_back(work, lots[id], part, command.day)
            open_points -= part
    work.answer = command.points


def _unreturn(work: Plan, command: Unreturn) -> None:
    """The lots of the order are returned as far as its other returns say; what this one took goes back to its lots."""
    cents = command.cents
    for lot in [lot for lot in work.book.lots if lot.source == command.source]:
        lot.returned_cents = min(cents, lot.basis_cents)
        cents -= lot.returned_cents
        lot.returned = lot.points - _ceil_share(lot.points, lot.basis_cents - lot.returned_cents, lot.basis_cents)
    lots = {lot.id: lot for lot in work.book.lots}
    for id, points in command.taken:
        if id in lots:
            _give_back(work, lots[id], points, command.day, "clawback")
            work.answer += points


def _forfeit(work: Plan) -> None:
    for lot in work.book.lots:
        work.move("available" if lot.started else "pending", "forfeited", lot.left)
        work.answer += lot.left
        work.take(lot, lot.left)
    work.move("adjustment", "debt", work.book.debt)
    work.book.debt = 0


def _give_back(work: Plan, lot: Lot, points: int, day: int, account: str = "redeemed") -> None:
    if not lot.started:
        work.move(account, "pending", points)
        work.take(lot, -points)
        return
    work.move(account, "available", points)
    work.take(lot, -points)
    if lot.expires_day is not None and lot.expires_day <= day:
        # The lot is over: no redemption turns points that run out into points that do not.
        work.move("available", "breakage", points)
        lot.expired += points
        work.take(lot, points)
        return
    _repay(work, lot)
