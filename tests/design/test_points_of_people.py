"""Points of real batches: orders earn, returns take back, and points follow whoever the people turn out to be."""

from datetime import timedelta

from regulars import design
from regulars.app import App
from regulars.kit.clock import ManualClock
from regulars.model import Event, Merge
from tests.design.batches import event, happened, react, record_of
from tests.design.books import Shop, check_books


def bought(app: App, seq: int, dollars: str, order: str = "") -> Event:
    return event(seq, app.clock.now(), "Order Completed", order_id=order or f"o{seq}", revenue=dollars)


def returned(app: App, seq: int, dollars: str, order: str) -> Event:
    return event(seq, app.clock.now(), "Order Refunded", order_id=order, revenue=dollars)


def points(app: App, customer: int) -> int:
    with app.transaction() as inside:
        return design.balance(inside, customer).available


def test_every_whole_dollar_is_a_point_and_nobody_unknown_gets_any(app: App) -> None:
    react(app, [(bought(app, 1, "19.99"), 7), (bought(app, 2, "0.99"), 7), (bought(app, 3, "50"), None)])

    assert points(app, 7) == 19
    check_books(app)


def test_a_batch_that_is_carried_again_earns_nothing_again(app: App) -> None:
    for _ in range(3):
        react(app, [(bought(app, 1, "20"), 7)])

    assert points(app, 7) == 20


def test_a_return_takes_back_what_the_order_had_earned_in_whatever_order_they_arrive(app: App) -> None:
    react(app, [(bought(app, 1, "20.00", "a"), 7), (returned(app, 2, "5.00", "a"), 7)])
    react(app, [(returned(app, 3, "5.00", "b"), 8)])
    react(app, [(bought(app, 4, "20.00", "b"), 8)])

    assert [points(app, 7), points(app, 8)] == [15, 15]
    check_books(app)


def test_points_run_out_after_a_year_also_where_no_tick_has_run(app: App, clock: ManualClock) -> None:
    react(app, [(bought(app, 1, "20"), 7)])

    clock.move_to(clock.now() + timedelta(days=365))

    assert points(app, 7) == 0


def test_a_merge_brings_the_points_along(app: App) -> None:
    react(app, [(bought(app, 1, "20"), 7), (bought(app, 2, "30"), 3)])

    react(app, merged=[Merge(7, 3)])

    assert points(app, 3) == 50
    check_books(app)


def test_debt_that_one_brings_is_repaid_by_what_the_other_has(app: App) -> None:
    one, other = Shop(app, 7), Shop(app, 3)
    one.earn(0, 40, source="o1")
    one.redeem(0, 40)
    one.give_back(0, "o1", "allow_debt")
    other.earn(0, 100)
    assert (one.on(0), other.on(0)) == ((0, 0, 40), (100, 0, 0))

    react(app, merged=[Merge(7, 3)])

    assert other.on(0) == (60, 0, 0)
    check_books(app)


def test_after_a_split_points_go_with_the_record_that_earned_them(app: App) -> None:
    first, second = (happened(app, n, 3, "Order Completed", order_id=f"o{n}", revenue="100") for n in (1, 2))
    react(app, [(first, 3), (second, 3)])
    Shop(app, 3).redeem(app_day(app), 150)
    record_of(app, 2, 9)

    react(app, recompute=[3], seq=2_000)

    # 150 were spent by the one who has the first record: the other's points are whole, and nobody owes anything.
    assert [points(app, 3), points(app, 9)] == [0, 100]
    check_books(app)


def test_a_split_that_moves_no_points_writes_nothing(app: App) -> None:
    react(app, [(happened(app, 1, 3, "Order Completed", order_id="o", revenue="100"), 3)])

    react(app, recompute=[3])

    assert points(app, 3) == 100
    with app.transaction() as inside:
        assert inside.db.execute("select kind from ledger_entry").fetchall() == [("earn",)]


def app_day(app: App) -> int:
    return (app.clock.now().date() - app.clock.now().date().replace(1970, 1, 1)).days
