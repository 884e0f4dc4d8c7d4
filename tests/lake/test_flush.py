"""The journal copied to Parquet."""

from regulars import collect
from tests.analyze.town import Town, order, track


def test_the_lake_holds_every_carried_event_once_however_often_it_is_flushed(town: Town) -> None:
    town.batch([(1, order(20000)), (2, track("Email Opened", 20001))])
    first = collect.flush(town.app)
    again = collect.flush(town.app)
    town.batch([(1, order(20002))])
    second = collect.flush(town.app)

    assert (first.events, first.facts, again.events, second.events, second.facts) == (2, 3, 0, 1, 2)
    with town.app.transaction() as app:
        assert len(collect.fact_files(app)) == 3
        assert collect.verify_lake(app).is_sound


def test_what_the_flow_has_not_carried_stays_out_of_the_lake(town: Town) -> None:
    with town.app.transaction() as app:
        town._accept(app, [(1, order(20000))])

    assert collect.flush(town.app).events == 0


def test_a_flush_killed_before_its_commit_leaves_nothing_that_is_read(town: Town) -> None:
    town.batch([(1, order(20000))])
    try:
        with town.app.transaction() as app:
            collect.flush(app)
            raise KeyError
    except KeyError:
        pass

    with town.app.transaction() as app:
        assert collect.fact_files(app) == []
    assert collect.flush(town.app).events == 1
