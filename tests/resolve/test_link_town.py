"""The town by which linkage is measured is always the same and hard where life is."""

from pathlib import Path

import duckdb
import pytest

from regulars.bench import households


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("town") / "town.parquet"
    households.write(path, 4_000, seed=3)
    return path


def ask(town: Path, question: str) -> list[int]:
    """Numbers that this aggregate over the records gives."""
    with duckdb.connect() as connection:
        [row] = connection.execute(
            f"from (from '{town}' {question}) select count(*), count(distinct person)"
        ).fetchall()
    return list(row)


def test_a_seed_makes_the_same_town_again(town: Path, tmp_path: Path) -> None:
    households.write(tmp_path / "again.parquet", 4_000, seed=3)

    assert (tmp_path / "again.parquet").read_bytes() == town.read_bytes()


def test_people_have_one_record_or_several_and_never_more_than_eight(town: Path) -> None:
    records, persons = ask(town, "select person")
    with duckdb.connect() as connection:
        [(most,)] = connection.execute(
            f"from (from '{town}' select count(*) as n group by person) select max(n)"
        ).fetchall()

    assert (records, most) == (4_000, 8)
    assert 1_400 < persons < 1_800


@pytest.mark.parametrize(
    "shared",
    [
        "landline",
        "email",
        "last_name, street, number",
        "birth_date, last_name, street",
        "first_name, last_name, street",
    ],
)
def test_what_one_person_has_relatives_have_too(town: Path, shared: str) -> None:
    known = " is not null and ".join(shared.split(", "))
    others = f"count(distinct person) over (partition by {shared})"

    assert ask(town, f"select person where {known} is not null qualify {others} > 1")[1] >= 2
