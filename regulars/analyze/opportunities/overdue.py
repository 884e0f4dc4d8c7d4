"""Regulars who have been silent for longer than their own rhythm explains."""

from __future__ import annotations

import numpy as np

from regulars.analyze.opportunities import AFTER_DAYS, Bar, Fact, Response, Seen, Year, detectors, nothing
from regulars.analyze.opportunities.chance import UNUSUAL, silent_so_long, too_many

MIN_DAYS = 8
MIN_REGULARS = 100
# The shape of a person's gaps is her own as far as she has shown many; this many gaps of everybody count with hers.
SHARED_GAPS = 8
SHAPES = (0.3, 20.0)
# What she would spend is shrunk to what regulars spend: her own purchase days against this many of theirs.
SHARED_DAYS = 6


class Overdue:
    """Gaps are gamma distributed around a mean of her own; the shape is partly shared."""

    name = "overdue_regulars"
    title = "Overdue regulars"
    null = (
        "Everybody keeps the rhythm of the past year: by chance one in a hundred is silent for so long, twice as "
        "many are allowed for, as rhythms are learned from few orders"
    )
    treatment = "A personal letter with what they usually buy, in the week in which they are missed"
    response = Response(bring=2, of=40, because="Win-back letters of retailers bring back a few in a hundred")
    stake = "what they usually spend in 13 weeks"
    measure = "Regulars whose silence their own rhythm makes this unlikely"
    unit = "count"
    reasons = (("Silent for", "days"), ("Usually every", "days"), ("As likely as", "share"))

    def look(self, year: Year) -> Seen:
        """Who is silent beyond the last hundredth of her own silences."""
        days, silent = year["days"], year.as_of_day - year["last_day"]
        regular = np.flatnonzero(days >= MIN_DAYS)
        if len(regular) < MIN_REGULARS:
            return nothing(f"Fewer than {MIN_REGULARS} customers bought on {MIN_DAYS} days within a year")
        gaps = days[regular] - 1
        mean = (year["last_day"][regular] - year["first_day"][regular]) / gaps
        varies = np.maximum(year["gap_squares"][regular] / gaps - mean**2, 0.0) / mean**2
        shared = float(np.average(varies, weights=gaps))
        own = (gaps * varies + SHARED_GAPS * shared) / (gaps + SHARED_GAPS)
        likely = silent_so_long(silent[regular], mean, 1 / np.clip(own, 1 / SHAPES[1], 1 / SHAPES[0]), gaps)
        is_late = likely < UNUSUAL
        late, much = regular[is_late], int(is_late.sum())
        usual = year["spend_year"][regular] / days[regular]
        own_part = days[regular] / (days[regular] + SHARED_DAYS)
        day_cents = own_part * usual + (1 - own_part) * float(usual.mean())
        stake = (day_cents * AFTER_DAYS / mean)[is_late]
        expected = UNUSUAL * len(regular)
        return Seen(
            p_value=too_many(much, len(regular)),
            finding=f"{much:,} of {len(regular):,} regulars are silent for longer than their own rhythm explains; "
            f"chance makes {expected:,.0f}",
            members=late,
            stake_cents=stake,
            reasons=np.stack([silent[late], mean[is_late], likely[is_late]], axis=1),
            facts=[
                Fact("Regulars", len(regular), "count"),
                Fact("Overdue", much, "count"),
                Fact("Overdue by chance", expected, "count"),
                Fact("Usual days between orders", float(np.median(mean)), "days"),
            ],
            bars=_bars(likely),
        )


def _bars(likely: np.ndarray) -> list[Bar]:
    edges = (0.0, 0.01, 0.05, 0.1, 0.25)
    names = ("under 1%", "1 to 5%", "5 to 10%", "10 to 25%")
    counts = np.histogram(likely, edges)[0]
    return [
        Bar(name, float(count), len(likely) * (high - low))
        for name, count, low, high in zip(names, counts, edges, edges[1:], strict=False)
    ]


detectors.add(Overdue.name)(Overdue())
