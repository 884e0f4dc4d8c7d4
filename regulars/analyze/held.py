"""What profiles and bought data say, as SQL: read by the finish, for these customers or wherever it has changed. Pure.

Values that are no longer of the type that a trait declares (a brand changed its field) are not known, never an error.
"""

from __future__ import annotations

from regulars.analyze.expressions import Field
from regulars.analyze.plan import Plan
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
    return {"address" if one.name in PARTS_OF_ADDRESS else one.name for _, one in plan.fields if not one.overlay}


def overlays(plan: Plan) -> set[str]:
    """Names of bought data that this plan looks at."""
    return {one.overlay for _, one in plan.fields if one.overlay}


def fill(plan: Plan, table: str) -> str:
    """What holds of `customers` into the table; fold_bought has what may be used of what was bought about them."""
    whom = "from unnest(%(customers)s::bigint[]) c (id)"
    return f'insert into "{table}" select c.id{_columns(plan)} {whom} {PROFILE} on conflict do nothing'


def fill_changed(plan: Plan, table: str) -> str:
    """The same of everybody whose row says otherwise."""
    if not plan.fields:
        return ""
    names = ", ".join(f'"{name}"' for name, _ in plan.fields)
    stored = ", ".join(f's."{name}"' for name, _ in plan.fields)
    now = f"select c.id{_columns(plan)} from customer c {PROFILE}"
    fresh = ", ".join(f'n."{name}"' for name, _ in plan.fields)
    return (
        f'insert into "{table}" select n.* from ({now}) n (id, {names}) join trait_state s on s.customer = n.id '
        f"where ({stored}) is distinct from ({fresh})"
    )


def of_everybody(plan: Plan) -> str:
    """The same of everybody, to be read."""
    return f"select c.id{_columns(plan)} from customer c {PROFILE}"


PROFILE = "left join profile p on p.customer = c.id"


def _columns(plan: Plan) -> str:
    return "".join(f', {_value(one)} as "{name}"' for name, one in plan.fields)


def _value(one: Field) -> str:
    if one.overlay:
        overlay, key = (render(literal(text), POSTGRES) for text in (one.overlay, one.name))
        bought = f"select b.said ->> {key} from fold_bought b where b.customer = c.id and b.overlay = {overlay} limit 1"
        return _typed(f"({bought})", one)
    if one.name == "birth_date":
        return "p.birth_date - date '1970-01-01'"
    if one.name in IN_PROFILE:
        return f'p."{one.name}"'
    name = render(literal(one.name), POSTGRES)
    stated = f"select f.value from profile_field f where f.customer = c.id and f.field = {name} and f.rule is not null"
    return _typed(f"({stated} and f.value <> '')", one)


def _typed(text: str, one: Field) -> str:
    if one.kind == "fraction":
        return f"(select case when v ~ '{NUMBER}' then v::double precision end from (values ({text})) t (v))"
    if one.kind == "whole":
        return f"(select case when v ~ '{DAY}' then v::date - date '1970-01-01' end from (values ({text})) t (v))"
    return text
