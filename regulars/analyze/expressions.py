"""What a trait is made of: selections of facts, leaves that fold them, and expressions over leaves. Pure values.

Two equal ones share their state. `traits` has the words in which people declare them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import Literal

from regulars.analyze.errors import TraitRefused
from regulars.collect import FACT_COLUMNS

Kind = Literal["whole", "fraction", "text", "truth"]
TYPES = {column.name: column.type for column in FACT_COLUMNS}
HASHES = {"order": "order_hash", "product": "product_hash"}
NO_MEASURES = ("seq", "line", "fact_id", *HASHES.values())
MEASURES = tuple(name for name, type_ in TYPES.items() if type_ == "bigint" and name not in NO_MEASURES)
# Bounded by the brand's own range and network; products and orders are not, so they are no keys.
KEYS = ("category", "department", "brand", "store", "channel", "campaign")
# So many that their cells are folded once a day from the lake, and only the value is kept.
WIDE_KEYS = ("product",)
WINDOW_LIMIT_DAYS = 400
# A sketch of different things holds the smallest hashes: exact below so many, an estimate from there on.
SKETCH_HASHES = 64
# Of what is squared: the sum of the squares of nine million facts then fits a bigint.
SQUARED_LIMIT = 10**6
SUMMED = ("sum", "count", "squares")
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

    def below(self, **bounds: int) -> Facts:
        """Only facts whose columns are smaller than these."""
        return self._narrowed("<", bounds)

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
        _op("not", self, self)  # is refused where this is no claim
        # One operand: held twice, each level of "not" would double what is hashed and written.
        return Op("not", self, Literally(0))


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
    """Of "not": nothing, 0."""

    @property
    def kind(self) -> Kind:
        if self.sign not in ARITHMETIC:
            return "truth"
        whole = self.sign != "/" and self.left.kind == self.right.kind == "whole"
        return "whole" if whole else "fraction"


@dataclass(frozen=True)
class Scalar(Expression):
    """A leaf in one column (first and latest: three). `column` is what it measures or carries."""

    fold: Literal["sum", "count", "squares", "min", "max", "first", "last"]
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
    """A number of the set of days on which such facts happened.

    days, sum of gaps, sum of their squares, newest day; different weeks; the longest and the latest run of neighboring
    days or weeks.
    """

    what: Literal[
        "days",
        "gap_sum",
        "gap_squares",
        "newest",
        "weeks",
        "longest_days",
        "latest_days",
        "longest_weeks",
        "latest_weeks",
    ]
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
    """Of the totals by key: the key with the largest, that total, the number of keys, or the total of `wanted`."""

    what: Literal["top", "top_value", "keys", "of_key"]
    facts: Facts
    key: str
    wanted: str | None = None

    @property
    def kind(self) -> Kind:
        return "text" if self.what == "top" else "whole"


@dataclass(frozen=True)
class Distinct(Expression):
    """How many different things a column of hashes names: exact below SKETCH_HASHES, an estimate from there on."""

    facts: Facts
    column: str

    @property
    def kind(self) -> Kind:
        return "whole"


@dataclass(frozen=True)
class Quantile(Expression):
    """The value that `percent` of the facts do not exceed, out of a histogram: at most 5 % off, exact below 100."""

    facts: Facts
    column: str
    percent: int

    @property
    def kind(self) -> Kind:
        return "whole"


@dataclass(frozen=True)
class Sequence(Expression):
    """How many `first` facts of the last days a `then` followed within so many days, or did not in all of them.

    Later the same day is within 0 days. What is not followed counts once its days are over.
    """

    first: Facts
    then: Facts
    within: int
    last: int
    followed: bool

    @property
    def facts(self) -> Facts:
        """What is counted."""
        return self.first

    @property
    def kind(self) -> Kind:
        return "whole"


@dataclass(frozen=True)
class Field(Expression):
    """What her profile says, or what was bought about her under `overlay`. No fold: it is copied when it changes."""

    name: str
    type: Kind
    overlay: str = ""

    @property
    def kind(self) -> Kind:
        return self.type


@dataclass(frozen=True)
class Consented(Expression):
    """What holds of her consents to one purpose on one channel: yes, no, ended (a yes that ran out) or nothing."""

    channel: str
    purpose: str

    @property
    def kind(self) -> Kind:
        return "text"


@dataclass(frozen=True)
class Identified(Expression):
    """How many different identifiers of a type name her: e-mails, cards, devices; or how many records are hers."""

    type: str

    @property
    def kind(self) -> Kind:
        return "whole"


@dataclass(frozen=True)
class Graded(Expression):
    """Her grade by a score, as everybody was scored last."""

    score: str

    @property
    def kind(self) -> Kind:
        return "text"


@dataclass(frozen=True)
class ScoreOf(Expression):
    """Her value by a score. Values age daily for everybody, so a row holds what is claimed of one: see ScoreIs."""

    score: str

    @property
    def kind(self) -> Kind:
        return "fraction"


@dataclass(frozen=True)
class ScoreIs(Expression):
    """The claim that her value by a score lies so: few cross a bound in a day, and only they are written."""

    of: ScoreOf
    sign: str
    bound: int | float

    @property
    def kind(self) -> Kind:
        return "truth"


@dataclass(frozen=True)
class When(Expression):
    """`value` where the claim holds, else `otherwise`."""

    claim: Expression
    value: Expression
    otherwise: Expression

    @property
    def kind(self) -> Kind:
        return self.value.kind


@dataclass(frozen=True)
class Today(Expression):
    """The as-of day. It ages by itself."""

    @property
    def kind(self) -> Kind:
        return "whole"


@dataclass(frozen=True)
class Week(Expression):
    """The number of the week, from Monday, that a day is in."""

    day: Expression

    @property
    def kind(self) -> Kind:
        return "whole"


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
        """Number of gaps: days with such a fact, less one (the x of lifetime models); 0 without any."""
        days = OfDays("days", self.facts)
        return When(days > 0, days - 1, Literally(0))

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

    def weeks(self) -> OfDays:
        """Number of weeks, from Monday, with such a fact."""
        return OfDays("weeks", self.facts)

    def longest(self, unit: Unit = "days") -> OfDays:
        """The most days (weeks) in a row with such a fact."""
        return OfDays("longest_days" if unit == "days" else "longest_weeks", self.facts)

    def latest(self, unit: Unit = "days") -> OfDays:
        """How many days (weeks) in a row the latest run has, be it over or not."""
        return OfDays("latest_days" if unit == "days" else "latest_weeks", self.facts)

    def current(self, unit: Unit = "days") -> Expression:
        """The same while it goes on: 0 when neither today (this week) nor the one before has such a fact."""
        newest, today = OfDays("newest", self.facts), Today()
        away = today - newest if unit == "days" else Week(today) - Week(newest)
        return When(away <= 1, self.latest(unit), Literally(0))


Unit = Literal["days", "weeks"]
Leaf = Scalar | Windowed | OfDays | OfKeys | Distinct | Quantile | Sequence
LEAVES = (Scalar, Windowed, OfDays, OfKeys, Distinct, Quantile, Sequence)
Copied = Field | Consented | Identified | Graded | ScoreOf | ScoreIs
"""No fold: what another table says of her, copied into her row when it changes."""
COPIED = (Field, Consented, Identified, Graded, ScoreOf, ScoreIs)
Held = Leaf | Copied
"""Whatever has a column of its own."""
Operand = Expression | int | float | str


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
