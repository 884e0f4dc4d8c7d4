"""State of everybody in DuckDB as statements. Pure; `kept` runs them.

    facts of one event -> scalars and windows of each record -> of each customer, by membership
    facts of a family  -> cells of each customer             -> what is read out of them
    all of these       -> one row a customer                 -> traits and segments

Windows need no cells: the lake is cut by day, so what a window loses or gains is read from the files of those days.
Cells are only ever added and are summed when read: for sums that is the merge. Texts of keys are numbered: cells of
numbers take half of the memory. Where first and latest stand is one number, time and place in the journal, since
comparing pairs takes three times as long.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, cast

from sqlglot import exp, parse_one

from regulars.analyze import compiled, sketches
from regulars.analyze.expressions import SKETCH_HASHES, Expression, Facts, OfKeys, Windowed
from regulars.analyze.plan import Family, Measure, Output, Plan, ScalarState
from regulars.lake.dialect import DUCKDB, Node, binary, both, coalesce, column, known, literal, render, when, whole_sum

# A record is a signature, or minus the customer whose session on a shared device it was.
OWNER = "case when p.record < 0 then -p.record else m.customer end"
MEMBERS = 'left join "membership" m on m.signature = p.record'
# Times and positions are below it, so a pair of them is one number.
PLACES = 2**63
AT = parse_one(f"occurred_us::hugeint * {PLACES} + fact_id", read=DUCKDB)
MOVED = """select distinct customer from (
    select unnest([b.customer, a.customer]) as customer from "member" b left join "membership" a using (signature)
    where a.customer is distinct from b.customer
    union all select unnest([s.holder, m.customer]) from (
        (select * from "span" except select * from "span_before")
        union all (select * from "span_before" except select * from "span")
    ) s left join "membership" m using (signature)
) where customer is not null"""
CHANGED = """select customer from "everybody"
where customer in (select customer from "touched") or customer not in (select customer from "state")"""
LEAVE = """delete from "state" where customer in (select customer from "changed")
    or customer not in (select customer from "everybody")"""
ALL_OF_MOVED = """union all select * from "lake_owned" where
    record in (select signature from "membership" join "moved" using (customer))
    or -record in (select customer from "moved")"""


def owned(facts: str, has_spans: bool) -> str:
    """Facts with `record`; a shared carrier's session decides fact by fact."""
    if not has_spans:
        return f'select *, signature as record from "{facts}"'
    on = "s.signature = f.signature and f.occurred_us between s.from_us and s.to_us"
    return f'select f.*, coalesce(-s.holder, f.signature) as record from "{facts}" f left join "span" s on {on}'


def touched_of(family: Family, fresh: str, day_before: int, day: int) -> str:
    """Whose cells of a family are to be read again."""
    union = f'select customer from "{fresh}" union select customer from "moved"'
    if family.kind != "days":
        return union
    seen = f'select customer from "{cells_of(family)}" where key > {day_before} and key <= {day}'
    return f"{union} union {seen}"


def arrived(has_moved: bool) -> str:
    """Facts of new files, and all older ones of who is folded again."""
    return f'select * from "fresh_owned" {ALL_OF_MOVED if has_moved else ""}'


def touched(out: Sequence[str]) -> str:
    """Customers with facts that arrived, those folded again, and those whose cells are read again."""
    owners = f'select {OWNER} as customer from (select distinct record from "arrived") p {MEMBERS}'
    also = "".join(f' union all select customer from "{each}"' for each in ("moved", *out))
    return f"select distinct customer from ({owners}{also}) where customer is not null"


class Pass(NamedTuple):
    """What one reading of the facts of one event gives."""

    event: str
    scalars: list[ScalarState]
    windows: list[Output]


