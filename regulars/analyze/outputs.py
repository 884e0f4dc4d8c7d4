"""What a batch or a day changes in the numbers read out of cells: by difference where that is exact. Pure.

Reading all cells of everybody touched cost more than everything else of a batch together. Most of it is known without:

    window  a sum moves by what was added inside it, and on the day tick by what came in and what ran out
    days    days after the newest one add their gaps behind it, those after today on the tick that reaches them
    key     where nothing was taken away, the top is the old top or a key of this batch, and keys only come

Everybody else (merged, folded again, late days, money taken back) stands in the family's `full` table and is read
whole. Either way the family's `out` table holds the new numbers, which the finish takes.
"""

from __future__ import annotations

from regulars.analyze.days import STEP as STEPS
from regulars.analyze.days import week
from regulars.analyze.expressions import OfDays, OfKeys, Windowed
from regulars.analyze.plan import COLUMN_TYPES, DAYS_KEPT, Family, Output
from regulars.analyze.sequences import DAY_US
from regulars.lake.dialect import POSTGRES, column, literal, render

# A day takes its place.
WEEK = render(week(column("day")), POSTGRES).replace('"day"', "{}")


class Outputs:
    """Statements of one family under one plan."""

    def __init__(self, family: Family, mark: str) -> None:
        self.family = family
        self.delta, self.out = f"fold_delta_{mark}_{family.name}", f"fold_out_{mark}_{family.name}"
        self.full = f"fold_full_{family.name}"

    def tables(self) -> dict[str, str]:
        """Its temporary tables: what the batch adds to cells, who is read whole, and the new numbers."""
        measures = "".join(f', "{m.name}" bigint' for m in self.family.measures)
        return {
            self.delta: f"customer bigint, key {self.family.key_type}{measures}",
            self.full: "customer bigint primary key",
            self.out: "customer bigint" + "".join(f', "{o.name}" {COLUMN_TYPES[o.leaf.kind]}' for o in self._all),
        }

    @property
    def _all(self) -> tuple[Output, ...]:
        return self.family.outputs

    @property
    def adds_while_differing(self) -> bool:
        """`differ` reads what the cells of a key hold now out of the statement that adds to them."""
        return self.family.kind == "key" and bool(self._all)

    def upsert(self) -> str:
        """What the batch adds, added."""
        names = [f'"{m.name}"' for m in self.family.measures]
        sets = ", ".join(f"{name} = c.{name} + excluded.{name}" for name in names)
        columns = ", ".join(["customer", "key", *names])
        return (
            f'insert into "{self.family.table}" as c ({columns}) select {columns} from "{self.delta}" '
            f"order by customer, key on conflict (customer, key) do update set {sets}"
        )

    def come(self) -> list[str]:
        """Days that came into sight since `before`, as if a batch had brought them now; their customers are judged."""
        seen = "key > %(before)s::bigint and key <= %(day)s::bigint"
        return [
            f'insert into "{self.delta}" (customer, key) select customer, key from "{self.family.table}" where {seen}',
            f'insert into fold_seen select distinct customer from "{self.delta}" on conflict do nothing',
        ]

    def age(self) -> list[str]:
        """Whoever has a first fact around these days is read whole: it came into sight, or its time is over."""
        near = f"c.key >= (d.day - 1) * {DAY_US} and c.key < (d.day + 2) * {DAY_US}"
        return [
            f'insert into "{self.full}" select distinct c.customer from unnest(%(days)s::bigint[]) d (day) '
            f'join "{self.family.table}" c on {near} on conflict do nothing',
            f'insert into fold_seen select customer from "{self.full}" on conflict do nothing',
        ]

    def choose(self) -> list[str]:
        """Who must be read whole."""
        into = f'insert into "{self.full}" select'
        chosen = [f"{into} customer from fold_redo on conflict do nothing"]
        if self.family.kind == "key" and self._all:
            taken = " or ".join(f'"{m.name}" < 0' for m in self.family.measures)
            chosen.append(f'{into} distinct customer from "{self.delta}" where {taken} on conflict do nothing')
        if self.family.kind == "sequence" and self._all:
            chosen.append(f'{into} distinct customer from "{self.delta}" on conflict do nothing')
        if self.family.kind == "days" and self._all:
            days, newest = self._column("days"), self._column("newest")
            odd = f"min(d.key) < {newest} or ({newest} is null and {days} > 0)"
            came = "count(*) filter (where d.key <= a.day)"
            chosen.append(
                f'{into} d.customer from "{self.delta}" d left join trait_state s using (customer) '
                f"cross join as_of a group by d.customer, {days}, {newest}, a.day "
                f"having {odd} or coalesce({days}, 0) + {came} > {DAYS_KEPT} on conflict do nothing"
            )
        return chosen

    def differ(self) -> str:
        """The new numbers of everybody else in the batch; empty: whoever was touched is read whole."""
        if self.family.kind == "sequence":
            return ""
        if self.family.kind == "window":
            sums = [
                (o, f'sum(case when {self._inside(o, "a.day")} then c."{o.measure}" else 0 end)') for o in self._all
            ]
            return self._slid(sums, f'"{self.delta}" c cross join as_of a')
        return self._days() if self.family.kind == "days" else self._keys()

    def slide(self) -> str:
        """The new numbers of everybody who has a cell on a day that came into a window or left it."""
        sums = [
            (
                o,
                f'sum(case when {self._inside(o, "%(day)s::bigint")} then c."{o.measure}" else 0 end)'
                f' - sum(case when {self._inside(o, "%(before)s::bigint")} then c."{o.measure}" else 0 end)',
            )
            for o in self._all
        ]
        return self._slid(sums, f'"{self.family.table}" c where c.key = any(%(days)s::bigint[])')

    def _slid(self, sums: list[tuple[Output, str]], source: str) -> str:
        added = ", ".join(f'({text})::bigint as "{o.name}"' for o, text in sums)
        values = ", ".join(f'coalesce(s."{o.name}", 0) + g."{o.name}"' for o, _ in sums)
        return self._insert(values, f"(select c.customer, {added} from {source} group by c.customer) g")

    def _inside(self, output: Output, day: str) -> str:
        assert isinstance(output.leaf, Windowed), "a window family holds windows"
        return f"c.key > {day} - {output.leaf.days} and c.key <= {day}"

    def _days(self) -> str:
        newest, whats = self._column("newest"), self.family.whats()
        added = {"days": "count(*)", "gap_sum": "sum(gap)", "gap_squares": "sum(gap * gap)"}
        units = [unit for unit in STEPS if whats & {f"longest_{unit}", f"latest_{unit}"}]
        before = f"lag(d.key, 1, {newest}) over (partition by d.customer order by d.key)"
        steps = f"d.key - {before} as gap"
        if "weeks" in whats or "weeks" in units:
            steps += f", {WEEK.format('d.key')} - {WEEK.format(f'({before})')} as week_gap"
            added["weeks"] = "count(*) filter (where week_gap is null or week_gap > 0)"
        steps += "".join(f", {self._column(f'latest_{unit}')} as held_{unit}" for unit in units)
        for unit in units:
            length = f"{unit}_in_run + case when {unit}_run = 0 then coalesce(held_{unit}, 0) else 0 end"
            added |= {f"longest_{unit}": f"max({length})", f"latest_{unit}": f"max({length}) filter (where back = 1)"}
        values: list[str] = []
        for output in self._all:
            assert isinstance(output.leaf, OfDays), "a family of days holds numbers of days"
            values.append(self._next(output.leaf.what, output.name))
        sums = ", ".join(f'coalesce({text}, 0)::bigint as "{what}"' for what, text in added.items())
        later = (
            f'select d.customer, d.key, {steps} from "{self.delta}" d cross join as_of a '
            f"left join trait_state s using (customer)"
            f" where d.key <= a.day and ({newest} is null or d.key > {newest})"
        )
        rows = f"({self._in_runs(later, units) if units else later}) l"
        grouped = f"select customer, max(key) as newest, {sums} from {rows} group by customer"
        return self._insert(", ".join(values), f"({grouped}) g")

    def _next(self, what: str, name: str) -> str:
        """A number of days after the batch."""
        if what == "newest" or what.startswith("latest_"):
            return f'g."{what}"'
        if what.startswith("longest_"):
            return f'greatest(coalesce(s."{name}", 0), g."{what}")'
        return f'coalesce(s."{name}", 0) + g."{what}"'

    def _in_runs(self, later: str, units: list[str]) -> str:
        """New days with the run each is in, 0 for the one that was going on, and how many of the batch that run has."""
        over = "over (partition by customer order by key)"
        runs = "".join(
            f", count(*) filter (where {STEPS[unit]} is null or {STEPS[unit]} > 1) {over} as {unit}_run"
            for unit in units
        )
        lengths = "".join(
            f", count(*) filter (where {STEPS[unit]} is null or {STEPS[unit]} > 0)"
            f" over (partition by customer, {unit}_run) as {unit}_in_run"
            for unit in units
        )
        back = "row_number() over (partition by customer order by key desc) as back"
        return f"select *, {back}{lengths} from (select *{runs} from ({later}) d) r"

    def _keys(self) -> str:
        measures = ", ".join(f'c."{m.name}", d."{m.name}" as "+{m.name}"' for m in self.family.measures)
        now = ", ".join(f'c."{m.name}"' for m in self.family.measures)
        # Those read whole are left out here: as an anti-join at the end the planner expects one row of it and then
        # walks through all tops for every customer, a second a batch.
        fresh = (
            f"with added as ({self.upsert()} returning c.customer, c.key, {now}), "
            f'fresh as materialized (select c.customer, c.key, {measures} from "{self.delta}" d '
            f"join added c using (customer, key) "
            f'where not exists (select from "{self.full}" w where w.customer = d.customer))'
        )
        values: list[str] = []
        sums: list[str] = []
        joins = ""
        for number, output in enumerate(self._all):
            assert isinstance(output.leaf, OfKeys), "a family of keys holds numbers of keys"
            m, name = f'"{output.measure}"', f'"{output.name}"'
            if output.leaf.what == "keys":
                sums.append(f'count(*) filter (where {m} > 0 and {m} <= "+{output.measure}") as {name}')
                values.append(f"coalesce(s.{name}, 0) + g.{name}")
            elif output.leaf.what == "of_key":
                assert output.leaf.wanted is not None, "the total of one key says of which"
                mine = render(literal(output.leaf.wanted), POSTGRES)
                sums.append(f'coalesce(sum("+{output.measure}") filter (where key = {mine}), 0)::bigint as {name}')
                values.append(f"coalesce(s.{name}, 0) + g.{name}")
            elif output.leaf.what == "top_value":
                sums.append(f"max({m}) as {name}")
                values.append(f"greatest(coalesce(s.{name}, 0), g.{name}, 0)")
            else:
                values.append(f"t{number}.key")
                fresh += f", t{number} as materialized ({self._top(output)})"
                joins += f" left join t{number} on t{number}.customer = g.customer"
        grouped = "select customer" + "".join(f", {text}" for text in sums) + " from fresh group by customer"
        return f"{fresh} {self._select(', '.join(values), f'({grouped}) g{joins}')}"

    def _top(self, output: Output) -> str:
        m = f'"{output.measure}"'
        stood = (
            f"select c.customer, c.key, c.{m} from (select distinct customer from fresh) f "
            f'join trait_state s using (customer) join "{self.family.table}" c '
            f'on c.customer = s.customer and c.key = s."{output.name}"'
        )
        rows = f"select customer, key, {m} from fresh union all {stood}"
        best = f"select distinct on (customer) customer, key from ({rows}) r where {m} > 0"
        return f"{best} order by customer, {m} desc, key"

    def _select(self, values: str, source: str) -> str:
        return (
            f'insert into "{self.out}" select g.customer, {values} from {source} '
            "left join trait_state s on s.customer = g.customer"
        )

    def _insert(self, values: str, source: str) -> str:
        left_out = f'where not exists (select from "{self.full}" w where w.customer = g.customer)'
        return f"{self._select(values, source)} {left_out}"

    def _column(self, what: str) -> str:
        return next(f's."{o.name}"' for o in self._all if isinstance(o.leaf, OfDays) and o.leaf.what == what)
