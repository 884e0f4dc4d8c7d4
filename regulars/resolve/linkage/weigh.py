"""A model at work: weighs tables of records, of one row as of a million."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from regulars.resolve.linkage.columns import load_terms, numbered, stacked
from regulars.resolve.linkage.comparisons import AGAINST, RELATIVES
from regulars.resolve.linkage.conditions import Column, Numbers, Pairs, Rows, Side, Truths
from regulars.resolve.linkage.scorer import TERMS_SUFFIX, Model, load, read, score


class Weighed(NamedTuple):
    """What a model says of pairs, in their order."""

    bits: Numbers
    apart: Truths
    """They are relatives or namesakes, not one person."""
    levels: NDArray[np.int8]
    """By pair and comparison of the model: which level held."""
    parts: Numbers
    """By pair and comparison: the bits that it added."""


class Scorer:
    """A model with its terms, read once. It goes to other machines as the text it was read from."""

    def __init__(self, path: Path) -> None:
        model = load(path)
        terms = load_terms(path.with_suffix(TERMS_SUFFIX), model.version) if model.rare else None
        self._set(model, path.read_bytes(), terms)

    def _set(self, model: Model, body: bytes, terms: Any) -> None:
        self.model, self._body, self._terms = model, body, terms
        last = model.comparisons[-1] if model.comparisons else None
        levels = last.levels if last and last.name == RELATIVES else ()
        self._against = np.array([level.words in AGAINST for level in levels], np.bool_)

    def __getstate__(self) -> tuple[bytes, Any]:
        return self._body, self._terms

    def __setstate__(self, state: tuple[bytes, Any]) -> None:
        body, terms = state
        self._set(read(body), body, terms)

    def numbered(self, table: Any) -> dict[str, Column]:
        """An Arrow table of clean records, made ready: row i of it is record i."""
        return numbered(table, self.model, self._terms)

    def weigh_pairs(self, records: dict[str, Column], left: Rows, right: Rows) -> Weighed:
        """Pairs among records that were made ready."""
        found = score(self.model, Pairs.of(Side(records, left), Side(records, right)))
        is_apart = np.zeros(len(left), np.bool_)
        if len(self._against):
            is_apart = self._against[found.levels[:, -1]]
        return Weighed(found.bits, is_apart, found.levels, found.parts)

    def weigh(self, left: Any, right: Any) -> Weighed:
        """Row i of one Arrow table of clean records against row i of the other."""
        count: int = left.num_rows
        both = self.numbered(stacked(left, right, self.model))
        rows: Rows = np.arange(count, dtype=np.int64)
        return self.weigh_pairs(both, rows, rows + count)
