"""An erased person's decisions: that somebody said yes or no stays as proof, whose word it was by keyed hash only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from regulars.app import App
from regulars.store import queries
from regulars.store.rows import array, quoted

SQL = queries(__package__ or "")


def keep_refusals(app: App, positions: Sequence[int], alone: Mapping[str, str]) -> None:
    """Let a no about an address that others use hold for them without her, in the caller's transaction.

    To be called before the profiles are brought up to date. `alone`: addresses that were hers alone.
    """
    app.db.execute(SQL.keep_refusals, {"seqs": array(positions), "alone": quoted(alone)})


def forget(app: App, positions: Sequence[int], alone: Mapping[str, str]) -> None:
    """Leave of her decisions what, when and for which purpose, and nothing stated by hand.

    `alone`: keyed hash by address.
    """
    app.db.execute(SQL.drop_hand, {"seqs": array(positions)})
    given = {"seqs": array(positions), "addresses": quoted(alone), "hashes": quoted(alone.values())}
    app.db.execute(SQL.entomb_consents, given)
