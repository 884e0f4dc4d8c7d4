"""The bench of traits compares what it says it compares, and would say so if the two sides differed."""

from pathlib import Path
from types import SimpleNamespace

import duckdb
import numpy as np
import pytest

from regulars import analyze as product
from regulars.bench import analyze, everybody, shoppers
from regulars.bench.link import measured
from regulars.kit.errors import InputRefused
from regulars.kit.settings import Settings

CUSTOMERS, EVENTS = 300, 60_000
DAYS = range(shoppers.LAST_DAY - 95, shoppers.LAST_DAY + 1)


@pytest.fixture(scope="module")
def measured_lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lake")
    shoppers.write(folder, EVENTS, CUSTOMERS, 3, DAYS)
    for side in everybody.SIDES:
        everybody.run(side, folder, CUSTOMERS, folder)
    return folder


def test_product_and_hand_give_the_same_value_of_every_trait(measured_lake: Path) -> None:
    found = analyze.compared(measured_lake)

    assert found["differing_after_build"] == found["differing_after_refresh"] == {}
    assert found["traits"] + len(found["not_handwritten"]) == len(product.FOLDED)
    assert found["traits"] >= 73


def test_one_customer_whose_value_differs_is_counted(measured_lake: Path, tmp_path: Path) -> None:
    for path in measured_lake.glob("*.parquet"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    wrong = tmp_path / f"handwritten-{everybody.DAYS[1]}.parquet"
    with duckdb.connect() as connection:
        changed = f"select * replace (pieces + (customer = 5)::bigint as pieces) from '{wrong}' where customer <> 9"
        connection.execute(f"create table changed as {changed}")
        connection.execute(f"copy changed to '{wrong}'")

    found = analyze.compared(tmp_path)

    assert found["differing_after_build"] == {}
    assert found["differing_after_refresh"] | {"pieces": 2, "customer": 1} == found["differing_after_refresh"]


def test_a_seed_makes_the_same_lake_again_whichever_days_are_made_at_once(measured_lake: Path, tmp_path: Path) -> None:
    shoppers.write(tmp_path, EVENTS, CUSTOMERS, 3, DAYS[-2:])

    for day in DAYS[-2:]:
        again, before = (shoppers.file_of(root, day, EVENTS) for root in (tmp_path, measured_lake))
        assert duckdb.read_parquet(str(again)).fetchall() == duckdb.read_parquet(str(before)).fetchall()


def test_lifetimes_finds_the_same_likelihood(tmp_path: Path) -> None:
    found = analyze.lifetime_values(2_000)

    for model in ("bg_nbd", "gamma_gamma"):
        assert found["log_likelihood"][model] == pytest.approx(found["lifetimes_log_likelihood"][model], abs=1e-3)
    assert found["log_likelihood_is_equal"]
    for name, column in analyze.histories(2_000).items():
        np.save(tmp_path / name, column * 2 if name == "mean" else column)
    other = measured("regulars.bench.bare_lifetimes", str(tmp_path)).answer["log_likelihood"]
    assert abs(other["gamma_gamma"] - found["log_likelihood"]["gamma_gamma"]) > 1


def test_a_disk_that_is_too_small_is_refused_before_any_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(analyze.shutil, "disk_usage", lambda _: SimpleNamespace(free=2**30))

    with pytest.raises(InputRefused, match=r"50,000,000 events need 7\.5 GiB in .*, which has 1\.0"):
        analyze.run(Settings(home=str(tmp_path)))


def test_each_step_is_told_while_it_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write = shoppers.write
    monkeypatch.setattr(analyze, "PARTS", (1,))
    monkeypatch.setattr(shoppers, "write", lambda *given: write(*given, days=DAYS))
    monkeypatch.setattr(analyze, "lifetime_values", lambda _: {"seconds": 2.0, "lifetimes_seconds": 9.0})

    answer = analyze.run(Settings(home=str(tmp_path)), size=20_000)

    first, lake, *_, last = capsys.readouterr().err.splitlines()
    assert "minutes on two quiet cores" in first
    assert "20,000 events of 400 customers" in lake
    assert "lifetime values of 400 customers" in last
    [cost] = answer["raw"]["cost"]
    assert cost["segment_is_same"]
    assert cost["differing_after_refresh"] == {}
    assert answer["ratios"]["clv_speedup_over_lifetimes"] == 4.5
