"""What a batch of events makes of customers."""

from datetime import timedelta

from regulars import analyze
from regulars.analyze.plan import Trait
from regulars.analyze.traits import facts, top
from tests.analyze.town import EPOCH, Town, order, track


def test_orders_of_one_customer_add_up(town: Town) -> None:
    town.app.clock.move_to(EPOCH + timedelta(days=20000))

    town.batch([(1, order(20000, 1000)), (1, order(19990, 2050)), (2, order(20000, 99))])

    assert town.state("orders, spend_cents, order_days, gap_mean_days, orders_30") == {
        1: (2, 3050, 2, 10.0, 2),
        2: (1, 99, 1, None, 1),
    }


def test_the_rhythm_of_who_never_bought_is_not_known(town: Town) -> None:
    town.batch([(1, track("Email Opened", 20_000))])

    assert town.state("order_days, order_span_days, gap_mean_days, gap_sd_days") == {1: (0, 0, None, None)}


def test_a_favorite_alone_is_read_once_from_all_that_she_bought(town: Town) -> None:
    favorite = Trait("favorite", "favorite", top(facts("Order Line", value="revenue_cents"), by="category"))
    analyze.ensure_schema(town.app, [favorite], [])
    town.app.clock.move_to(EPOCH + timedelta(days=20000))
    town.batch([(1, order(20000, cents, products=[line(kind, cents)])) for kind, cents in (("A", 100), ("B", 300))])
    town.batch([(2, order(20000, 250, products=[line("A", 250)]))])

    town.merge(2, 1)

    assert town.state("favorite") == {1: ("A",)}


def line(category: str, cents: int) -> dict[str, object]:
    return {"category": category, "quantity": 1, "revenue": cents / 100, "product_id": "p"}
