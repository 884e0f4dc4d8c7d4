"""The statements of one plan for PostgreSQL, as text: built once, run for every batch. Pure.

They hold no values: a batch enters through temporary tables (fold_fact, fold_part, fold_redo, fold_merge), so the
number of statements is constant and the texts are always the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, LiteralString, cast

from sqlglot import exp

from regulars.analyze import compiled, held, sequences
from regulars.analyze.compiled import CUSTOMER
from regulars.analyze.expressions import SUMMED, TYPES, WINDOW_LIMIT_DAYS, Graded, Held, ScoreIs, Sequence
from regulars.analyze.outputs import Outputs
from regulars.analyze.plan import COLUMN_TYPES, Family, Plan, ScalarState
from regulars.lake.dialect import (
    POSTGRES,
    Node,
    binary,
    both,
    coalesce,
    column,
    known,
    literal,
    named,
    render,
    when,
)

AS_OF = exp.Subquery(this=exp.select(column("day")).from_("as_of"))
BASE, STATE, PART, HELD = "base", "s", "d", "h"
NO_WORDS = exp.Cast(this=exp.Literal.string("{}"), to=exp.DataType.build("bigint[]"))
# The facts that most of a batch is made of.
MANY = "Order Line"


class Statements:
    """Texts for one plan; `fact_columns` says what a row of fold_fact holds after the customer."""

    def __init__(self, plan: Plan, bits: dict[str, int]) -> None:
        self.plan = plan
        self.bits = bits
        mark = plan.fingerprint
        self.fact, self.part, self.next = f"fold_fact_{mark}", f"fold_part_{mark}", f"fold_next_{mark}"
        self.field = f"fold_field_{mark}"
        self.fill_fields: LiteralString = _sql(held.fill(plan, self.field))
        self.all_fields: LiteralString = _sql(held.of_everybody(plan))
        self.changed_fields: LiteralString = _sql(held.changed(plan))
        self.changed_scores: LiteralString = _sql(held.changed(plan, Graded, ScoreIs))
        self.ended_consents: LiteralString = _sql(held.ended(plan))
        self.fact_columns = _fact_columns(plan)
        self._outputs_of = {family.name: Outputs(family, mark) for family in plan.families}
        self.set_up: LiteralString = _sql("; ".join(self._temporary()))
        # CSV with a tab and no usable quote: facts hold no control characters, so nothing needs to be escaped.
        self.copy_facts: LiteralString = _sql(
            f"copy \"{self.fact}\" from stdin (format csv, delimiter E'\\t', quote E'\\x01', null E'\\x02')"
        )
        self.event_codes = {event: code for code, event in enumerate(sorted(plan.events))}
        lift = self._insert(self.part, self._lift())
        self.lose: LiteralString = self._insert(self.part, self._lose())
        self.cells: LiteralString = _sql("; ".join([lift, *self._cells()]))
        self.move_cells: list[LiteralString] = [_sql(self._upsert(f, self._moved(f))) for f in plan.families]
        self.drop_cells: list[LiteralString] = [
            _sql(f'delete from "{f.table}" where customer = any(array(select gone from fold_gone))')
            for f in plan.families
        ]
        self.outputs: LiteralString = _sql("; ".join(self._outputs(plan.families)))
        days = [family for family in plan.families if family.kind in ("days", "sequence")]
        self.outputs_of_days: LiteralString = _sql("; ".join(self._outputs(days)))
        self.finish: LiteralString = _sql(self._finish(exp.to_table(self.part)))
        self.finish_merged: LiteralString = _sql(self._finish(self._one_part().subquery()))
        self.next_words: LiteralString = _sql(f'select customer, old_word, word from "{self.next}"')
        self.store: LiteralString = _sql(self._store())
        self.remember: LiteralString | None = _sql(self._remember()) if plan.remembered else None
        self.reset: LiteralString = _sql(self._reset())
        self.reword: LiteralString = _sql(self._reword())
        last = f"(select day from as_of) - {WINDOW_LIMIT_DAYS}"
        # Of instants a day less exact: what is read out of the cells keeps the window by itself.
        oldest = {"window": last, "sequence": f"({last} - 1) * {sequences.DAY_US}"}
        self.prune: list[LiteralString] = [
            _sql(f'delete from "{f.table}" where key <= {oldest[f.kind]}') for f in plan.families if f.kind in oldest
        ]

    def expiring(self, before: int, day: int) -> list[tuple[LiteralString, dict[str, Any]]]:
        """What changes the numbers of everybody with a cell that ran out or came into sight between these days."""
        found: list[tuple[LiteralString, dict[str, Any]]] = []
        for family in self.plan.families:
            outputs = self._outputs_of[family.name]
            if family.kind == "days" and family.outputs:
                for text in outputs.come():
                    found.append((_sql(text), {"before": before, "day": day}))
            if family.kind == "sequence":
                leaves = [output.leaf for output in family.outputs if isinstance(output.leaf, Sequence)]
                moved = {each for leaf in leaves for each in sequences.days_moved(leaf, before, day)}
                for text in outputs.age():
                    found.append((_sql(text), {"days": sorted(moved)}))
            if family.kind == "window":
                days = set(range(before + 1, day + 1))
                for length in family.windows:
                    days |= set(range(before - length + 1, day - length + 1))
                found.append((_sql(outputs.slide()), {"days": sorted(days), "before": before, "day": day}))
                seen = f'insert into fold_seen select customer from "{outputs.out}" on conflict do nothing'
                found.append((_sql(seen), {}))
        return found

    def _temporary(self) -> list[str]:
        facts = ", ".join(f'"{name}" {_fact_type(name)}' for name in self.fact_columns)
        state = [f'"{name}" {type_}' for s in self.plan.scalars for name, type_ in s.columns]
        wide = [f'"{name}" {type_}' for name, type_ in self._row()]
        tables = {
            self.fact: f"customer bigint, event smallint, {facts}",
            self.part: ", ".join(["customer bigint", *state]),
            self.field: "customer bigint primary key"
            + "".join(f', "{name}" {COLUMN_TYPES[field.kind]}' for name, field in self.plan.fields),
            "fold_redo": "customer bigint primary key",
            "fold_seen": "customer bigint primary key",
            "fold_gone": "gone bigint primary key",
            "fold_merge": "customer bigint primary key, survivor bigint not null",
            self.next: ", ".join(["customer bigint", "known boolean", *wide, "word bigint[]", "old_word bigint[]"]),
        }
        for outputs in self._outputs_of.values():
            tables |= outputs.tables()
        made = "create temporary table if not exists"
        created = [f'{made} "{name}" ({columns}) on commit delete rows' for name, columns in tables.items()]
        # A second fold in one transaction must not find the rows of the first. Truncating makes new files, so only
        # where there were many rows.
        large = [self.fact, *(outputs.delta for outputs in self._outputs_of.values())]
        small = [f'delete from "{name}"' for name in tables if name not in large]
        return [*created, *small, "truncate " + ", ".join(f'"{name}"' for name in large)]

    def _row(self) -> list[tuple[str, str]]:
        """Columns of trait_state that the fold writes, without customer and word."""
        row = [(n, t.replace(" not null default 0", "")) for s in self.plan.scalars for n, t in s.columns]
        row += [(o.name, COLUMN_TYPES[o.leaf.kind]) for f in self.plan.families for o in f.outputs]
        row += [(name, COLUMN_TYPES[field.kind]) for name, field in self.plan.fields]
        return row + [(t.name, COLUMN_TYPES[t.expression.kind]) for t in self.plan.values]

    def _lift(self) -> exp.Select:
        """Scalars of the batch. Lines are most of the facts and few scalars look at them, so they go apart."""
        many = [s for s in self.plan.scalars if s.leaf.facts.event == MANY]
        query = exp.select(column(CUSTOMER, "b"))
        everybody = exp.select(column(CUSTOMER)).distinct().from_(self.fact)
        query = query.from_(everybody.subquery("b"))
        lifted: dict[str, Node] = {}
        for alias, states in (("g", [s for s in self.plan.scalars if s not in many]), ("h", many)):
            if states:
                query, columns = self._lift_some(query, alias, states)
                lifted |= columns
        return query.select(*[named(lifted[name], name) for s in self.plan.scalars for name, _ in s.columns])

    def _lift_some(
        self, query: exp.Select, alias: str, states: list[ScalarState]
    ) -> tuple[exp.Select, dict[str, Node]]:
        """These scalars. Of first and latest the aggregate finds (t, id); the fact itself then has the value.

        An ordered aggregate for each of them sorts once per customer, which cost more than all sums together.
        """
        inner, outer = [column(CUSTOMER)], dict[str, Node]()
        facts: list[tuple[str, Node]] = []
        for number, state in enumerate(states):
            if not state.is_pair:
                inner += [named(node, name) for name, node in compiled.lifted(state, POSTGRES)]
                held = column(state.name, alias)
                outer[state.name] = coalesce(held, literal(0)) if state.leaf.fold in SUMMED else held
                continue
            pair, fact = column(f"{state.name}__pair", alias), f"{alias}{number}"
            inner.append(named(compiled.newest_pair(state), f"{state.name}__pair"))
            t, ident = (exp.Bracket(this=pair, expressions=[literal(place)], offset=1) for place in (1, 2))
            outer[f"{state.name}__t"], outer[f"{state.name}__id"] = t, ident
            outer[state.name] = column(cast(str, state.leaf.column), fact)
            of_event = binary("=", column("event", fact), literal(state.leaf.facts.event))
            facts.append((fact, both([binary("=", column("fact_id", fact), ident.copy()), of_event])))
        mine = binary("=", column("event"), literal(MANY))
        grouped = exp.select(*inner).from_(self.fact).group_by(column(CUSTOMER))
        if MANY in self.event_codes:
            grouped = grouped.where(mine if alias == "h" else exp.Not(this=mine))
        on = binary("=", column(CUSTOMER, alias), column(CUSTOMER, "b"))
        query = query.join(grouped.subquery(alias, copy=False), on=on, join_type="left", copy=False)
        for fact, claim in facts:
            query = query.join(exp.alias_(exp.to_table(self.fact), fact), on=claim, join_type="left", copy=False)
        return query, outer

    def _lose(self) -> exp.Select:
        columns = [column(name, STATE) for s in self.plan.scalars for name, _ in s.columns]
        source = exp.alias_(exp.to_table("trait_state"), STATE)
        query = exp.select(column("survivor", "m"), *columns).from_(exp.alias_(exp.to_table("fold_merge"), "m"))
        return query.join(source, on=binary("=", column(CUSTOMER, STATE), column(CUSTOMER, "m")))

    def _moved(self, family: Family) -> exp.Select:
        query = compiled.merged_cells(family, family.table, CUSTOMER, column("survivor"), join="fold_merge")
        # As an array the few losers are looked up; a join with a table without statistics reads all cells of everybody.
        losers = exp.Array(expressions=[exp.select(column(CUSTOMER)).from_("fold_merge")])
        return query.where(exp.EQ(this=column(CUSTOMER, family.table), expression=exp.Any(this=exp.Paren(this=losers))))

    def _cells(self) -> list[str]:
        """What the batch adds to cells, kept for the outputs, and added."""
        texts: list[str] = []
        for family in self.plan.families:
            outputs = self._outputs_of[family.name]
            added = compiled.cells(family, self.fact, CUSTOMER, AS_OF)
            texts.append(f'insert into "{outputs.delta}" ' + self._text(added))
            if not outputs.adds_while_differing:
                texts.append(outputs.upsert())
        return texts

    def _outputs(self, families: Iterable[Family]) -> list[str]:
        """New numbers of everybody whose cells moved: by difference, or read whole."""
        texts: list[str] = []
        for family in families:
            outputs = self._outputs_of[family.name]
            if family.outputs:
                whole = f'insert into "{outputs.out}" ' + compiled.read_each(family, outputs.full, AS_OF)
                texts += [text for text in (*outputs.choose(), outputs.differ(), whole) if text]
        return texts

    def _finish(self, part: Node) -> str:
        base = self._base(part).subquery(BASE, copy=False)

        def leaf(of: Held) -> Node:
            return column(self.plan.columns[of], BASE)

        columns = [column(CUSTOMER, BASE), column("known", BASE)]
        columns += [column(name, BASE) for s in self.plan.scalars for name, _ in s.columns]
        columns += [column(o.name, BASE) for f in self.plan.families for o in f.outputs]
        columns += [column(name, BASE) for name, _ in self.plan.fields]
        columns += [named(node, name) for name, node in compiled.values(self.plan, leaf, AS_OF)]
        # Segments hold people we know; whoever only passed by is counted nowhere.
        word = when(column("known", BASE), compiled.words(self.plan, self.bits, leaf, AS_OF), NO_WORDS)
        columns += [named(word, "word"), column("old_word", BASE)]
        return f'insert into "{self.next}" ' + render(exp.select(*columns).from_(base, copy=False), POSTGRES)

    def _base(self, part: Node) -> exp.Select:
        """Merged scalars and outputs of everybody in the batch: one row each."""
        columns = [named(node, name) for s in self.plan.scalars for name, node in compiled.joined(s, STATE, PART)]
        for number, family in enumerate(self.plan.families):
            fresh = known(column(CUSTOMER, f"f{number}"))
            for output in family.outputs:
                value = when(fresh, column(output.name, f"f{number}"), column(output.name, STATE))
                columns.append(named(coalesce(value, literal(0)) if output.is_zero_without else value, output.name))
        columns += [named(column(name, STATE), name) for name, _ in self.plan.daily]
        told = known(column(CUSTOMER, HELD))
        columns += [named(when(told, column(name, HELD), column(name, STATE)), name) for name, _ in self.plan.fields]
        columns.append(named(coalesce(column("word", STATE), NO_WORDS), "old_word"))
        columns.append(named(coalesce(column("known", "who"), exp.false()), "known"))
        batch = exp.select(column(CUSTOMER)).from_(self.part)
        for also in ("fold_redo", "fold_seen"):
            batch = exp.union(batch, exp.select(column(CUSTOMER)).from_(also))
        batch = batch.subquery("b")
        query = exp.select(named(column(CUSTOMER, "b"), CUSTOMER), *columns).from_(batch)
        query = self._left(query, exp.alias_(part, PART), PART)
        query = self._left(query, exp.alias_(exp.to_table("trait_state"), STATE), STATE)
        on = binary("=", column("id", "who"), column(CUSTOMER, "b"))
        if self.plan.fields:
            query = self._left(query, exp.alias_(exp.to_table(self.field), HELD), HELD)
        query = query.join(exp.alias_(exp.to_table("customer"), "who"), on=on, join_type="left", copy=False)
        for number, family in enumerate(self.plan.families):
            out = exp.alias_(exp.to_table(self._outputs_of[family.name].out), f"f{number}")
            query = self._left(query, out, f"f{number}")
        return query

    def _one_part(self) -> exp.Select:
        columns = [named(node, name) for name, node in compiled.merged(self.plan, POSTGRES)]
        return exp.select(column(CUSTOMER), *columns).from_(self.part).group_by(column(CUSTOMER))

    def _left(self, query: exp.Select, source: Node, alias: str) -> exp.Select:
        on = binary("=", column(CUSTOMER, alias), column(CUSTOMER, "b"))
        # A copy of all that was joined before, for each join, would take half of the time of this module.
        return query.join(source, on=on, join_type="left", copy=False)

    def _store(self) -> str:
        # A backfill judges nobody: it has no segments and leaves the word as it is.
        names = ["known", *[f'"{name}"' for name, _ in self._row()]] + ["word"] * bool(self.plan.segments)
        sets = ", ".join(f"{name} = excluded.{name}" for name in names)
        every = ", ".join(["customer", *names])
        return (
            f'insert into trait_state ({every}) select {every} from "{self.next}" '
            f"on conflict (customer) do update set {sets}"
        )

    def _remember(self) -> str:
        """Rows of those whose values are other ones than before, to run ahead of `store`: one comparison for all."""
        names = [f'"{trait.name}"' for trait in self.plan.remembered]
        old, new = ", ".join(f"s.{name}" for name in names), ", ".join(f"n.{name}" for name in names)
        again = "exists (select from fold_redo r where r.customer = n.customer)"
        new_here = "not exists (select from trait_change c where c.customer = n.customer)"
        # Whoever is recomputed begins anew; of whom we knew before any value was remembered no event is the cause.
        cause = (
            f"case when %(cause)s = 'event' and {again} then 'people' "
            f"when %(cause)s = 'event' and s.known and {new_here} then 'rule' else %(cause)s end"
        )
        begins = f"%(cause)s in ('event', 'people') and {again} and {new_here}"
        return (
            f"insert into trait_change (customer, seq, day, at, cause, {', '.join(names)}) select n.customer, "
            "coalesce(%(seq)s, (select c.seq from checkpoint c where c.reader = 'flow'), 0), "
            f"coalesce((select day from as_of), %(today)s::bigint), %(at)s, {cause}, {new} "
            f'from "{self.next}" n left join trait_state s on s.customer = n.customer '
            f"where n.known and (({old}) is distinct from ({new}) or {begins})"
        )

    def _reset(self) -> str:
        sets = ", ".join(
            f'"{name}" = {0 if "default 0" in type_ else "null"}'
            for name, type_ in [*[c for s in self.plan.scalars for c in s.columns], *self._daily()]
        )
        return f"update trait_state set {sets} where customer = any(%(customers)s::bigint[])"

    def _daily(self) -> list[tuple[str, str]]:
        """Columns that the lake fills once a day: until then whoever is folded again has none."""
        return [(name, COLUMN_TYPES[leaf.kind]) for name, leaf in self.plan.daily]

    def _reword(self) -> str:
        """Everybody whose segments change with the day alone, read from stored values in one pass."""

        def leaf(of: Held) -> Node:
            return column(self.plan.columns[of])

        word = render(compiled.words(self.plan, self.bits, leaf, AS_OF), POSTGRES)
        judged = f"select customer, word as old_word, {word} as word from trait_state where known"
        changed = f"select customer, old_word, word from ({judged}) j where word <> old_word"
        return (
            f"with changed as materialized ({changed}), stored as (update trait_state s set word = c.word "
            f"from changed c where c.customer = s.customer) select customer, old_word, word from changed"
        )

    def _upsert(self, family: Family, cells: exp.Select) -> str:
        names = [f'"{m.name}"' for m in family.measures]
        sets = ", ".join(f"{name} = c.{name} + excluded.{name}" for name in names)
        into = f'insert into "{family.table}" as c (customer, key, {", ".join(names)}) '
        return into + self._text(cells) + f" on conflict (customer, key) do update set {sets}"

    def _insert(self, table: str, query: exp.Select) -> LiteralString:
        return _sql(f'insert into "{table}" ' + self._text(query))

    def _text(self, query: Node) -> str:
        """The text, with names of events as the small numbers that fold_fact holds: they are compared very often."""
        coded = query.copy()
        for claim in list(coded.find_all(exp.EQ)):
            if isinstance(claim.this, exp.Column) and claim.this.name == "event":
                claim.set("expression", literal(self.event_codes[claim.expression.name]))
        return render(coded, POSTGRES)


def _fact_columns(plan: Plan) -> list[str]:
    """Columns of a fact that this plan reads, in the order of FACT_COLUMNS."""
    used = {"day", "occurred_us", "fact_id"} | {f.key for f in plan.families}
    selections = [s.leaf.facts for s in plan.scalars] + [m.facts for f in plan.families for m in f.measures]
    used |= {name for facts in selections for name, _, _ in facts.conditions}
    used |= {s.leaf.column for s in plan.scalars if s.leaf.column}
    used |= {m.column for f in plan.families for m in f.measures if m.column}
    return [name for name in TYPES if name in used and name != "event"]


def _fact_type(name: str) -> str:
    return 'text collate "C"' if TYPES[name] == "text" else "bigint"


def _sql(text: str) -> LiteralString:
    # Built from the catalogue by SQLGlot, which quotes every name and value; psycopg runs it without parameters.
    return cast(LiteralString, text)
