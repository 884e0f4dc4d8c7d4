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

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import Literal

from regulars.analyze.errors import TraitRefused
from regulars.collect import FACT_COLUMNS

Kind = Literal["whole", "fraction", "text", "truth"]
TYPES = {column.name: column.type for column in FACT_COLUMNS}
MEASURES = tuple(name for name, type_ in TYPES.items() if type_ == "bigint" and name not in ("seq", "line", "fact_id"))
# Bounded by the brand's own range and network; products and orders are not, so they are no keys.
KEYS = ("category", "department", "brand", "store", "channel", "campaign")
WINDOW_LIMIT_DAYS = 400
ARITHMETIC = ("+", "-", "*", "/")
COMPARISONS = (">", ">=", "<", "<=", "=")
Constant = int | float | str
Conditions = tuple[tuple[str, str, Constant], ...]


@dataclass(frozen=True)
class Facts:
    """The facts of one event that a trait looks at, and the column it measures. `where` narrows them."""

    event: str
    value: str | None = None
    conditions: Conditions = ()

    def where(self, **equal: Constant) -> Facts:
        """Only facts whose columns equal these."""
        return self._narrowed("=", equal)

    def above(self, **bounds: int) -> Facts:
        """Only facts whose columns are greater than these."""
        return self._narrowed(">", bounds)

    def _narrowed(self, sign: str, columns: dict[str, Constant] | dict[str, int]) -> Facts:
        for name, wanted in columns.items():
            if name not in TYPES:
                raise TraitRefused(f"Facts have no column '{name}'", f"Choose one of {', '.join(TYPES)}")
            if isinstance(wanted, str) is not (TYPES[name] == "text"):
                raise TraitRefused(
                    f"'{name}' is {TYPES[name]}, {wanted!r} is not", "Compare it with a value of its type"
                )
        new = tuple((name, sign, wanted) for name, wanted in columns.items())
        return replace(self, conditions=tuple(sorted({*self.conditions, *new}, key=repr)))


class Expression(ABC):
    """Something that has one value a customer. Combine with + - * /, compare with > >= < <= equals, join with & | ~."""

    @property
    @abstractmethod
    def kind(self) -> Kind:
        """What the value is."""

    def __add__(self, other: Operand) -> Op:
        return _op("+", self, other)

    def __sub__(self, other: Operand) -> Op:
        return _op("-", self, other)

    def __mul__(self, other: Operand) -> Op:
        return _op("*", self, other)

    def __truediv__(self, other: Operand) -> Op:
        return _op("/", self, other)

    def __gt__(self, other: Operand) -> Op:
        return _op(">", self, other)

    def __ge__(self, other: Operand) -> Op:
        return _op(">=", self, other)

    def __lt__(self, other: Operand) -> Op:
        return _op("<", self, other)

    def __le__(self, other: Operand) -> Op:
        return _op("<=", self, other)

    def equals(self, other: Operand) -> Op:
        """The claim that both are the same; never true of what is not known."""
        return _op("=", self, other)

    def __and__(self, other: Expression) -> Op:
        return _op("and", self, other)

    def __or__(self, other: Expression) -> Op:
        return _op("or", self, other)

    def __invert__(self) -> Op:
        return _op("not", self, self)


@dataclass(frozen=True)
class Literally(Expression):
    """A constant."""

    constant: Constant

    @property
    def kind(self) -> Kind:
        return "text" if isinstance(self.constant, str) else "whole" if isinstance(self.constant, int) else "fraction"


@dataclass(frozen=True)
class Op(Expression):
    """Two expressions under a sign."""

    sign: str
    left: Expression
    right: Expression

    @property
    def kind(self) -> Kind:
        if self.sign not in ARITHMETIC:
            return "truth"
        whole = self.sign != "/" and self.left.kind == self.right.kind == "whole"
        return "whole" if whole else "fraction"


@dataclass(frozen=True)
class Scalar(Expression):
    """A leaf in one column (first and latest: three). `column` is what it measures or carries."""

    fold: Literal["sum", "count", "min", "max", "first", "last"]
    facts: Facts
    column: str | None

    @property
    def kind(self) -> Kind:
        return "text" if self.column and TYPES[self.column] == "text" else "whole"

    def within(self, *, days: int) -> Windowed:
        """The same over the last `days` days only, today included."""
        if self.fold not in ("sum", "count"):
            raise TraitRefused(
                f"{self.fold} within {days} days cannot be folded: what expires cannot be taken out of it",
                "Use total(...) or count(...) within days, or since(...) for how long ago",
            )
        if not 0 < days <= WINDOW_LIMIT_DAYS:
            raise TraitRefused(f"A window of {days} days", f"Choose 1 to {WINDOW_LIMIT_DAYS} days")
        return Windowed("sum" if self.fold == "sum" else "count", self.facts, self.column, days)


