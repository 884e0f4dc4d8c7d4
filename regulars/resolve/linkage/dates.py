"""How dates of birth are written, and which of it a column holds. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

BIRTH_YEARS = range(1880, 2031)
# Years of two digits up to this one are of this century, all others of the last.
CENTURY_YEAR = 30
MONTHS = {
    "jan": 1, "feb": 2, "mar": 3, "apr": 4, "may": 5, "jun": 6, "jul": 7, "aug": 8, "sep": 9, "oct": 10, "nov": 11,
    "dec": 12, "mär": 3, "mrz": 3, "mai": 5, "okt": 10, "dez": 12,
}  # fmt: skip
# A day and, as spreadsheets and databases add it, a time that says nothing.
TIME = r"(?:[T ]\d.*)?"
YEAR, SHORT_YEAR, NUMBER = r"(?P<y>\d{4})", r"(?P<y>\d\d)", r"(?P<{0}>\d\d?)"
MONTH, DAY, NAMED = NUMBER.format("m"), NUMBER.format("d"), r"(?P<m>[A-Za-zä]{3,9})\.?"
DATE_PARTS = {
    name: re.compile(f"{parts}{TIME}")
    for name, parts in {
        "%Y-%m-%d": f"{YEAR}-{MONTH}-{DAY}",
        "%Y%m%d": r"(?P<y>\d{4})(?P<m>\d\d)(?P<d>\d\d)",
        "%m%d%Y": r"(?P<m>\d\d)(?P<d>\d\d)(?P<y>\d{4})",
        "%d%m%Y": r"(?P<d>\d\d)(?P<m>\d\d)(?P<y>\d{4})",
        "%Y/%m/%d": f"{YEAR}/{MONTH}/{DAY}",
        "%Y.%m.%d": rf"{YEAR}\.{MONTH}\.{DAY}\.?",
        "%d.%m.%Y": rf"{DAY}\. ?{MONTH}\. ?{YEAR}",
        "%m/%d/%Y": f"{MONTH}/{DAY}/{YEAR}",
        "%d/%m/%Y": f"{DAY}/{MONTH}/{YEAR}",
        "%m-%d-%Y": f"{MONTH}-{DAY}-{YEAR}",
        "%d-%m-%Y": f"{DAY}-{MONTH}-{YEAR}",
        "%d %b %Y": rf"{DAY}(?:st|nd|rd|th)?[ .-]*{NAMED}[ ,-]*{YEAR}",
        "%b %d %Y": rf"{NAMED} ?{DAY}(?:st|nd|rd|th)?,? ?{YEAR}",
        "%d.%m.%y": rf"{DAY}\.{MONTH}\.{SHORT_YEAR}",
        "%m/%d/%y": f"{MONTH}/{DAY}/{SHORT_YEAR}",
        "%d/%m/%y": f"{DAY}/{MONTH}/{SHORT_YEAR}",
    }.items()
}
"""What a date looks like, by pattern. Day and month are told apart by what does not fit; what cannot be told is read
as the first of them says."""
# Patterns of one column: all together fit so many cells, and each of them so many that those before it do not.
SURE = 0.8
MORE = 0.05


def date_patterns(cells: Sequence[str], among: Iterable[str] = DATE_PARTS) -> list[str]:
    """How these dates of birth are written, the commonest way first; none if they are no dates."""
    chosen: list[str] = []
    patterns = tuple(among)
    rest: list[str] = [*cells]
    while rest:
        fits = {pattern: sum(is_birth(pattern, cell) for cell in rest) for pattern in patterns if pattern not in chosen}
        best = max(fits, key=fits.__getitem__, default="")
        if not best or fits[best] <= MORE * len(cells):
            break
        chosen.append(best)
        rest = [cell for cell in rest if not is_birth(best, cell)]
    return chosen if len(rest) <= (1 - SURE) * len(cells) else []


def is_birth(pattern: str, cell: str) -> bool:
    """Whether somebody alive can be born on this day, so written."""
    found = DATE_PARTS[pattern].fullmatch(cell)
    if not found:
        return False
    month = MONTHS.get(found["m"][:3].lower(), 0) if found["m"].isalpha() else int(found["m"])
    return year_of(found["y"]) in BIRTH_YEARS and 1 <= month <= 12 and 1 <= int(found["d"]) <= 31


def year_of(text: str) -> int:
    """A year of two or four digits."""
    year = int(text)
    return year if len(text) > 2 else year + (2000 if year <= CENTURY_YEAR else 1900)


def spread_years(cells: Sequence[str], patterns: Sequence[str]) -> int:
    """Years between the tenth and the ninetieth of a hundred dates: births lie far apart, visits do not."""
    found = ((pattern, cell) for cell in cells for pattern in patterns if is_birth(pattern, cell))
    years = sorted(year_of(DATE_PARTS[pattern].fullmatch(cell)["y"]) for pattern, cell in found)  # pyright: ignore
    return years[len(years) * 9 // 10] - years[len(years) // 10] if years else 0
