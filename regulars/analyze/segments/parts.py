"""What every part of a rule is, and what it may name. Pure; `tree` has the parts about facts, `standing` the others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal

from msgspec import Meta, Struct

from regulars.analyze.errors import RuleRefused, TraitRefused
from regulars.analyze.plan import Trait
from regulars.analyze.traits import Expression

NAME_LIMIT = 100
TEXT_LIMIT = 500
WHOLE_LIMIT = 10**15

Sign = Literal[">=", "<=", ">", "<", "="]
# No control character and no half of a pair: PostgreSQL would read a statement up to a NUL and no further.
Name = Annotated[str, Meta(min_length=1, max_length=NAME_LIMIT, pattern=r"^[^\x00-\x1f\ud800-\udfff]+$")]
Text = Annotated[str, Meta(max_length=TEXT_LIMIT, pattern=r"^[^\x00-\x1f\ud800-\udfff]*$")]
Whole = Annotated[int, Meta(ge=-WHOLE_LIMIT, le=WHOLE_LIMIT)]
Number = Annotated[float, Meta(ge=-WHOLE_LIMIT, le=WHOLE_LIMIT)]
Value = Whole | Number | Text
Path = tuple[str | int, ...]


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """The names a rule may use: traits of the catalogue, and segments with what they claim."""

    traits: Mapping[str, Trait]
    segments: Mapping[str, Expression] = field(default_factory=dict[str, Expression])
    titles: Mapping[str, str] = field(default_factory=dict[str, str])
    """Of segments, by name."""
    currency: str = ""


class Part(Struct, frozen=True, kw_only=True, tag_field="kind", forbid_unknown_fields=True, omit_defaults=True):
    """Any part of a rule: each says by `claim` what it claims of a customer, or raises RuleRefused at its path."""


def compared(left: Expression, sign: Sign, right: Expression | int | float | str, path: Path) -> Expression:
    """The comparison, or RuleRefused where the two do not go together."""
    compare = {">": left.__gt__, ">=": left.__ge__, "<": left.__lt__, "<=": left.__le__, "=": left.equals}[sign]
    try:
        return compare(right)
    except TraitRefused as fault:
        raise refused(path, fault.what, fault.fix) from None


def refused(path: Path, what: str, fix: str) -> RuleRefused:
    """The refusal of the part at this path."""
    return RuleRefused(f"The rule cannot be run at {spelled(path)}: {what}", fix)


def spelled(path: Path) -> str:
    """A path as JSON people write it: $.of[1].days."""
    return "$" + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
