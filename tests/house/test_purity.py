"""Time and chance are handed in, and nothing is left half done."""

import ast
import re

from tests.house.reading import PACKAGE, ROOT, modules, named_queries, refuse, tracked

# Reading these makes a year that cannot be replayed and a test that cannot own time.
CLOCKS = {
    "datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time", "time.time_ns", "time.localtime",
    "time.sleep", "uuid.uuid1", "uuid.uuid4", "uuid4", "os.urandom", "sleep",
}  # fmt: skip
CHANCE = ("random.", "secrets.", "np.random.", "numpy.random.")
SQL_CLOCK = re.compile(
    r"\b(now\(\)|current_timestamp|current_date|localtimestamp|clock_timestamp\(\)|statement_timestamp\(\)"
    r"|random\(\)|gen_random_uuid\(\))",
    re.IGNORECASE,
)
# Who may, and why. May only shrink.
ALLOWED = {
    "regulars/kit/clock.py": "it is the clock",
    "regulars/kit/dice.py": "it is the dice",
}
MEASURES_REAL_TIME = "regulars/bench/"
UNFINISHED = re.compile("TO" + "DO|FIX" + "ME|X" + "XX|NotImplemented" + r"Error|except Exception:\s*pass")
SKIPPED = re.compile(r"pytest\.(mark\.)?(ski" + "p|xfai" + "l|importorski" + "p)|@(unittest\\.)?ski" + "p")


def test_nobody_reads_the_wall_clock_or_draws_lots_but_the_kit() -> None:
    faults = [
        f"{module.place}:{node.lineno} {called}"
        for module in modules()
        if module.place not in ALLOWED and not module.place.startswith(MEASURES_REAL_TIME)
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call)
        for called in [ast.unparse(node.func)]
        if called in CLOCKS or any(f".{called}".endswith(f".{name}") for name in CLOCKS if "." in name)
        or (called.startswith(CHANCE) and not is_seeded(node))
    ]  # fmt: skip

    refuse(faults, "Use app.clock, app.dice, or kit.dice.share and hash64 for what must be reproducible.")


def is_seeded(call: ast.Call) -> bool:
    """A generator with a seed gives the same numbers every time."""
    return ast.unparse(call.func).endswith(("random.Random", "random.default_rng")) and bool(call.args)


def test_no_query_reads_the_databases_clock() -> None:
    faults = [f"{query.place}: {hit}" for query in named_queries() for hit in SQL_CLOCK.findall(query.sql)]
    faults += [
        f"{path.relative_to(ROOT)}: {hit}"
        for path in sorted((PACKAGE / "store" / "migrations").glob("*.sql"))
        for hit in SQL_CLOCK.findall(re.sub(r"--.*", "", path.read_text()))
    ]

    refuse(faults, "Pass the instant as a parameter: the database's clock cannot be replayed.")


def test_nothing_is_left_half_done() -> None:
    faults = [
        f"{path.relative_to(ROOT)}:{number} {line.strip()[:80]}"
        for path in tracked()
        if path.suffix in {".py", ".sql", ".js", ".css", ".html", ".md", ".toml"}
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if UNFINISHED.search(line)
    ]

    refuse(faults, "Finish it, or say in docs what is not there.")


def test_no_test_is_skipped() -> None:
    faults = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in tracked()
        if path.is_relative_to(ROOT / "tests") and path.suffix == ".py"
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if SKIPPED.search(line)
    ]

    refuse(faults, "A test that does not run proves nothing: mend it or delete it.")
