"""One brand, asked from Python."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import date
from difflib import get_close_matches
from functools import partial
from typing import Any, Literal

from sqlglot import exp

from regulars import analyze
from regulars.app import App, open_app
from regulars.ask import lake, postgres, statement
from regulars.ask.answer import Answer
from regulars.ask.errors import QuestionRefused
from regulars.ask.statement import Question
from regulars.ask.views import VIEWS, Reader, View
from regulars.kit.errors import InputRefused
from regulars.kit.settings import load
from regulars.lake.dialect import POSTGRES, Node, column, literal

SECONDS = 600.0
EngineName = Literal["postgres", "duckdb"]
ENGINES: tuple[EngineName, ...] = ("postgres", "duckdb")


class Connection:
    """What one reader may ask of one brand. Nothing can be changed through it.

    Close it, or use it in a `with` block: it keeps the embedded PostgreSQL running. An answer is computed when it is
    read, in batches; `seconds` limits one statement.
    """

    def __init__(self, app: App, reader: Reader, seconds: float = SECONDS, *, closing: ExitStack | None = None) -> None:
        self._app, self._reader, self._seconds = app, reader, seconds
        self._closing = closing or ExitStack()
        self._as_role = postgres.make_views(app)

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *fault: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the database."""
        self._closing.close()

    def views(self) -> tuple[View, ...]:
        """What `sql` may look at: name, about, columns with type, unit and meaning."""
        return VIEWS

    def catalogue(self) -> list[analyze.TraitColumn]:
        """Every trait: name, title, type, unit."""
        with self._app.transaction() as inside:
            return analyze.trait_columns(inside)

    def sql(self, text: str, *, engine: EngineName | None = None) -> Answer:
        """The answer of one select in PostgreSQL's SQL on the documented views (docs/reference/views.md).

        `engine`: where it is computed; unless given, PostgreSQL, or DuckDB where it looks at what the lake alone holds
        (`orders`, `order_lines`). Raises QuestionRefused for anything but one plain question.

        >>> import regulars as rg
        >>> with rg.connect() as brand:
        ...     brand.sql("select count(*) as customers from customers where known").rows()
        [{'customers': 48}]
        """
        return self._answer(statement.read(text), engine)

    def traits(self, *names: str, where: str = "", as_of: date | None = None, everybody: bool = False) -> Answer:
        """These traits (unless named, all) of the customers we know, one row each, in order of the customer.

        `where`: a condition over traits, as in SQL. `everybody`: anonymous visitors and cash baskets, too. `as_of`: as
        they were at the end of a past day, under today's identities: everybody is computed from the lake and held in
        memory.

        >>> import regulars as rg
        >>> with rg.connect() as brand:
        ...     best = brand.traits("orders", "last_channel", where="orders >= 26")
        ...     best.to_arrow().column_names
        ['customer', 'orders', 'last_channel']
        """
        known = [trait.name for trait in self.catalogue()]
        for name in names:
            _refuse_unknown("trait", name, known)
        chosen = [column(name) for name in names or known]
        question = self._read("traits", [column("customer"), *chosen], [] if everybody else [column("known")], where)
        if as_of is None:
            return self._answer(question, None)
        return Answer(partial(lake.past_traits, self._app, question, as_of, self._seconds), question.text(POSTGRES))

    def scores(self, *names: str, where: str = "") -> Answer:
        """Score, customer, value, grade, version and day of these scores (unless named, of all).

        >>> import regulars as rg
        >>> with rg.connect() as brand:
        ...     brand.scores("rfm").to_arrow().num_rows
        48
        """
        return self._from("scores", [exp.Star()], [_one_of("score", names)] if names else [], where)

    def segments(self) -> Answer:
        """Every segment with its size.

        >>> import regulars as rg
        >>> with rg.connect() as brand:
        ...     brand.segments().to_arrow().column_names
        ['segment', 'size']
        """
        return self._from("segments", [exp.Star()], [], "")

    def segment(self, name: str) -> Answer:
        """Customers in a segment now, with since when. Raises QuestionRefused for a name that does not exist.

        >>> import regulars as rg
        >>> with rg.connect() as brand:
        ...     brand.segment("lapsing_regulars").to_arrow().column_names
        ['customer', 'since']
        """
        _refuse_unknown("segment", name, [row["segment"] for row in self.segments().rows()])
        return self._from("segment_members", [column("customer"), column("since")], [_one_of("segment", (name,))], "")

    def events(
        self, *names: str, customer: int | None = None, since: date | None = None, until: date | None = None
    ) -> Answer:
        """Events of these names (unless named, of all) in order of arrival; days are UTC, `until` is not included.

        >>> import regulars as rg
        >>> with rg.connect() as brand:
        ...     brand.events("Order Completed", customer=1).to_arrow().num_rows > 0
        True
        """
        claims: list[Node] = [_one_of("event", names)] if names else []
        if customer is not None:
            claims.append(exp.EQ(this=column("customer"), expression=literal(customer)))
        if since is not None:
            claims.append(exp.GTE(this=column("occurred_at"), expression=_midnight(since)))
        if until is not None:
            claims.append(exp.LT(this=column("occurred_at"), expression=_midnight(until)))
        return self._from("events", [exp.Star()], claims, "", order="seq")

    def orders(self, where: str = "") -> Answer:
        """Orders out of the lake, which follows the journal by minutes.

        >>> import regulars as rg
        >>> with rg.connect() as brand:
        ...     brand.orders("revenue_cents >= 10000").to_arrow().num_rows
        37
        """
        return self._from("orders", [exp.Star()], [], where, order="seq")

    def _from(self, view: str, columns: list[Node], claims: list[Node], where: str, order: str = "customer") -> Answer:
        return self._answer(self._read(view, columns, claims, where, order), None)

    def _read(
        self, view: str, columns: list[Node], claims: list[Node], where: str, order: str = "customer"
    ) -> Question:
        if where:
            claims = [*claims, statement.condition(where)]
        tree = exp.select(*columns).from_(exp.to_table(view)).where(*claims)
        if order in {each.name for each in _view(view).columns}:
            tree = tree.order_by(column(order))
        return statement.of_tree(tree)

    def _answer(self, question: Question, engine: EngineName | None) -> Answer:
        if engine is not None and engine not in ENGINES:
            raise InputRefused(f"There is no engine '{engine}'", f"Choose one of: {', '.join(ENGINES)}")
        if engine == "postgres" and question.needs_lake:
            raise QuestionRefused("Orders and their lines are in the lake", "Leave the engine out, or say duckdb")
        chosen = engine or ("duckdb" if question.needs_lake else "postgres")
        ask: Callable[[int | None], Iterator[Any]] = partial(
            self._in_lake if chosen == "duckdb" else self._in_postgres, question
        )
        return Answer(ask, question.text(POSTGRES))

    def _in_postgres(self, question: Question, rows_max: int | None) -> Iterator[Any]:
        with self._reading() as db:
            yield from postgres.batches(db, question.text(POSTGRES, postgres.SCHEMAS[self._reader], rows_max))

    def _in_lake(self, question: Question, rows_max: int | None) -> Iterator[Any]:
        with self._reading() as db:
            schema = postgres.SCHEMAS[self._reader]
            yield from lake.batches(self._app, db, question, schema, rows_max, self._seconds)

    def _reading(self) -> Any:
        return postgres.reading(self._app, self._reader, self._seconds, self._as_role)


