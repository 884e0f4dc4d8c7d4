"""Whatever columns are called in, and however they are written, a stranger's file is read without a mapping."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as parquet
import pytest

from regulars.resolve.linkage import records, training
from regulars.resolve.linkage.dates import date_patterns
from regulars.resolve.linkage.guess import guess, guess_all
from tests.resolve.linking import write

STREETS = ["12 High Street", "4 Mill Lane", "7 Oak Avenue", "1 Station Road"]


def cleaned(folder: Path, *files: tuple[list[str], list[list[str]]]) -> list[dict[str, Any]]:
    """The records of these files as linkage sees them, with columns guessed."""
    paths = [write(folder / f"{place}.csv", *file) for place, file in enumerate(files)]
    with duckdb.connect() as connection:
        found = records.read(connection, paths, folder)
        cells = [records.sampled(connection, place, names) for place, names in enumerate(found)]
        records.clean(connection, *records.dated(guess_all(cells), cells, is_told=False))
        return connection.sql("from record order by number_").to_arrow_table().to_pylist()


@pytest.mark.parametrize(
    ("heads", "fields"),
    [
        ("Vorname,Name,Geb.-Datum,Straße,PLZ,Ort", "first_name last_name birth_date street postcode city"),
        (
            "Prénom,Nom,Date de naissance,Adresse,Code postal,Ville",
            "first_name last_name birth_date street postcode city",
        ),
        ("Имя,Фамилия,Дата рождения,Улица,Индекс,Город", "first_name last_name birth_date street postcode city"),
        (
            "firstName,lastName,dateOfBirth,addressLine1,zipCode,homeTown",
            "first_name last_name birth_date street postcode city",
        ),
        ("FNAME,LNAME,DOB_MMDDYYYY,ADDR1,ZIP5,CITY", "first_name last_name birth_date street postcode city"),
        ("Contact Name,Employer Name,DOB,Full Address,ZIP,City", "full_name birth_date street postcode city"),
    ],
)
def test_columns_are_known_in_many_tongues_and_spellings(heads: str, fields: str) -> None:
    cells = [["Ann", "Bo"], ["Lee", "Low"], ["1980-03-01", "1971-12-24"], STREETS, ["50667", "53111"], ["Bonn", "Kew"]]

    assert set(guess(dict(zip(heads.split(","), cells, strict=True))).fields.values()) == set(fields.split())


def test_what_is_said_of_somebody_else_is_not_the_persons() -> None:
    sample = {
        "last_name": ["Lee", "Low"],
        "spouse_first_name": ["Mary", "John"],
        "employer_street": STREETS,
        "company_email": ["office@x.org"],
        "mother_date_of_birth": ["1931-01-02", "1960-05-06"],
    }

    assert guess(sample).fields == {"last_name": "last_name"}


def test_dates_of_visits_are_no_births_and_dates_of_many_years_are() -> None:
    visits = {"a": ["2021-03-04", "2022-04-05", "2023-01-01"]}
    births = {"a": ["1931-03-04", "1962-04-05", "1993-01-01", "2001-05-05"]}

    assert (guess(visits).fields, guess(births).fields) == ({}, {"a": "birth_date"})


@pytest.mark.parametrize(
    ("cells", "patterns"),
    [
        (["12311980", "02281975"], ["%m%d%Y"]),
        (["Mar 12, 1980", "June 3rd, 1975"], ["%b %d %Y"]),
        (["12 March 1980", "3-Jun-1975"], ["%d %b %Y"]),
        (["12/31/80", "02/28/75"], ["%m/%d/%y"]),
        (["31/12/1980 00:00", "28/2/1975 00:00"], ["%d/%m/%Y"]),
        (["1980-12-31", "1975-02-28", "12/31/1990"], ["%Y-%m-%d", "%m/%d/%Y"]),
        (["soon", "later"], []),
    ],
)
def test_dates_are_read_as_they_are_written(cells: list[str], patterns: list[str]) -> None:
    assert date_patterns(cells) == patterns


def test_each_file_writes_its_dates_in_its_own_way_under_one_heading(tmp_path: Path) -> None:
    head = ["last_name", "dob"]
    american = [["lee", "12/31/1980"], ["low", "03/04/1962"], ["poe", "05/25/1931"]]
    british = [["lee", "31/12/1980"], ["low", "04/03/1962"], ["poe", "25/05/1931"]]
    bare = [["lee", "12311980"], ["low", "03041962"], ["poe", "05251931"]]

    rows = cleaned(tmp_path, (head, american), (head, british), (head, bare))

    assert [row["birth_date"] for row in rows] == ["19801231", "19620304", "19310525"] * 3


def test_a_birth_in_three_columns_is_one_and_its_year_stays_where_the_day_is_missing(tmp_path: Path) -> None:
    head = ["Surname", "Year of birth", "Month of birth", "Day of birth"]

    rows = cleaned(tmp_path, (head, [["lee", "1980", "3", "9"], ["low", "1971", "", ""]]))

    assert [(row["birth_date"], row["birth_year"]) for row in rows] == [("19800309", "1980"), (None, "1971")]


@pytest.mark.parametrize(
    ("line", "parts"),
    [
        ("12 High Street, Leeds, LS1 4AB", ("12", "high street", "leeds", "LS14AB")),
        ("814 Brown Meadows, Springfield, CA 39492", ("814", "brown meadows", "springfield", "39492")),
        ("Hauptstraße 7, 50667 Köln", ("7", "hauptstrasse", "koln", "50667")),
        ("Rua da Paz, 45, Centro, 34630-510", ("45", "rua da paz", "centro", "34630510")),
        ("5 Mill Lane", ("5", "mill lane", None, None)),
    ],
)
def test_an_address_in_one_cell_is_taken_apart(line: str, parts: tuple[str | None, ...], tmp_path: Path) -> None:
    [row] = cleaned(tmp_path, (["name", "address"], [["Ann Lee", line]]))

    assert (row["number"], row["street"], row["city"], row["postcode"]) == parts


@pytest.mark.parametrize("name", ["Lee, Ann M.", "Dr. Ann Lee", "ANN LEE JR", "Mrs Ann M. Lee PhD", "Ann Lee"])
def test_a_whole_name_is_taken_apart(name: str, tmp_path: Path) -> None:
    [row] = cleaned(tmp_path, (["Customer Name"], [[name]]))

    assert (row["first_name"], row["last_name"]) == ("ann", "lee")


def test_names_in_all_scripts_are_names(tmp_path: Path) -> None:
    rows = cleaned(tmp_path, (["Имя", "Фамилия"], [["Анна", "Кошелева"], ["Søren", "Großmann"], ["Ελένη", "Παππά"]]))

    assert [(row["first_name"], row["last_name"]) for row in rows] == [
        ("анна", "кошелева"), ("soren", "grossmann"), ("ελενη", "παππα"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("+33 (0)3 25 25 55 00", "03 25 25 55 00"),
        ("+44 7911 123456", "07911 123456"),
        ("0049 221 4710001", "0221 4710001"),
        ("+1 390 280 1278", "(390) 280-1278 x84"),
    ],
)
def test_a_number_with_its_country_is_the_number_without(one: str, other: str, tmp_path: Path) -> None:
    rows = cleaned(tmp_path, (["last_name", "phone"], [["lee", one], ["lee", other]]))

    assert rows[0]["phone"] == rows[1]["phone"] is not None


def test_an_id_that_comes_twice_is_none_of_the_record(tmp_path: Path) -> None:
    head = ["id", "last_name", "email"]
    files = (head, [["1", "lee", "a@x.org"], ["2", "low", "b@x.org"]]), (head, [["1", "poe", "c@x.org"]])
    paths = [write(tmp_path / f"{place}.csv", *file) for place, file in enumerate(files)]

    with duckdb.connect() as connection:
        records.read(connection, paths, tmp_path)

        assert records.repeats(connection, ["id"])
        assert not records.repeats(connection, ["email"])


def test_without_first_names_a_model_is_learned_of_last_names_and_births(tmp_path: Path) -> None:
    assert training.certain({"last_name", "birth_date"}) == ["last_name birth_date"]
    assert training.certain({"last_name", "birth_date", "first_name"}) == ["first_name last_name birth_date"]


def test_cells_of_parquet_that_hold_more_than_one_value_are_left_out(tmp_path: Path) -> None:
    table = {"name": ["Ann Lee"], "home": [{"street": "Mill Lane"}], "tags": [["a"]], "photo": [b"x"], "age": [7]}
    parquet.write_table(pa.table(table), tmp_path / "a.parquet")

    with duckdb.connect() as connection:
        assert records.read(connection, [tmp_path / "a.parquet"], tmp_path) == [["name", "age"]]
