"""The views are what their documentation says, in both engines, and hide whom they should."""

from __future__ import annotations

import pytest

from regulars import analyze, ask, collect
from regulars.app import App
from regulars.ask.errors import ViewInUse
from regulars.collect.audit.masking import masked
from tests.house.views import TARGET, described

ARROW_NAMES = {
    "bigint": "int64",
    "integer": "int32",
    "text": "string",
    "boolean": "bool",
    "double precision": "double",
    "date": "date32[day]",
    "timestamp with time zone": "timestamp[us, tz=UTC]",
}


def test_the_documented_views_are_the_declared_ones() -> None:
    assert TARGET.read_text() == described(), "run: make docs"


@pytest.mark.parametrize("engine", ask.ENGINES)
def test_every_view_has_the_documented_columns_and_types(analyst: ask.Connection, engine: ask.EngineName) -> None:
    for view in [view for view in ask.VIEWS if engine == "duckdb" or not view.is_in_lake]:
        schema = analyst.sql(f"select * from {view.name}", engine=engine).reader().schema
        found = [(field.name, str(field.type)) for field in schema]
        documented = [(column.name, ARROW_NAMES[column.type]) for column in view.columns]
        if view.name == "traits":
            documented += [(trait.name, ARROW_NAMES[trait.type]) for trait in analyst.catalogue()]

        assert found == documented, view.name


def test_every_view_says_in_the_database_what_it_is(brand: App, analyst: ask.Connection) -> None:
    del analyst
    with brand.transaction() as inside:
        said = dict(
            inside.db.execute(
                "select relname::text, obj_description(oid, 'pg_class') from pg_class"
                " where relnamespace = 'analyst'::regnamespace and relkind = 'v'"
            ).fetchall()
        )

    assert said == {view.name: view.about for view in ask.VIEWS if not view.is_in_lake}


def test_names_and_contact_values_are_masked_as_on_the_pages(brand: App, analyst: ask.Connection) -> None:
    hidden = ("first_name", "last_name", "email", "phone", "street", "city", "postcode")
    columns = ", ".join(["customer", *hidden])
    question = f"select {columns} from customers where known order by customer"

    shown = analyst.sql(question).rows()
    clear = ask.Connection(brand, ask.Reader.ADMIN).sql(question).rows()

    assert clear[0]["email"] == "clementine.sorrel0@example.com"
    assert shown == [
        {name: masked(value) if name in hidden and value is not None else value for name, value in row.items()}
        for row in clear
    ]


@pytest.mark.parametrize(
    "value",
    ["a", "ab", "abc", "a@b", "ab@cd.e", "abc@d", "@", "@x", "xyz@", "a@b@c", "Zoë", "", "anna.lee@example.com", "x y"],
)
def test_the_mask_is_the_one_of_the_pages(brand: App, analyst: ask.Connection, value: str) -> None:
    del analyst
    with brand.transaction() as inside:
        [(found,)] = inside.db.execute("select analyst.masked(%s)", [value]).fetchall()

    assert found == masked(value)


def test_traits_are_what_the_pages_show(brand: App, analyst: ask.Connection) -> None:
    rows = analyst.traits(everybody=True).rows()

    with brand.transaction() as inside:
        shown = analyze.traits_of_each(inside, [row["customer"] for row in rows])
    assert {row.pop("customer"): row for row in rows} == {
        customer: {value.name: value.value for value in values} for customer, values in shown.items()
    }


def test_orders_of_the_lake_add_up_to_the_traits(analyst: ask.Connection) -> None:
    by_order = analyst.sql("select customer, count(*) as orders, sum(revenue_cents) as spend from orders group by 1")

    assert {row["customer"]: (row["orders"], row["spend"]) for row in by_order.rows()} == {
        row["customer"]: (row["orders"], row["spend_cents"]) for row in analyst.traits("orders", "spend_cents").rows()
    }


def test_a_withdrawn_event_is_in_no_view(app: App) -> None:
    with app.transaction() as inside:
        source, _ = collect.register(inside, "shop", "web")
        message = {"type": "page", "messageId": "1", "userId": "u", "name": "Home", "timestamp": "2026-03-01T00:00:00Z"}
        collect.accept(inside, source, [message, message | {"messageId": "2"}], received_at=app.clock.now())
    analyst = ask.Connection(app, ask.Reader.ANALYST)
    before = analyst.events().to_arrow().num_rows

    with app.transaction() as inside:
        inside.db.execute(
            "with gone as (insert into withdrawal (actor, reason, at, events) values ('a', 'b', %s, 1) returning id)"
            " insert into withdrawn_range select 1, 1, id from gone",
            [app.clock.now()],
        )

    assert (before, [row["seq"] for row in analyst.events().rows()]) == (2, [2])


def test_a_new_trait_is_a_new_column_at_the_next_connection(app: App) -> None:
    analyze.ensure_schema(app, analyze.TRAITS[:3], ())
    before = ask.Connection(app, ask.Reader.ANALYST).traits().to_arrow().column_names

    analyze.ensure_schema(app, analyze.TRAITS[:4], ())
    after = ask.Connection(app, ask.Reader.ANALYST).traits().to_arrow().column_names

    assert after == [*before, analyze.TRAITS[3].name]


def test_what_a_brand_built_on_a_view_stays_or_is_told_of(app: App) -> None:
    analyze.ensure_schema(app, analyze.TRAITS[:3], ())
    ask.Connection(app, ask.Reader.ANALYST)
    with app.transaction() as inside:
        inside.db.execute("create view public.ours as select customer from analyst.traits")

    analyze.ensure_schema(app, analyze.TRAITS[:4], ())
    ask.Connection(app, ask.Reader.ANALYST)
    with app.transaction() as inside:
        inside.db.execute("select * from public.ours")
        inside.db.execute("create or replace view analyst.traits as select *, 1 as more from analyst.traits limit 0")
        inside.db.execute("comment on schema analyst is 'of another version'")

    with pytest.raises(ViewInUse, match="view ours depends on view"):
        ask.Connection(app, ask.Reader.ANALYST)
