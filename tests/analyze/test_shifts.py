"""Changes of activity are dated, told once and acknowledged; where nothing changed, nothing is said."""

from datetime import date, timedelta

import msgspec
import numpy as np
import pytest

from regulars import analyze, collect
from regulars.analyze import shifts
from regulars.analyze.errors import UnknownShift
from regulars.analyze.purchases import gamma_gamma
from regulars.analyze.scores import TraitTable
from regulars.analyze.scores.lifetime_value import Params
from regulars.analyze.shifts import chance, detect, holidays, leaving, rehearsal, rhythm
from regulars.analyze.shifts.look import judge
from regulars.analyze.shifts.weekly import newest_week, watched
from regulars.app import App
from regulars.kit.clock import EPOCH_DAY, ManualClock, day_number
from regulars.lake import duckdb
from tests.analyze.town import Town, order, track

SEEDS = 40
# With so many seeds a rate of one in twenty shows more than six alarms once in two hundred runs.
ALARMS_MAX = 6
# Looks at a thousand series each: more than two alarms of five happen once in a thousand runs.
SEGMENT_SEEDS, SEGMENT_ALARMS_MAX = 5, 2
WEEKS, SHIFT_AT = 40, 28
# After the day on which a town begins: windows never go back.
FIRST = 20_600


def open_weeks(count: int) -> np.ndarray:
    return np.zeros(count, dtype=bool)


def test_series_without_a_change_raise_alarms_no_oftener_than_is_said() -> None:
    assert sum(map(shifts.false_alarm, range(SEEDS))) <= ALARMS_MAX
    assert sum(map(shifts.segment_false_alarm, range(SEGMENT_SEEDS))) <= SEGMENT_ALARMS_MAX


@pytest.mark.parametrize("seed", range(3))
def test_one_real_shift_among_a_thousand_series_is_found(seed: int) -> None:
    (_, (found, *_)), *others = judge(rehearsal.segments(seed, change=1.0, at=40))

    assert abs(found.place - 40) <= 1
    assert sum(bool(changes) for _, changes in others) <= 1


def test_what_segments_do_takes_nothing_from_what_everybody_does() -> None:
    brand = rehearsal.brand(1, change=0.5, at=40)

    alone, among_others = judge(brand), judge([*brand, *rehearsal.segments(1, 300)])

    assert [p for p, _ in alone] == [p for p, _ in among_others[: len(brand)]]
    assert alone[0][1]


def test_draws_go_on_only_where_none_was_as_large_and_end() -> None:
    rare, usual = (chance.chance_of(size, np.random.default_rng(4).normal(0, 1, 50), 1) for size in (1e6, 1.0))

    family = chance.sharpened([rare, *[usual] * 199])

    assert rare.p == 1 / (chance.DRAWS + 1)
    assert family[0].p <= chance.FALSE_ALARM_RATE / 200
    assert family[0].drawn == chance.draws_for(chance.FALSE_ALARM_RATE / 200)
    assert {one.drawn for one in family[1:]} == {chance.FIRST_DRAWS}


def test_customers_who_keep_their_rhythm_are_called_silent_no_oftener_than_is_said() -> None:
    told, gaps = np.sum([shifts.silences(seed) for seed in range(20)], axis=0)
    called, customers = np.sum([shifts.bursts(seed) for seed in range(100)], axis=0)

    assert told <= 1.5 * shifts.QUIET_RATE * gaps
    assert called <= 1.5 * shifts.BUSY_RATE * customers


def test_planted_changes_are_dated_within_a_week_and_the_series_beside_them_stay_quiet() -> None:
    looks = [judge(rehearsal.brand(seed, change=0.5, at=40)) for seed in range(5)]

    assert all(changes and abs(changes[0].place - 40) <= 1 for (_, changes), *_ in looks)
    assert sum(bool(changes) for _, *others in looks for _, changes in others) <= 2


def test_a_steady_rise_is_told_from_a_step() -> None:
    weeks, draw = np.arange(60), np.random.default_rng(1)
    rise = 300 * np.exp(0.02 * weeks + draw.normal(0, 0.03, 60))
    step = 300 * np.exp(np.where(weeks < 30, 0, 0.5) + draw.normal(0, 0.03, 60))

    shapes = [detect.change_of(values, open_weeks(60), "count", 1) for values in (rise, step)]

    assert [one.shape for one in shapes if one] == ["slope", "step"]


