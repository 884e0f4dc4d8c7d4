"""A trait added while the brand is running ends where it would be had it always been there."""

from datetime import timedelta

from regulars import analyze
from regulars.analyze.backfill import backfill
from regulars.analyze.catalogue import SEGMENTS, TRAITS
from tests.analyze.test_engines import differences
from tests.analyze.town import EPOCH, Town, order, track

LATER = {"survey_mean", "last_store", "cat_food_90", "favorite_store", "stores", "spend_365_cents", "orders_90"}


def test_the_past_of_new_traits_is_folded_while_events_merges_and_splits_go_on(town: Town) -> None:
    town.app.clock.move_to(EPOCH + timedelta(days=20000))
    town.clear()
    with town.app.transaction() as app:
        app.db.execute("delete from trait_definition")
        for table in ("trait_state", "cell_window", "cell_store_order_completed"):
            app.db.execute(f"drop table {table}")
        app.db.execute(
            "create table trait_state"
            " (customer bigint primary key, known boolean not null default false, word bigint[] not null default '{}')"
        )
    analyze.ensure_schema(town.app, [t for t in TRAITS if t.name not in LATER], SEGMENTS[:1])
    town.batch([(n % 5 + 1, order(20000 - n, 1000 + n, store_id=f"s{n % 3}")) for n in range(12)])
    town.batch([(n % 4 + 1, track("Survey Answered", 19990, score=n % 5 + 1)) for n in range(8)])

    assert analyze.ensure_schema(town.app).has_gaps
    for step in range(6):
        with town.app.transaction() as app:
            backfill(app, stretch=6)
        town.batch([(step % 5 + 1, order(20000, 7))])
        if step in (0, 2):
            town.merge(2 + step, 1)
        if step == 1:
            town.split(2, 2)

    assert not analyze.ensure_schema(town.app).has_gaps
    town.tick(20001)
    assert differences(town) == []
