"""What a record of a person can hold, and how a column that holds it is named and looks. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

from regulars.resolve.nicknames import NICKNAMES

WORDS = re.compile(r"[^a-z0-9]+")
# Whose it is, before what it is: `mailing_address_city`.
WHOSE = re.compile(r"^(mailing|home|residential|billing|shipping|primary|customer|contact|person|client)_(?!id$)")
OF_ADDRESS = re.compile(r"^address_")
EMAIL = re.compile(r"[^@\s,;]+@[^@\s,;]+\.[^@\s,;.]{2,}")
PHONE = re.compile(r"\+?[\d()/ .-]{7,20}")
POSTCODE = re.compile(r"\d{4,6}(?:-\d{4})?|[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}|[A-Z]\d[A-Z] ?\d[A-Z]\d", re.IGNORECASE)
STATE = re.compile(r"[A-Za-z]{2,3}")
STATES_MAX = 70
NUMBER = re.compile(r"\d{1,5}[a-zA-Z]?")
STREET = re.compile(
    r"\b(street|st|road|rd|avenue|ave|av|lane|ln|drive|dr|court|ct|place|pl|way|circuit|crescent|cres|boulevard|blvd"
    r"|terrace|close|highway|hwy|parkway|pkwy|square|strasse|straße|str|weg|platz|rue|via|calle)\b\.?",
    re.IGNORECASE,
)
# So many cells of a column must look like it; of first names only the commonest are known.
SURE = 0.8
FIRST_NAMES = frozenset(name for pair in NICKNAMES for name in pair)
FIRST_NAMES_SHARE = 0.2
STREET_SHARE = 0.5
# Day and month are told apart by what does not fit; what cannot be told is read as the first pattern says.
DATES = ("%Y-%m-%d", "%Y%m%d", "%Y/%m/%d", "%d.%m.%Y", "%m/%d/%Y", "%d/%m/%Y", "%m-%d-%Y", "%d-%m-%Y")
DATE_PARTS = {
    "%Y-%m-%d": re.compile(r"(?P<y>\d{4})-(?P<m>\d\d?)-(?P<d>\d\d?)(?:[T ].*)?"),
    "%Y%m%d": re.compile(r"(?P<y>\d{4})(?P<m>\d\d)(?P<d>\d\d)"),
    "%Y/%m/%d": re.compile(r"(?P<y>\d{4})/(?P<m>\d\d?)/(?P<d>\d\d?)"),
    "%d.%m.%Y": re.compile(r"(?P<d>\d\d?)\.(?P<m>\d\d?)\.(?P<y>\d{4})"),
    "%m/%d/%Y": re.compile(r"(?P<m>\d\d?)/(?P<d>\d\d?)/(?P<y>\d{4})"),
    "%d/%m/%Y": re.compile(r"(?P<d>\d\d?)/(?P<m>\d\d?)/(?P<y>\d{4})"),
    "%m-%d-%Y": re.compile(r"(?P<m>\d\d?)-(?P<d>\d\d?)-(?P<y>\d{4})"),
    "%d-%m-%Y": re.compile(r"(?P<d>\d\d?)-(?P<m>\d\d?)-(?P<y>\d{4})"),
}
BIRTH_YEARS = range(1880, 2031)


class Field(NamedTuple):
    """One thing a record can hold."""

    words: str
    spellings: str
    """Names of columns that hold it, as `plain` writes them."""
    looks: Callable[[Sequence[str]], object] | None = None
    """Whether filled cells look like it; None: whatever stands in the column is taken."""
    is_known_by_looks: bool = False
    """Looks alone are enough, whatever the column is called."""


def plain(name: str) -> str:
    """The name of a column as spellings are written: small letters, words joined by a line."""
    return WORDS.sub("_", name.strip().lower()).strip("_")


def share(fits: Callable[[str], object], cells: Sequence[str]) -> float:
    """Share of the cells that fit."""
    return sum(bool(fits(cell)) for cell in cells) / len(cells) if cells else 0.0


def date_pattern(cells: Sequence[str]) -> str | None:
    """How these dates of birth are written; None if they are none."""
    return next((pattern for pattern in DATES if share(partial(_is_birth, pattern), cells) >= SURE), None)


def known_first_names(cells: Sequence[str]) -> float:
    """Share of cells whose first word is a first name that everybody knows."""
    return share(lambda cell: plain(cell).split("_")[0] in FIRST_NAMES, cells)


def _is_birth(pattern: str, cell: str) -> bool:
    found = DATE_PARTS[pattern].fullmatch(cell)
    return bool(found and int(found["y"]) in BIRTH_YEARS and 1 <= int(found["m"]) <= 12 and 1 <= int(found["d"]) <= 31)


def _mostly(pattern: re.Pattern[str]) -> Callable[[Sequence[str]], object]:
    return lambda cells: share(pattern.fullmatch, cells) >= SURE


def _is_phone(cells: Sequence[str]) -> bool:
    return share(lambda cell: PHONE.fullmatch(cell) and sum(sign.isdigit() for sign in cell) >= 7, cells) >= SURE


def _is_state(cells: Sequence[str]) -> bool:
    return share(STATE.fullmatch, cells) >= SURE and len({cell.lower() for cell in cells}) <= STATES_MAX


def _are_streets(cells: Sequence[str]) -> bool:
    return share(STREET.search, cells) >= STREET_SHARE


def _are_first_names(cells: Sequence[str]) -> bool:
    return known_first_names(cells) >= FIRST_NAMES_SHARE and share(lambda cell: " " in cell.strip(), cells) < SURE


FIELDS: dict[str, Field] = {
    "record_id": Field("the record's own id", "id rec_id record_id unique_id row_id simulant_id"),
    "national_id": Field(
        "a number of one person",
        "ssn soc_sec_id social_security_number national_id tax_id nino member_number passport",
    ),
    "first_name": Field(
        "a first name",
        "first_name firstname given_name givenname forename fname name_first first vorname prenom nombre",
        _are_first_names,
        True,
    ),
    "last_name": Field(
        "a last name",
        "last_name lastname surname family_name familyname sname lname name_last last nachname nom apellido",
    ),
    "full_name": Field("a whole name", "name full_name fullname customer_name contact_name"),
    "birth_date": Field(
        "a date of birth",
        "birth_date birthdate date_of_birth dateofbirth dob birthday born geburtsdatum",
        date_pattern,
        True,
    ),
    "email": Field("an e-mail", "email e_mail email_address mail", _mostly(EMAIL), True),
    "phone": Field(
        "a phone number", "phone phone_number mobile mobile_phone cell cell_phone telephone telefon handy", _is_phone
    ),
    "landline": Field("a landline", "landline home_phone phone_home phone_2 festnetz", _is_phone),
    "street": Field(
        "a street",
        "street street_name address address_1 address1 address_line_1 addr street_address strasse",
        _are_streets,
        True,
    ),
    "number": Field("a house number", "street_number house_number housenumber number hausnummer", _mostly(NUMBER)),
    "unit": Field("a second line of the address", "unit unit_number address_2 address2 address_line_2 apartment apt"),
    "city": Field("a city", "city town suburb ort stadt locality place"),
    "postcode": Field("a postcode", "postcode post_code postal_code zip zip_code zipcode plz", _mostly(POSTCODE)),
    "state": Field("a state", "state province region county bundesland", _is_state),
}
FIELD_BY_SPELLING = {spelling: name for name, field in FIELDS.items() for spelling in field.spellings.split()}


def field_named(column: str) -> str:
    """The field that a column's name means; empty: none that we know."""
    name = plain(column)
    bare = WHOSE.sub("", name)
    spellings = (name, bare, OF_ADDRESS.sub("", bare))
    return next((FIELD_BY_SPELLING[spelling] for spelling in spellings if spelling in FIELD_BY_SPELLING), "")
