"""A rule as a sentence, and the rule of a sentence: each says exactly the other. Pure.

    with at least 3 orders and who bought a product (category "CAT FOOD") at least 2 times in the last 90 days

The words go on after "Everybody". Groups within groups stand in parentheses, texts in quotation marks as in JSON, and
numbers are never rounded, so that a sentence can be read back; whoever writes one gets the rule that it says.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from functools import lru_cache, singledispatch
from typing import Any

from regulars.analyze import rules
from regulars.analyze.errors import RuleRefused
from regulars.analyze.plan import Trait
from regulars.analyze.segments import standing_said, tree
from regulars.analyze.segments.tree import (
    All,
    AnyOf,
    Condition,
    Did,
    InSegment,
    LastDid,
    NoneOf,
    Rule,
    Then,
    TraitIs,
    Vocabulary,
)
from regulars.analyze.segments.values import NUMBER, SIGN_OF, TEXT, exactly, form, quoted, value_of
from regulars.analyze.traits import TYPES

VERBS = {
    "Order Completed": "ordered",
    "Order Line": "bought a product",
    "Page Viewed": "viewed a page",
    "Screen Viewed": "viewed a screen",
    "Email Opened": "opened an e-mail",
    "Email Link Clicked": "clicked in an e-mail",
    "Item Returned": "returned something",
    "Order Refunded": "got money back",
    "Survey Answered": "answered a survey",
    "Call Received": "called",
    "Coupon Redeemed": "redeemed a coupon",
    "Campaign Sent": "were sent a campaign",
}
COUNTED = "|".join(rules.NUMBERS.values())
COLUMN_OF = {rules.measured(column): column for column in TYPES}
MARK = "\0"


def said(rule: Rule, known: Vocabulary) -> str:
    """The rule in words that go on after "Everybody"."""
    return _say(tidy(rule), known)


def tidy(rule: Rule) -> Rule:
    """The same rule without groups of one part and with whole numbers as such: what its sentence says."""
    if isinstance(rule, All | AnyOf):
        parts = tuple(tidy(part) for part in rule.of)
        return parts[0] if len(parts) == 1 else type(rule)(of=parts)
    if isinstance(rule, NoneOf):
        parts = tuple(tidy(part) for part in rule.of)
        return NoneOf(of=parts[0].of if len(parts) == 1 and isinstance(parts[0], AnyOf) else parts)
    if isinstance(rule, TraitIs) and isinstance(rule.value, float) and rule.value.is_integer():
        return TraitIs(trait=rule.trait, sign=rule.sign, value=int(rule.value))
    return rule


@singledispatch
def _say(rule: Any, known: Vocabulary) -> str:
    return standing_said.say(rule, known)


@_say.register
def _(rule: All, known: Vocabulary) -> str:
    return " and ".join(_inside(part, known) for part in rule.of)


@_say.register
def _(rule: AnyOf, known: Vocabulary) -> str:
    return " or ".join(_inside(part, known) for part in rule.of)


@_say.register
def _(rule: NoneOf, known: Vocabulary) -> str:
    return f"not ({' or '.join(_inside(part, known) for part in rule.of)})"


@_say.register
def _(rule: TraitIs, known: Vocabulary) -> str:
    trait = known.traits[rule.trait]
    if rule.than is not None:
        return f"with {trait.title} {rules.AMOUNTS[rule.sign]} {known.traits[rule.than].title}"
    assert rule.value is not None, "a rule that was checked has a value"
    exact = exactly(rule.value, trait.unit, known.currency)
    return "with " + rules.compared(trait.title, trait.unit, rule.sign, rule.value, _is_count(trait), exact)


@_say.register
def _(rule: Did, known: Vocabulary) -> str:
    who = f"who {_verb(rule.event)}{_conditions(rule.where, known)}"
    within = f" in the last {rule.days} days" if rule.days is not None else ""
    if rule.measure is not None:
        unit = _unit(rule.measure)
        amount = f"{rules.AMOUNTS[rule.sign]} {exactly(rule.value, unit, known.currency)}"
        return f"{who} for a total {rules.measured(rule.measure)} {amount}{within}"
    times = "time" if rule.value == 1 else "times"
    return f"{who} {rules.NUMBERS[rule.sign]} {exactly(rule.value)} {times}{within}"


@_say.register
def _(rule: LastDid, known: Vocabulary) -> str:
    ago = f"{rules.NUMBERS[rule.sign]} {exactly(rule.days, 'days')} ago"
    return f"who last {_verb(rule.event)}{_conditions(rule.where, known)} {ago}"


@_say.register
def _(rule: Then, known: Vocabulary) -> str:
    first = f"who {_verb(rule.event)}{_conditions(rule.where, known)}"
    then = f"{'' if rule.followed else 'never '}{_verb(rule.then)}{_conditions(rule.then_where, known)}"
    return f"{first} and then, within {exactly(rule.within, 'days')}, {then}, in the last {exactly(rule.days, 'days')}"


@_say.register
def _(rule: InSegment, known: Vocabulary) -> str:
    return f"who are in {quoted(known.titles.get(rule.segment, rule.segment))}"


def _inside(part: Rule, known: Vocabulary) -> str:
    text = _say(part, known)
    return f"({text})" if isinstance(part, All | AnyOf) else text


def _verb(event: str) -> str:
    return VERBS.get(event) or f"did {quoted(event)}"


def _conditions(where: tuple[Condition, ...], known: Vocabulary) -> str:
    return f" ({', '.join(_condition(one, known) for one in where)})" if where else ""


def _condition(one: Condition, known: Vocabulary) -> str:
    name = rules.measured(one.column)
    if isinstance(one.value, str):
        return f"{name} {quoted(one.value)}"
    return f"{name} {rules.NUMBERS[one.sign]} {exactly(one.value, _unit(one.column), known.currency)}"


def _unit(column: str) -> str:
    return "cents" if column.endswith("_cents") else ""


def _is_count(trait: Trait) -> bool:
    return trait.unit == "" and rules.counts(trait.expression)


def heard(text: str, known: Vocabulary) -> Rule:
    """The rule that this sentence says. Raises RuleRefused at the word that cannot be understood."""
    reader = _Reader(text.strip().removeprefix("Everybody ").removesuffix("."), known)
    rule = reader.group()
    if reader.at < len(reader.text):
        raise reader.lost()
    return tree.read(tree.written(rule))


class _Reader:
    """Reads a sentence from left to right; the longest phrase that fits is meant."""

    def __init__(self, text: str, known: Vocabulary) -> None:
        self.text, self.at, self.depth = text, 0, 0
        self.phrases = _phrases(known)

    def group(self) -> Rule:
        parts, joints = [self.part()], set[str]()
        while found := re.compile(" (and|or) ").match(self.text, self.at):
            joints.add(found[1])
            self.at = found.end()
            parts.append(self.part())
        if len(joints) > 1:
            raise RuleRefused('"and" and "or" stand side by side', "Put what belongs together in parentheses")
        if len(parts) == 1:
            return parts[0]
        return All(of=tuple(parts)) if joints == {"and"} else AnyOf(of=tuple(parts))

    def part(self) -> Rule:
        if self._eat("not ("):
            inner = self._closed()
            return NoneOf(of=inner.of if isinstance(inner, AnyOf) else (inner,))
        return self._closed() if self._eat("(") else self.leaf()

    def leaf(self) -> Rule:
        matches = [(found, make) for pattern, make in self.phrases if (found := pattern.match(self.text, self.at))]
        if not matches:
            raise self.lost()
        found, make = max(matches, key=lambda match: match[0].end())
        self.at = found.end()
        return make(found)

    def lost(self) -> RuleRefused:
        rest = self.text[self.at : self.at + 40]
        return RuleRefused(
            f"The sentence cannot be understood from '{rest}' on", "Write it like the sentence of a segment"
        )

    def _closed(self) -> Rule:
        self.depth += 1
        if self.depth > tree.DEPTH_LIMIT:
            raise RuleRefused("The rule is nested too deep", f"Use at most {tree.DEPTH_LIMIT} levels")
        rule = self.group()
        self.depth -= 1
        if not self._eat(")"):
            raise self.lost()
        return rule

    def _eat(self, sign: str) -> bool:
        if not self.text.startswith(sign, self.at):
            return False
        self.at += len(sign)
        return True


Phrase = tuple[re.Pattern[str], Callable[[re.Match[str]], Rule]]


@lru_cache(maxsize=2)
def _phrases(known: Vocabulary) -> tuple[Phrase, ...]:
    """Everything that can be said of a customer, as patterns."""
    traits = [phrase for trait in known.traits.values() for phrase in _trait_phrases(trait, known)]
    return (*traits, *_event_phrases(known), *_segment_phrases(known), *standing_said.phrases(known))


def _segment_phrases(known: Vocabulary) -> Iterator[Phrase]:
    for name, title in known.titles.items():
        yield re.compile(re.escape(f"who are in {quoted(title)}")), lambda _, name=name: InSegment(segment=name)


def _trait_phrases(trait: Trait, known: Vocabulary) -> Iterator[Phrase]:
    is_text = trait.expression.kind == "text"
    names = {one.title: one.name for one in sorted(known.traits.values(), key=lambda one: -len(one.title))}
    written = TEXT if is_text else form(trait.unit, known.currency)
    signs: list[Any] = ["="] if is_text else [*SIGN_OF.values()]
    for sign in signs:
        special = {1: "1", 0: "0"} if _is_count(trait) else {}
        for value, exact in [("" if is_text else 2, MARK), *special.items()]:
            text = "with " + rules.compared(trait.title, trait.unit, sign, value, _is_count(trait), exact)
            pattern = re.escape(text).replace(re.escape(MARK), f"({written})")

            def make(found: re.Match[str], sign: Any = sign, value: Any = value) -> Rule:
                told = value_of(found[1], trait.unit) if found.re.groups else value
                return TraitIs(trait=trait.name, sign=sign, value=told)

            yield re.compile(pattern), make
        than = re.compile(
            f"{re.escape(f'with {trait.title} {rules.AMOUNTS[sign]} ')}({'|'.join(map(re.escape, names))})"
        )
        yield than, lambda found, sign=sign: TraitIs(trait=trait.name, sign=sign, than=names[found[1]])


def _event_phrases(known: Vocabulary) -> Iterator[Phrase]:
    verbs = "|".join(re.escape(verb) for verb in VERBS.values())
    money = form("cents", known.currency)
    value = f"{TEXT}|(?:{COUNTED}) (?:{money}|{NUMBER})"
    column = "|".join(sorted(COLUMN_OF, key=len, reverse=True))
    one = f"(?:{column}) (?:{value})"
    did = rf"(?P<did>{verbs}|did {TEXT})(?: \((?P<where>{one}(?:, {one})*)\))?"
    within = r"(?: in the last (?P<days>\d+) days)?"
    yield re.compile(rf"who {did} (?P<sign>{COUNTED}) (?P<value>{NUMBER}) times?{within}"), _did
    amounts = "|".join(sorted(rules.AMOUNTS.values(), key=len, reverse=True))
    of = rf"for a total (?P<measure>{column}) (?P<amount>{amounts}) (?P<value>{money}|{NUMBER})"
    yield re.compile(rf"who {did} {of}{within}"), _did
    step = rf"(?P<then>{verbs}|did {TEXT})(?: \((?P<then_where>{one}(?:, {one})*)\))?"
    days = r"in the last (?P<days>\d+) days?"
    yield re.compile(rf"who {did} and then, within (?P<within>\d+) days?, (?P<never>never )?{step}, {days}"), _then
    yield re.compile(rf"who last {did} (?P<sign>{COUNTED}) (?P<value>{NUMBER}) days? ago"), _last


def _did(found: re.Match[str]) -> Rule:
    parts = found.groupdict()
    measure = COLUMN_OF[parts["measure"]] if parts.get("measure") else None
    sign = SIGN_OF[parts["sign"]] if measure is None else _amount_sign(parts["amount"])
    days = parts["days"]
    return Did(
        event=_event(parts["did"]),
        where=_where(parts["where"]),
        measure=measure,
        sign=sign,
        value=value_of(parts["value"], _unit(measure or "")),
        days=None if days is None else int(days),
    )


def _then(found: re.Match[str]) -> Rule:
    return Then(
        event=_event(found["did"]),
        where=_where(found["where"]),
        then=_event(found["then"]),
        then_where=_where(found["then_where"]),
        within=int(found["within"]),
        followed=found["never"] is None,
        days=int(found["days"]),
    )


def _last(found: re.Match[str]) -> Rule:
    event, where = _event(found["did"]), _where(found["where"])
    return LastDid(event=event, where=where, sign=SIGN_OF[found["sign"]], days=value_of(found["value"], ""))


def _amount_sign(said: str) -> Any:
    return next(sign for sign, word in rules.AMOUNTS.items() if word == said)


def _event(said: str) -> str:
    for event, verb in VERBS.items():
        if verb == said:
            return event
    return json.loads(said.removeprefix("did "))


def _where(said: str | None) -> tuple[Condition, ...]:
    columns = "|".join(sorted(COLUMN_OF, key=len, reverse=True))
    one = re.compile(rf"({columns}) (?:({TEXT})|({COUNTED}) ([^,)]*\d(?:,\d+)*(?:\.\d+)?))(?:, |$)")
    found: list[Condition] = []
    for match in one.finditer(said or ""):
        column = COLUMN_OF[match[1]]
        if match[2]:
            found.append(Condition(column=column, value=json.loads(match[2])))
        else:
            value = value_of(match[4], _unit(column))
            found.append(Condition(column=column, sign=SIGN_OF[match[3]], value=value))
    return tuple(found)
