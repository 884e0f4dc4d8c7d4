"""Traits are declared once; what is no fold is refused there, and the SQL of every engine is what we approved."""

from pathlib import Path

import pytest
from sqlglot import exp

from regulars.analyze import compiled
from regulars.analyze.catalogue import Theme, one_of_each, themes
from regulars.analyze.errors import RuleRefused, TraitRefused
from regulars.analyze.plan import Segment, Trait, plan
from regulars.analyze.rules import sentence
from regulars.analyze.segments.tree import Vocabulary, read
from regulars.analyze.statements import AS_OF, Statements
from regulars.analyze.traits import (
    breadth,
    count,
    days,
    distinct,
    facts,
    first,
    gaps,
    latest,
    maximum,
    median,
    mode,
    moving_average,
    quantile,
    rank,
    sd,
    sequence,
    since,
    top,
    total,
    total_of,
    when,
)
from regulars.lake.dialect import DUCKDB, POSTGRES, SPARK, Dialect, literal, named

GOLDEN = Path(__file__).parent / "golden"
orders, lines = facts("Order Completed", value="revenue_cents"), facts("Order Line", value="revenue_cents")
SMALL = (
    Trait("orders", "orders", count(orders)),
    Trait("spend_cents", "spend", total(orders), "cents"),
    Trait("average_cents", "average order", total(orders) / count(orders), "cents"),
    Trait("last_store", "last store", latest(orders, carry="store")),
    Trait("bread_90", "bread", count(lines.where(category="IT'S BREAD")).within(days=90)),
    Trait("rhythm", "rhythm", gaps(orders).sd(), "days"),
    Trait("top_category", "top category", top(lines, by="category")),
    Trait("bread_cents", "bread", total_of(lines, by="category", key="IT'S BREAD"), "cents"),
    Trait("streak", "weeks in a row", gaps(orders).current("weeks")),
    Trait("longest", "most days in a row", gaps(orders).longest()),
    Trait("spread", "spread of the orders", sd(orders)),
    Trait("median_cents", "median order", median(orders), "cents", freshness="daily"),
    Trait("products", "products", distinct(lines, by="product"), freshness="daily"),
    Trait("away", "days since the latest order", since(orders), "days"),
)


def golden(name: str, text: str) -> None:
    """Compare with the kept text. After a wanted change: delete the file, run, read what it became, commit."""
    path = GOLDEN / name
    if not path.exists():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    assert path.read_text() == text


def test_a_name_belongs_to_one_trait_whatever_file_it_is_declared_in() -> None:
    mine = Theme(traits=(Trait("orders", "orders of mine", count(lines)),))

    with pytest.raises(TraitRefused, match="Two traits are named 'orders'"):
        one_of_each((themes["orders"], mine))


@pytest.mark.parametrize("dialect", [POSTGRES, DUCKDB, SPARK])
def test_the_sql_of_each_engine_is_the_one_we_approved(dialect: Dialect) -> None:
    small = plan(SMALL).whole
    as_of = AS_OF if dialect == POSTGRES else literal(20_000)
    queries = [exp.select(*[named(node, name) for name, node in compiled.lift(small, dialect)]).from_("facts")]
    queries += [exp.select(*[named(node, name) for name, node in compiled.merged(small, dialect)]).from_("states")]
    queries += [compiled.cells(family, "facts", "owner", as_of) for family in small.families]
    queries += [compiled.read_cells(family, dialect, "touched", as_of) for family in small.families]

    golden(f"{dialect}.sql", ";\n\n".join(q.sql(dialect=dialect, identify=True, pretty=True) for q in queries) + "\n")


def test_the_statements_of_a_batch_are_the_ones_we_approved() -> None:
    statements = Statements(plan(SMALL), {})

    golden("batch.sql", ";\n\n".join([statements.cells, statements.outputs, statements.finish]) + "\n")


@pytest.mark.parametrize(
    "declare",
    [
        lambda: maximum(orders).within(days=90),
        lambda: total(facts("Order Completed")),
        lambda: facts("Order Completed", value="store"),
        lambda: top(lines, by="household"),
        lambda: count(orders.where(shoe_size=44)),
        lambda: count(orders.where(store=3)),
        lambda: first(orders, carry="color"),
        lambda: latest(orders, carry="store") > 3,
        lambda: count(orders) & count(lines),
        lambda: count(orders).within(days=4_000),
        lambda: median(total(orders) / count(orders)),
        lambda: quantile(orders, 100),
        lambda: distinct(lines, by="shoe"),
        lambda: when(count(orders), 1, 2),
        lambda: when(count(orders) > 2, "many", 2),
        lambda: plan([Trait("middle", "middle", median(orders))]),
        lambda: plan([Trait("products", "products", distinct(lines, by="product"))]),
        lambda: plan([Trait("main", "main", top(lines, by="product"))]),
        lambda: plan([], [Segment("many", "Many", distinct(lines, by="product") > 9)]),
        lambda: mode(lines),
        lambda: rank(total(orders)),
        lambda: sequence(orders, lines),
        lambda: moving_average(orders),
    ],
)
def test_what_cannot_fold_is_refused_when_it_is_declared(declare: object) -> None:
    with pytest.raises(TraitRefused) as refusal:
        declare()  # pyright: ignore[reportCallIssue]

    assert refusal.value.fix


def test_equal_selections_share_their_state() -> None:
    shared = plan([*SMALL, Trait("again", "again", count(facts("Order Completed")) + 1)])

    assert shared.scalars == plan(SMALL).scalars


def test_a_rule_reads_as_a_sentence() -> None:
    rule = (count(orders) >= 3) & ((since(orders) > days(30)) | (total(orders) >= 300_00))

    assert sentence(rule, SMALL) == (
        "at least 3 orders and (the latest order more than 30 days ago or spend of at least 300.00)"
    )


def test_a_rule_from_the_builder_is_data_and_never_code() -> None:
    known = Vocabulary({trait.name: trait for trait in SMALL})
    often, lately = ({"kind": "trait", "trait": "orders", "is": ">=", "value": 3},
                     {"kind": "trait", "trait": "away", "is": "<", "value": 9})  # fmt: skip
    rule = read({"kind": "all", "of": [often, {"kind": "none", "of": [lately]}]}).claim(known)

    assert rule == (count(orders) >= 3) & ~(since(orders) < 9)
    for wrong in (
        {"kind": "trait", "trait": "secrets", "is": "=", "value": 1},
        {"kind": "trait", "trait": "orders", "is": "; drop", "value": 1},
        [],
    ):
        with pytest.raises(RuleRefused):
            read(wrong).claim(known)


def test_breadth_and_top_of_one_key_share_a_family() -> None:
    both = plan([Trait("a", "a", top(lines, by="category")), Trait("b", "b", breadth(lines, by="category"))])

    assert len(both.families) == 1
