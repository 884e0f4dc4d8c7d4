"""The planner against an oracle that knows nothing of lots as sums: every point is one item with its own fate."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import example, given, settings
from hypothesis import strategies as st

from regulars.design import Award, Balance, Earn, Redeem, Restore, Return
from regulars.design.loyalty import Book, Command, Lot, on_day, plan

NEVER = 10**9


@dataclass
class Point:
    """One point: when it counts, and where it is ('free', 'spent', 'gone', 'back')."""

    lot: int
    source: str
    starts: int
    ends: int
    earned: int
    place: str = "free"
    spent_by: str = ""


class Oracle:
    """Slow and obvious: walks day by day and point by point."""

    def __init__(self) -> None:
        self.points: list[Point] = []
        self.returned: dict[int, int] = {}
        self.debt = 0
        self.day = -1

    def move_to(self, day: int) -> None:
        while self.day < day:
            self.day += 1
            for point in self.points:
                if point.place == "free" and point.ends <= self.day:
                    point.place = "gone"
            self._repay()

    def _repay(self) -> None:
        for point in self._free():
            if self.debt:
                point.place, self.debt = "spent", self.debt - 1

    def _free(self) -> list[Point]:
        free = [p for p in self.points if p.place == "free" and p.starts <= self.day]
        return sorted(free, key=lambda p: (p.ends, p.earned, p.lot))

    def earn(self, source: str, points: int, pending: int, ttl: int | None) -> None:
        starts = self.day + pending
        lot = len(self.returned)
        self.returned[lot] = 0
        self.points += [Point(lot, source, starts, starts + ttl if ttl else NEVER, self.day) for _ in range(points)]
        self._repay()

    def redeem(self, key: str, points: int) -> bool:
        free = self._free()
        if points > len(free):
            return False
        for point in free[:points]:
            point.place, point.spent_by = "spent", key
        return True

    def give_back(self, source: str) -> None:
        for lot in self.returned:
            mine = [p for p in self.points if p.lot == lot and p.source == source]
            if not mine or self.returned[lot]:
                continue
            self.returned[lot] = 1
            owed = sum(p.place != "gone" for p in mine)
            if mine[0].starts > self.day:
                for point in mine:
                    point.place = "back"
                continue
            for point in ([p for p in mine if p.place == "free"] + [p for p in self._free() if p.lot != lot])[:owed]:
                point.place, owed = "back", owed - 1
            self.debt += owed

    def balance(self) -> Balance:
        free = [p for p in self.points if p.place == "free"]
        started = sum(p.starts <= self.day for p in free)
        return Balance(available=started, pending=len(free) - started, debt=self.debt)


steps = st.lists(
    st.one_of(
        st.tuples(st.just("earn"), st.integers(1, 6), st.sampled_from([0, 0, 3]), st.sampled_from([None, 2, 5, 20])),
        st.tuples(st.just("redeem"), st.integers(1, 8)),
        st.tuples(st.just("return"), st.integers(0, 5)),
        st.tuples(st.just("days"), st.integers(1, 8)),
    ),
    max_size=25,
)


def numbered(book: Book) -> Book:
    """Ids as the database would give them."""
    for at, lot in enumerate(book.lots):
        lot.id = at + 1
    return book


TWO_START_INTO_A_DEBT = [
    *[("earn", 1, 0, None)] * 3,
    ("redeem", 3),
    ("return", 0),
    ("earn", 1, 3, None),
    ("earn", 1, 3, 2),
    ("days", 5),
]


@settings(max_examples=300, deadline=None)
@example(TWO_START_INTO_A_DEBT)
@given(steps)
def test_any_history_gives_the_balance_that_counting_point_by_point_gives(history: list[tuple]) -> None:
    book, oracle, day = Book(lots=[]), Oracle(), 0
    oracle.move_to(0)
    for n, step in enumerate(history):
        command: Command | None = None
        match step:
            case ("days", days):
                day += days
                oracle.move_to(day)
            case ("earn", points, pending, ttl):
                award = [Award(points=points)]
                command = Earn(key=f"{n}", day=day, source=f"o{n}", awards=award, pending_days=pending, ttl_days=ttl)
                oracle.earn(f"o{n}", points, pending, ttl)
            case ("redeem", points):
                command = Redeem(key=f"{n}", day=day, points=points)
                granted = oracle.redeem(f"{n}", points)
                assert granted is (plan(book, command).refused is None)
            case ("return", which):
                command = Return(key=f"{n}", day=day, source=f"o{which}", policy="allow_debt")
                oracle.give_back(f"o{which}")
        if command is not None:
            book = numbered(plan(book, command).book)
        assert on_day(book, day) == oracle.balance(), step


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 100), st.lists(st.integers(1, 3_000), min_size=1, max_size=8))
def test_parts_of_an_order_taken_back_add_up_to_its_award(points: int, parts: list[int]) -> None:
    basis = sum(parts)
    lot = Lot(
        id=1, source="o", line="", points=points, left=points, earned_day=0, active_day=0, expires_day=None,
        started=True, basis_cents=basis,
    )  # fmt: skip
    book, taken = Book(lots=[lot]), 0

    for n, cents in enumerate(parts):
        step = plan(book, Return(key=f"{n}", day=0, source="o", cents=cents))
        book, taken = step.book, taken + step.answer

    assert taken == points


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(1, 30), min_size=1, max_size=4), st.data())
def test_what_a_refund_gives_back_runs_out_when_it_would_have(ends: list[int], data: st.DataObject) -> None:
    book = Book(lots=[])
    for n, ttl in enumerate(ends):
        earn = Earn(key=f"e{n}", day=0, source=f"o{n}", awards=[Award(points=10)], ttl_days=ttl)
        book = numbered(plan(book, earn).book)
    untouched = {day: on_day(book, day) for day in range(32)}
    spent = data.draw(st.integers(1, 10 * len(ends)))

    done = plan(book, Redeem(key="r", day=0, points=spent))
    taken = [(lot.id or 0, points) for lot, points in done.taken]
    back = plan(done.book, Restore(key="b", day=0, redemption="r", points=spent), taken)

    assert {day: on_day(back.book, day) for day in range(32)} == untouched
