"""Rules as people meet them: a sentence to read, and the same tree as JSON for the builder. Pure.

    {"all": [{"trait": "orders", "is": ">=", "value": 3}, {"not": {"trait": "channels", "is": "=", "value": 1}}]}

A rule from outside is data: names are looked up in the catalogue, values become literals, nothing is ever evaluated.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import reduce
from typing import Any, cast

from regulars.analyze.errors import RuleRefused, TraitRefused
from regulars.analyze.expressions import (
    COMPARISONS,
    Distinct,
    Expression,
    Facts,
    Literally,
    OfDays,
    OfKeys,
    Op,
    Quantile,
    Root,
    Scalar,
    Since,
    Today,
    Week,
    When,
    Windowed,
)
from regulars.analyze.plan import Trait
from regulars.kit.clock import day_date
from regulars.kit.money import money

DEPTH_LIMIT = 8
CLAUSES_LIMIT = 50
TEXT_LIMIT = 500
LENGTH_SHOWN = 60
MEDIAN_PERCENT = 50
JOINTS = ("all", "any", "not")
COMPARISON_KEYS = ("trait", "is", "value", "than")
WORDS = {">": "is more than", ">=": "is at least", "<": "is less than", "<=": "is at most", "=": "is"}
# A comparison as a marketer says it after "everybody with": before a count, after a measure, between two values.
NUMBERS = {">": "more than", ">=": "at least", "<": "fewer than", "<=": "at most", "=": "exactly"}
AMOUNTS = {">": "above", ">=": "of at least", "<": "below", "<=": "of at most", "=": "of"}
DATES = {">": "after", ">=": "on or after", "<": "before", "<=": "on or before", "=": "on"}
SIGNS = {"+": "plus", "-": "less", "*": "times", "/": "per"}
FOLDS = {
    "sum": "total",
    "count": "number",
    "squares": "total of squares",
    "min": "smallest",
    "max": "largest",
    "first": "first",
    "last": "latest",
}
OF_DAYS = {
    "days": "days with",
    "gap_sum": "days between neighboring days with",
    "gap_squares": "squares of the days between neighboring days with",
    "newest": "newest day with",
    "weeks": "weeks with",
    "longest_days": "most days in a row with",
    "latest_days": "days in a row, up to the newest, with",
    "longest_weeks": "most weeks in a row with",
    "latest_weeks": "weeks in a row, up to the newest, with",
}
KEYED = {
    "top": "main {key} of {facts}",
    "top_value": "total of {facts} in the main {key}",
    "keys": "different {key} of {facts}",
    "of_key": "total of {facts} whose {key} is {wanted}",
}


def sentence(rule: Expression, traits: Iterable[Trait], currency: str = "") -> str:
    """The rule in words that go on after "everybody with": at least 3 orders and spend of at least $300.

    A value has its title in the catalogue where there is one; amounts are said as in `shown`.
    """
    known = {trait.expression: trait for trait in traits}
    return _claim(rule, known, currency)


def words(value: Expression, traits: Iterable[Trait]) -> str:
    """A value in words: with the title of a trait where it is one of these, else what it is made of."""
    return _words(value, {trait.expression: trait for trait in traits})


def _claim(rule: Expression, known: dict[Expression, Trait], currency: str) -> str:
    assert isinstance(rule, Op), "a rule is a claim"
    if rule.sign == "not":
        return f"not ({_claim(rule.left, known, currency)})"
    if rule.sign in ("and", "or"):
        parts = [_claim(side, known, currency) for side in (rule.left, rule.right)]
        mixed = [isinstance(s, Op) and s.sign in ("and", "or") and s.sign != rule.sign for s in (rule.left, rule.right)]
        return f" {rule.sign} ".join(f"({p})" if m else p for p, m in zip(parts, mixed, strict=True))
    title, unit = _words(rule.left, known), known[rule.left].unit if rule.left in known else ""
    if isinstance(rule.right, Literally):
        is_count = rule.left in known and unit == "" and _counts(rule.left)
        return _compared(title, unit, rule.sign, rule.right.constant, is_count, currency)
    right = _words(rule.right, known)
    if rule.sign in "<>":
        return f"{'more' if rule.sign == '>' else 'fewer'} {title} than {right}"
    return f"{title} {AMOUNTS[rule.sign]} {right}"


def _compared(title: str, unit: str, sign: str, value: object, is_count: bool, currency: str) -> str:
    """A value against a constant: how it is said depends on what kind of value it is."""
    said = shown(value, unit, currency)
    if isinstance(value, str):
        return f"{said} as the {title}"
    if is_count:
        if sign == "=" and value == 0:
            return f"no {title}"
        return f"{NUMBERS[sign]} {said} {_single(title) if value == 1 else title}"
    if unit == "share" and title.startswith("part of "):
        return f"{NUMBERS[sign].replace('fewer', 'less')} {said} of {title.removeprefix('part of ')}"
    if unit == "days" and title.startswith("days since the "):
        return f"{title.removeprefix('days since ')} {NUMBERS[sign].replace('fewer', 'less')} {said} ago"
    return f"{title} {(DATES if unit == 'date' else AMOUNTS)[sign]} {said}"


def _counts(value: Expression) -> bool:
    """Whether a value is a number of things, not an amount of one."""
    if isinstance(value, Scalar | Windowed):
        return value.fold in ("sum", "count")
    if isinstance(value, Op):
        return value.sign == "+" and _counts(value.left) and _counts(value.right)
    return isinstance(value, Distinct) or (
        isinstance(value, OfDays | OfKeys) and value.what in ("days", "keys", "weeks")
    )


def _single(title: str) -> str:
    """The title of a count when it is one: survey answers -> survey answer."""
    things, within, window = title.partition(" in the last ")
    return (
        re.sub(r"(?:(?<=\w)ies|(?<=[^\Ws])s)\b", lambda end: "y" if end[0] == "ies" else "", things, count=1)
        + within
        + window
    )


def _words(value: Expression, known: dict[Expression, Trait], unit: str = "", currency: str = "") -> str:
    if value in known:
        return known[value].title
    if isinstance(value, Literally):
        return shown(value.constant, unit, currency)
    if isinstance(value, Op):
        if value.sign == "*" and isinstance(value.right, Literally):
            return f"{_words(value.right, known)} times {_words(value.left, known)}"
        return f"{_words(value.left, known)} {SIGNS[value.sign]} {_words(value.right, known)}"
    if isinstance(value, Since):
        return f"days since {_words(value.day, known)}"
    if isinstance(value, Root):
        return f"the root of {_words(value.of, known)}"
    if isinstance(value, When):
        chosen, otherwise = (_words(each, known, unit, currency) for each in (value.value, value.otherwise))
        return f"{chosen} where {_claim(value.claim, known, currency)}, else {otherwise}"
    if isinstance(value, Week):
        return f"the week of {_words(value.day, known)}"
    if isinstance(value, Today):
        return "today"
    return _leaf(value)


def _leaf(value: Expression) -> str:
    if isinstance(value, Scalar):
        what = f"{FOLDS[value.fold]} of {_facts(value.facts)}"
        return f"{_measured(value.column)}, {what}" if value.column else what
    if isinstance(value, Windowed):
        what = f"{FOLDS[value.fold]} of {_facts(value.facts)} in the last {value.days} days"
        return f"{_measured(value.column)}, {what}" if value.column else what
    if isinstance(value, OfDays):
        return f"{OF_DAYS[value.what]} {_facts(value.facts)}"
    if isinstance(value, Distinct):
        return f"different {value.column.removesuffix('_hash')}s of {_facts(value.facts)}"
    if isinstance(value, Quantile):
        which = "median" if value.percent == MEDIAN_PERCENT else f"{value.percent}th percentile"
        return f"{_measured(value.column)}, {which} of {_facts(value.facts)}"
    assert isinstance(value, OfKeys), "every leaf has words"
    return KEYED[value.what].format(key=value.key, facts=_facts(value.facts), wanted=value.wanted)


def _measured(column: str) -> str:
    return column.replace("_cents", "").replace("_", " ")


def _facts(facts: Facts) -> str:
    where = " and ".join(f"{name} {WORDS[sign]} {value}" for name, sign, value in facts.conditions)
    return facts.event + (f" whose {where}" if where else "")


def shown(value: object, unit: str = "", currency: str = "") -> str:
    """A value as people read it: money with the sign of its currency, days as dates, shares as percent."""
    if value is None:
        return "not known"
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    if unit == "cents":
        return money(value, currency) if currency else f"{value / 100:,.2f}"
    if unit == "date":
        return f"{day_date(int(value)):%-d %B %Y}"
    if unit == "share":
        return f"{value * 100:.0f}%"
    number = f"{value:,}" if isinstance(value, int) else f"{value:,.1f}"
    if unit == "days":
        return f"{number} day" if value == 1 else f"{number} days"
    return number


def clauses(rule: Expression) -> list[Op]:
    """The comparisons of a rule, in reading order."""
    assert isinstance(rule, Op), "a rule is a claim"
    if rule.sign in ("and", "or"):
        return clauses(rule.left) + clauses(rule.right)
    return clauses(rule.left) if rule.sign == "not" else [rule]


def parsed(rule: object, traits: Iterable[Trait]) -> Expression:
    """The rule that this JSON tree says; RuleRefused names the part that cannot be read."""
    # Before anything is built: what is too large would end Python's own stack.
    if _comparisons(rule, 0) > CLAUSES_LIMIT:
        raise RuleRefused("The rule has too many parts", f"Use at most {CLAUSES_LIMIT} comparisons")
    return _parsed(rule, {trait.name: trait for trait in traits}, 0)


def _comparisons(rule: object, depth: int) -> int:
    # A level of a rule is two of its JSON: the object, and the list in it.
    if depth > 2 * DEPTH_LIMIT + 1:
        raise _too_deep()
    if isinstance(rule, list):
        return sum(_comparisons(part, depth + 1) for part in cast(list[object], rule))
    if not isinstance(rule, dict):
        return 1
    tree = cast(dict[str, Any], rule)
    parts = [tree[name] for name in JOINTS if name in tree]
    return sum(_comparisons(part, depth + 1) for part in parts) if parts else 1


def _parsed(rule: object, traits: dict[str, Trait], depth: int) -> Expression:
    if depth > DEPTH_LIMIT:
        raise _too_deep()
    if not isinstance(rule, dict):
        raise RuleRefused(
            f"{_short(rule)} is no rule", 'Write {"trait": ..., "is": ..., "value": ...}, "all", "any" or "not"'
        )
    tree = cast(dict[str, Any], rule)
    _check_keys(tree)
    if "not" in tree:
        return ~_parsed(tree["not"], traits, depth + 1)
    for name in ("all", "any"):
        if name in tree:
            return _listed(tree[name], name, traits, depth)
    return _comparison(tree, traits)


def _too_deep() -> RuleRefused:
    return RuleRefused("The rule is nested too deep", f"Use at most {DEPTH_LIMIT} levels")


def _check_keys(tree: dict[str, Any]) -> None:
    """Every key says something: one that is passed over would make another group of customers than was asked for."""
    keys = set(tree)
    if keys & set(JOINTS) and len(keys) > 1:
        raise RuleRefused(
            f"A rule says {' and '.join(sorted(keys))[:LENGTH_SHOWN]} at once",
            'Put one inside the other: {"all": [..., {"any": [...]}]}',
        )
    if unknown := sorted(keys - set(JOINTS) - set(COMPARISON_KEYS)):
        raise RuleRefused(
            f"A rule has no {', '.join(unknown)[:LENGTH_SHOWN]}",
            f"Use {', '.join(COMPARISON_KEYS)} or {', '.join(JOINTS)}",
        )
    if "value" in keys and "than" in keys:
        raise RuleRefused("A comparison has both value and than", "Compare with a value, or than another trait")


def _short(value: object) -> str:
    return repr(value)[:LENGTH_SHOWN]


def _listed(parts: Any, name: str, traits: dict[str, Trait], depth: int) -> Expression:
    if not isinstance(parts, list) or not parts:
        raise RuleRefused(f"'{name}' needs a list of rules", "Put at least one rule into it")
    rules = [_parsed(part, traits, depth + 1) for part in cast(list[object], parts)]
    return reduce(lambda a, b: a & b if name == "all" else a | b, rules)


def _comparison(tree: dict[str, Any], traits: dict[str, Trait]) -> Expression:
    left, sign, value = _trait(tree.get("trait"), traits), tree.get("is"), tree.get("value")
    right = _trait(tree["than"], traits) if "than" in tree else value
    if not isinstance(sign, str) or sign not in COMPARISONS:
        raise RuleRefused(f"{_short(sign)} is no comparison", f"Choose one of {' '.join(COMPARISONS)}")
    if isinstance(right, bool) or not isinstance(right, int | float | str | Expression):
        raise RuleRefused(f"{_short(right)} is no value", "Give a number, a text, or another trait as 'than'")
    if isinstance(right, str) and not _fits(right):
        raise RuleRefused(f"{_short(right)} is no text to compare with", f"Use at most {TEXT_LIMIT} characters, no NUL")
    compare = {">": left.__gt__, ">=": left.__ge__, "<": left.__lt__, "<=": left.__le__, "=": left.equals}[sign]
    try:
        return compare(right)
    except TraitRefused as fault:
        raise RuleRefused(fault.what, fault.fix) from None


def _fits(text: str) -> bool:
    # PostgreSQL would read the statement up to the NUL and no further.
    return len(text) <= TEXT_LIMIT and "\0" not in text and not any("\ud800" <= sign <= "\udfff" for sign in text)


def _trait(name: Any, traits: dict[str, Trait]) -> Expression:
    if not isinstance(name, str) or name not in traits:
        raise RuleRefused(f"There is no trait named {_short(name)}", f"Choose one of: {', '.join(sorted(traits))}")
    return traits[name].expression
