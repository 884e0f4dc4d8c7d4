"""Records of files that are one person, without a store: read, trained, weighed, joined and told."""

from __future__ import annotations

from typing import Any

from regulars.resolve.linkage.state import Followed, Task


def link(task: Task, tell: Followed = lambda stage, share: None) -> dict[str, Any]:
    """Write pairs.parquet, clusters.parquet, metrics.json, model.json and report.html into the folder; the metrics.

    Raises LinkRefused, FileRefused and SparkRefused for what a person can mend; nothing stands in the folder then but
    the work of finished stages.
    """
    # What only linking needs (SciPy, Arrow's functions, the report) would take a third of every command's start.
    from regulars.resolve.linkage import run

    return run.link(task, tell)
