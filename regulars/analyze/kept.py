"""State of everybody kept in DuckDB: built from the lake once, then refreshed by what came since.

    build      scalars and windows event by event, cells family by family, one row a customer
    refresh    the same of new files only, added to what is kept; windows lose and gain the facts of a few days;
               whoever has other records than before is folded again; numbers out of cells only of who was touched

A refresh gives what a build of all files would. Where a file that was counted is gone (something was erased or
withdrawn, or files were joined), nothing can be taken back out of sums: it is built again.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from regulars.analyze import catalogue
from regulars.analyze import state_sql as text
from regulars.analyze.expressions import TYPES, Expression
from regulars.analyze.plan import Family, Plan, fields, plan
from regulars.kit.clock import day_date
from regulars.lake.duckdb import Engine

COLUMNS = {"signature": "bigint"} | TYPES
EVERYBODY = "everybody"
# The lake holds what happened, not who somebody is.
FOLDED = tuple(trait for trait in catalogue.TRAITS if not fields(trait.expression))
PASSING = (
    "passing_owned",
    "slid",
    "lake_owned",
    "fresh_owned",
    "arrived",
    "moved",
    "touched",
    "arrived_row",
    "changed",
    "next",
)


class Kept:
    """One plan's state in one engine.

    Who is who stands beside it and may change between a build and a refresh: `membership` (signature, customer),
    `everybody` (customer, known) and `span` (signature, from_us, to_us, holder), stretches of shared carriers.
    """

    def __init__(self, lake: Engine, plan: Plan) -> None:
        self._lake, self.plan = lake, plan
        # No table here has an order, and to keep one holds whole tables in memory.
        lake.run("set preserve_insertion_order = false")
        self._families = text.celled(plan)
        self._files: frozenset[str] = frozenset()
        self._day = 0

    def build(self, files: Sequence[str], day: int) -> None:
        """State as of `day` out of all facts of these files."""
        self._files, self._day = frozenset(files), day
        for family in self._families:
            self._lake.run(text.cells_table(family))
            if text.is_text(family):
                self._lake.run(text.keys_table(family))
        self._own("lake", files)
        self._gather("lake_owned")
        outs: list[str] = []
        for number, family in enumerate(self._families):
            self._new_keys(family, "lake_owned")
            self._lake.run(f'insert into "{text.cells_of(family)}" {text.new_cells(family, "lake_owned")}')
            self._lake.view(family.table, text.cells_once(family))
            outs.append(self._read(number, family, EVERYBODY))
        self._lake.make("arrived_row", text.row(self.plan, EVERYBODY))
        self._drop(*self._events())
        self._lake.make("state", text.whole_row(self._families))
        self._drop(*outs, "arrived_row")
        self._remember_who()

    def refresh(self, files: Sequence[str], day: int) -> None:
        """What a build of `files` would give, most of which were counted before."""
        if not self._files.issubset(files):
            self._drop("state", *(text.cells_of(f) for f in self._families), "member", "span_before")
            self._drop(*(text.keys_of(family) for family in self._families if text.is_text(family)))
            self.build(files, day)
            return
        known, new, before = sorted(self._files), sorted(set(files) - self._files), self._day
        self._files, self._day = frozenset(files), day
        self._lake.make("moved", text.MOVED)
        self._own("lake", known)
        self._own("fresh", new)
        self._lake.view("arrived", text.arrived(self._has("moved")))
        self._slide(known, before)
        for family in self._families:
            self._lake.run(text.forget_moved(family))
        self._gather("arrived")
        outs = [self._again(number, family, before) for number, family in enumerate(self._families)]
        self._lake.make("touched", text.touched(outs))
        self._lake.make("arrived_row", text.row(self.plan, "touched"))
        self._lake.make("changed", text.CHANGED)
        self._lake.make("next", text.next_row(self.plan))
        self._lake.run(text.LEAVE)
        self._lake.run('insert into "state" by name select * from "next"')
        self._drop(*outs, *self._events(), *PASSING)
        self._drop("member", "span_before")
        self._remember_who()

    def values(self) -> str:
        """A query of customer and every trait and segment, over the state."""
        return text.values(self.plan, self._day)

    def count(self, rule: Expression) -> int:
        """How many customers we know match a rule over traits of this plan."""
        return self._lake.rows(text.count(self.plan, rule, self._day))[0][0]

    def _own(self, name: str, files: Sequence[str]) -> None:
        self._drop(f"{name}_owned", name)
        self._lake.read_facts(name, files, COLUMNS)
        self._lake.view(f"{name}_owned", text.owned(name, self._has("span")))

    def _gather(self, facts: str) -> None:
        """Scalars and windows by event, into tables of customers."""
        for name, of in zip(self._events(), text.passes(self.plan), strict=True):
            self._lake.make("part", text.of_event(of, facts, self._day))
            self._lake.make(name, text.of_customers(of))
            self._drop("part")

    def _events(self) -> list[str]:
        return [f"event_{number}" for number, _ in enumerate(text.passes(self.plan))]

    def _new_keys(self, family: Family, facts: str) -> None:
        if text.is_text(family):
            self._lake.run(text.new_keys(family, facts))

    def _again(self, number: int, family: Family, before: int) -> str:
        """Cells that arrived, added, and the numbers of whose they are read out of all of hers."""
        self._new_keys(family, "arrived")
        self._lake.make("fresh_cells", text.new_cells(family, "arrived"))
        self._lake.make("mine", text.touched_of(family, "fresh_cells", before, self._day))
        self._lake.run(f'insert into "{text.cells_of(family)}" select * from "fresh_cells"')
        self._lake.make(family.table, text.cells_together(family, "mine"))
        made = self._read(number, family, "mine")
        self._drop("fresh_cells", "mine")
        return made

    def _read(self, number: int, family: Family, whom: str) -> str:
        """A table of what is read out of the cells of these customers."""
        self._lake.make(f"out_{number}", text.read(family, whom, self._day))
        self._drop(family.table)
        return f"out_{number}"

    def _slide(self, known: Sequence[str], before: int) -> None:
        """Windows moved by what they lose and gain in the days between, out of the files of those days alone."""
        if not text.windows_of(self.plan):
            return
        days = text.days_between(self.plan, before, self._day)
        # Files are by the day of their own clock, facts by the brand's: neighbors belong to it, and the facts decide.
        folders = {f"day={day_date(day + near).isoformat()}" for day in days for near in (-1, 0, 1)}
        self._own("passing", [file for file in known if file.split("/")[-2] in folders])
        self._lake.make("slid", text.slid(self.plan, before, self._day))
        self._lake.run(text.slide(self.plan))

    def _remember_who(self) -> None:
        self._lake.make("member", 'select * from "membership"')
        self._lake.make("span_before", 'select * from "span"')

    def _has(self, table: str) -> bool:
        return self._lake.rows(f'select exists (from "{table}")') == [(True,)]

    def _drop(self, *names: str) -> None:
        for name in names:
            self._lake.drop(name)


def kept_state(lake: Engine, traits: Collection[str] | None = None) -> Kept:
    """Nothing yet, of these of the FOLDED traits, or of all with all segments."""
    if traits is None:
        return Kept(lake, plan(FOLDED, catalogue.SEGMENTS).whole)
    return Kept(lake, plan([trait for trait in FOLDED if trait.name in traits]).whole)