def test_a_season_that_comes_every_year_is_no_shift() -> None:
    weeks, draw = np.arange(150), np.random.default_rng(2)
    season = np.where(weeks % 52 >= 30, 0.4, 0.0)
    values = 500 * np.exp(season + draw.normal(0, 0.05, 150))

    change = detect.change_of(values, open_weeks(150), "count", 1)

    assert change is not None
    assert change.p > shifts.FALSE_ALARM_RATE


def test_a_week_with_a_holiday_neither_counts_nor_starts_anything() -> None:
    values, closed = np.full(40, 200.0) + np.random.default_rng(3).normal(0, 8, 40), open_weeks(40)
    values[20], closed[20] = 2_000, True

    change = detect.change_of(values, closed, "count", 1)

    assert change is not None
    assert change.p > shifts.FALSE_ALARM_RATE
    assert change.place != 20


@pytest.mark.parametrize("values", [np.full(40, 100.0), np.full(10, 5.0), np.full(40, np.nan), np.full(40, 1.0)])
def test_too_little_to_say_is_not_called_unchanged(values: np.ndarray) -> None:
    assert detect.change_of(values, open_weeks(len(values)), "count", 1) is None


def test_holidays_fall_where_the_calendar_puts_them() -> None:
    assert holidays.thanksgiving(2026) == date(2026, 11, 26)
    assert [holidays.easter(year) for year in (2024, 2025, 2026)] == [
        date(2024, 3, 31),
        date(2025, 4, 20),
        date(2026, 4, 5),
    ]
    assert holidays.week_of((date(2026, 12, 25) - EPOCH_DAY).days) in holidays.holiday_weeks(2026, 2026)


def test_of_many_series_only_as_many_pass_as_false_alarms_allow() -> None:
    assert chance.alarms([0.001, 0.04, 0.5, 0.9]) == 0.001
    assert chance.alarms([0.03, 0.04, 0.5, 0.9]) == 0.0


@pytest.fixture
def shifted(town: Town, clock: ManualClock) -> App:
    """A town whose page views rise by half from one Monday on, with orders as ever; its lake is flushed."""
    today = day_number(clock.now(), town.app.settings.zone)
    first = holidays.monday_of(newest_week(today) - WEEKS + 1)
    draw, events = np.random.default_rng(7), []
    for week in range(WEEKS):
        for _ in range(int(draw.poisson(12))):
            events.append((int(draw.integers(1, 40)), order(first + week * 7 + int(draw.integers(7)), 2_000)))
        for _ in range(int(draw.poisson(30 if week < SHIFT_AT else 60))):
            visit = track("Page Viewed", first + week * 7 + int(draw.integers(7)))
            events.append((int(draw.integers(1, 40)), visit))
    for start in range(0, len(events), 1_000):
        town.batch(events[start : start + 1_000])
    collect.flush(town.app)
    return town.app


def told(app: App) -> list[str]:
    with app.transaction() as inside:
        rows = inside.db.execute("select properties ->> 'series' from announcement where name = 'Activity Shifted'")
        return [series for (series,) in rows.fetchall()]


def test_a_shift_is_found_once_dated_told_as_an_event_and_can_be_acknowledged(shifted: App, clock: ManualClock) -> None:
    assert shifts.look(shifted) > 0
    assert shifts.look(shifted) == 0
    assert told(shifted).count("page_views") == 1
    with shifted.transaction() as inside:
        assert not shifts.is_due(inside)
        (found,) = (one for one in shifts.shifts(inside) if one.series == "page_views")
        (drawn,) = shifts.looks(inside, "", "page_views")
        planted = drawn.first_day + SHIFT_AT * 7
        assert abs(found.day - planted) <= 7
        assert found.low_day <= planted <= found.high_day
        assert len(drawn.values) == WEEKS

        done = shifts.acknowledge(inside, found.id, by="Maya", note="The new start page")

        assert (done.acknowledged_by, done.note) == ("Maya", "The new start page")
        with pytest.raises(UnknownShift, match="RG-1452"):
            shifts.shift(inside, 10**9)
    clock.sleep(timedelta(days=7).total_seconds())
    with shifted.transaction() as inside:
        assert shifts.is_due(inside)


