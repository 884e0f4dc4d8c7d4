"""Which evidence is surely one person's: joined before anything that somebody only typed counts."""

from __future__ import annotations

from collections.abc import Collection

from regulars.app import App
from regulars.resolve import touched
from regulars.resolve.facts import in_force
from regulars.resolve.judge import ruled_by
from regulars.resolve.levels import cores
from regulars.resolve.partition import held_by_signature
from regulars.resolve.policy import EMAIL


def surely_one(app: App, signatures: Collection[int]) -> dict[int, int]:
    """By signature the least one that it is joined with by evidence stronger than an e-mail nobody verified."""
    found, held = touched.reaches_around(app, signatures)
    ruled = ruled_by(in_force(touched.decisions_about(app, found, {value for _, value, _ in held})), found)
    clusters = cores(found.values(), held_by_signature(found, held), ruled, below=EMAIL)
    return {one: min(cluster.signatures) for cluster in clusters for one in cluster.signatures if one in signatures}
