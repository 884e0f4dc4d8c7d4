"""A rule from outside is data: what cannot be read is refused by name, nothing of it is passed over."""

from typing import Any

import pytest

from regulars.analyze.catalogue import TRAITS
from regulars.analyze.errors import RuleRefused
from regulars.analyze.rules import CLAUSES_LIMIT, DEPTH_LIMIT, clauses, parsed

BOUGHT: dict[str, Any] = {"trait": "orders", "is": ">=", "value": 3}


def nested(levels: int, joint: str) -> dict[str, Any]:
    rule = BOUGHT
    for _ in range(levels):
        rule = {joint: rule if joint == "not" else [rule]}
    return rule


@pytest.mark.parametrize("joint", ["all", "any", "not"])
def test_a_rule_goes_as_deep_as_it_may_and_no_deeper(joint: str) -> None:
    assert len(clauses(parsed(nested(DEPTH_LIMIT, joint), TRAITS))) == 1

    with pytest.raises(RuleRefused, match="too deep"):
        parsed(nested(DEPTH_LIMIT + 1, joint), TRAITS)
    with pytest.raises(RuleRefused, match="too deep"):
        parsed(nested(3_000, joint), TRAITS)


def test_lists_within_lists_are_no_way_around() -> None:
    lists: list[Any] = []
    for _ in range(3_000):
        lists = [lists]

    with pytest.raises(RuleRefused, match="too deep"):
        parsed({"all": lists}, TRAITS)


def test_a_rule_has_as_many_parts_as_it_may_and_no_more() -> None:
    assert len(clauses(parsed({"all": [BOUGHT] * CLAUSES_LIMIT}, TRAITS))) == CLAUSES_LIMIT

    for parts in (CLAUSES_LIMIT + 1, 5_000):
        with pytest.raises(RuleRefused, match="too many parts"):
            parsed({"any": [BOUGHT] * parts}, TRAITS)


@pytest.mark.parametrize(
    "rule",
    [
        {"all": [BOUGHT], "any": [BOUGHT]},
        {"not": BOUGHT, "all": [BOUGHT]},
        {"all": [BOUGHT], "trait": "orders"},
        BOUGHT | {"within": 30},
        BOUGHT | {"than": "orders"},
    ],
)
def test_a_part_that_would_be_passed_over_is_refused(rule: dict[str, Any]) -> None:
    with pytest.raises(RuleRefused):
        parsed(rule, TRAITS)


@pytest.mark.parametrize("sign", [["="], {}, None, 1, "!="])
def test_a_comparison_that_is_none_is_refused(sign: object) -> None:
    with pytest.raises(RuleRefused, match="is no comparison"):
        parsed(BOUGHT | {"is": sign}, TRAITS)


@pytest.mark.parametrize("value", [None, True, [1], {"a": 1}])
def test_a_value_that_is_none_is_refused(value: object) -> None:
    with pytest.raises(RuleRefused, match="is no value"):
        parsed(BOUGHT | {"value": value}, TRAITS)


@pytest.mark.parametrize("text", ["\0", "a\0b", "\ud800", "x" * 100_000])
def test_a_text_that_no_statement_can_hold_is_refused(text: str) -> None:
    with pytest.raises(RuleRefused, match="is no text"):
        parsed({"trait": "top_category", "is": "=", "value": text}, TRAITS)
