"""One side of `bench analyze` in a process of its own: everybody's traits by the product, or as written by hand.

    python -m regulars.bench.everybody kept|handwritten LAKE CUSTOMERS OUT

Both read the same files through the same engine with the same memory and threads. Both give everybody's traits as of
the day before the last and as of the last day, into OUT/<side>-<day>.parquet, which is not timed.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from importlib.resources import files as resources
from pathlib import Path
from statistics import median
from typing import Any

import msgspec

from regulars import analyze
from regulars.bench import shoppers
from regulars.lake import duckdb

DAYS = (shoppers.LAST_DAY - 1, shoppers.LAST_DAY)
COUNTS = 5
# Bought often, has not come for a month, and still reads what we write.
TRAITS = {trait.name: trait.expression for trait in analyze.TRAITS}
SEGMENT = (TRAITS["orders_365"] >= 3) & TRAITS["orders_30"].equals(0) & (TRAITS["email_opens_90"] >= 2)
SCAN = """select count(*) from (
    select customer from facts join membership using (signature)
    where (event = 'Order Completed' and day > $day - 365) or (event = 'Email Opened' and day > $day - 90)
    group by customer
    having count(*) filter (event = 'Order Completed') >= 3
        and count(*) filter (event = 'Order Completed' and day > $day - 30) = 0
        and count(*) filter (event = 'Email Opened') >= 2
) join everybody using (customer) where known"""
TABLES = (
    *("orders", "medians", "ends", "channels", "order_days", "rhythm", "weeks", "stores", "category_sums"),
    *("categories", "bought", "products", "densities", "rest", "answers", "shopping", "others", "handwritten"),
)


def kept(lake: duckdb.Engine, found: list[str], out: Path) -> dict[str, Any]:
    """A build, a refresh by the files of one day more, and a segment counted out of the state."""
    state = analyze.kept_state(lake, written())
    build = timed(lambda: (state.build(found[:-1], DAYS[0]), lake.make("traits", state.values())))
    write(lake, "traits", out, "kept", DAYS[0])
    lake.drop("traits")
    refresh = timed(lambda: (state.refresh(found, DAYS[1]), lake.make("traits", state.values())))
    write(lake, "traits", out, "kept", DAYS[1])
    counts = [timed(lambda: state.count(SEGMENT))["seconds"] for _ in range(COUNTS)]
    return {
        "build": build,
        "refresh": refresh,
        "segment": median(counts),
        "members": state.count(SEGMENT),
    }


def handwritten(lake: duckdb.Engine, found: list[str], out: Path) -> dict[str, Any]:
    """The query of `handwritten.sql` as of both days, and the same segment by scanning."""
    seconds: list[dict[str, float]] = []
    for day, files in zip(DAYS, (found[:-1], found), strict=True):
        lake.drop("facts")
        lake.read_facts("facts", files, shoppers.COLUMNS)
        seconds.append(timed(lambda day=day: by_hand(lake, day)))
        write(lake, "handwritten", out, "handwritten", day)
        for table in TABLES:
            lake.drop(table)
    scan = SCAN.replace("$day", str(DAYS[1]))
    scans = [timed(lambda: lake.rows(scan))["seconds"] for _ in range(COUNTS)]
    return {"build": seconds[0], "segment": median(scans), "members": lake.rows(scan)[0][0]}


def written() -> list[str]:
    """The traits that somebody wrote by hand: both sides compute these."""
    with duckdb.engine() as lake:
        who(lake, 1)
        lake.read_facts("facts", [], shoppers.COLUMNS)
        by_hand(lake, shoppers.LAST_DAY)
        return [name for (name,) in lake.rows("select column_name from (describe handwritten)") if name != "customer"]


def by_hand(lake: duckdb.Engine, day: int) -> None:
    """All statements of the file, in order."""
    text = (resources("regulars.bench") / "handwritten.sql").read_text()
    lake.run(text.replace("$day", str(day)))


def timed(work: Callable[[], object]) -> dict[str, float]:
    """Seconds of the clock, and of processors."""
    start, before = time.perf_counter(), os.times()
    work()
    after = os.times()
    processor = after.user + after.system - before.user - before.system
    return {"seconds": time.perf_counter() - start, "processor": processor}


def write(lake: duckdb.Engine, table: str, out: Path, side: str, day: int) -> None:
    """A table as a file, to be compared."""
    lake.run(f"copy \"{table}\" to '{out / f'{side}-{day}.parquet'}' (format parquet)")


SIDES: dict[str, Callable[[duckdb.Engine, list[str], Path], dict[str, Any]]] = {
    "kept": kept,
    "handwritten": handwritten,
}


def run(side: str, root: Path, customers: int, out: Path) -> dict[str, Any]:
    """Seconds by step, and what was found."""
    with duckdb.engine() as lake:
        who(lake, customers)
        return SIDES[side](lake, shoppers.files(root), out)


def who(lake: duckdb.Engine, customers: int) -> None:
    """Whose the records are."""
    lake.make("membership", shoppers.membership(customers))
    lake.make("everybody", shoppers.everybody(customers))
    spans = {"signature": "bigint", "from_us": "bigint", "to_us": "bigint", "holder": "bigint"}
    lake.table("span", spans, [])


if __name__ == "__main__":
    _, *words = sys.argv
    answer = run(words[0], Path(words[1]), int(words[2]), Path(words[3]))
    sys.stdout.buffer.write(msgspec.json.encode(answer))