def connect(home_or_url: str | None = None, *, role: str = "analyst", seconds: float = SECONDS) -> Connection:
    """A brand to ask: a data folder, the address of a PostgreSQL, or (None) what REGULARS_HOME and the others say.

    `role`: analyst sees names and contact values masked, admin as they are. `seconds`: at most, for one statement.

    >>> import regulars as rg
    >>> with rg.connect() as brand:
    ...     brand.sql("select email from customers where customer = 1").rows()
    [{'email': 'c…0@e…m'}]
    """
    if role not in set(Reader):
        raise InputRefused(f"There is no role '{role}'", f"Choose one of: {', '.join(Reader)}")
    is_address = (home_or_url or "").startswith(("postgresql://", "postgres://"))
    settings = load(None, database_url=home_or_url) if is_address else load(None, home=home_or_url)
    with ExitStack() as stack:
        app = stack.enter_context(open_app(settings))
        return Connection(app, Reader(role), seconds, closing=stack.pop_all())


def _view(name: str) -> View:
    return next(view for view in VIEWS if view.name == name)


def _one_of(name: str, values: tuple[str, ...]) -> Node:
    return exp.In(this=column(name), expressions=[literal(value) for value in values])


def _midnight(day: date) -> Node:
    return exp.Cast(this=literal(f"{day.isoformat()} 00:00:00+00"), to=exp.DataType.build("timestamptz"))


def _refuse_unknown(kind: str, name: str, known: list[str]) -> None:
    if name not in known:
        near = get_close_matches(name, known, 1)
        fix = f"Did you mean {near[0]}? " if near else ""
        raise QuestionRefused(f"There is no {kind} named '{name[:60]}'", f"{fix}There are: {', '.join(sorted(known))}")
