"""Back-tests over a real journal and lake: what was known then, what came, and the version that learned from it."""

import pytest

from regulars import collect
from regulars.analyze import standings
from regulars.analyze.scores import AHEAD_DAYS, scores
from regulars.analyze.scoring.applying import version_of
from regulars.analyze.scoring.backtests import BACKTESTS_KEPT, backtest, backtests_of, is_due
from regulars.kit.clock import ManualClock, day_number
from tests.analyze.town import Town, order

PEOPLE = 160
WEEKS = 30


@pytest.fixture
def year(town: Town, clock: ManualClock) -> Town:
    """Half of the people buy every week, a quarter every third, and a quarter stopped twelve weeks ago."""
    today = day_number(clock.now(), town.app.settings.zone)
    bought: list[tuple[int, dict[str, object]]] = []
    for week in range(WEEKS):
        for person in range(1, PEOPLE + 1):
            every = 1 if person % 2 else 3
            if week % every or (person % 4 == 0 and week >= WEEKS - 12):
                continue
            lines = [{"category": "TEA" if person % 5 else "CAT FOOD", "brand": "Private", "quantity": 2, "revenue": 9}]
            at = today - (WEEKS - week) * 7 + person % 5
            bought.append((person, order(at, 900 + person, products=[*lines, *lines], order_id=f"{person}-{week}")))
    town.batch(bought)
    town.tick(today)
    collect.flush(town.app)
    return town


def test_a_look_back_judges_every_score_keeps_what_it_found_and_is_not_due_again(year: Town) -> None:
    with year.app.transaction() as inside:
        assert is_due(inside)

    assert backtest(year.app) == len(list(scores))

    with year.app.transaction() as inside:
        assert not is_due(inside)
        found = {name: backtests_of(inside, name)[0] for name in scores}
        listed = standings.listed(inside)
    assert {one.until_day - one.as_of_day for one in found.values()} == {AHEAD_DAYS}
    assert {one.sampled for one in found.values()} == {PEOPLE}
    churn = found["churn_risk"].found
    assert churn is not None
    assert churn.customers == PEOPLE
    assert churn.score.value > 0.95
    assert churn.actual == pytest.approx(0.25, abs=0.02)
    assert next(one.backtest for one in listed if one.name == "evangelism").startswith("Too early to say")


def test_what_learned_from_the_look_scores_from_then_on(year: Town) -> None:
    with year.app.transaction() as inside:
        before = version_of(inside, scores["lifetime_value"])
    assert before is not None
    assert (before.params.model, before.tried) == ("bg-nbd", ())

    backtest(year.app)

    with year.app.transaction() as inside:
        after = version_of(inside, scores["lifetime_value"])
        run = inside.db.execute("select version, customers from score_run where model = 'lifetime_value'").fetchone()
    assert after is not None
    assert after.version == before.version + 1
    assert len(after.tried) == 3
    assert after.params.model == next(one.name for one in after.tried if one.is_chosen)
    assert run == (after.version, PEOPLE)


def test_a_score_as_of_then_knows_nothing_of_what_came(year: Town) -> None:
    backtest(year.app, names=["rfm"])
    with year.app.transaction() as inside:
        honest = backtests_of(inside, "rfm")[0].found
        inside.db.execute("delete from score_backtest")
    today = max(one[0] for one in year.state("last_order_day").values())
    # Somebody who had stopped comes back in the judged time: her score as of then must stay what it was.
    year.batch([(4, order(today - 3, 500_000, order_id="late"))])
    collect.flush(year.app)

    backtest(year.app, names=["rfm"])

    with year.app.transaction() as inside:
        later = backtests_of(inside, "rfm")[0].found
    assert honest is not None
    assert later is not None
    assert [one.customers for one in later.tenths] == [one.customers for one in honest.tenths]
    assert later.actual > honest.actual


def test_only_the_latest_looks_are_kept(year: Town) -> None:
    with year.app.transaction() as inside:
        inside.db.execute(
            "insert into score_backtest select 'rfm', d, d + 56, 1, 1, null, now() from generate_series(1, 40) d"
        )

    backtest(year.app, names=["rfm"])

    with year.app.transaction() as inside:
        assert len(backtests_of(inside, "rfm")) == BACKTESTS_KEPT


def test_before_the_lake_reaches_back_far_enough_nothing_is_due(town: Town, clock: ManualClock) -> None:
    today = day_number(clock.now(), town.app.settings.zone)
    town.batch([(1, order(today - 20))])
    collect.flush(town.app)

    with town.app.transaction() as inside:
        assert not is_due(inside)
    assert backtest(town.app) == 0
