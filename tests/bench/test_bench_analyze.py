"""The bench of traits compares what it says it compares, and would say so if the two sides differed."""

from pathlib import Path

import duckdb
import numpy as np
import pytest

from regulars import analyze as product
from regulars.bench import analyze, everybody, shoppers
from regulars.bench.link import measured

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
    assert found["traits"] + len(found["not_handwritten"]) == len(product.TRAITS)
    assert found["traits"] >= 51


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
    for name, column in analyze.histories(2_000).items():
        np.save(tmp_path / name, column * 2 if name == "mean" else column)
    other = measured("regulars.bench.bare_lifetimes", str(tmp_path)).answer["log_likelihood"]
    assert abs(other["gamma_gamma"] - found["log_likelihood"]["gamma_gamma"]) > 1
