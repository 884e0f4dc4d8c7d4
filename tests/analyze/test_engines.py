"""PostgreSQL that folded batch by batch, and DuckDB that folds the lake, say the same of everybody."""

from datetime import timedelta
from typing import Any

from regulars import analyze, collect
from tests.analyze.town import EPOCH, Town, order, track


def differences(town: Town) -> list[tuple[Any, ...]]:
    """Every value in which the live state and a rebuild from the lake differ, by value and type."""
    collect.flush(town.app)
    with town.app.transaction() as app:
        built = analyze.rebuild(app)
        live = {c: [v.value for v in analyze.traits_of(app, c)] for (c, *_) in built.rows}
        names = built.columns[1 : 1 + len(analyze.TRAITS)]
        run = analyze.daily_run(app)
        fresh = run and run.seq == collect.checkpoint_of(app, collect.FLOW)
        daily = set() if fresh else {trait.name for trait in analyze.TRAITS if trait.freshness == "daily"}
        members = set(app.db.execute("select segment, customer from segment_member").fetchall())
        found = []
        for row in built.rows:
            for name, lake, state in zip(names, row[1:], live[row[0]], strict=False):
                if name not in daily and (lake != state or type(lake) is not type(state)):
                    found.append((row[0], name, state, lake))
            for segment, inside in zip(built.columns[1 + len(names) :], row[1 + len(names) :], strict=True):
                if inside != ((segment, row[0]) in members):
                    found.append((row[0], segment, not inside, inside))
        rows = app.db.execute("select count(*) from trait_state").fetchone()
        assert rows is not None
        return found + ([] if rows[0] == len(built.rows) else [("rows", rows[0], len(built.rows))])


def test_a_few_orders_are_the_same_in_both_engines(town: Town) -> None:
    town.app.clock.move_to(EPOCH + timedelta(days=20000))
    town.batch([(1, order(20000, 1000)), (1, order(19990, 2050)), (2, order(20000, 99)), (1, order(19980, 5))])
    town.batch([(2, track("Survey Answered", 20000, score=4)), (1, track("Item Returned", 20000, revenue=1.5))])
    town.merge(2, 1)
    town.batch([(3, track("Email Opened", 19999)), (2, order(20001, 7))])
    town.tick(20010)
    town.split(2, 2)

    assert differences(town) == []
