"""How fast a CSV file goes in, every check of the door included, as a share of COPY of the same rows."""  # noqa: N999

from __future__ import annotations

import csv
import resource
import tempfile
import time
from pathlib import Path
from typing import Any

from regulars import collect
from regulars.app import App, open_app
from regulars.bench import raw
from regulars.bench.ingest import scratch
from regulars.bench.mix import below
from regulars.kit.dice import SeededDice
from regulars.kit.settings import Settings

ROWS = 1_000_000
CUSTOMERS = 60_000
STORES = 40
SEED = 11
COLUMNS = ("customer_id", "when", "order_id", "total", "currency", "store", "channel")
MAPPING = collect.Mapping(
    kind="track",
    event="Order Completed",
    fields={
        "customer_id": "userId",
        "when": "timestamp",
        "order_id": "properties.order_id",
        "total": "properties.revenue",
        "currency": "properties.currency",
        "store": "properties.store_id",
        "channel": "properties.channel",
    },
)


def run(settings: Settings, *, size: int | None = None) -> dict[str, Any]:
    """Ratio `import_of_copy`, and what it is made of: rows a second, seconds, and how much memory the import took."""
    rows = size or ROWS
    with scratch(settings) as dsn, tempfile.TemporaryDirectory(prefix="regulars-bench-") as folder:
        path = write(Path(folder) / "orders.csv", rows)
        file_bytes = path.stat().st_size
        with open_app(Settings(database_url=dsn)) as app:
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            seconds, report = imported(app, path)
            grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
            copied = raw.copy_rate(app, Path(folder) / "rows.copy")
    rate = rows / seconds
    return {
        "ratios": {"import_of_copy": round(rate / copied, 3)},
        "raw": {
            "copy_rows_per_second": round(copied),
            "import_rows_per_second": round(rate),
            "import_seconds": round(seconds, 1),
            "rows": rows,
            "accepted": report.accepted,
            "file_bytes": file_bytes,
            "memory_grown_mb": round(grown / 1024),
            "seed": SEED,
        },
    }


def imported(app: App, path: Path) -> tuple[float, collect.ImportReport]:
    """How long an import takes, reading its beginning, hashing and checking included."""
    with app.transaction() as inside:
        source, _ = collect.register(inside, "imported", "tills")
    began = time.perf_counter()
    report = collect.import_file(app, path, source, MAPPING)
    return time.perf_counter() - began, report


def write(path: Path, rows: int) -> Path:
    """A file of orders, the same for the same number of rows."""
    dice = SeededDice(SEED)
    with path.open("w", newline="") as file:
        out = csv.writer(file)
        out.writerow(COLUMNS)
        out.writerows(_order(number, dice) for number in range(rows))
    return path


def _order(number: int, dice: SeededDice) -> tuple[object, ...]:
    when = f"2025-{1 + number % 12:02d}-{1 + number % 28:02d}T{number % 24:02d}:{number % 60:02d}:00Z"
    total = (100 + below(dice, 19_900)) / 100
    return (f"c{below(dice, CUSTOMERS)}", when, f"o{number}", total, "USD", below(dice, STORES), "store")
