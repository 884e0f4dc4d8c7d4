"""Reports say what is so, how sure it is, and prove it with rows."""

import csv
import io
from datetime import UTC, datetime, time

import pytest

from regulars import optimize
from regulars.app import App
from regulars.kit.clock import ManualClock, day_date
from regulars.optimize import ReportResult
from tests.optimize.little_lake import MONDAY, Lake

# The first of the 28 days before the latest 28: what is compared is known from its first day on.
NOW, BEFORE = MONDAY - 7, MONDAY - 62


def ask(app: App, name: str, **params: object) -> ReportResult:
    with app.transaction() as inside:
        return optimize.report(inside, name, params)


def steady(times_now: int = 1, cents: int = 2_000) -> list[tuple[int, int, int, int, str]]:
    """Fifty customers who buy once a period, and `times_now` times in the later one."""
    orders = [(record, BEFORE + record % 7, cents, 3, "MILK") for record in range(1, 51)]
    return orders + [(r, NOW - record_day, cents, 3, "MILK") for r in range(1, 51) for record_day in range(times_now)]


def cells(result: ReportResult, column: str) -> list[object]:
    at = [each.name for each in result.columns].index(column)
    return [row[at] for row in result.rows]


def test_every_report_says_so_when_there_is_nothing_to_report(app: App) -> None:
    for name in optimize.reports:
        result = ask(app, name)

        assert result.title == "Nothing to report yet", name
        assert result.rows == []
        assert result.measure


def test_every_report_is_a_sentence_with_rows_that_fit_its_columns_and_its_chart(app: App, lake: Lake) -> None:
    lake(steady(2))

    for name in (name for name in optimize.reports if not name.startswith("segment_")):
        result = ask(app, name)

        assert len(result.title.split()) > 4, name
        assert "nan" not in f"{result.title}{result.verdict}"
        assert result.rows
        assert all(len(row) == len(result.columns) for row in result.rows)
        assert result.chart is not None
        names = {column.name for column in result.columns}
        assert {result.chart.x, *(series.column for series in result.chart.series)} <= names
        assert result.as_of_day is not None


def test_twice_the_visits_are_found_and_blamed_on_visits(app: App, lake: Lake) -> None:
    lake(steady(2))

    result = ask(app, "purchase_trends", until=day_date(NOW).isoformat())

    assert result.title == "Revenue is up 100.0%: $2,000 after $1,000; mostly because they came more often ($1,000)"
    assert result.verdict == "Up"
    contributions = [cents for cents in cells(result, "contribution_cents") if cents is not None]
    assert sum(int(str(cents)) for cents in contributions) == 100_000


def test_the_line_below_the_finding_names_days_as_people_do(app: App, lake: Lake, clock: ManualClock) -> None:
    lake(steady(2))
    clock.move_to(datetime(2026, 11, 17, tzinfo=UTC))

    result = ask(app, "sales_by_week", until="2026-11-16")

    assert "to 15 Nov 2026" in result.measure


def test_a_change_of_a_few_customers_is_not_proven(app: App, lake: Lake) -> None:
    lake([*steady(1), (1, NOW, 900, 1, "MILK")])

    result = ask(app, "purchase_trends", until=day_date(NOW).isoformat())

    assert result.title.startswith("Revenue is about level")
    assert result.verdict == "Not proven yet"


def test_the_busiest_hour_is_told_in_the_brands_own_time(app: App, lake: Lake) -> None:
    lake(steady(1))

    result = ask(app, "purchase_timing", until=day_date(NOW).isoformat())

    assert result.title.startswith("Monday 11:00 to 12:00 is the strongest hour, $250.00 a week")
    assert sum(int(str(n)) for n in cells(result, "orders")) == 50
    assert len(result.rows) == 7 * 24


def test_what_gained_in_the_mix_is_named_in_points(app: App, lake: Lake) -> None:
    orders = steady(1)
    lake([*orders[:50], *[(r, d, c, p, "TEA" if r % 5 else "MILK") for r, d, c, p, _ in orders[50:]]])

    result = ask(app, "product_mix", by="category", until=day_date(NOW).isoformat())

    assert result.title == "TEA brings 80.0% of revenue ($800.00); TEA gained 80.0 pt"
    assert sum(float(str(share)) for share in cells(result, "share")) == pytest.approx(1)


def test_fifths_of_spend_add_up_by_customer_and_by_household(app: App, lake: Lake) -> None:
    lake([(record, NOW, record * 100, 1, "MILK") for record in range(1, 52)])

    customers, households = ask(app, "spend_quintiles"), ask(app, "spend_quintiles", owner="household")

    assert cells(customers, "size") == [11, 10, 10, 10, 10]
    assert cells(households, "size") == [2, 2, 2, 2, 2]
    for result in (customers, households):
        assert sum(int(str(cents)) for cents in cells(result, "revenue_cents")) == 100 * 51 * 52 // 2
        assert sum(float(str(share)) for share in cells(result, "share")) == pytest.approx(1)


def test_two_records_of_one_customer_are_one_customer_in_reports(app: App, lake: Lake) -> None:
    lake(steady(1))
    with app.transaction() as inside:
        inside.db.execute("update signature set customer = 1 where id in (1, 2)")

    best = ask(app, "best_customers", most=1)

    assert best.rows[0][0] == 1
    assert best.rows[0][2] == 4 * 2_000


