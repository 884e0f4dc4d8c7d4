"""A small model as Splink writes it, with round numbers: two records that agree on everything score about 30 bits."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from regulars.resolve.likeness import Bands

BANDS = Bands(review=2.0, auto=7.0)


def level(words: str, condition: str, m: float, u: float, rare: str = "") -> dict[str, Any]:
    told: dict[str, Any] = {
        "sql_condition": condition,
        "label_for_charts": words,
        "m_probability": m,
        "u_probability": u,
    }
    return told | ({"tf_adjustment_column": rare} if rare else {})


def comparison(column: str, levels: Sequence[dict[str, Any]]) -> dict[str, Any]:
    unknown = f'"{column}_l" is null or "{column}_r" is null'
    null = {"sql_condition": unknown, "label_for_charts": "not known", "is_null_level": True}
    return {"output_column_name": column, "comparison_levels": [null, *levels]}


def model(strict: bool = False) -> tuple[bytes, bytes]:
    """Body and terms; a strict one wants the same first name."""
    near = 0.02 if strict else 0.25
    body = {
        "probability_two_random_records_match": 1e-3,
        "linker_uid": "small",
        "comparisons": [
            comparison("first_name", [
                level("the same", '"first_name_l" = "first_name_r"', 0.7, 0.01, rare="first_name"),
                level("alike", 'jaro_winkler_similarity("first_name_l", "first_name_r") >= 0.85', near, 0.02),
                level("different", "ELSE", 0.05, 0.97),
            ]),
            comparison("last_name", [
                level("the same", '"last_name_l" = "last_name_r"', 0.8, 0.005),
                level("alike", 'jaro_winkler_similarity("last_name_l", "last_name_r") >= 0.85', 0.15, 0.01),
                level("different", "ELSE", 0.05, 0.985),
            ]),
            comparison("birth_date", [
                level("the same", '"birth_date_l" = "birth_date_r"', 0.8, 0.0002),
                level("swapped", '"birth_date_l" = "birth_swapped_r"', 0.1, 0.0002),
                level("different", "ELSE", 0.1, 0.9996),
            ]),
            comparison("postcode", [
                level("the same", '"postcode_l" = "postcode_r"', 0.8, 0.05),
                level("different", "ELSE", 0.2, 0.95),
            ]),
        ],
    }  # fmt: skip
    return json.dumps(body).encode(), json.dumps({"first_name": {"anna": 0.02, "": 0.005}}).encode()
