"""A notebook run cell by cell in this process, as Jupyter would, and its outputs written down.

python -m tests.ask.notebook
"""

from __future__ import annotations

import ast
import io
import json
import os
import tempfile
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

from regulars.store import embedded, migrate
from tests.ask.brand import filled
from tests.house.reading import ROOT

PATH = ROOT / "docs" / "notebooks" / "first-questions.ipynb"


def outputs(notebook: dict[str, Any]) -> list[list[dict[str, Any]]]:
    """What each code cell gives: text it printed, and the value of its last line."""
    names: dict[str, Any] = {}
    return [_run("".join(cell["source"]), names) for cell in notebook["cells"] if cell["cell_type"] == "code"]


def written(notebook: dict[str, Any]) -> list[list[dict[str, Any]]]:
    """What stands there as the output of each code cell."""
    return [cell["outputs"] for cell in notebook["cells"] if cell["cell_type"] == "code"]


def _run(source: str, names: dict[str, Any]) -> list[dict[str, Any]]:
    tree = ast.parse(source)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    printed, value = io.StringIO(), None
    with redirect_stdout(printed):
        exec(compile(tree, "<cell>", "exec"), names)
        if isinstance(last, ast.Expr):
            value = eval(compile(ast.Expression(last.value), "<cell>", "eval"), names)
        shown = None if value is None else repr(value)
    found: list[dict[str, Any]] = []
    if printed.getvalue():
        found.append({"output_type": "stream", "name": "stdout", "text": _lines(printed.getvalue())})
    if shown is not None:
        result = {"output_type": "execute_result", "metadata": {}, "data": {"text/plain": _lines(shown)}}
        found.append(result | {"execution_count": None})
    return found


def _lines(text: str) -> list[str]:
    return text.splitlines(keepends=True)


def write() -> None:
    """Run it on a small brand and write its outputs down."""
    notebook = json.loads(PATH.read_text())
    with tempfile.TemporaryDirectory(prefix="regulars-notebook-") as folder:
        Path(folder).chmod(0o755)
        with embedded.serving(Path(folder) / "home") as dsn:
            migrate.migrate(dsn)
            with filled(dsn) as made:
                os.environ |= {"REGULARS_DATABASE_URL": dsn, "REGULARS_HOME": made.settings.home}
                found = outputs(notebook)
    for cell, given in zip([c for c in notebook["cells"] if c["cell_type"] == "code"], found, strict=True):
        cell["outputs"] = given
    PATH.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    write()
