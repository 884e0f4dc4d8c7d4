"""A changed declaration reaches everybody: adopted once, then all customers are computed by it, piece by piece."""

from __future__ import annotations

from regulars.app import App
from regulars.model import Batch, People
from regulars.profile.apply import apply
from regulars.profile.declared import USUAL, of_file
from regulars.resolve import decide
from regulars.store import queries

SQL = queries(__package__ or "")
# In one transaction: a second or two, for which the flow waits.
REFRESHED_AT_ONCE = 500


def adopt(app: App) -> bool:
    """Let what stands in profile.yaml hold from now on; whether that changes anything. Raises DeclarationRefused."""
    text = of_file(app.settings).text
    row = app.db.execute(SQL.policy).fetchone()
    if text == (USUAL.text if row is None else row[0]):
        return False
    decide.stop_the_flow(app)
    app.db.execute(SQL.adopt_policy, {"declared": text})
    return True


def refresh(app: App) -> int:
    """Compute the next customers by a declaration that was adopted; how many, 0 when all are."""
    if app.db.execute(SQL.policy_is_done).fetchone():
        return 0
    bound = decide.stop_the_flow(app)
    found = [id for (id,) in app.db.execute(SQL.next_to_refresh, {"limit": REFRESHED_AT_ONCE})]
    if found:
        apply(app, People(batch=Batch(events=[], last_seq=bound), customers=[], created=[], merged=[], recompute=found))
    app.db.execute(SQL.refreshed_to, {"id": found[-1] if found else None})
    return len(found)