def passes(plan: Plan) -> list[Pass]:
    """Sums, extremes and windows of an event at once; first and latest apart: both together outgrow the memory."""
    found: list[Pass] = []
    for event in sorted(plan.events):
        mine = [state for state in plan.scalars if state.leaf.facts.event == event]
        plain, pairs = [s for s in mine if not s.is_pair], [s for s in mine if s.is_pair]
        found += [Pass(event, plain, windows_of(plan, event)), Pass(event, pairs, [])]
    return [each for each in found if each.scalars or each.windows]


def windows_of(plan: Plan, event: str | None = None) -> list[Output]:
    """Windows over facts of this event, or of any."""
    found = [output for family in plan.families if family.kind == "window" for output in family.outputs]
    return [output for output in found if event is None or output.leaf.facts.event == event]


def celled(plan: Plan) -> list[Family]:
    """Families that are kept as cells."""
    return [family for family in plan.families if family.kind != "window"]


def of_event(of: Pass, facts: str, day: int) -> str:
    """Scalars and windows of each record out of the facts of one event."""
    columns = [pair for state in of.scalars for pair in _lifted(state)]
    columns += [(output.name, _sum(_measured(output, _within(output, day)))) for output in of.windows]
    claim = _event(of.event)
    if not of.scalars:
        # Files of days before the longest window are not read.
        claim += f" and day > {day - max(_length(output) for output in of.windows)}"
    return f'select record, {_list(columns)} from "{facts}" where {claim} group by record'


def of_customers(of: Pass) -> str:
    """The records of each customer together, out of the table `part`."""
    columns = [pair for state in of.scalars for pair in _together(state)]
    columns += [(output.name, _sum(column(output.name))) for output in of.windows]
    owners = f'select {OWNER} as customer, p.* from "part" p {MEMBERS}'
    return f"select customer, {_list(columns)} from ({owners}) group by customer"


def cells_of(family: Family) -> str:
    """The table of a family's cells."""
    return f"kept_{family.name}"


def keys_of(family: Family) -> str:
    """The table of the texts of a family's keys."""
    return f"keys_{family.name}"


def is_text(family: Family) -> bool:
    """Its keys are texts."""
    return family.key_type != "bigint"


def cells_table(family: Family) -> str:
    """Its cells, empty."""
    measures = "".join(f', "{measure.name}" bigint' for measure in family.measures)
    return f'create table "{cells_of(family)}" (customer bigint, key bigint{measures})'


def keys_table(family: Family) -> str:
    """The texts of its keys, empty."""
    return f'create table "{keys_of(family)}" (code bigint, key varchar)'


def forget_moved(family: Family) -> str:
    """No cells of who is folded again."""
    return f'delete from "{cells_of(family)}" where customer in (select customer from "moved")'


def new_keys(family: Family, facts: str) -> str:
    """Texts that are new, numbered after those that are there."""
    keys = keys_of(family)
    found = f'select distinct "{family.key}" as key from "{facts}" where {_claim(family)}'
    number = f'row_number() over (order by key) + (select coalesce(max(code), 0) from "{keys}")'
    return f'insert into "{keys}" select {number}, key from ({found}) where key not in (select key from "{keys}")'


def new_cells(family: Family, facts: str) -> str:
    """Cells of these facts by customer, keys that are texts by number."""
    source, key = f'"{facts}" p {MEMBERS}', f'p."{family.key}"'
    if family.kind == "histogram":
        key = _text(sketches.bucket(column(family.key, "p")))
    if is_text(family):
        source, key = f'{source} join "{keys_of(family)}" k on k.key = {key}', "k.code"
    sums = _list([(m.name, _sum(_measured(m, _conditions(m.facts)))) for m in family.measures])
    return f"select {OWNER} as customer, {key} as key, {sums} from {source} where {_claim(family)} group by all"


def cells_once(family: Family) -> str:
    """All cells after a build, where each key stands once anyway."""
    return f'select * from "{cells_of(family)}"'