def test_an_order_on_a_shared_tablet_belongs_to_the_session_that_bought(app: App, lake: Lake) -> None:
    lake([(1, NOW, 5_000, 1, "MILK"), (2, NOW, 100, 1, "MILK")])
    with app.transaction() as inside:
        day = day_date(NOW)
        inside.db.execute(
            "insert into carrier_span (signature, from_at, to_at, customer) values (1, %s, %s + interval '1 day', 2)",
            [day, day],
        )

    best = ask(app, "best_customers")

    assert [row[0] for row in best.rows] == [2]


def test_the_last_instant_of_a_session_on_a_shared_tablet_belongs_to_it(app: App, lake: Lake) -> None:
    lake([(1, NOW, 5_000, 1, "MILK"), (2, NOW, 100, 1, "MILK")])
    with app.transaction() as inside:
        bought = datetime.combine(day_date(NOW), time(11), UTC)
        inside.db.execute(
            "insert into carrier_span (signature, from_at, to_at, customer) values (1, %s, %s, 2)", [bought, bought]
        )

    assert [row[:3] for row in ask(app, "best_customers").rows] == [[2, None, 5_100]]


def test_a_period_that_begins_before_the_data_is_cut_with_the_one_before_it(app: App, lake: Lake) -> None:
    lake([(record, day, 1_000, 1, "MILK") for record in range(1, 51) for day in range(MONDAY - 40, MONDAY)])

    for name in ("purchase_trends", "product_mix", "cart_size", "checkout_value", "purchase_timing"):
        result = ask(app, name, days=100)

        assert result.measure.endswith(
            "16 Feb 2026 to 1 Mar 2026 against the 14 days before, which is as far as orders go back"
        ), name
        assert "up" not in result.title.split(), name
    assert "Revenue is about level" in ask(app, "purchase_trends", days=100).title


def test_one_day_of_orders_is_too_early_to_say_anything(app: App, lake: Lake) -> None:
    lake([(record, NOW, 1_000, 1, "MILK") for record in range(1, 51)])

    result = ask(app, "purchase_trends")

    assert result.rows == []
    assert result.measure.startswith("It is too early to say")


def test_a_first_day_after_the_last_one_is_refused(app: App, lake: Lake) -> None:
    lake(steady(1))

    with pytest.raises(optimize.ParameterRefused, match="is after the last one"):
        ask(app, "spend_quintiles", start="2026-03-01", until="2026-02-01")


def test_a_department_that_is_itself_named_other_is_a_part_like_any_other(app: App, lake: Lake) -> None:
    lake([(r, d, c, p, "Other") for r, d, c, p, _ in steady(1)])

    assert ask(app, "product_mix", by="category").title.startswith("Other brings 100.0% of revenue")


def test_a_finding_says_what_the_tills_shout_in_a_quieter_voice(app: App, lake: Lake) -> None:
    lake([(r, d, c, p, "MEAT-PCKGD") for r, d, c, p, _ in steady(1)])

    result = ask(app, "product_mix", by="category")

    assert result.title.startswith("Meat-pckgd brings 100.0% of revenue")
    assert cells(result, "part") == ["MEAT-PCKGD"]


@pytest.mark.parametrize("until", ["0001-01-01", "9999-12-31"])
def test_a_day_no_calendar_of_a_brand_holds_is_refused_in_words(app: App, until: str) -> None:
    with pytest.raises(optimize.ParameterRefused, match="not between 1970-01-01 and 2199-12-31"):
        ask(app, "purchase_trends", until=until)


def test_a_sunday_that_is_still_running_ends_no_week(app: App, lake: Lake, clock: ManualClock) -> None:
    lake([(1, day, 1_000, 1, "MILK") for day in range(MONDAY - 14, MONDAY)])
    clock.move_to(datetime(2026, 3, 1, 15, tzinfo=UTC))

    assert cells(ask(app, "sales_by_week"), "week") == [MONDAY - 14]
    clock.move_to(datetime(2026, 3, 2, 15, tzinfo=UTC))
    assert cells(ask(app, "sales_by_week"), "week") == [MONDAY - 14, MONDAY - 7]


def test_half_a_week_is_not_shown_as_a_fall(app: App, lake: Lake) -> None:
    lake([(1, day, 1_000, 1, "MILK") for day in range(MONDAY - 14, MONDAY + 2)])

    result = ask(app, "sales_by_week")

    assert cells(result, "week") == [MONDAY - 14, MONDAY - 7]
    assert cells(result, "revenue_cents") == [7_000, 7_000]
    assert result.title == "The last whole week brought $70.00, 0.0% above the week before ($70.00)"


def test_the_csv_holds_the_rows_of_the_report_as_people_write_them(app: App, lake: Lake) -> None:
    lake([*steady(1), (1, NOW, 100, 1, "=cmd()")])

    result = ask(app, "product_mix", by="category")
    rows = list(csv.reader(io.StringIO(optimize.as_csv(result))))

    assert rows[0] == [column.title for column in result.columns]
    assert len(rows) == len(result.rows) + 1
    assert any(row[0] == "'=cmd()" for row in rows)


def test_all_wrong_parameters_are_named_at_once(app: App) -> None:
    with pytest.raises(optimize.ParameterRefused) as fault:
        ask(app, "product_mix", by="color", days="soon", until="tomorrow", size=3)

    for word in ("color", "soon", "tomorrow", "size", "department, category, brand, channel"):
        assert word in str(fault.value)
