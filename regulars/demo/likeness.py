"""The demo brand's model of likeness: learned by `regulars likeness learn` from its own records, not from the truth."""

from __future__ import annotations

from pathlib import Path

from regulars import flow, resolve
from regulars.app import App

# How it was made stands in docs/demo-brand.md.
MODEL = Path(__file__).with_name("likeness.json")
STEWARD = resolve.Steward("demo", "learned from the brand's own records")


def approve(app: App) -> None:
    """Put the model in force, unless there is one already."""
    with app.transaction() as inside:
        if resolve.models.listed(inside):
            return
        body, terms = resolve.models.read(MODEL)
        bands = resolve.Bands(resolve.REVIEW_BITS, resolve.AUTOMATIC_BITS)
        number = resolve.models.add(inside, STEWARD, body, terms, bands)
        # Nobody has come yet.
        resolve.models.score(inside, number)
        flow.on_decision(inside, resolve.models.approve(inside, STEWARD, number))