def cells_together(family: Family, whom: str) -> str:
    """All cells of these customers, each key once."""
    sums = _list([(measure.name, _sum(column(measure.name))) for measure in family.measures])
    mine = f'where customer in (select customer from "{whom}")'
    return f'select customer, key, {sums} from "{cells_of(family)}" {mine} group by customer, key'


def read(family: Family, whom: str, day: int) -> str:
    """What is read out of the cells of each of these customers, whether she has any or not."""
    if family.kind == "distinct":
        return _different(family, whom)
    if family.kind != "key":
        return _text(compiled.read_cells(family, DUCKDB, whom, literal(day)))
    ranked = f'select code, key, row_number() over (order by key) as rank from "{keys_of(family)}"'
    columns = ", ".join(f'{_of_keys(output)} as "{output.name}"' for output in family.outputs)
    cells = f'"{family.table}" c join ({ranked}) k on k.code = c.key'
    found = f"select customer, {columns} from {cells} group by customer"
    values = ", ".join(_or_zero(output, f'f."{output.name}"') for output in family.outputs)
    return f'select w.customer, {values} from "{whom}" w left join ({found}) f on f.customer = w.customer'


def _different(family: Family, whom: str) -> str:
    """Only of whom there are so many that it is an estimate are the hashes ranked."""
    cells = f'"{family.table}"'
    counted = f"select customer, count(*) as number from {cells} group by customer"
    many = f"select customer from ({counted}) where number >= {SKETCH_HASHES}"
    rank = "row_number() over (partition by customer order by key)"
    ranked = f"select customer, key as largest from {cells} where customer in ({many}) qualify {rank} = {SKETCH_HASHES}"
    number = coalesce(column("number", "f"), literal(0))
    told = _text(sketches.estimated(number, column("largest", "l"), SKETCH_HASHES))
    columns = ", ".join(f'{told} as "{output.name}"' for output in family.outputs)
    return (
        f'select w.customer, {columns} from "{whom}" w left join ({counted}) f on f.customer = w.customer '
        f"left join ({ranked}) l on l.customer = w.customer"
    )


def row(plan: Plan, whom: str) -> str:
    """One row for each of these customers out of the tables of events."""
    columns, joins = list[str](), list[str]()
    for number, of in enumerate(passes(plan)):
        joins.append(f'left join "event_{number}" e{number} on e{number}.customer = w.customer')
        for state in of.scalars:
            columns += [_zeroed(name, f"e{number}", _is_sum(state)) for name in _names(state)]
        columns += [_zeroed(output.name, f"e{number}", True) for output in of.windows]
    return f'select w.customer, {", ".join(columns)} from "{whom}" w {" ".join(joins)}'


def whole_row(families: Sequence[Family]) -> str:
    """The rows of everybody with what is read out of her cells. All joins at once would not fit into memory."""
    columns, joins = list[str](), list[str]()
    for number, family in enumerate(families):
        joins.append(f'join "out_{number}" o{number} on o{number}.customer = w.customer')
        columns += [f'o{number}."{output.name}"' for output in family.outputs]
    return f'select {", ".join(["w.*", *columns])} from "arrived_row" w {" ".join(joins)}'


def days_between(plan: Plan, before: int, day: int) -> set[int]:
    """Days whose facts come into a window, or leave it, or come into sight between two days."""
    return _passed([_length(output) for output in windows_of(plan)], before, day)


def _passed(lengths: Sequence[int], before: int, day: int) -> set[int]:
    return {last - length for last in range(before + 1, day + 1) for length in (0, *lengths)}


def _days(days: set[int]) -> str:
    return ", ".join(str(day) for day in sorted(days))


