"""Linking files of records: columns are guessed, people are found, and what cannot be linked is said in words."""

from __future__ import annotations

import logging
import re
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import numpy as np
import pyarrow.parquet as parquet
import pytest

from regulars import resolve
from regulars.app import App
from regulars.collect.errors import FileRefused
from regulars.kit.errors import RegularsError
from regulars.resolve.facts import Signature
from regulars.resolve.linkage import blocking, modeling, pairs, records, training
from regulars.resolve.linkage.fields import FIELDS
from regulars.resolve.linkage.guess import guess
from regulars.resolve.linkage.weigh import Scorer
from tests.resolve.linking import COLUMNS, febrl, people, write

DATED = '[fields]\nlast_name = "last_name"\ndob = "birth_date"'
NUMBERED = '[fields]\nid = "record_id"\nlast_name = "last_name"\nemail = "email"'
HOME = ("12", "amberley street", "kew", "3101")


@pytest.fixture(scope="module")
def linked(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """Five thousand records with their model, pairs and clusters."""
    folder = tmp_path_factory.mktemp("linked")
    out = folder / "out"
    return out, resolve.link(resolve.LinkTask(files=(febrl("dataset3", folder),), out=out, truth="person"))


def link(folder: Path, file: Path, **more: Any) -> set[frozenset[str]]:
    resolve.link(resolve.LinkTask(files=(file,), out=folder / "out", **more))
    return people(folder / "out")


def test_people_are_found_without_a_mapping_or_a_label(linked: tuple[Path, dict[str, Any]]) -> None:
    out, metrics = linked

    assert metrics["truth"]["edges"].f1 >= 0.992
    assert metrics["truth"]["pairwise"].precision >= 0.995
    assert metrics["truth"]["b_cubed"].f1 >= 0.995
    assert metrics["largest_cluster"] == 6
    assert msgspec.json.decode((out / "metrics.json").read_bytes())["records"] == 5000


def test_two_files_of_the_same_people_are_linked(tmp_path: Path) -> None:
    files = (febrl("dataset4a", tmp_path), febrl("dataset4b", tmp_path))

    metrics = resolve.link(resolve.LinkTask(files=files, out=tmp_path / "out", truth="person"))

    assert metrics["truth"]["edges"].f1 >= 0.997


def test_pairs_name_records_with_weight_and_probability(linked: tuple[Path, dict[str, Any]]) -> None:
    rows = parquet.read_table(linked[0] / "pairs.parquet").to_pylist()

    assert list(rows[0]) == ["left_id", "right_id", "match_weight", "probability"]
    assert all(row["match_weight"] >= resolve.REVIEW_BITS for row in rows)
    assert all(row["probability"] == pytest.approx(1 / (1 + 2 ** -row["match_weight"])) for row in rows)


def test_our_scores_are_splinks_scores_on_twenty_thousand_pairs(linked: tuple[Path, dict[str, Any]]) -> None:
    from splink import DuckDBAPI, Linker

    logging.getLogger("splink").setLevel(logging.ERROR)
    model = msgspec.json.decode((linked[0] / "model.json").read_bytes())
    # Strangers, too: all who were born on one day of whatever year.
    model["blocking_rules_to_generate_predictions"] = [
        {"blocking_rule": "substr(l.birth_date, 5) = substr(r.birth_date, 5)", "sql_dialect": "duckdb"}
    ]
    with duckdb.connect(str(linked[0] / ".work" / "work.duckdb")) as connection:
        linker = Linker(DuckDBAPI(connection=connection).register("record"), model, log_level=None)
        name = linker.inference.predict().physical_name
        theirs = connection.sql(f"from {name} select number__l, number__r, match_weight").to_arrow_table()
        table = connection.sql("from record order by number_").to_arrow_table()
    left, right, bits = (column.to_numpy() for column in theirs.columns)
    scorer = Scorer(linked[0] / "model.json")

    ours = scorer.weigh_pairs(scorer.numbered(table), left, right).bits

    assert len(ours) > 20_000
    assert np.abs(ours - bits).max() <= 1e-9


def test_one_record_is_weighed_as_in_a_batch(linked: tuple[Path, dict[str, Any]]) -> None:
    scorer = Scorer(linked[0] / "model.json")
    with duckdb.connect(str(linked[0] / ".work" / "work.duckdb"), read_only=True) as connection:
        table = connection.sql("from record order by number_").to_arrow_table()
    row = parquet.read_table(linked[0] / ".work" / "scores" / "0000.parquet").slice(0, 1).to_pylist()[0]

    alone = scorer.weigh(table.slice(row["left_number"], 1), table.slice(row["right_number"], 1))

    assert alone.bits.tolist() == [row["bits"]]


def test_the_order_of_the_rows_changes_nobody(linked: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    turned = link(tmp_path, febrl("dataset3", tmp_path, step=-1), model=linked[0] / "model.json")

    assert turned == people(linked[0])


def test_twins_and_namesakes_at_one_address_stay_apart(linked: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    rows = [
        ("twin-1", "laura", "haverty", *HOME, "19840312", ""),
        ("twin-2", "simone", "haverty", *HOME, "19840312", ""),
        ("father", "declan", "haverty", *HOME, "19510922", ""),
        ("son", "declan", "haverty", *HOME, "19871105", ""),
        ("nickname", "theo", "marchetti", "7", "ferndale court", "mona vale", "2103", "19710630", ""),
        ("in-full", "theodore", "marchetti", "7", "ferndale court", "mona vale", "2103", "19710630", ""),
        ("moved", "ingrid", "sorensen", "88", "balmoral road", "yass", "2582", "19660418", "7719340"),
        ("before", "ingrid", "sorensen", "3", "quarry lane", "penola", "5277", "19660418", "7719340"),
    ]

    found = link(tmp_path, write(tmp_path / "town.csv", COLUMNS, rows), model=linked[0] / "model.json")

    assert found == {
        *(frozenset([name]) for name in ("twin-1", "twin-2", "father", "son")),
        frozenset(("nickname", "in-full")),
        frozenset(("moved", "before")),
    }


def test_the_report_says_what_was_found_and_needs_nothing_beside_it(linked: tuple[Path, dict[str, Any]]) -> None:
    page = (linked[0] / "report.html").read_text()

    assert f"<h1>5,000 records are {linked[1]['clusters']:,} people</h1>" in page
    assert not re.search(r"(src|href)=|url\(|@import", page)
    for said in (
        "The closest calls",
        "Look at these clusters first",
        "What each likeness is worth",
        "Precision",
        "B-cubed",
    ):
        assert said in page


def test_names_in_a_report_are_text_and_never_markup(linked: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    rows = [(f"<b>{place}", "theo", "marchetti", *HOME, "1971063" + str(place), "") for place in range(2)]

    link(tmp_path, write(tmp_path / "a.csv", COLUMNS, rows), model=linked[0] / "model.json")

    assert "&lt;b&gt;0" in (tmp_path / "out" / "report.html").read_text()
    assert "<b>" not in (tmp_path / "out" / "report.html").read_text()


def test_who_in_a_home_it_is_takes_more_than_a_surname(linked: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    rows = [
        ("she", "laura", "haverty", *HOME, "19840312", ""),
        ("he, birth not known", "declan", "haverty", *HOME, "", ""),
        ("somebody", "", "haverty", *HOME, "", ""),
    ]

    found = link(tmp_path, write(tmp_path / "town.csv", COLUMNS, rows), model=linked[0] / "model.json")

    assert found == {frozenset([name]) for name, *_ in rows}


def test_a_run_that_was_killed_goes_on_behind_its_last_stage(
    linked: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    task = resolve.LinkTask(
        files=(febrl("dataset3", tmp_path),), out=tmp_path / "out", model=linked[0] / "model.json", truth="person"
    )
    begun: list[str] = []

    def killed(stage: str, share: float) -> None:
        begun.append(stage)
        if stage == "score":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        resolve.link(task, killed)
    again: list[tuple[str, float]] = []
    resolve.link(task, lambda stage, share: again.append((stage, share)))

    assert [stage for stage, share in again if share == 0.0] == ["score", "cluster", "report"]
    assert people(tmp_path / "out") == people(linked[0])


def test_the_result_of_other_records_is_not_written_over(linked: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    rows = [(str(place), "theo", "marchetti", *HOME, "19710630", "") for place in range(3)]
    model = linked[0] / "model.json"
    first = link(tmp_path, write(tmp_path / "a.csv", COLUMNS, rows), model=model)

    with pytest.raises(resolve.LinkRefused, match="holds something else already"):
        link(tmp_path, write(tmp_path / "a.csv", COLUMNS, rows[:2]), model=model)

    assert people(tmp_path / "out") == first


def test_a_folder_of_something_else_is_not_written_into(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "letters.txt").write_text("mine")

    with pytest.raises(resolve.LinkRefused, match="holds something else already"):
        link(tmp_path, write(tmp_path / "a.csv", ["last_name"], [["lee"]]))


def test_a_file_that_is_no_parquet_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_text("first_name,last_name")

    with pytest.raises(FileRefused, match=r"a\.parquet cannot be read"):
        link(tmp_path, tmp_path / "a.parquet")


def test_columns_are_known_by_what_stands_in_them() -> None:
    sample = {
        "a": ["Mary", "John", "Susan", "Karl"],
        "b": ["mary@example.com", "j@x.org", "susan@example.com", "k@x.org"],
        "c": ["1980-03-01", "1971-12-24", "1964-07-30", "1999-01-15"],
        "d": ["12 High Street", "4 Mill Lane", "7 Oak Ave", "1 Station Road"],
    }

    assert guess(sample).fields == {"a": "first_name", "b": "email", "c": "birth_date", "d": "street"}


def test_files_may_call_a_field_differently(linked: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    one = write(tmp_path / "crm.csv", ["given_name", "surname", "dob"], [["Theo", "Marchetti", "1971-06-30"]])
    other = write(tmp_path / "till.csv", ["Vorname", "Nachname", "Geboren"], [["Theodore", "Marchetti", "30.06.1971"]])

    metrics = resolve.link(resolve.LinkTask(files=(one, other), out=tmp_path / "out", model=linked[0] / "model.json"))

    assert people(tmp_path / "out") == {frozenset(("crm.csv:1", "till.csv:1"))}
    assert metrics["mapping"].columns("birth_date") == ["Geboren", "dob"]


def test_whose_address_it_is_does_not_hide_what_a_column_holds() -> None:
    sample = {"mailing_address_city": ["Kew", "Yass"], "Customer Last Name": ["Lee", "Low"], "customer_id": ["1", "2"]}

    assert guess(sample).fields == {"mailing_address_city": "city", "Customer Last Name": "last_name"}


def test_a_day_that_no_calendar_has_is_a_slip_and_no_other_person(
    linked: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    rows = [
        ("typed", "susan", "gardner", *HOME, "19590666", "4471120"),
        ("true", "susan", "gardner", *HOME, "19590616", "4471120"),
    ]

    found = link(tmp_path, write(tmp_path / "town.csv", COLUMNS, rows), model=linked[0] / "model.json")

    assert found == {frozenset(("typed", "true"))}


def test_what_strangers_alone_share_teaches_nothing(tmp_path: Path) -> None:
    # One city, one postcode: whoever is born on one day shares all three, and nobody is twice in the file.
    letters = "abcdefghijklmnopqrstuvwxyz"
    rows = [
        (f"{letters[place % 26]}ann", f"le{letters[place // 26]}", f"1980-01-{1 + place % 28:02}", "3101")
        for place in range(600)
    ]
    file = write(
        tmp_path / "a.csv", ["first_name", "last_name", "birth_date", "postcode"], [*rows, ("a", "b", "", "1")]
    )
    with duckdb.connect() as connection:
        [names] = records.read(connection, [file], tmp_path)
        cells = records.sampled(connection, 0, names)
        records.clean(connection, *records.dated(guess(cells), [cells], is_told=False))

        assert "birth_date postcode" not in training.sessions(connection, records.present(connection))


def test_what_training_never_met_has_its_usual_chances() -> None:
    levels = [
        {"label_for_charts": "the same", "m_probability": 0.0, "u_probability": 0.001},
        {"label_for_charts": "one slip", "m_probability": 0.0, "u_probability": 0.002},
        {"label_for_charts": "different", "m_probability": 1.0, "u_probability": 0.9},
    ]

    settled = modeling.settle({"comparisons": [{"output_column_name": "phone", "comparison_levels": levels}]})

    assert [level["m_probability"] for level in settled["comparisons"][0]["comparison_levels"]] == pytest.approx(
        [0.85, 0.05, 0.1]
    )


def test_names_under_each_others_heading_are_put_right() -> None:
    sample = {"first_name": ["Okafor", "Lindgren", "Marchetti"], "last_name": ["John", "Mary", "Susan"]}

    assert guess(sample).fields == {"last_name": "first_name", "first_name": "last_name"}


def test_an_export_of_a_spreadsheet_is_read(linked: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    head = ["Nr", "Vorname", "Nachname", "Strasse", "Ort", "PLZ", "Geburtsdatum"]
    rows = [
        ("1", "Jürgen", "Großmann", "Hauptstraße 12", "Köln", "50667", "01.12.1960"),
        ("2", "Jurgen", "Großmann", "Hauptstraße 12", "Köln", "50667", "01.12.1960"),
        ("3", "Sabine", "Weißkopf", "Am Markt 3", "Bonn", "53111", "24.03.1975"),
    ]
    file = write(tmp_path / "kunden.csv", head, rows, encoding="cp1252", delimiter=";")

    found = link(tmp_path, file, model=linked[0] / "model.json")

    assert frozenset(("kunden.csv:1", "kunden.csv:2")) in found


def test_a_key_that_too_many_share_brings_nobody_together(tmp_path: Path) -> None:
    many = [
        ("ann", f"name{'abcdefghijklmnopqrstuvwxyz'[place % 26]}{'xyz'[place // 26]}", "000") for place in range(70)
    ]
    rows = [(first, last, f"{place:02d}55512345") for place, (first, last, _) in enumerate(many)]
    file = write(tmp_path / "a.csv", ["first_name", "last_name", "phone"], [*rows, rows[0]])
    with duckdb.connect() as connection:
        records.read(connection, [file], tmp_path)
        records.clean(connection, guess({"first_name": ["Ann"], "last_name": ["Lee"], "phone": ["555 123 4567"]}), [])
        blocking.key_all(connection)
        shared = pairs.shared_by(connection, blocking.names(records.present(connection)))
        met = [both for _, both in pairs.meet(shared, len(rows) + 1)]

        assert [(left.tolist(), right.tolist()) for left, right in met if len(left)] == [([0], [70])]


@pytest.mark.parametrize(
    ("content", "more", "said"),
    [
        ("", {}, "no header"),
        ("first_name,last_name\n", {}, "no records"),
        ("shoe_size,color\n44,blue\n45,red\n", {}, "who a record is about"),
        ("id,last_name,email\n1,lee,a@x.org\n1,low,b@x.org\n", {"mapping": NUMBERED}, "share an id: 1"),
        ("id,last_name,email\n1,lee,a@x.org\n2,low,b@x.org\n", {"truth": "person"}, "no column 'person'"),
        (
            "id,last_name,dob\n1,lee,soon\n2,low,later\n",
            {"mapping": DATED},
            "dates of birth",
        ),
        ("id,last_name\n1,lee\n", {"mapping": '[fields]\nsurname = "last_name"'}, "no column 'surname'"),
        ("id,last_name\n1,lee\n", {"mapping": '[fields]\nlast_name = "shoe"\nid = "hat"'}, "'shoe' is no field"),
        (
            "id,last_name,surname\n1,lee,low\n",
            {"mapping": '[fields]\nlast_name = "last_name"\nsurname = "last_name"'},
            "are both 'last_name'",
        ),
        ("id,last_name\n1,lee\n", {"mapping": "[columns]\n"}, "cannot be used"),
        ("id,last_name\n1,lee\n", {"model": '{"comparisons": []}'}, "is no model"),
        ("id,last_name,last_name\n1,lee,low\n2,low,lee\n", {}, "more than one column 'last_name'"),
        ("id,last_name\n1,lee\n", {}, "Nothing tells these records apart"),
        ("last_name,email\n" + "lee,a@x.org\n" * 200, {}, "Nothing tells these records apart"),
        ("id,last_name\n1,lee\n2,low\n", {}, "for certain who a person is"),
    ],
)
def test_what_cannot_be_linked_is_said(content: str, more: dict[str, str], said: str, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(content)
    given: dict[str, Any] = {}
    for name, value in more.items():
        given[name] = value if name == "truth" else tmp_path / f"{name}.toml"
        if name != "truth":
            given[name].write_text(value)

    with pytest.raises(RegularsError, match=said):
        link(tmp_path, tmp_path / "a.csv", **given)

    assert not (tmp_path / "out" / "clusters.parquet").exists()


def test_a_model_of_other_fields_is_refused(linked: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    model = msgspec.json.decode((linked[0] / "model.json").read_bytes())
    model["comparisons"][0]["comparison_levels"][1]["sql_condition"] = '"shoe_size_l" = "shoe_size_r"'
    (tmp_path / "other.json").write_bytes(msgspec.json.encode(model))

    with pytest.raises(resolve.LinkRefused, match="compares shoe_size"):
        link(tmp_path, febrl("dataset1", tmp_path), model=tmp_path / "other.json")


def test_a_condition_we_do_not_know_is_refused(linked: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    model = msgspec.json.decode((linked[0] / "model.json").read_bytes())
    model["comparisons"][0]["comparison_levels"][1]["sql_condition"] = 'soundex("last_name_l") = soundex("last_name_r")'
    (tmp_path / "other.json").write_bytes(msgspec.json.encode(model))

    with pytest.raises(resolve.LinkRefused, match="not one we know"):
        Scorer(tmp_path / "other.json")


def test_every_field_is_cleaned_or_names_the_record(tmp_path: Path) -> None:
    assert {"record_id", "birth_date"} == set(FIELDS) - set(records.CLEAN)
    assert np.all([field.spellings == field.spellings.lower() for field in FIELDS.values()])


def test_what_was_learned_from_files_can_be_brought_into_the_product(
    app: App, linked: tuple[Path, dict[str, Any]]
) -> None:
    body, terms = resolve.models.read(linked[0] / "model.json")

    with app.transaction() as inside:
        number = resolve.models.add(inside, resolve.Steward("ada", "of files"), body, terms, resolve.Bands(2.0, 7.0))
        told = resolve.models.score(inside, number)
        scorer = resolve.models.scorer(inside, number)
    met = [Signature(n, (), n, 0, 0, *said) for n, said in enumerate((
        (19840201, "jon", "smyth", "12 mill road, 4850"), (19840201, "john", "smyth", "12 mill road, 4850"),
        (19510307, "maria", "lund", "4 hay lane, 2000"),
    ))]  # fmt: skip
    alike, strange = scorer.weigh(met, [(0, 1), (0, 2)])

    assert told == 1.0
    assert alike.bits > resolve.AUTOMATIC_BITS > resolve.REVIEW_BITS > strange.bits
