"""The house read as text: its files, their syntax trees, its SQL. House tests judge what stands, never what runs."""

import ast
import subprocess
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "regulars"
# In the order in which data flows.
ROOMS = ("collect", "resolve", "profile", "analyze", "design", "engage", "optimize", "privacy", "ask")


class Query(NamedTuple):
    """One named query of a room."""

    folder: str
    name: str
    why: str
    sql: str

    @property
    def room(self) -> str:
        """The top-level folder."""
        return self.folder.split("/")[0]

    @property
    def place(self) -> str:
        """Where it stands, for messages."""
        return f"regulars/{self.folder}/queries.sql {self.name}"


class Module(NamedTuple):
    """One Python file of the package."""

    path: Path
    text: str
    tree: ast.Module

    @property
    def place(self) -> str:
        """Path for messages."""
        return self.path.relative_to(ROOT).as_posix()

    @property
    def room(self) -> str:
        """The top-level folder (or file) it belongs to."""
        return self.path.relative_to(PACKAGE).parts[0].removesuffix(".py")


@cache
def modules() -> list[Module]:
    """Every Python file of the package."""
    return [Module(path, text := path.read_text(), ast.parse(text)) for path in sorted(PACKAGE.rglob("*.py"))]


@cache
def tracked() -> list[Path]:
    """Every text file of the project that is, or is about to be, under version control; vendored files are not ours."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    paths = [ROOT / line for line in listed.stdout.splitlines()]
    return [path for path in paths if path.is_file() and "vendor" not in path.parts and is_text(path)]


def is_text(path: Path) -> bool:
    """No NUL in its first bytes."""
    with path.open("rb") as file:
        return b"\0" not in file.read(4096)


@cache
def query_files() -> list[Path]:
    """Every queries.sql."""
    return sorted(PACKAGE.rglob("queries.sql"))


@cache
def named_queries() -> list[Query]:
    """All named SQL with its comment of why."""
    found: list[Query] = []
    for path in query_files():
        for part in path.read_text().split("-- name: ")[1:]:
            name, _, rest = part.partition("\n")
            lines = rest.splitlines()
            why = [line for line in lines if line.startswith("--")]
            sql = [line for line in lines if not line.startswith("--")]
            found.append(
                Query(path.parent.relative_to(PACKAGE).as_posix(), name.strip(), " ".join(why), "\n".join(sql))
            )
    return found


@cache
def reference() -> str:
    """All of docs/reference as one text."""
    return "\n".join(path.read_text() for path in sorted((ROOT / "docs" / "reference").glob("*.md")))


def refuse(faults: list[str], rule: str) -> None:
    """Fail with every fault on a line of its own, under the rule that they break."""
    if faults:
        pytest.fail(f"{rule}\n  " + "\n  ".join(sorted(set(faults))), pytrace=False)