def slid(plan: Plan, before: int, day: int) -> str:
    """By how much the windows of customers move because of facts that were counted before."""
    columns, passing = list[tuple[str, Node]](), dict[str, set[int]]()
    for output in windows_of(plan):
        now, then = (_sum(_measured(output, [_whole_claim(output), *_within(output, at)])) for at in (day, before))
        columns.append((output.name, exp.Paren(this=exp.Sub(this=now, expression=then))))
        passing.setdefault(output.leaf.facts.event, set()).update(_passed([_length(output)], before, day))
    # Facts that no window passes would touch rows for nothing.
    claims = [f"({_event(event)} and day in ({_days(days)}))" for event, days in passing.items()]
    facts = f'select * from "passing_owned" where {" or ".join(claims)}'
    owners = f"select {OWNER} as customer, p.* from ({facts}) p {MEMBERS}"
    return f"select customer, {_list(columns)} from ({owners}) where customer is not null group by customer"


def slide(plan: Plan) -> str:
    """Windows moved in the rows that stand; whoever is folded again gets hers out of all her facts."""
    moved = ", ".join(f'"{output.name}" = o."{output.name}" + s."{output.name}"' for output in windows_of(plan))
    whose = 's.customer = o.customer and o.customer not in (select customer from "moved")'
    return f'update "state" o set {moved} from "slid" s where {whose}'


def next_row(plan: Plan) -> str:
    """Rows of who changed: what was kept and what arrived; nothing old of who moved."""
    columns = list[str]()
    for state in plan.scalars:
        columns += _joined(state)
    columns += [_added(output.name) for output in windows_of(plan)]
    joins = ""
    for number, family in enumerate(celled(plan)):
        joins += f' left join "out_{number}" f{number} on f{number}.customer = w.customer'
        for output in family.outputs:
            value = f'case when f{number}.customer is null then o."{output.name}" else f{number}."{output.name}" end'
            columns.append(_or_zero(output, value))
    # Rows of nobody else: what is joined becomes a table of all its columns first.
    theirs = 'where customer in (select customer from "changed") and customer not in (select customer from "moved")'
    return (
        f'select w.customer, {", ".join(columns)} from "changed" w '
        f'left join (select * from "state" {theirs}) o on o.customer = w.customer '
        f'left join "arrived_row" n on n.customer = w.customer{joins}'
    )


def values(plan: Plan, day: int) -> str:
    """Customer, traits and segments of everybody."""

    columns = [(trait.name, _value(plan, trait.expression, day)) for trait in plan.traits]
    for segment in plan.segments:
        claim = coalesce(_value(plan, segment.rule, day), exp.false())
        columns.append((segment.name, both([column("known", "e"), claim])))
    return f'select base.customer, {_list(columns)} from "state" base join "everybody" e using (customer)'


def count(plan: Plan, rule: Expression, day: int) -> str:
    """How many customers we know match."""
    claim = _text(_value(plan, rule, day))
    return f'select count(*) from "state" base join "everybody" e using (customer) where e.known and {claim}'


def _value(plan: Plan, expression: Expression, day: int) -> Node:
    return compiled.finish(expression, lambda leaf: column(plan.columns[leaf], "base"), literal(day))


def _event(event: str) -> str:
    return f"event = {_text(literal(event))}"


def _claim(family: Family) -> str:
    events = sorted({measure.facts.event for measure in family.measures})
    return f'({" or ".join(map(_event, events))}) and "{family.key}" is not null'


def _whole_claim(output: Output) -> Node:
    return compiled.selected(output.leaf.facts)


def _conditions(of: Facts) -> list[Node]:
    """The claims of a selection but for the event, which is said once for all."""
    return [binary(sign, column(name), literal(value)) for name, sign, value in of.conditions]


def _within(output: Output, day: int) -> list[Node]:
    inside = [binary(">", column("day"), literal(day - _length(output))), binary("<=", column("day"), literal(day))]
    return [*inside, *_conditions(output.leaf.facts)]


def _length(output: Output) -> int:
    assert isinstance(output.leaf, Windowed), "a window looks back"
    return output.leaf.days


def _measured(of: Output | Measure, claims: list[Node]) -> Node:
    name = of.column if isinstance(of, Measure) else cast(Windowed, of.leaf).column
    value = column(name) if name else literal(1)
    return when(both(claims), value) if claims else value


