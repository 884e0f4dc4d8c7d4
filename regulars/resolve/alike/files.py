"""A model as `regulars link` wrote it: the JSON, and its terms beside it."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# (PyArrow has no types; nothing of it leaves this module.)

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from regulars.resolve.linkage.scorer import TERMS_SUFFIX, load


def read(path: Path) -> tuple[bytes, bytes]:
    """Body and terms, as `models.add` takes them. Raises LinkRefused."""
    model = load(path)
    if not model.rare:
        return path.read_bytes(), b"{}"
    # Arrow's functions take a while to load, and nobody else needs them.
    from regulars.resolve.linkage.columns import load_terms

    table: Any = load_terms(path.with_suffix(TERMS_SUFFIX), model.version)
    terms: dict[str, dict[str, float]] = {}
    columns = (table.column(name).to_pylist() for name in ("column_name", "value", "frequency"))
    for name, value, frequency in zip(*columns, strict=True):
        # Under no value stands what a value has that one record alone says.
        terms.setdefault(name, {})[value or ""] = frequency
    return path.read_bytes(), msgspec.json.encode(terms)
