"""What a brand's profiles hold and whose word counts: `profile.yaml` in the data folder, read when it changes.

survivorship: [verified, steward, trust, newest, complete]
trust: {crm: 80, web: 30}
fields:
  email: {survivorship: [verified, newest]}
  shoe_size: {title: Shoe size, type: number, reads: [shoe_size, shoeSize]}
  milk: {title: Milk they like, type: choice, choices: [whole, skimmed, oat]}
"""

from __future__ import annotations

import re
from functools import cached_property, lru_cache
from typing import Final, Literal

import msgspec

from regulars.app import App
from regulars.kit.declaration import VERSIONS_REMEMBERED, DeclarationFile
from regulars.kit.settings import Settings
from regulars.profile.errors import DeclarationRefused
from regulars.store import queries

SQL = queries(__package__ or "")
FIELDS_MAX = 100
TITLE_MAX_CHARACTERS = 80
CHOICES_MAX = 200
FIELD_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
TRUST_USUAL = 50
STEWARD = "@steward"
"""As a source: what a person of the brand stated by hand. No source that sends events can be named so."""
BUILT_IN: Final = ("first_name", "last_name", "email", "phone", "birth_date", "address", "zone", "language")

Criterion = Literal["verified", "steward", "trust", "newest", "complete"]
ORDER: Final[tuple[Criterion, ...]] = ("verified", "steward", "trust", "newest", "complete")


class FieldRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A field that a brand adds (it has a type), or what it wants different for one of ours."""

    survivorship: tuple[Criterion, ...] | None = None
    trust: dict[str, int] = {}
    title: str = ""
    type: Literal["text", "number", "date", "choice", "yes_no"] | None = None
    choices: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    """Traits it is read from; none: the one of its name, in both spellings."""

    def title_of(self, name: str) -> str:
        """What people call the field of this name."""
        return self.title or name.replace("_", " ").capitalize()


class Declared(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, dict=True):
    """The whole declaration."""

    survivorship: tuple[Criterion, ...] = ORDER
    trust: dict[str, int] = {}
    """By source, 0 to 100; not named: TRUST_USUAL."""
    fields: dict[str, FieldRule] = {}

    def order(self, field: str) -> tuple[Criterion, ...]:
        """What decides between values of this field, first things first."""
        rule = self.fields.get(field)
        return self.survivorship if rule is None or rule.survivorship is None else rule.survivorship

    def trusted(self, field: str, source: str) -> int:
        """How much this source is believed about this field, 0 to 100."""
        usual = self.trust.get(source, TRUST_USUAL)
        rule = self.fields.get(field)
        return usual if rule is None else rule.trust.get(source, usual)

    @cached_property
    def custom(self) -> dict[str, FieldRule]:
        """The fields that the brand adds."""
        return {name: rule for name, rule in self.fields.items() if rule.type is not None}

    @cached_property
    def readers(self) -> dict[str, str]:
        """Custom field by the trait it is read from."""
        return {trait: name for name, rule in self.custom.items() for trait in _read_from(name, rule)}

    @cached_property
    def text(self) -> str:
        """The same for the same declaration."""
        return msgspec.json.encode(self, order="sorted").decode()

    def title(self, field: str) -> str | None:
        """What the brand calls this field, None for ours."""
        rule = self.custom.get(field)
        return None if rule is None else rule.title_of(field)


USUAL = Declared()


def in_force(app: App) -> Declared:
    """What values are chosen by: the declaration that was adopted last, the same for every process."""
    row = app.db.execute(SQL.policy).fetchone()
    return USUAL if row is None else _decoded(row[0])


def of_file(settings: Settings) -> Declared:
    """What stands in the file now; the usual order without one. Raises DeclarationRefused."""
    return FILE.read(settings)


@lru_cache(VERSIONS_REMEMBERED)
def _decoded(text: str) -> Declared:
    return msgspec.json.decode(text, type=Declared)


def faults_of(given: Declared) -> list[str]:
    """Everything that is wrong with a declaration that can be read."""
    faults = [f"a source is trusted from 0 to 100, not {value}" for value in _trusts(given) if not 0 <= value <= 100]
    if len(given.fields) > FIELDS_MAX:
        faults.append(f"{len(given.fields)} fields, more than {FIELDS_MAX}")
    taken: dict[str, str] = {}
    for name, rule in given.fields.items():
        if name in BUILT_IN:
            if rule.type is not None or rule.reads or rule.choices or rule.title:
                faults.append(f"{name} is a field of ours: only survivorship and trust can be declared for it")
        else:
            faults += faults_of_field(name, rule)
        for trait in _read_from(name, rule) if rule.type is not None else ():
            if not trait:
                faults.append(f"{name}: reads an empty name")
            elif taken.setdefault(trait, name) != name:
                faults.append(f"{name} and {taken[trait]} read the same trait {trait}")
    if any(order is not None and not order for order in (given.survivorship, *_orders(given))):
        faults.append("survivorship names at least one of " + ", ".join(ORDER))
    return faults


def faults_of_field(name: str, rule: FieldRule) -> list[str]:
    """Everything that is wrong with one field that a brand adds or buys."""
    faults: list[str] = []
    if not FIELD_NAME.fullmatch(name):
        faults.append(f"'{name[:60]}' is no name: small letters, digits and _, at most 40")
    if rule.type is None:
        faults.append(f"{name[:60]} has no type")
    if (rule.type == "choice") != bool(rule.choices) or len(rule.choices) > CHOICES_MAX:
        faults.append(f"{name[:60]}: a choice, and nothing else, names its choices, at most {CHOICES_MAX}")
    if len({choice.casefold() for choice in rule.choices}) < len(rule.choices) or "" in rule.choices:
        faults.append(f"{name[:60]}: every choice is another one, and none is empty")
    if len(rule.title) > TITLE_MAX_CHARACTERS:
        faults.append(f"{name[:60]}: a title has at most {TITLE_MAX_CHARACTERS} characters")
    return faults


def _orders(given: Declared) -> list[tuple[Criterion, ...] | None]:
    return [rule.survivorship for rule in given.fields.values()]


def _read_from(name: str, rule: FieldRule) -> tuple[str, ...]:
    """Traits that a field is read from; those of its name in both spellings where none is declared."""
    return rule.reads or tuple(dict.fromkeys((name, _camel(name))))


def _checked(given: Declared) -> Declared:
    if faults := faults_of(given):
        raise ValueError("; ".join(faults))
    return given


def _trusts(given: Declared) -> list[int]:
    return [*given.trust.values(), *(value for rule in given.fields.values() for value in rule.trust.values())]


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


FILE = DeclarationFile("profile.yaml", Declared, USUAL, _checked, DeclarationRefused, "docs/reference/profile.md")