def _sum(node: Node) -> Node:
    return coalesce(whole_sum(node), literal(0))


def _is_sum(state: ScalarState) -> bool:
    return state.leaf.fold not in ("min", "max", "first", "last")


def _names(state: ScalarState) -> list[str]:
    return [f"{state.name}__at", state.name] if state.is_pair else [state.name]


def _lifted(state: ScalarState) -> list[tuple[str, Node]]:
    leaf, value = state.leaf, column(state.leaf.column) if state.leaf.column else literal(1)
    claims = _conditions(leaf.facts)
    if not state.is_pair:
        [(name, node)] = compiled.lifted(state, DUCKDB)
        return [(name, node.transform(_true_of_event))]
    return _picked(state, value, AT, [*claims, known(value)])


def _true_of_event(node: Node) -> Node:
    """The event was said once for all."""
    is_claim = isinstance(node, exp.EQ) and isinstance(node.this, exp.Column) and node.this.name == "event"
    return exp.true() if is_claim else node


def _together(state: ScalarState) -> list[tuple[str, Node]]:
    if state.is_pair:
        value = column(state.name)
        return _picked(state, value, column(f"{state.name}__at"), [known(value)])
    if _is_sum(state):
        return [(state.name, _sum(column(state.name)))]
    return [(state.name, (exp.Min if state.leaf.fold == "min" else exp.Max)(this=column(state.name)))]


def _picked(state: ScalarState, value: Node, at: Node, claims: list[Node]) -> list[tuple[str, Node]]:
    is_last, only = state.leaf.fold == "last", exp.Where(this=both(claims))
    extreme = (exp.Max if is_last else exp.Min)(this=at)
    chosen = exp.Anonymous(this="max_by" if is_last else "min_by", expressions=[value, at])
    pair = ((f"{state.name}__at", extreme), (state.name, chosen))
    return [(name, exp.Filter(this=node, expression=only)) for name, node in pair]


def _joined(state: ScalarState) -> list[str]:
    """Old and new of one customer, either of which may be missing."""
    name, fold = state.name, state.leaf.fold
    if state.is_pair:
        sign = ">" if fold == "last" else "<"
        newer = f'o."{name}__at" is null or n."{name}__at" {sign} o."{name}__at"'
        return [f'case when {newer} then n."{each}" else o."{each}" end as "{each}"' for each in _names(state)]
    if _is_sum(state):
        return [_added(name)]
    # Here NULL is no number: the other one counts.
    return [f'{"least" if fold == "min" else "greatest"}(o."{name}", n."{name}") as "{name}"']


def _added(name: str) -> str:
    return f'coalesce(o."{name}", 0) + coalesce(n."{name}", 0) as "{name}"'


def _of_keys(output: Output) -> str:
    leaf, measure = output.leaf, f'c."{output.measure}"'
    assert isinstance(leaf, OfKeys), "texts are keys"
    return {
        "keys": f"count(*) filter (where {measure} > 0)",
        "top_value": f"coalesce(max({measure}) filter (where {measure} > 0), 0)",
        "of_key": f"coalesce(sum({measure}) filter (where k.key = {_text(literal(leaf.wanted or ''))}), 0)::bigint",
        "top": f"max_by(k.key, {measure}::hugeint * {PLACES} - k.rank) filter (where {measure} > 0)",
    }[leaf.what]


def _or_zero(output: Output, value: str) -> str:
    return (f"coalesce({value}, 0)" if output.is_zero_without else value) + f' as "{output.name}"'


def _zeroed(name: str, table: str, is_zero: bool) -> str:
    return f'coalesce({table}."{name}", 0) as "{name}"' if is_zero else f'{table}."{name}"'


def _list(columns: list[tuple[str, Node]]) -> str:
    return ", ".join(f'{_text(node)} as "{name}"' for name, node in columns)


def _text(node: Node) -> str:
    return render(node, DUCKDB)
