"""Is this one plain question about the documented views? Pure.

A statement is read into a tree, every node of the tree must be of a kind listed here, and what runs is written from the
tree: nothing that we did not read reaches an engine. Questions are asked in PostgreSQL's SQL; the lake gets them in its
own dialect.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from difflib import get_close_matches
from typing import NamedTuple

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.normalize_identifiers import normalize_identifiers

from regulars.ask.errors import QuestionRefused
from regulars.ask.views import VIEW_BY_NAME
from regulars.lake.dialect import POSTGRES, Dialect, Node

STATEMENT_LIMIT_CHARACTERS = 50_000
# It warns of what it cannot read into parts, which is refused here in words of ours.
logging.getLogger("sqlglot").setLevel(logging.ERROR)
SCHEMA = "analyst"
DOCUMENTED = "docs/reference/views.md lists the views"

# What a question is made of.
SHAPES: tuple[type[Node], ...] = (
    exp.Select, exp.Union, exp.Intersect, exp.Except, exp.Subquery, exp.Values, exp.With, exp.CTE, exp.From, exp.Join,
    exp.Lateral, exp.Where, exp.Group, exp.Having, exp.GroupingSets, exp.Cube, exp.Rollup, exp.Order, exp.Ordered,
    exp.Limit, exp.Offset, exp.Fetch, exp.LimitOptions, exp.Distinct, exp.Window, exp.WindowSpec, exp.Filter,
    exp.WithinGroup, exp.Table, exp.TableAlias, exp.Alias, exp.Column, exp.Identifier, exp.Star, exp.Literal,
    exp.Boolean, exp.Null, exp.Paren, exp.Tuple, exp.Case, exp.If, exp.Between, exp.In, exp.Exists, exp.Any, exp.All,
    exp.Interval, exp.IntervalSpan, exp.Var, exp.DataType, exp.DataTypeParam, exp.Neg, exp.Not, exp.And, exp.Or, exp.EQ,
    exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Is, exp.NullSafeEQ, exp.NullSafeNEQ, exp.Like, exp.ILike, exp.Escape,
    exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod, exp.DPipe, exp.AtTimeZone, exp.Cast,
)  # fmt: skip
# Functions that look at their arguments and at nothing else.
FUNCTIONS: tuple[type[exp.Func], ...] = (
    exp.Count, exp.Sum, exp.Avg, exp.Min, exp.Max, exp.Stddev, exp.StddevPop, exp.StddevSamp, exp.Variance,
    exp.VariancePop, exp.Corr, exp.CovarPop, exp.CovarSamp, exp.PercentileCont, exp.PercentileDisc, exp.LogicalAnd,
    exp.LogicalOr, exp.GroupConcat, exp.RowNumber, exp.Rank, exp.DenseRank, exp.PercentRank, exp.CumeDist, exp.Ntile,
    exp.Lag, exp.Lead, exp.FirstValue, exp.LastValue, exp.NthValue, exp.Coalesce, exp.Nullif, exp.Greatest, exp.Least,
    exp.Abs, exp.Round, exp.Floor, exp.Ceil, exp.Sign, exp.Ln, exp.Log, exp.Exp, exp.Sqrt, exp.Pow, exp.WidthBucket,
    exp.Length, exp.Lower, exp.Upper, exp.Trim, exp.Left, exp.Right, exp.Substring, exp.Concat, exp.StrPosition,
    exp.TimestampTrunc, exp.DateTrunc, exp.Extract, exp.TimeToStr, exp.CurrentDate, exp.CurrentTimestamp,
)  # fmt: skip
TYPES = frozenset(
    exp.DataType.Type[name]
    for name in (
        *("BIGINT", "INT", "SMALLINT", "DOUBLE", "FLOAT", "DECIMAL", "TEXT", "VARCHAR", "BOOLEAN", "DATE"),
        *("TIMESTAMP", "TIMESTAMPTZ", "TIMESTAMPNTZ", "INTERVAL"),
    )
)


class Question(NamedTuple):
    """A statement that may be asked, and the views that it looks at."""

    tree: Node
    views: frozenset[str]

    @property
    def needs_lake(self) -> bool:
        """It looks at what the lake alone holds."""
        return any(VIEW_BY_NAME[name].is_in_lake for name in self.views)

    def columns(self, of: list[str]) -> list[str]:
        """Of the columns of a view those that it may look at: all where it says *, by name or by nature; never none."""
        stars = (star for star in self.tree.find_all(exp.Star) if not isinstance(star.parent, exp.Count))
        if any(stars) or any(join.method for join in self.tree.find_all(exp.Join)):
            return of
        said = {name.name for name in self.tree.find_all(exp.Identifier)}
        return [name for name in of if name in said] or of[:1]

    def text(self, dialect: Dialect, place: str = "", rows_max: int | None = None) -> str:
        """The statement for an engine, its views in the schema `place`, and at most so many rows of its answer."""
        tree = self.tree.transform(_placed(place))
        if rows_max is not None:
            tree = exp.select("*").from_(_answer(tree)).limit(rows_max)
        return tree.sql(dialect=dialect, comments=False)


def read(text: str) -> Question:
    """The question that this text is. Raises QuestionRefused with the first thing that is none."""
    if len(text) > STATEMENT_LIMIT_CHARACTERS:
        raise QuestionRefused(
            f"A statement of {len(text):,} characters", f"Keep it under {STATEMENT_LIMIT_CHARACTERS:,}"
        )
    return of_tree(_one(_parsed(lambda: sqlglot.parse(text, dialect=POSTGRES))))


def condition(text: str) -> Node:
    """A condition over columns, as it follows `where`. Raises QuestionRefused."""
    [found] = _parsed(lambda: [sqlglot.condition(text, dialect=POSTGRES)])
    assert found is not None, "a condition that is read is there"
    return exp.Paren(this=found)


def of_tree(tree: Node) -> Question:
    """The question that a tree is. Raises QuestionRefused."""
    try:
        # Names without quotes are in small letters, as PostgreSQL reads them.
        plain = normalize_identifiers(tree, dialect=POSTGRES)
        question = Question(plain, _judged(plain))
        question.text(POSTGRES)
    except RecursionError:
        raise QuestionRefused("The statement is nested too deep", "Ask in smaller steps") from None
    return question


def _parsed(how: Callable[[], list[Node | None]]) -> list[Node | None]:
    try:
        return how()
    except (SqlglotError, RecursionError, ValueError) as fault:
        said = str(fault).splitlines()[0] if str(fault) else type(fault).__name__
        raise QuestionRefused(
            f"The statement cannot be read: {said[:200]}", "Write one select in PostgreSQL's SQL"
        ) from None


def _one(trees: list[Node | None]) -> Node:
    found = [tree for tree in trees if tree is not None]
    if len(found) != 1:
        raise QuestionRefused(f"{len(found)} statements at once", "Ask one question, without a semicolon inside")
    if not isinstance(found[0], exp.Query):
        raise QuestionRefused(
            f"{_word(found[0])} is no question", "Write one select: nothing can be changed or set from here"
        )
    return found[0]


def _judged(tree: Node) -> frozenset[str]:
    """The views it looks at. Raises QuestionRefused."""
    for node in tree.walk():
        _judge(node)
    named = {cte.alias for cte in tree.find_all(exp.CTE)}
    _refuse_names(named)
    return frozenset(table.name for table in tree.find_all(exp.Table) if _is_view(table, named))


def _judge(node: Node) -> None:
    if isinstance(node, exp.Func) and not isinstance(node, (*SHAPES, *FUNCTIONS)):
        name = node.name if isinstance(node, exp.Anonymous) else node.sql_name().lower()
        raise QuestionRefused(f"The function '{name[:60]}' may not be used", f"What may be used: {FUNCTION_WORDS}")
    if type(node) not in ALLOWED:
        raise QuestionRefused(f"{_word(node)} may not be used in a question", "Write one plain select")
    if isinstance(node, exp.Select) and (node.args.get("into") or node.args.get("locks")):
        raise QuestionRefused("A question makes no table and locks no row", "Leave out 'into' and 'for update'")
    if isinstance(node, exp.DataType) and node.this not in TYPES:
        raise QuestionRefused(f"Nothing can be cast to {node.sql(POSTGRES).lower()[:60]}", "Cast to a plain type")
    if isinstance(node, exp.Var) and not node.name.replace("_", "").replace(" ", "").isalnum():
        raise QuestionRefused(f"'{node.name[:60]}' cannot be read", "Write one plain select")


def _refuse_names(named: set[str]) -> None:
    # A name of ours hides the view of this name, and where it is not in force the catalogue of the database shows.
    for name in sorted(named):
        if name in VIEW_BY_NAME or name.lower().startswith("pg_"):
            raise QuestionRefused(f"'{name[:60]}' cannot be the name of a part of a question", "Choose another name")


def _is_view(table: exp.Table, named: set[str]) -> bool:
    name, schema = table.name, table.db
    if not isinstance(table.this, exp.Identifier):
        raise QuestionRefused("A question looks at views, not at what a function gives", DOCUMENTED)
    if table.catalog or schema not in ("", SCHEMA) or (name not in VIEW_BY_NAME and (schema or name not in named)):
        near = get_close_matches(name, VIEW_BY_NAME, 1)
        fix = f"Did you mean {near[0]}? " if near else ""
        shown = f"{schema}.{name}" if schema else name
        raise QuestionRefused(f"There is no view '{shown[:60]}'", f"{fix}There are: {', '.join(VIEW_BY_NAME)}")
    return name in VIEW_BY_NAME


def _placed(place: str) -> Callable[[Node], Node]:
    def put(node: Node) -> Node:
        if isinstance(node, exp.Table) and node.name in VIEW_BY_NAME:
            node.set("db", exp.to_identifier(place) if place else None)
        return node

    return put


def _answer(tree: Node) -> Node:
    return exp.Subquery(this=tree, alias=exp.TableAlias(this=exp.to_identifier("answer")))


def _word(node: Node) -> str:
    # Of what SQLGlot does not read into parts, the first word.
    return f"'{node.name.split()[0][:40]}'" if isinstance(node, exp.Command) and node.name else f"'{node.key}'"


ALLOWED = frozenset({*SHAPES, *FUNCTIONS})
FUNCTION_WORDS = ", ".join(sorted({kind.sql_name().lower() for kind in FUNCTIONS}))
