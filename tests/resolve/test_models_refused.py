"""What no model can say is refused when it is read, with the comparison that says it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from regulars import resolve
from regulars.resolve.linkage.scorer import read
from tests.resolve.likeness_model import model

M, U, CONDITION = "m_probability", "u_probability", "sql_condition"
LIKE = 'jaro_winkler_similarity("first_name_l", "first_name_r")'
SLIPS = 'levenshtein("first_name_l", "first_name_r")'


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        (M, 1e308, "m_probability Expected `float` <= 1"),
        (M, -0.1, "m_probability Expected `float` >= 0"),
        (U, 1.5, "u_probability Expected `float` <= 1"),
        (U, "rare", "u_probability Expected `float | null`, got `str`"),
        (M, None, "lacks m_probability"),
        ("tf_adjustment_weight", 1e308, "tf_adjustment_weight Expected `float` <= 1"),
        ("tf_minimum_u_value", -1, "tf_minimum_u_value Expected `float` >= 0"),
        ("tf_adjustment_column", "hat", "no level asks whether hat is the same"),
        (CONDITION, None, "sql_condition Expected `str`, got `null`"),
        (CONDITION, 5, "sql_condition Expected `str`, got `int`"),
        (CONDITION, "(" * 2_000 + "a = b" + ")" * 2_000, "too many brackets"),
        (
            CONDITION,
            " and ".join(['"first_name_l" = "first_name_r"'] * 600),
            "sql_condition Expected `str` of length <= 5000",
        ),
        (CONDITION, '"first_name_l" = (', "comparison 'first_name': "),
        (CONDITION, f"{LIKE} >= x", "could not convert"),
        (CONDITION, f"{SLIPS} <= 1e308", "not one we know"),
    ],
)
def test_a_level_that_makes_no_sense_is_named(name: str, value: Any, said: str) -> None:
    body = json.loads(model()[0])
    body["comparisons"][0]["comparison_levels"][1][name] = value

    with pytest.raises(resolve.LinkRefused) as refused:
        read(json.dumps(body).encode(), "people.json")

    assert "people.json is no model that can be used: comparison 'first_name'" in refused.value.what
    assert said in refused.value.what


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        *(
            (f'{{"probability_two_random_records_match": {prior}}}', "two_random_records_match")
            for prior in (0, 1, 2, -1)
        ),
        ('{"comparisons": []}', "comparisons"),
        (
            '{"comparisons": [{"output_column_name": "city", "comparison_levels": []}]}',
            "comparison 'city': comparison_",
        ),
        ('{"comparisons": [7]}', "comparison 'number 1'"),
    ],
)
def test_a_model_that_makes_no_sense_is_refused(changed: str, said: str) -> None:
    body = json.loads(model()[0]) | json.loads(changed)

    with pytest.raises(resolve.LinkRefused, match="no model that can be used") as refused:
        read(json.dumps(body).encode())

    assert said in refused.value.what


@pytest.mark.parametrize("body", [b"", b"\xff", b"[" * 5_000, b'{"comparisons": 1e999}'])
def test_what_is_no_json_is_no_model(body: bytes) -> None:
    with pytest.raises(resolve.LinkRefused, match="cannot be read"):
        read(body)


def test_a_chance_of_zero_among_strangers_is_no_proof_without_end() -> None:
    body = json.loads(model()[0])
    body["comparisons"][0]["comparison_levels"][1][U] = 0

    assert max(abs(level.weight_bits) for level in read(json.dumps(body).encode()).comparisons[0].levels) < 1_000
