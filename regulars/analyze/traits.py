"""The vocabulary in which traits are declared. Pure: declaring computes nothing, `plan` turns it into state and SQL.

    lines  = facts("Order Line", value="revenue_cents");  buys = facts("Order Completed")
    spend  = total(lines);            last_store = latest(buys, carry="store")
    food   = count(lines.where(category="CAT FOOD")).within(days=90)
    rhythm = gaps(buys).sd();         top_cat = top(lines, by="category");  aov = spend / count(buys)

Every leaf is one of two state shapes, scalars and keyed cells, whose merge is associative and commutative; everything
else is an expression over leaves. What is neither is refused here, when it is declared, with the nearest kind named.
Expressions are plain values: two equal ones share their state, and a trait that uses another holds it, so there is no
order to compute and no cycle to fear. `==` compares expressions themselves; the rule "equals 3" is `x.equals(3)`.
"""

from __future__ import annotations

import re
from dataclasses import replace

from regulars.analyze.errors import TraitRefused
from regulars.analyze.expressions import (
    ARITHMETIC,
    COMPARISONS,
    HASHES,
    KEYS,
    LEAVES,
    MEASURES,
    SKETCH_HASHES,
    SQUARED_LIMIT,
    SUMMED,
    TYPES,
    WIDE_KEYS,
    WINDOW_LIMIT_DAYS,
    Conditions,
    Constant,
    Distinct,
    Expression,
    Facts,
    Field,
    Gaps,
    Kind,
    Leaf,
    Literally,
    OfDays,
    OfKeys,
    Op,
    Operand,
    Quantile,
    Root,
    Scalar,
    Sequence,
    Since,
    Today,
    Unit,
    Week,
    When,
    Windowed,
)
from regulars.analyze.refused import (
    attribution,
    mode,
    moving_average,
    quintile,
    rank,
    refuse,
    sequence,
    visits,
)

__all__ = [
    "ARITHMETIC",
    "COMPARISONS",
    "HASHES",
    "KEYS",
    "LEAVES",
    "MEASURES",
    "SKETCH_HASHES",
    "SQUARED_LIMIT",
    "SUMMED",
    "TYPES",
    "WIDE_KEYS",
    "WINDOW_LIMIT_DAYS",
    "Conditions",
    "Constant",
    "Distinct",
    "Expression",
    "Facts",
    "Field",
    "Gaps",
    "Kind",
    "Leaf",
    "Literally",
    "OfDays",
    "OfKeys",
    "Op",
    "Operand",
    "Quantile",
    "Root",
    "Scalar",
    "Sequence",
    "Since",
    "Today",
    "Unit",
    "Week",
    "When",
    "Windowed",
    "attribution",
    "bought",
    "breadth",
    "count",
    "days",
    "distinct",
    "facts",
    "field",
    "first",
    "gaps",
    "latest",
    "maximum",
    "median",
    "minimum",
    "mode",
    "moving_average",
    "quantile",
    "quintile",
    "rank",
    "sd",
    "sequence",
    "share",
    "share_of",
    "since",
    "since_day",
    "since_first",
    "top",
    "top_share",
    "top_total",
    "total",
    "total_of",
    "visits",
    "when",
]

FIELDS: dict[str, Kind] = {
    "country": "text",
    "state": "text",
    "city": "text",
    "zone": "text",
    "language": "text",
    "birth_date": "whole",
}
PRIVATE_FIELDS = ("first_name", "last_name", "email", "phone", "address", "street", "postcode")
FIELD_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")


def facts(event: str, value: str | None = None) -> Facts:
    """The facts of `event` ("Order Line" for products of orders), measured by column `value`."""
    if value is not None and value not in MEASURES:
        raise TraitRefused(f"'{value}' of '{event}' is no measure", f"Choose one of {', '.join(MEASURES)}")
    return Facts(event, value)


def total(of: Facts) -> Scalar:
    """Sum of the facts' value."""
    return Scalar("sum", of, _value(of, "total"))


def count(of: Facts) -> Scalar:
    """Number of facts."""
    return Scalar("count", replace(of, value=None), None)


def minimum(of: Facts) -> Scalar:
    """Smallest value."""
    return Scalar("min", of, _value(of, "minimum"))


def maximum(of: Facts) -> Scalar:
    """Largest value."""
    return Scalar("max", of, _value(of, "maximum"))


def first(of: Facts, carry: str) -> Scalar:
    """Column `carry` of the first fact that has it, ties broken by journal position."""
    return Scalar("first", replace(of, value=None), _column(carry))


def latest(of: Facts, carry: str) -> Scalar:
    """Column `carry` of the latest fact that has it, ties broken by journal position."""
    return Scalar("last", replace(of, value=None), _column(carry))


def gaps(of: Facts) -> Gaps:
    """The rhythm of such facts, by day."""
    return Gaps(replace(of, value=None))


def top(of: Facts, by: str) -> OfKeys:
    """The key with the largest total (number, without a value); ties go to the first in the alphabet."""
    return OfKeys("top", of, _key(by))


def top_total(of: Facts, by: str) -> OfKeys:
    """That largest total."""
    return OfKeys("top_value", of, _key(by))


def breadth(of: Facts, by: str) -> OfKeys:
    """How many different keys she has."""
    return OfKeys("keys", replace(of, value=None), _key(by))


