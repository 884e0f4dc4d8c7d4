"""Models of likeness on the command line: added, tried, approved, dropped."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest
from typer.testing import CliRunner

from regulars import analyze
from regulars.app import App
from regulars.cli import main
from tests.resolve.likeness_model import model
from tests.resolve.test_likeness import load, owners, person

RUN = CliRunner()


@pytest.fixture
def file(app: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A model with its terms beside it, as a training leaves them."""
    monkeypatch.setenv("REGULARS_DATABASE_URL", app.settings.database_url)
    monkeypatch.setenv("REGULARS_HOME", app.settings.home)
    analyze.ensure_schema(app)
    body, terms = model()
    path = tmp_path / "people.json"
    path.write_bytes(body)
    rows = [(name, value or None, told) for name, some in json.loads(terms).items() for value, told in some.items()]
    with duckdb.connect() as duck:
        duck.execute("create table terms (column_name varchar, value varchar, frequency double)")
        duck.executemany("insert into terms values (?, ?, ?)", rows)
        duck.execute(
            f"copy terms to '{path.with_suffix('.terms.parquet')}' (format parquet, kv_metadata {{model: 'small'}})"
        )
    return path


def told(*words: str) -> Any:
    answer = RUN.invoke(main, ["likeness", *words, "--json"])
    assert answer.exit_code == 0, answer.output
    return json.loads(answer.stdout)


def test_a_model_is_added_tried_approved_and_let_go(app: App, file: Path) -> None:
    load(app, person("a", "e1"), person("b", "e2", "john", 19840102, "smith"))

    number = str(told("add", str(file), "--join", "7", "--ask", "2")["number"])
    trial = told("try", number)
    between = owners(app)
    approved = told("approve", number)
    joined = owners(app)
    told("approve", "0")

    assert (trial["merges"], trial["splits"], between) == (1, 0, {1: 1, 2: 2})
    assert (approved["merged"], joined) == (1, {1: 1, 2: 1})
    assert owners(app) == {1: 1, 2: 2}
    assert [one["pairs"] for one in told("list")["models"]] == [1]
    assert told("drop", number) == {"dropped": int(number)}
    assert told("list")["models"] == []


def test_what_is_no_model_is_refused_by_name(file: Path) -> None:
    file.write_text("{}")

    answer = RUN.invoke(main, ["likeness", "add", str(file), "--join", "7", "--ask", "2", "--json"])

    assert answer.exit_code == 1
    assert "RG-1250" in answer.output


def refusal(*words: str) -> str:
    answer = RUN.invoke(main, ["likeness", *words, "--json"])
    assert answer.exit_code == 1
    return " ".join(answer.output.split())


def test_a_model_that_nobody_added_is_neither_tried_nor_approved_nor_dropped(file: Path) -> None:
    answers = [refusal(word, "99") for word in ("try", "approve", "score", "drop")]

    assert all("There is no model 99" in answer for answer in answers)


def test_bands_that_no_score_can_reach_are_refused(file: Path) -> None:
    bands = [("inf", "2"), ("1e308", "2"), ("nan", "2"), ("7", "nan"), ("7", "-inf")]

    answers = [refusal("add", str(file), "--join", join, "--ask", ask) for join, ask in bands]

    assert all("makes no sense" in answer for answer in answers)
