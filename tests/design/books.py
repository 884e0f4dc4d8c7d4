"""Members' books in a real database, and what must hold of them after every step."""

from __future__ import annotations

from regulars import design
from regulars.app import App
from regulars.design import Adjust, Award, Earn, Redeem, Restore, Return
from regulars.design.ledger import Receipt

Vector = tuple[int, int, int]
ADA = 1


class Shop:
    """Commands for one member by day, each checked against the books' laws."""

    def __init__(self, app: App, customer: int = ADA) -> None:
        self.app = app
        self.customer = customer
        self._n = 0

    def earn(
        self, day: int, *points: int, pending: int = 0, ttl: int | None = None, key: str = "", source: str = ""
    ) -> Receipt:
        awards = [Award(points=p, line=str(at)) for at, p in enumerate(points)]
        key = key or self._key("earn")
        return self._post(
            Earn(key=key, day=day, source=source or key, awards=awards, pending_days=pending, ttl_days=ttl)
        )

    def redeem(self, day: int, points: int, key: str = "") -> Receipt:
        return self._post(Redeem(key=key or self._key("redeem"), day=day, points=points))

    def give_back(self, day: int, source: str, policy: str = "allow_debt", line: str | None = None) -> Receipt:
        return self._post(Return(key=self._key("return"), day=day, source=source, line=line, policy=policy))  # type: ignore[arg-type]

    def restore(self, day: int, redemption: str, points: int) -> Receipt:
        return self._post(Restore(key=self._key("restore"), day=day, redemption=redemption, points=points))

    def adjust(self, day: int, points: int) -> Receipt:
        return self._post(Adjust(key=self._key("adjust"), day=day, points=points, note="test"))

    def on(self, day: int) -> Vector:
        """(available, pending, debt) on a day, whatever has been posted."""
        with self.app.transaction() as inside:
            balance = design.balance(inside, self.customer, day)
        return balance.available, balance.pending, balance.debt

    def posted(self, account: str) -> int:
        """What a program account has received."""
        with self.app.transaction() as inside:
            row = inside.db.execute(
                "select coalesce(sum(case when target = %(a)s then points else -points end), 0)::bigint"
                " from transfer where %(a)s in (source, target)",
                {"a": account},
            ).fetchone()
            assert row is not None
            return row[0]

    def _key(self, kind: str) -> str:
        self._n += 1
        return f"{kind}-{self.customer}-{self._n}"

    def _post(self, command: design.Earn | design.Redeem | design.Return | design.Restore | design.Adjust) -> Receipt:
        with self.app.transaction() as inside:
            receipt = design.post(inside, self.customer, command)
        check_books(self.app)
        return receipt


def check_books(app: App) -> None:
    """The laws: wallets are the sums of transfers and of lots, lots the sums of allocations, debt stands alone."""
    with app.transaction() as inside:
        assert inside.db.execute(WALLETS_AND_TRANSFERS).fetchall() == []
        assert inside.db.execute(WALLETS_AND_LOTS).fetchall() == []
        assert inside.db.execute(LOTS_AND_ALLOCATIONS).fetchall() == []
        assert inside.db.execute("select * from wallet where debt > 0 and available > 0").fetchall() == []


WALLETS_AND_TRANSFERS = """
select w.*, s.* from wallet w left join (
    select e.customer,
        sum(case 'available' when t.target then t.points when t.source then -t.points else 0 end) as available,
        sum(case 'pending' when t.target then t.points when t.source then -t.points else 0 end) as pending,
        sum(case 'debt' when t.source then t.points when t.target then -t.points else 0 end) as debt
    from ledger_entry e join transfer t on t.entry = e.id group by e.customer
) s on s.customer = w.customer
where (w.available, w.pending, w.debt)
    <> (coalesce(s.available, 0), coalesce(s.pending, 0), coalesce(s.debt, 0))
"""
WALLETS_AND_LOTS = """
select w.*, l.* from wallet w left join (
    select customer, sum(left_points) filter (where started) as available,
        sum(left_points) filter (where not started) as pending
    from lot group by customer
) l on l.customer = w.customer
where (w.available, w.pending) <> (coalesce(l.available, 0), coalesce(l.pending, 0))
"""
LOTS_AND_ALLOCATIONS = """
select l.id, l.points, l.left_points, sum(a.points) from lot l left join allocation a on a.lot = l.id
group by l.id having l.points - coalesce(sum(a.points), 0) <> l.left_points
"""
