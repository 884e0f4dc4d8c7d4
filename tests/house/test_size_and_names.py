"""Files and functions stay readable, and nothing hides behind a word that says nothing."""

import ast
import re

from tests.house.reading import PACKAGE, ROOT, modules, refuse, tracked

FILE_LINES = 500
FUNCTION_LINES = 60
SPINE_LINES = 150
ARCHITECTURE_LINES = 250
# May only shrink: a path leaves as soon as it fits, and its number may not grow.
LONG_FILES: dict[str, int] = {}
LONG_FUNCTIONS: dict[str, int] = {}
EMPTY_WORDS = {"util", "utils", "helper", "helpers", "manager", "managers", "service", "services", "common", "misc"}


def test_no_file_is_longer_than_500_lines() -> None:
    sizes = {module.place: module.text.count("\n") for module in modules()}

    refuse(over(sizes, FILE_LINES, LONG_FILES), "A file stops at 500 lines: split it along its thoughts.")


def test_no_function_is_longer_than_60_lines() -> None:
    sizes = {
        f"{module.place} {node.name}": (node.end_lineno or node.lineno) - node.lineno + 1
        for module in modules()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }

    refuse(over(sizes, FUNCTION_LINES, LONG_FUNCTIONS), "A function stops at 60 lines: one thought each.")


def test_the_spine_and_the_plan_of_the_house_stay_short() -> None:
    sizes = {name: (ROOT / name).read_text().count("\n") for name in ("regulars/flow.py", "ARCHITECTURE.md")}

    assert sizes["regulars/flow.py"] <= SPINE_LINES
    assert sizes["ARCHITECTURE.md"] <= ARCHITECTURE_LINES


def test_no_file_folder_or_class_has_a_name_that_says_nothing() -> None:
    files = [path.relative_to(ROOT).as_posix() for path in tracked() if path.is_relative_to(PACKAGE)]
    classes = [
        f"{module.place} class {node.name}"
        for module in modules()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ClassDef) and words(node.name) & EMPTY_WORDS
    ]
    faults = [file for file in files if words(file) & EMPTY_WORDS]

    refuse(faults + classes, f"Name it for what it does; not allowed: {', '.join(sorted(EMPTY_WORDS))}.")


def over(sizes: dict[str, int], limit: int, allowed: dict[str, int]) -> list[str]:
    """What breaks the limit, and what stands on the allow-list without need."""
    grown = [f"{place}: {lines} lines" for place, lines in sizes.items() if lines > max(limit, allowed.get(place, 0))]
    needless = [f"{place}: fits now, take it off the list" for place in allowed if sizes.get(place, 0) <= limit]
    return grown + needless


def words(name: str) -> set[str]:
    """The words of a path or a name, in small letters: `EventManager` has `event` and `manager`."""
    return {word.lower() for word in re.findall(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])", name)}
