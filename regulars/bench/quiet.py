"""How often detectors cry wolf: on data without planted effects, over many seeds, against the rate they state.

Brands are drawn in memory: no database is touched.
"""

from __future__ import annotations

from typing import Any

from regulars.analyze import personas, shifts
from regulars.kit.settings import Settings

SEEDS = 100


def run(settings: Settings, size: int | None = None) -> dict[str, Any]:
    """False alarms as shares of `size` seeds (SEEDS), with the rates that are stated."""
    del settings
    seeds = size or SEEDS
    return {
        "bench": "quiet",
        "ratios": {
            "personas_false_alarms": personas.false_alarms(seeds),
            "shifts_false_alarms": shifts.false_alarms(seeds),
            "silence_false_alarms": shifts.gap_false_alarms(seeds),
        },
        "raw": {
            "seeds": seeds,
            "personas_stated": personas.FALSE_ALARM_RATE,
            "shifts_stated": shifts.FALSE_ALARM_RATE,
            "silence_stated": shifts.QUIET_RATE,
        },
    }
