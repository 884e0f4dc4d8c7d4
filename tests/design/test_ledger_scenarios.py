"""The ledger's acceptance scenarios with their exact balances: (available, pending, debt); nothing is ever held."""

import pytest

from regulars import design
from regulars.app import App
from regulars.design import LedgerConflict
from tests.design.books import ADA, Shop


@pytest.fixture
def shop(app: App) -> Shop:
    return Shop(app)


def test_s01_points_wait_count_and_run_out_on_their_days(shop: Shop) -> None:
    shop.earn(0, 120, pending=14, ttl=365)

    assert [shop.on(0), shop.on(13)] == [(0, 120, 0)] * 2
    assert [shop.on(14), shop.on(378)] == [(120, 0, 0)] * 2
    assert shop.on(379) == (0, 0, 0)


def test_s01_what_ran_out_is_posted_as_breakage(app: App, shop: Shop) -> None:
    shop.earn(0, 120, pending=14, ttl=365)

    with app.transaction() as inside:
        design.post(inside, ADA, design.Settle(key="late job", day=400))

    assert shop.posted("breakage") == 120
    assert shop.posted("issued") == -120


def test_s02_the_same_key_counts_once_and_another_body_is_a_conflict(shop: Shop) -> None:
    for _ in range(5):
        shop.earn(0, 120, key="k1", source="o1")
        assert shop.on(0) == (120, 0, 0)

    with pytest.raises(LedgerConflict):
        shop.earn(0, 121, key="k1", source="o1")
    assert shop.on(0) == (120, 0, 0)


def test_s03_what_runs_out_first_is_spent_first(app: App, shop: Shop) -> None:
    shop.earn(0, 100)
    shop.earn(10, 50, ttl=30)
    shop.earn(20, 80, ttl=10)
    shop.redeem(25, 110)

    with app.transaction() as inside:
        taken = inside.db.execute("select lot, points from allocation order by lot desc").fetchall()
    assert [points for _, points in taken] == [80, 30]
    assert [shop.on(25), shop.on(30), shop.on(40)] == [(120, 0, 0), (120, 0, 0), (100, 0, 0)]


def test_s04_a_late_job_changes_nothing(shop: Shop) -> None:
    shop.earn(0, 100, ttl=30)

    assert shop.redeem(30, 100).refused
    assert shop.on(30) == (0, 0, 0)


def test_s04_points_can_be_spent_on_their_last_day(shop: Shop) -> None:
    shop.earn(0, 100, ttl=30)

    assert shop.redeem(29, 100).answer == 100


def test_s05_a_line_comes_back_once_while_pending(shop: Shop) -> None:
    shop.earn(0, 60, 40, pending=14, source="o1")

    assert shop.give_back(5, "o1", line="1").answer == 40
    assert shop.on(5) == (0, 60, 0)
    assert shop.give_back(6, "o1", line="1").answer == 0
    assert [shop.on(6), shop.on(14)] == [(0, 60, 0), (60, 0, 0)]


@pytest.mark.parametrize(
    ("policy", "balance", "taken", "waived"),
    [("only_pending", (30, 0, 0), 0, 100), ("within_balance", (0, 0, 0), 30, 70), ("allow_debt", (0, 0, 70), 100, 0)],
)
def test_s06_a_return_after_points_were_spent(
    shop: Shop, policy: str, balance: tuple[int, int, int], taken: int, waived: int
) -> None:
    shop.earn(0, 100, source="o1")
    shop.redeem(1, 70)

    receipt = shop.give_back(2, "o1", policy)

    assert shop.on(2) == balance
    assert (receipt.answer, receipt.waived) == (taken, waived)


def test_s07_debt_is_repaid_first_and_pending_points_do_not_repay(shop: Shop) -> None:
    shop.earn(0, 100, source="o1")
    shop.redeem(1, 70)
    shop.give_back(2, "o1")

    assert shop.redeem(3, 1).refused
    shop.earn(3, 50)
    assert shop.on(3) == (0, 0, 20)
    shop.earn(4, 45)
    assert shop.on(4) == (25, 0, 0)
    shop.earn(5, 10, pending=14)
    assert shop.on(5) == (25, 10, 0)


def test_s08_a_refunded_redemption_goes_back_to_the_same_lots_and_days(shop: Shop) -> None:
    shop.earn(0, 100, ttl=30)
    shop.earn(0, 100, ttl=60)
    shop.redeem(10, 150, key="r")
    assert shop.on(10) == (50, 0, 0)

    shop.restore(20, "r", 150)

    assert [shop.on(20), shop.on(30), shop.on(60)] == [(200, 0, 0), (100, 0, 0), (0, 0, 0)]


def test_s09_points_that_ran_out_meanwhile_do_not_come_back(shop: Shop) -> None:
    shop.earn(0, 100, ttl=30)
    shop.redeem(10, 100, key="r")

    shop.restore(40, "r", 100)

    assert shop.on(40) == (0, 0, 0)
    assert shop.posted("breakage") == 100
    assert shop.restore(41, "r", 100).refused


def test_s17_what_ran_out_is_not_taken_twice(shop: Shop) -> None:
    shop.earn(0, 100, ttl=10, source="o1")
    shop.redeem(1, 30)
    shop.earn(15, 50)

    shop.give_back(20, "o1")

    assert shop.on(20) == (20, 0, 0)
