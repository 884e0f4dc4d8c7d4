"""No cell that is written for a spreadsheet is run by one."""

import pytest

from regulars.kit.sheet import safe_cell


@pytest.mark.parametrize(
    "text", ["=1+1", " =1", "\t+1", "\u00a0-1", "\ufeff@x", "\u200b=1", "\x00=1", "\n a", "\uff1d1"]
)
def test_what_begins_like_a_formula_becomes_text_however_it_is_indented(text: str) -> None:
    assert safe_cell(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "a=1", " 4 Elm Street", "x@corner.example"])
def test_other_text_stays_as_it_is(text: str) -> None:
    assert safe_cell(text) == text