@dataclass(frozen=True)
class Windowed(Expression):
    """A sum or count over the last days; ages with the day tick, without events."""

    fold: Literal["sum", "count"]
    facts: Facts
    column: str | None
    days: int

    @property
    def kind(self) -> Kind:
        return "whole"


@dataclass(frozen=True)
class OfDays(Expression):
    """A number of the set of days on which such facts happened: days, sum of gaps, sum of their squares, newest day."""

    what: Literal["days", "gap_sum", "gap_squares", "newest"]
    facts: Facts

    @property
    def kind(self) -> Kind:
        return "whole"


@dataclass(frozen=True)
class Root(Expression):
    """Square root, as a fraction; of nothing below zero."""

    of: Expression

    @property
    def kind(self) -> Kind:
        return "fraction"


@dataclass(frozen=True)
class OfKeys(Expression):
    """Of the totals by key: the key with the largest, that largest total, or the number of keys."""

    what: Literal["top", "top_value", "keys"]
    facts: Facts
    key: str

    @property
    def kind(self) -> Kind:
        return "text" if self.what == "top" else "whole"


@dataclass(frozen=True)
class Since(Expression):
    """Days between a day and today. It ages by itself, so it is never stored, only read."""

    day: Expression

    @property
    def kind(self) -> Kind:
        return "whole"


@dataclass(frozen=True)
class Gaps:
    """The rhythm of days on which something happened: one visit a day, days between neighbours."""

    facts: Facts

    def days(self) -> OfDays:
        """Number of days with such a fact; several in one day are one."""
        return OfDays("days", self.facts)

    def count(self) -> Expression:
        """Number of gaps: days with such a fact, less one (the x of lifetime models)."""
        return OfDays("days", self.facts) - 1

    def span(self) -> Expression:
        """Days from the first to the latest (the t_x of lifetime models)."""
        return OfDays("gap_sum", self.facts)

    def mean(self) -> Expression:
        """Mean gap in days; not known before the second visit."""
        return OfDays("gap_sum", self.facts) / self.count()

    def sd(self) -> Expression:
        """Sample standard deviation of the gaps, in whole numbers until the last division; from the third visit on."""
        n, s, q = self.count(), OfDays("gap_sum", self.facts), OfDays("gap_squares", self.facts)
        return Root((n * q - s * s) / (n * (n - 1)))


Leaf = Scalar | Windowed | OfDays | OfKeys
Operand = Expression | int | float | str


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


def share(of: Facts, **equal: Constant) -> Op:
    """The part of the total (number, without a value) that falls on facts whose columns equal these, 0 to 1."""
    fold = count if of.value is None else total
    return fold(of.where(**equal)) / fold(of)


def since(of: Facts) -> Since:
    """Days since the latest such fact; not known where there is none."""
    return Since(Scalar("max", replace(of, value=None), "day"))


def since_first(of: Facts) -> Since:
    """Days since the first such fact (the T of lifetime models)."""
    return Since(Scalar("min", replace(of, value=None), "day"))


def days(number: int) -> int:
    """A number of days, to read well in rules: `since(opens) > days(30)`."""
    return number


def refuse(kind: str) -> TraitRefused:
    """The refusal of a kind of trait that is no fold, naming the nearest that is."""
    near = {
        "median": "gaps(...).mean(), minimum(...) or a report over the lake",
        "quantile": "a score: cut points are fitted by the tick",
        "distinct": "breadth(..., by=key) for bounded keys, or count(facts('Order Completed')) for orders",
        "rank": "a score: it needs all customers",
        "sequence": "a journey: it waits for what comes next",
    }
    return TraitRefused(f"'{kind}' is not a fold", f"Use {near.get(kind, 'total, count, first, latest, gaps or top')}")


def _op(sign: str, left: Expression, right: Operand) -> Op:
    other = right if isinstance(right, Expression) else Literally(right)
    kinds = {left.kind, other.kind}
    if sign in ("and", "or", "not"):
        if kinds != {"truth"}:
            raise TraitRefused(f"'{sign}' joins claims, not values", "Compare the value first: (orders >= 2) & (...)")
    elif "truth" in kinds or ("text" in kinds and (kinds != {"text"} or sign != "=")):
        raise TraitRefused(
            f"'{sign}' cannot join {' and '.join(sorted(kinds))}", "Compare numbers with numbers, text with .equals"
        )
    return Op(sign, left, other)


def _value(of: Facts, what: str) -> str:
    if of.value is None:
        raise TraitRefused(f"{what} of '{of.event}' does not say of what", "Write facts(event, value='revenue_cents')")
    return of.value


def _column(name: str) -> str:
    if name not in TYPES:
        raise TraitRefused(f"Facts have no column '{name}'", f"Choose one of {', '.join(TYPES)}")
    return name


def _key(name: str) -> str:
    if name not in KEYS:
        raise TraitRefused(f"'{name}' is no key: it has too many values", f"Choose one of {', '.join(KEYS)}")
    return name
