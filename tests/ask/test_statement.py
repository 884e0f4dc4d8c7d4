"""Only a plain question about the documented views is let through, whatever it is dressed as."""

from __future__ import annotations

import psycopg
import pytest

from regulars import ask
from regulars.app import App
from regulars.ask import postgres, statement
from regulars.ask.errors import QuestionRefused

ATTACKS = (
    "",
    ";",
    "select 1; drop table customer",
    "select * from customers -- ;\n; select 1",
    "/* select */ delete from customers",
    "insert into customers values (1)",
    "update customers set known = false",
    "merge into customers using traits on true when matched then delete",
    "with gone as (delete from customers returning customer) select * from gone",
    "with new as (insert into customers values (1) returning 1) select * from new",
    "create table x as select * from customers",
    "select * into x from customers",
    "select * from customers for update",
    "copy (select 1) to program 'ls'",
    "copy customers to '/tmp/x'",
    "set role postgres",
    "reset role",
    "begin",
    "do $$ begin end $$",
    "call x()",
    "explain analyze select 1",
    "prepare a as select 1",
    "listen x",
    "vacuum",
    "select pg_read_file('/etc/passwd')",
    "select pg_catalog.pg_read_file('/etc/passwd')",
    "select \"pg_read_file\"('/etc/passwd')",
    "select pg_sleep(10)",
    "select count(*) from customers limit (select pg_sleep(10))",
    "select * from customers order by pg_sleep(1)",
    "select lo_import('/etc/passwd')",
    "select set_config('role', 'postgres', true)",
    "select current_setting('data_directory')",
    "select current_user",
    "select version()",
    "select nextval('refusal_id_seq')",
    "select repeat('x', 1000000000)",
    "select random()",
    "select query_to_xml('select 1', true, true, '')",
    "select * from dblink('x', 'select 1') as t(a int)",
    "select * from generate_series(1, 1000000000)",
    "select * from rows from (generate_series(1, 2)) x",
    "select * from read_parquet('/etc/passwd')",
    "select * from read_csv('/etc/passwd')",
    "select * from '/etc/passwd'",
    'select * from "/etc/passwd"',
    "attach '/tmp/x'",
    "install httpfs",
    "pragma database_list",
    "select getenv('HOME')",
    "table pg_authid",
    "select * from pg_authid",
    "select * from pg_catalog.pg_authid",
    "select * from information_schema.tables",
    "select * from public.profile",
    "select * from analyst_in_clear.customers",
    "select * from other.analyst.customers",
    'select * from "customers; drop table customer"',
    "select * from (with pg_authid as (select 1 as a) select * from pg_authid) x, pg_authid",
    "with customers as (select 1) select * from customers",
    "select (customers).email from customers",
    "select 'pg_authid'::regclass",
    "select customer operator(pg_catalog.+) 1 from customers",
    "select * from customers tablesample system (1)",
    "select x'41'",
    "select e'\\''",
    "select U&'\\0061'",
    "select $1",
    "select array[1, 2]",
    "select customer from customers where customer = " + "(" * 500 + "1" + ")" * 500,
    "select " + " + ".join(["1"] * 20_000),
    "select '" + "x" * statement.STATEMENT_LIMIT_CHARACTERS + "'",
)
QUESTIONS = (
    "select zone, count(*) as n from customers join traits using (customer) group by 1 having count(*) > 3 order by n",
    "with best as (select * from analyst.scores) select * from best union all select * from best",
    "with recursive days as (select 1 as n union all select n + 1 from days where n < 9) select count(*) from days",
    "select percentile_cont(0.5) within group (order by value), count(*) filter (where value > 1) from scores",
    "select sum(value) over (partition by score order by value rows between 3 preceding and current row) from scores",
    "select date_trunc('month', occurred_at), extract(year from day), day - 30, day - date '2026-01-01' from orders",
    "select distinct on (customer) customer, day from orders order by customer, day desc",
    "SELECT \"customer\" FROM Customers WHERE email ILIKE '%com' AND customer BETWEEN 1 AND 3",
    "table customers",
    "select 'it''s; -- /* no comment */' || 'x' as words",
    "select string_agg(segment, ',' order by segment) from segment_members",
    "select case when true then 1 else 2 end, coalesce(null, 1), round(2.5::numeric, 1), not false is null",
)


@pytest.mark.parametrize("text", ATTACKS, ids=lambda text: text[:40])
def test_what_is_no_plain_question_is_refused_in_words(text: str) -> None:
    with pytest.raises(QuestionRefused) as refused:
        statement.read(text)

    assert refused.value.fix


@pytest.mark.parametrize("text", QUESTIONS, ids=lambda text: text[:40])
def test_plain_questions_are_answered_by_both_engines(analyst: ask.Connection, text: str) -> None:
    for engine in ask.ENGINES:
        if engine == "duckdb" or not statement.read(text).needs_lake:
            assert analyst.sql(text, engine=engine).to_arrow().num_columns > 0


def test_what_runs_is_written_by_us_and_holds_nothing_that_we_did_not_read() -> None:
    question = statement.read("select /* a */ email -- b\nfrom Customers /*+ c */ where email = '--d'")

    assert question.text("postgres", "analyst") == "SELECT email FROM analyst.customers WHERE email = '--d'"


@pytest.mark.parametrize(
    ("text", "looked_at"),
    [
        ("select count(*) from traits", ["customer"]),
        ("select sum(orders) from traits t join customers c using (customer)", ["customer", "orders"]),
        ("select t.orders from traits t where T.Spend_Cents > 3", ["orders", "spend_cents"]),
        ("select * from traits", ["customer", "orders", "spend_cents"]),
        ("select t.* from traits t", ["customer", "orders", "spend_cents"]),
        ("select count(*) from traits natural join orders", ["customer", "orders", "spend_cents"]),
    ],
)
def test_the_lake_fetches_the_columns_that_are_looked_at(text: str, looked_at: list[str]) -> None:
    assert statement.read(text).columns(["customer", "orders", "spend_cents"]) == looked_at


def test_a_wrong_name_is_answered_with_the_near_one() -> None:
    with pytest.raises(QuestionRefused, match="Did you mean customers"):
        statement.read("select * from custommers")


@pytest.mark.parametrize(
    "text",
    [
        "select pg_read_file('/etc/passwd')",
        "select * from public.profile",
        "reset role; select * from public.profile",
        "create table x (a int)",
        "insert into analyst.segment_members (segment) values ('x')",
        "select * from analyst_in_clear.customers",
        "copy (select 1) to program 'ls'",
    ],
)
def test_a_statement_that_would_slip_through_still_reaches_nothing(
    brand: App, analyst: ask.Connection, text: str
) -> None:
    del analyst
    assert postgres.make_views(brand), "the server of the tests is ours"

    with (
        postgres.reading(brand, ask.Reader.ANALYST, 5, as_role=True) as db,
        pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.ReadOnlySqlTransaction)),
    ):
        db.execute(text)  # pyright: ignore[reportArgumentType, reportCallIssue]
