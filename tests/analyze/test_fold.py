"""What a batch of events makes of customers."""

from datetime import timedelta

from tests.analyze.town import EPOCH, Town, order


def test_orders_of_one_customer_add_up(town: Town) -> None:
    town.app.clock.move_to(EPOCH + timedelta(days=20000))

    town.batch([(1, order(20000, 1000)), (1, order(19990, 2050)), (2, order(20000, 99))])

    assert town.state("orders, spend_cents, order_days, gap_mean_days, orders_30") == {
        1: (2, 3050, 2, 10.0, 2),
        2: (1, 99, 1, None, 1),
    }
