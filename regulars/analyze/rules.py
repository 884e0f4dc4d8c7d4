"""Rules and values in words, as people read them. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

from regulars.analyze.expressions import (
    COPIED,
    Consented,
    Copied,
    Distinct,
    Expression,
    Facts,
    Field,
    Graded,
    Identified,
    Literally,
    OfDays,
    OfKeys,
    Op,
    Quantile,
    Root,
    Scalar,
    ScoreIs,
    ScoreOf,
    Sequence,
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
        is_count = rule.left in known and unit == "" and counts(rule.left)
        return compared(
            title, unit, rule.sign, rule.right.constant, is_count, shown(rule.right.constant, unit, currency)
        )
    right = _words(rule.right, known)
    if rule.sign in "<>":
        return f"{'more' if rule.sign == '>' else 'fewer'} {title} than {right}"
    return f"{title} {AMOUNTS[rule.sign]} {right}"


def compared(title: str, unit: str, sign: str, value: object, is_count: bool, said: str) -> str:
    """A value against a constant, which is `said` so: how depends on what kind of value it is."""
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


def counts(value: Expression) -> bool:
    """Whether a value is a number of things, not an amount of one."""
    if isinstance(value, Scalar | Windowed):
        return value.fold in ("sum", "count")
    if isinstance(value, Op):
        return value.sign == "+" and counts(value.left) and counts(value.right)
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
    if isinstance(value, COPIED):
        return _copied(value)
    if isinstance(value, Week):
        return f"the week of {_words(value.day, known)}"
    if isinstance(value, Today):
        return "today"
    return _leaf(value)


def _copied(value: Copied) -> str:
    if isinstance(value, Field):
        said = value.name.replace("_", " ")
        return f"{said}, bought as {value.overlay}" if value.overlay else f"{said} of the profile"
    if isinstance(value, Consented):
        return f"consent to {value.channel} for {value.purpose}"
    if isinstance(value, Identified):
        return f"identifiers: {value.type}"
    if isinstance(value, ScoreIs):
        return f"{_copied(value.of)} {WORDS[value.sign]} {value.bound:g}"
    assert isinstance(value, Graded | ScoreOf), "whatever is copied has words"
    return f"{'grade by ' if isinstance(value, Graded) else ''}{value.score.replace('_', ' ')}"


def _leaf(value: Expression) -> str:
    if isinstance(value, Scalar):
        what = f"{FOLDS[value.fold]} of {_facts(value.facts)}"
        return f"{measured(value.column)}, {what}" if value.column else what
    if isinstance(value, Windowed):
        what = f"{FOLDS[value.fold]} of {_facts(value.facts)} in the last {value.days} days"
        return f"{measured(value.column)}, {what}" if value.column else what
    if isinstance(value, OfDays):
        return f"{OF_DAYS[value.what]} {_facts(value.facts)}"
    if isinstance(value, Sequence):
        then = f"followed by {_facts(value.then)} within {value.within} days"
        then = then if value.followed else f"not {then}"
        return f"number of {_facts(value.first)} in the last {value.last} days, {then}"
    if isinstance(value, Distinct):
        return f"different {value.column.removesuffix('_hash')}s of {_facts(value.facts)}"
    if isinstance(value, Quantile):
        which = "median" if value.percent == MEDIAN_PERCENT else f"{value.percent}th percentile"
        return f"{measured(value.column)}, {which} of {_facts(value.facts)}"
    assert isinstance(value, OfKeys), "every leaf has words"
    return KEYED[value.what].format(key=value.key, facts=_facts(value.facts), wanted=value.wanted)


def measured(column: str) -> str:
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


def clauses(rule: Expression, wanted: bool = True) -> list[tuple[Op, bool]]:
    """The comparisons of a rule, in reading order, and whether it asks for each or for its contrary."""
    assert isinstance(rule, Op), "a rule is a claim"
    if rule.sign in ("and", "or"):
        return clauses(rule.left, wanted) + clauses(rule.right, wanted)
    return clauses(rule.left, not wanted) if rule.sign == "not" else [(rule, wanted)]
