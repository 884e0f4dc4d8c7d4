"""The notebook of the documentation runs, and what stands in it is what it gives."""

import json

import pytest

from tests.ask.notebook import PATH, outputs, written


@pytest.mark.usefixtures("surroundings")
def test_the_notebook_gives_what_stands_in_it() -> None:
    notebook = json.loads(PATH.read_text())

    assert written(notebook) == outputs(notebook), "run: python -m tests.ask.notebook"


def test_the_notebook_asks_and_answers() -> None:
    notebook = json.loads(PATH.read_text())

    assert notebook["nbformat"] == 4
    assert sum(bool(given) for given in written(notebook)) >= 8