def total_of(of: Facts, by: str, key: str) -> OfKeys:
    """Total (number, without a value) of one key, out of the same cells as all others of that key."""
    return OfKeys("of_key", of, _key(by), key)


def share_of(of: Facts, by: str, key: str) -> Op:
    """The part of the total (number, without a value) that falls on one key, 0 to 1."""
    return total_of(of, by, key) / _all(of)


def top_share(of: Facts, by: str) -> Op:
    """The part of the total that falls on the key with the largest, 0 to 1: how much she depends on it."""
    return top_total(of, by) / _all(of)


def _all(of: Facts) -> Scalar:
    return count(of) if of.value is None else total(of)


def share(of: Facts, **equal: Constant) -> Op:
    """The part of the total (number, without a value) that falls on facts whose columns equal these, 0 to 1."""
    fold = count if of.value is None else total
    return fold(of.where(**equal)) / fold(of)


def sd(of: Facts) -> Expression:
    """Sample standard deviation of the value, from the second fact on; looks at values up to SQUARED_LIMIT.

    Of whole sums: doubles hold their products exactly up to 2**53 and overflow nowhere.
    """
    column = _value(of, "sd")
    bounded = of.above(**{column: -SQUARED_LIMIT - 1}).below(**{column: SQUARED_LIMIT + 1})
    number, s, q = count(bounded) * 1.0, total(bounded) * 1.0, Scalar("squares", bounded, column)
    spread = number * q - s * s
    variance = spread / (number * (number - 1))
    # Beyond 2**53 the difference may come out below nothing, which has no root.
    return Root(When(spread > 0, variance, variance * 0.0))


def distinct(of: Facts, by: str) -> Distinct:
    """How many different orders or products; daily. Exact below SKETCH_HASHES, else within about 13 % (one sigma)."""
    if by not in HASHES:
        raise TraitRefused(
            f"'{by}' has no hash to count different ones by",
            f"Choose one of {', '.join(HASHES)}; of {', '.join(KEYS)} use breadth(..., by=)",
        )
    return Distinct(replace(of, value=None), HASHES[by])


def quantile(of: Facts | Expression, percent: int) -> Quantile:
    """The value that this share of the facts does not exceed (nearest rank); daily, at most 5 % off."""
    if isinstance(of, Expression):
        raise refuse("quantile of an expression")
    if not 0 < percent < 100:
        raise TraitRefused(
            f"{percent} is no percentage of facts", "Choose 1 to 99; use minimum or maximum for the ends"
        )
    return Quantile(of, _value(of, "quantile"), percent)


def median(of: Facts | Expression) -> Quantile:
    """The value in the middle (the lower of two); daily, at most 5 % off."""
    return quantile(of, 50)


def when(claim: Expression, value: Operand, otherwise: Operand) -> When:
    """`value` where the claim holds, else `otherwise`, also where the claim is not known."""
    found, other = (each if isinstance(each, Expression) else Literally(each) for each in (value, otherwise))
    if claim.kind != "truth" or found.kind != other.kind:
        raise TraitRefused(
            f"'when' cannot choose between {found.kind} and {other.kind} by {claim.kind}",
            "Give a claim such as orders >= 2, and two values of one kind",
        )
    return When(claim, found, other)


def field(name: str, kind: Kind = "text") -> Field:
    """The golden value of a profile field; `kind` of one that the brand adds: text, fraction (number), whole (day).

    Names and addresses do not enter the analysis.
    """
    if name in PRIVATE_FIELDS or not FIELD_NAME.fullmatch(name):
        raise TraitRefused(
            f"'{name}' is no field to analyze by", f"Choose one of {', '.join(FIELDS)}, or a field of profile.yaml"
        )
    return Field(name, FIELDS.get(name, kind))


def bought(overlay: str, name: str, kind: Kind = "text") -> Field:
    """A field of bought data where it may be used: matched, not expired, with her yes where one is needed."""
    if not FIELD_NAME.fullmatch(overlay) or not FIELD_NAME.fullmatch(name):
        raise TraitRefused(f"'{overlay}' has no field '{name}'", "Choose one that its file in overlays declares")
    return Field(name, kind, overlay)


def since_day(of: Field) -> Since:
    """Days since a day that is known of her."""
    if of.kind != "whole":
        raise TraitRefused(f"'{of.name}' is {of.kind}, no day", "Use since_day of a date, such as field('birth_date')")
    return Since(of)


def since(of: Facts) -> Since:
    """Days since the latest such fact; not known where there is none."""
    return Since(Scalar("max", replace(of, value=None), "day"))


def since_first(of: Facts) -> Since:
    """Days since the first such fact (the T of lifetime models)."""
    return Since(Scalar("min", replace(of, value=None), "day"))


def days(number: int) -> int:
    """A number of days, to read well in rules: `since(opens) > days(30)`."""
    return number


def _value(of: Facts, what: str) -> str:
    if of.value is None:
        raise TraitRefused(f"{what} of '{of.event}' does not say of what", "Write facts(event, value='revenue_cents')")
    return of.value


def _column(name: str) -> str:
    if name not in TYPES:
        raise TraitRefused(f"Facts have no column '{name}'", f"Choose one of {', '.join(TYPES)}")
    return name


def _key(name: str) -> str:
    if name not in KEYS + WIDE_KEYS:
        raise TraitRefused(
            f"'{name}' is no key: it has too many values", f"Choose one of {', '.join(KEYS + WIDE_KEYS)}"
        )
    return name
