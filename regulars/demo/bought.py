"""What a provider says about the brand's people: a file of hashed e-mails, taken in as an overlay. Made up, and true.

Income is what 801 households told the panel; that of others is dealt from the same shares. Age bands and children at
home are those of the invented people. Rows about nobody of ours stand between them, as in a real file.
"""

from __future__ import annotations

import csv
import hashlib
from datetime import date
from pathlib import Path
from typing import NamedTuple

from regulars import profile
from regulars.app import App
from regulars.demo.chance import draw_one, hash_one
from regulars.demo.panel import PANEL_LAST_DAY, Panel, shift_days
from regulars.demo.people import People, Person

NAME = "household_demographics"
# Of adults with an e-mail: those of a household that told the panel about itself, and the others.
KNOWN_TOLD, KNOWN = 0.90, 0.45
# Rows about nobody of ours, for each row about somebody.
STRANGERS = 0.4
FIRST_AGES = (18, 25, 35, 45, 55, 65)
INCOMES = (
    *("Under 15K", "15-24K", "25-34K", "35-49K", "50-74K", "75-99K", "100-124K", "125-149K", "150-174K"),
    *("175-199K", "200-249K", "250K+"),
)
DECLARED = f"""title: Household demographics
provider: Hudson Valley Data (invented)
key: email
column: email_sha256
fields:
  age_band: {{title: Age band, type: choice, choices: [18-24, 25-34, 35-44, 45-54, 55-64, 65+]}}
  income: {{title: Household income in dollars, type: choice, choices: [{", ".join(INCOMES)}]}}
  children: {{title: Children at home, type: number}}
license: {{text: "One year from the day of loading, for our own marketing, not to be passed on"}}
cost_cents_per_match: 3
expires_after_days: 365
purpose: marketing
jurisdictions: [US]
"""


class Row(NamedTuple):
    """One line of the provider's file."""

    email_sha256: str
    age_band: str
    income: str
    children: str


def rows(panel: Panel, people: People, today: date) -> list[Row]:
    """The provider's file, by hash: whom it is about cannot be told from the order."""
    told: list[str] = [one["income"] for _, one in sorted(panel.demographics.items()) if one["income"]]
    last_day = date.fromordinal(PANEL_LAST_DAY.toordinal() + shift_days(today))
    found: dict[str, Row] = {}
    for person, members, adults in _adults(people):
        income: str | None = (panel.demographics.get(person.household) or {}).get("income")
        if person.email is None or draw_one(person.key, "bought") >= (KNOWN_TOLD if income else KNOWN):
            continue
        said = income or told[hash_one(person.household, "bought income") % len(told)]
        row = Row(_hash(person.email), _age_band(person.birth, last_day), said, str(members - adults))
        found.setdefault(row.email_sha256, row)
        if draw_one(person.key, "bought stranger") < STRANGERS:
            stranger = row._replace(email_sha256=_hash(f"nobody{person.key}@example.com"))
            found[stranger.email_sha256] = stranger
    return [found[key] for key in sorted(found)]


def _adults(people: People) -> list[tuple[Person, int, int]]:
    """Each with the members and adults of her household."""
    return [
        (people.persons[first + member], members, adults)
        for first, members, adults in zip(
            people.first_of_household.tolist(), people.members.tolist(), people.adults.tolist(), strict=True
        )
        for member in range(adults)
    ]


def _hash(email: str) -> str:
    return hashlib.sha256(email.encode()).hexdigest()


def _age_band(birth: date, on: date) -> str:
    age = on.year - birth.year - ((on.month, on.day) < (birth.month, birth.day))
    first = max((start for start in FIRST_AGES if start <= age), default=FIRST_AGES[0])
    after = next((start for start in FIRST_AGES if start > first), None)
    return f"{first}+" if after is None else f"{first}-{after - 1}"


def path_of(app: App) -> Path:
    """Where the provider's file lies."""
    return app.settings.home_path / "demo" / "household_demographics.csv"


def write(app: App, made: list[Row]) -> None:
    """Lay the provider's file where it is taken in from."""
    part = path_of(app).with_suffix(".new")
    with part.open("w", newline="") as file:
        lines = csv.writer(file)
        lines.writerow(Row._fields)
        lines.writerows(made)
    part.rename(path_of(app))


def buy(app: App) -> None:
    """Declare the overlay and take its file in, unless it is there already; once everybody is known."""
    declared = app.settings.home_path / "overlays" / f"{NAME}.yaml"
    if not declared.exists():
        declared.parent.mkdir(parents=True, exist_ok=True)
        declared.write_text(DECLARED)
    with app.transaction() as inside:
        if NAME not in {one.name for one in profile.overlays.loads(inside)}:
            profile.overlays.load(inside, NAME, path_of(app))
