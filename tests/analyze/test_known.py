"""Segments and scores hold people we know; the proof compares everybody."""

from datetime import timedelta

from regulars import analyze, collect
from tests.analyze.town import EPOCH, Town, order, track

DAY = 20_000


def buy(town: Town) -> None:
    """Two customers with a first order each."""
    town.app.clock.move_to(EPOCH + timedelta(days=DAY))
    town.batch([(1, order(DAY)), (2, order(DAY))])


def know(town: Town, customer: int, known: bool) -> None:
    """What resolve would say of her now."""
    with town.app.transaction() as app:
        app.db.execute("update customer set known = %s where id = %s", [known, customer])


def new_customers(town: Town) -> list[int]:
    """Members of the segment of new customers."""
    with town.app.transaction() as app:
        return [member.customer for member in analyze.members(app, "new_customers")]


def test_a_customer_nobody_knows_leaves_her_segments_with_the_next_event(town: Town) -> None:
    buy(town)
    assert new_customers(town) == [1, 2]

    know(town, 2, known=False)
    town.batch([(2, track("Email Opened", DAY))])

    assert new_customers(town) == [1]


def test_the_day_tick_finds_whom_we_came_to_know_without_an_event(town: Town) -> None:
    buy(town)
    know(town, 2, known=False)
    town.tick(DAY + 1)
    assert new_customers(town) == [1]

    know(town, 2, known=True)
    moves = town.tick(DAY + 2).moves

    assert new_customers(town) == [1, 2]
    assert [(move.segment, move.customer, move.entered) for move in moves] == [("new_customers", 2, True)]


def test_live_and_lake_have_no_differences_until_one_is_made(town: Town) -> None:
    buy(town)
    collect.flush(town.app)

    with town.app.transaction() as app:
        assert analyze.differences(app) == []
        app.db.execute("update trait_state set spend_cents = spend_cents * 2 where customer = 2")
        app.db.execute("delete from segment_member where customer = 1")
        found = {(one.customer, one.name) for one in analyze.differences(app)}

    assert found >= {(2, "spend_cents"), (1, "new_customers")}
