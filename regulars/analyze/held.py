"""What is copied into the row, as SQL: read by the finish, for these customers or wherever it has changed. Pure.

Values that are no longer of the type that a trait declares (a brand changed its field) are not known, never an error.
"""

from __future__ import annotations

from dataclasses import replace

from regulars.analyze.expressions import Consented, Copied, Field
from regulars.analyze.plan import Plan
from regulars.analyze.relations import relation
from regulars.lake.dialect import POSTGRES, literal, render

# Columns of the table of profiles; what a brand adds stands by name.
IN_PROFILE = ("country", "state", "city", "zone", "language", "birth_date")
PARTS_OF_ADDRESS = ("country", "state", "city")
NUMBER = r"^-?[0-9]{1,31}(\.[0-9]{1,31})?$"
# Days that are in the calendar, leap years and all: what only looks like one is not known, and never an error.
_DAYS = r"(0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8])"
_LEAP_YEARS = r"[0-9]{2}(0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00"
DAY = rf"^(?!0000)([0-9]{{4}}-({_DAYS})|({_LEAP_YEARS})-02-29)$"


def golden_names(plan: Plan) -> set[str]:
    """Fields of the profile that this plan looks at, as changes name them."""
    named = {one.name for one in _of_profile(plan) if not one.overlay}
    return {"address" if name in PARTS_OF_ADDRESS else name for name in named}


def overlays(plan: Plan) -> set[str]:
    """Names of bought data that this plan looks at."""
    return {one.overlay for one in _of_profile(plan) if one.overlay}


def looks_at(plan: Plan, *kinds: type[Copied]) -> bool:
    """Whether this plan copies something of these kinds."""
    return any(isinstance(one, kinds) for _, one in plan.fields)


def fill(plan: Plan, table: str) -> str:
    """What holds of `customers` into the table; fold_bought has what may be used of what was bought about them."""
    whom = "from unnest(%(customers)s::bigint[]) c (id)"
    only = " and s.customer = any(%(customers)s::bigint[])"
    return f'insert into "{table}" select c.id{_columns(plan)} {whom} {_sources(plan, only)} on conflict do nothing'


def changed(plan: Plan, *kinds: type[Copied]) -> str:
    """Whoever's row says otherwise than what holds; `kinds`: in columns of these kinds, else in any."""
    looked = [(name, one) for name, one in plan.fields if not kinds or isinstance(one, kinds)]
    if not looked:
        return ""
    some = replace(plan, fields=tuple(looked))
    stored, fresh = (", ".join(f'{table}."{name}"' for name, _ in looked) for table in "sn")
    return (
        f"select s.customer from ({of_everybody(some)}) n join trait_state s on s.customer = n.id"
        f" where ({stored}) is distinct from ({fresh})"
    )


def ended(plan: Plan) -> str:
    """Customers whose row says yes to what has ended since `since`."""
    columns = [f't."{name}"' for name, one in plan.fields if isinstance(one, Consented)]
    if not columns:
        return ""
    return (
        "select distinct s.customer from consent_state s join trait_state t on t.customer = s.customer"
        f" where s.expires_at > %(since)s and s.expires_at <= %(now)s and 'yes' in ({', '.join(columns)})"
    )


def of_everybody(plan: Plan) -> str:
    """What holds of everybody, to be read."""
    return f"select c.id{_columns(plan)} from customer c {_sources(plan, '')}"


def of_one(one: Copied) -> str:
    """One such value of everybody, to be read: what a draft asks for and no row keeps yet."""
    return of_everybody(Plan((), (), (), (), {one: "value"}, fields=(("value", one),)))


PROFILE = "left join profile p on p.customer = c.id"


def _of_profile(plan: Plan) -> list[Field]:
    return [one for _, one in plan.fields if isinstance(one, Field)]


def _sources(plan: Plan, only: str) -> str:
    joins = [PROFILE] if _of_profile(plan) else []
    for name, one in plan.fields:
        if not isinstance(one, Field):
            joins.append(f'left join ({relation(one, only).rows}) "of_{name}" on "of_{name}".customer = c.id')
    return " ".join(joins)


def _columns(plan: Plan) -> str:
    return "".join(f', {_value(name, one)} as "{name}"' for name, one in plan.fields)


def _value(name: str, one: Copied) -> str:
    if not isinstance(one, Field):
        otherwise = relation(one, "").otherwise
        return f'coalesce("of_{name}".value, {otherwise})'
    if one.overlay:
        overlay, key = (render(literal(text), POSTGRES) for text in (one.overlay, one.name))
        bought = f"select b.said ->> {key} from fold_bought b where b.customer = c.id and b.overlay = {overlay} limit 1"
        return _typed(f"({bought})", one)
    if one.name == "birth_date":
        return "p.birth_date - date '1970-01-01'"
    if one.name in IN_PROFILE:
        return f'p."{one.name}"'
    field = render(literal(one.name), POSTGRES)
    stated = f"select f.value from profile_field f where f.customer = c.id and f.field = {field} and f.rule is not null"
    return _typed(f"({stated} and f.value <> '')", one)


def _typed(text: str, one: Field) -> str:
    if one.kind == "fraction":
        return f"(select case when v ~ '{NUMBER}' then v::double precision end from (values ({text})) t (v))"
    if one.kind == "whole":
        return f"(select case when v ~ '{DAY}' then v::date - date '1970-01-01' end from (values ({text})) t (v))"
    return text
