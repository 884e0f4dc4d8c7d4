"""What other tables say of customers, as relations: customer and value, read for a few or for everybody alike. Pure.

One relation a kind, never a mechanism of its own: `held` joins it into the row, for these customers where a batch may
have changed it, else wherever the row says otherwise.
"""

from __future__ import annotations

from functools import singledispatch
from typing import NamedTuple

from regulars.analyze.expressions import Consented, Copied, Graded, Identified, ScoreIs, ScoreOf
from regulars.lake.dialect import POSTGRES, literal, render

# Identifiers a rule may ask for, by the names of their types; a login has a type for each name space.
IDENTIFIERS = {
    "email": "e-mail address",
    "phone": "phone number",
    "card": "loyalty card",
    "login": "login",
    "payment": "payment card",
    "device": "device",
    "cookie": "browser",
}
# Records that say the same of who somebody is are one.
RECORDS = "record"
# A link that counts, and one to a value several people share; what is generic or void names nobody.
NAMING_STATES = (0, 1)


class Relation(NamedTuple):
    """A query of customer and value."""

    rows: str
    otherwise: str
    """Of whoever is not in it."""


@singledispatch
def relation(one: Copied, only: str) -> Relation:
    """Where the value of this comes from; `only`: a further claim about `s.customer`."""
    raise AssertionError(f"fields of the profile stand in its row: {one}")


@relation.register
def _(one: Consented, only: str) -> Relation:
    """The latest word about the channel as a whole or about her address, as sending reads it."""
    field = "email" if one.channel == "email" else "phone"
    said = "case when not s.allowed then 'no' when s.expires_at <= %(now)s then 'ended' else 'yes' end"
    return Relation(
        f"select distinct on (s.customer) s.customer, {said} as value"
        " from consent_state s left join profile q on q.customer = s.customer"
        f" where s.channel = {quoted(one.channel)} and s.purpose = {quoted(one.purpose)}"
        f" and s.address in ('', lower(q.{field})){only}"
        " order by s.customer, s.decided_at desc, s.allowed, s.seq desc",
        "'nothing'",
    )


@relation.register
def _(one: Identified, only: str) -> Relation:
    if one.type == RECORDS:
        rows = f"select s.customer, count(*) as value from signature s where s.customer is not null{only} group by 1"
        return Relation(rows, "0")
    states = ", ".join(map(str, NAMING_STATES))
    return Relation(
        "select s.customer, count(distinct l.value) as value"
        " from signature s join link l on l.signature = s.id join value v on v.id = l.value"
        f" where s.customer is not null and l.state in ({states}) and {of_type(one.type)}{only} group by 1",
        "0",
    )


@relation.register
def _(one: Graded, only: str) -> Relation:
    return Relation(f"select s.customer, s.grade as value from score s where {_model(one.score)}{only}", "null")


@relation.register
def _(one: ScoreOf, only: str) -> Relation:
    return Relation(f"select s.customer, s.value from score s where {_model(one.score)}{only}", "null")


@relation.register
def _(one: ScoreIs, only: str) -> Relation:
    claim = f"s.value {one.sign} {render(literal(one.bound), POSTGRES)}"
    return Relation(
        f"select s.customer, {claim} as value from score s where {_model(one.of.score)}{only}", "null::boolean"
    )


def of_type(kind: str) -> str:
    """The claim that a value `v` is an identifier of this type."""
    return "v.type like 'login:%%'" if kind == "login" else f"v.type = {quoted(kind)}"


def quoted(text: str) -> str:
    """A text in a statement that is run with parameters."""
    return render(literal(text), POSTGRES).replace("%", "%%")


def _model(score: str) -> str:
    return f"s.model = {quoted(score)}"