def test_a_segments_series_are_of_its_people_while_they_were_in_it_by_as_many_questions_for_one_segment_as_for_many(
    shifted: App, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    last = newest_week(day_number(clock.now(), shifted.settings.zone))
    asked: list[str] = []
    plain = duckdb.Engine.rows
    monkeypatch.setattr(
        duckdb.Engine, "rows", lambda self, text, given=None: (asked.append(text), plain(self, text, given))[1]
    )
    first = holidays.monday_of(last - WEEKS + 1)
    move_all(shifted, "all", first, True)

    before = orders_by_week(shifted, last)
    questions = len(asked)
    for number in range(5):
        move_all(shifted, f"left_{number}", first, True)
        move_all(shifted, f"left_{number}", holidays.monday_of(last - 9), False)
    after = orders_by_week(shifted, last)

    assert np.allclose(before["all"], before[""] / 39 * 100)
    assert np.allclose(after["left_3"][:-10], before["all"][:-10])
    assert np.isnan(after["left_3"][-10:]).all()
    assert len(asked) == 2 * questions


def move_all(app: App, segment: str, day: int, entered: bool) -> None:
    """All 39 people come into a segment on a day, or leave it."""
    with app.transaction() as inside:
        inside.db.execute(
            "insert into segment_move (segment, customer, entered, at, day)"
            " select %(segment)s, customer, %(entered)s, date '1970-01-01' + %(day)s::int + time '12:00', %(day)s"
            " from trait_state where orders > 0",
            {"segment": segment, "entered": entered, "day": day},
        )


def orders_by_week(app: App, last: int) -> dict[str, np.ndarray]:
    """By segment; everybody's under no name."""
    return {one.scope: one.values for one in watched(app, last) if one.series == "orders"}


def test_a_brand_without_orders_has_no_series_and_no_faults(app: App) -> None:
    analyze.ensure_schema(app)

    assert shifts.look(app) == 0


def regular(town: Town, customer: int, first: int, gap: int, count: int) -> None:
    town.batch([(customer, order(first + nth * gap)) for nth in range(count)])


def broken(town: Town, day: int) -> list[tuple[int, str]]:
    town.tick(day)
    with town.app.transaction() as inside:
        rows = inside.db.execute("select customer, kind from rhythm_break order by found_day, customer").fetchall()
    return [(customer, kind) for customer, kind in rows]


def test_a_weekly_shopper_who_stays_away_is_told_once_a_silence_and_again_after_she_came_back(town: Town) -> None:
    regular(town, 1, FIRST, 7, 20)
    last = FIRST + 19 * 7

    assert broken(town, last + 8) == []
    assert broken(town, last + 20) == [(1, "quiet")]
    assert broken(town, last + 21) == [(1, "quiet")]
    town.batch([(1, order(last + 22))])
    assert broken(town, last + 22) == [(1, "quiet")]
    # A longer silence than the first: a rhythm that once broke is wider.
    assert broken(town, last + 22 + 25) == [(1, "quiet"), (1, "quiet")]


def test_who_comes_rarely_is_given_longer_than_who_comes_often(town: Town) -> None:
    regular(town, 1, FIRST, 30, 8)
    last = FIRST + 7 * 30

    assert broken(town, last + 40) == []


BG_NBD = Params(
    model="bg-nbd",
    orders={"r": 1.0, "alpha": 3.0, "a": 0.8, "b": 2.5},
    money=gamma_gamma.Params(p=6.0, q=4.0, v=15.0),
    high_value_cents=1.0,
    log_likelihood=0.0,
)


def people(silent_days: list[int], order_days: int = 12, gap: float = 7.0) -> TraitTable:
    count = len(silent_days)
    last = 400 - np.array(silent_days, dtype=np.float64)
    columns = {
        "order_days": np.full(count, float(order_days)),
        "gap_mean_days": np.full(count, gap),
        "last_order_day": last,
        "first_order_day": last - (order_days - 1) * gap,
    }
    return TraitTable(as_of_day=400, customers=np.arange(count), columns=columns)


def test_who_stays_away_falls_below_an_even_chance_once_and_is_told_of_on_the_days_around_it() -> None:
    days = list(range(8, 120))
    table = people(days)

    found = leaving.alive(table, BG_NBD, 14)
    told = [days[at] for at in leaving.fallen(found)]

    assert (np.diff(found.now) < 0).all()
    assert told == list(range(told[0], told[0] + 14))
    assert found.now[days.index(told[0])] < 0.5 <= found.now[days.index(told[0]) - 1]


def test_who_is_not_late_or_shows_no_habit_yet_is_never_told_to_be_leaving() -> None:
    not_late, no_habit, no_model = (
        leaving.alive(people([3]), BG_NBD, 14),
        leaving.alive(people([200], order_days=3), BG_NBD, 14),
        leaving.alive(people([200]), None, 14),
    )

    assert all(np.isnan(found.now).all() and not len(leaving.fallen(found)) for found in (not_late, no_habit, no_model))


def test_a_silence_beyond_an_even_chance_is_an_event_told_once_and_stands_with_her(
    town: Town, clock: ManualClock
) -> None:
    with town.app.transaction() as inside:
        inside.db.execute(
            "insert into score_model (model, version, as_of_day, customers, params, error, fitted_at)"
            " values ('lifetime_value', 1, %s, 100, %s::jsonb, 0, now())",
            [FIRST, msgspec.json.encode(BG_NBD).decode()],
        )
    regular(town, 1, FIRST, 7, 12)
    last = FIRST + 11 * 7

    told = [broken(town, last + silent).count((1, "leaving")) for silent in range(8, 112, 13)]

    assert sorted(set(told)) == [0, 1]
    clock.sleep((last + 112 - day_number(clock.now(), town.app.settings.zone)) * 86_400)
    with town.app.transaction() as inside:
        her = shifts.pulse(inside, 1)
    assert her is not None
    assert her.alive is not None
    assert her.alive < 0.5 < (her.alive_before or 0)


def test_who_suddenly_comes_far_more_often_is_told_as_well(town: Town) -> None:
    regular(town, 1, FIRST, 20, 12)
    last = FIRST + 11 * 20
    town.batch([(1, order(last + day, 900 + day)) for day in range(1, 13)])

    assert broken(town, last + 13) == [(1, "busy")]


def test_a_burst_is_told_once_however_long_it_stays_in_the_window_and_a_later_one_anew(town: Town) -> None:
    regular(town, 1, FIRST, 10, 30)
    last = FIRST + 29 * 10
    town.batch([(1, order(last + day, 900 + nth)) for day in range(1, 5) for nth in range(3)])

    for day in range(5, 40, 5):
        assert broken(town, last + day).count((1, "busy")) == 1
    town.batch([(1, order(last + 70 + day, 900 + nth)) for day in range(1, 5) for nth in range(4)])
    assert broken(town, last + 75).count((1, "busy")) == 2


def test_nobody_is_told_of_a_silence_that_is_long_known(town: Town) -> None:
    regular(town, 1, FIRST, 7, 20)

    assert broken(town, FIRST + 19 * 7 + 300) == []


def test_few_gaps_make_wide_limits(town: Town) -> None:
    table, _ = rehearsal.customers(1)
    few, many = (table.where(table["order_days"] < 10), table.where(table["order_days"] > 30))

    wide, narrow = (np.median(rhythm.surprises(part).alarm_days / part["gap_mean_days"]) for part in (few, many))

    assert wide > narrow


def test_her_own_page_says_what_is_usual_for_her_and_an_erasure_takes_it_away(town: Town, clock: ManualClock) -> None:
    today = day_number(clock.now(), town.app.settings.zone)
    regular(town, 1, today - 19 * 7 - 20, 7, 20)
    broken(town, today)

    with town.app.transaction() as inside:
        pulse = shifts.pulse(inside, 1)
        assert pulse is not None
        assert (pulse.kind, pulse.silent_days, round(pulse.mean_days)) == ("quiet", 20, 7)
        assert pulse.quiet < shifts.QUIET_RATE
        assert [one.kind for one in pulse.breaks] == ["quiet"]
        assert shifts.pulse(inside, 99) is None

        analyze.forget(inside, [1])

        assert shifts.recent(inside) == []
