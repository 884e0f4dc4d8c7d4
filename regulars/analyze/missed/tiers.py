"""Which tiers a brand's loyalty program has: `tiers.yaml` in the data folder, read when it changes; none without it.

tiers:
  Silver: 750
  Gold: 1500
"""

from __future__ import annotations

import msgspec

from regulars.analyze.missed.errors import TiersRefused
from regulars.analyze.opportunities import Tier
from regulars.app import App
from regulars.kit.declaration import DeclarationFile

FILE_NAME = "tiers.yaml"
TIERS_MAX = 20
NAME_MAX_CHARACTERS = 40
TAKES_MAX = 1_000_000_000


class Tiers(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What each tier takes within 52 weeks: a credit for each whole unit of money, and those that were granted."""

    tiers: dict[str, int] = {}


def tiers(app: App) -> tuple[Tier, ...]:
    """What this brand declares, the lowest first. Raises TiersRefused."""
    declared = FILE.read(app.settings).tiers
    return tuple(Tier(name=name, takes=takes) for name, takes in sorted(declared.items(), key=lambda one: one[1]))


def _checked(given: Tiers) -> Tiers:
    faults = [
        f"'{name[:NAME_MAX_CHARACTERS]}' is no name of a tier: use 1 to {NAME_MAX_CHARACTERS} printable characters"
        for name in given.tiers
        if not name.strip() or len(name) > NAME_MAX_CHARACTERS or not name.isprintable()
    ]
    faults += [
        f"'{name}' takes 1 to {TAKES_MAX:,} credits, not {takes}"
        for name, takes in given.tiers.items()
        if not 1 <= takes <= TAKES_MAX
    ]
    if len(set(given.tiers.values())) < len(given.tiers):
        faults.append("two tiers take the same number of credits")
    if len(given.tiers) > TIERS_MAX:
        faults.append(f"{len(given.tiers)} tiers are more than {TIERS_MAX}")
    if faults:
        raise ValueError("; ".join(faults))
    return given


FILE = DeclarationFile(FILE_NAME, Tiers, Tiers(), _checked, TiersRefused, "docs/how-to/declare-tiers.md")
