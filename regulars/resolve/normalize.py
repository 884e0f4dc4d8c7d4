"""One spelling for each identifier, and None for what identifies nobody. Pure and cached: the libraries are slow."""

from __future__ import annotations

import itertools
import re
import unicodedata
from functools import lru_cache

import phonenumbers
from email_validator import EmailNotValidError, validate_email

# Distinct raw spellings kept, per function: some 60 MB when full, and most events of a batch hit it.
CACHED_SPELLINGS = 131_072
MAX_IDENTIFIER_CHARACTERS = 256
MAX_NAME_CHARACTERS = 80
MIN_PHONE_DIGITS = 7

# Values that forms, tills and feeds fill in when they know nothing.
BLOCKED = re.compile(
    r"^(?:[0\-\s.+]*|-1|null|none|nil|n/?a|nan|undefined|unknown|anonymous|guest|test|true|false|string|x+|9{6,}|1{6,}"
    r"|1234567890?|0?123456789|\(?not set\)?|\[object object\]|\{\{.*\}\}|00000000-0000-0000-0000-000000000000)$",
    re.IGNORECASE,
)
# What nearly all addresses look like. So short, no part of one can be too long: nothing is left that could be wrong.
PLAIN_EMAIL = re.compile(r"([a-z0-9_+-]+(?:\.[a-z0-9_+-]+)*)@(?:[a-z0-9]+(?:-[a-z0-9]+)*\.)+[a-z]{2,}", re.ASCII)
PLAIN_EMAIL_MAX_CHARACTERS = 63
BLOCKED_LOCAL_PARTS = frozenset(
    (
        "noemail",
        "no-email",
        "no.email",
        "nomail",
        "none",
        "noreply",
        "no-reply",
        "donotreply",
        "anonymous",
        "unknown",
        "null",
    )
)
BLOCKED_EMAILS = frozenset(("test@test.com", "a@a.com", "no@no.com", "none@none.com", "email@email.com", "x@x.com"))
BLOCKED_EMAILS_MORE = frozenset(("test@example.com", "user@example.com", "example@example.com", "na@na.com"))
# With which last names begin in the languages of Europe and the Arab world: alone they tell nobody apart.
PARTICLES = frozenset(
    (
        *("van", "vande", "vanden", "vander", "der", "den", "de", "ten", "ter", "te", "het", "op", "t"),
        *("von", "vom", "zu", "zum", "zur", "af", "av", "di", "da", "del", "della", "dello", "dei", "degli", "lo"),
        *("dos", "das", "do", "du", "des", "d", "la", "le", "las", "los", "les", "l", "st", "saint", "san", "santa"),
        *("o", "mc", "mac", "al", "el", "bin", "ibn", "abu"),
    )
)
SPACES = re.compile(r"\s+")
NOT_IN_CARDS = re.compile(r"[\s\-./]")
NOT_LETTERS = re.compile(r"[^a-z]")
NOT_ALPHANUMERIC = re.compile(r"[^a-z0-9]+")
DATE = re.compile(r"^(\d{4})-(\d{2})-(\d{2})")
FIRST_BIRTH_YEAR = 1900


def text_of(raw: object) -> str:
    """What was sent, as text: numbers as they read, everything but text and numbers is nothing."""
    if isinstance(raw, str):
        return raw.strip()
    if isinstance(raw, bool) or not isinstance(raw, (int, float)):
        return ""
    return str(int(raw)) if raw == int(raw) else str(raw)


def is_blocked(text: str) -> bool:
    """A value that nobody owns: empty, zeros, "null", "anonymous" …"""
    return len(text) > MAX_IDENTIFIER_CHARACTERS or BLOCKED.match(text) is not None


@lru_cache(maxsize=CACHED_SPELLINGS)
def token(raw: str) -> str | None:
    """A login, cookie, device, order or payment token: as it is, without surrounding space."""
    return None if is_blocked(raw) else raw


@lru_cache(maxsize=CACHED_SPELLINGS)
def card(raw: str) -> str | None:
    """A loyalty card number: without spaces and dashes, upper case."""
    bare = NOT_IN_CARDS.sub("", raw).upper()
    return None if is_blocked(raw) or is_blocked(bare) else bare


@lru_cache(maxsize=CACHED_SPELLINGS)
def email(raw: str) -> str | None:
    """A mailbox, lower case, or None if it is none; no DNS is asked."""
    text = raw.lower()
    if is_blocked(text) or text in BLOCKED_EMAILS or text in BLOCKED_EMAILS_MORE:
        return None
    plain = PLAIN_EMAIL.fullmatch(text) if len(text) <= PLAIN_EMAIL_MAX_CHARACTERS else None
    if plain is not None:
        return None if plain[1] in BLOCKED_LOCAL_PARTS else text
    return checked_email(text)


def checked_email(text: str) -> str | None:
    """The same for lower-case text that is not blocked, by the letter of the standards: ten times the work."""
    try:
        # Reserved domains (.test, .invalid) are no reason to lose a link: we look at the form only.
        found = validate_email(text, check_deliverability=False, globally_deliverable=False)
    except EmailNotValidError:
        return None
    if found.local_part in BLOCKED_LOCAL_PARTS or "." not in (found.domain or ""):
        return None
    return found.normalized.lower()


@lru_cache(maxsize=CACHED_SPELLINGS)
def phone(raw: str, country: str) -> str | None:
    """A number in E.164, read as dialed in `country`; None if it can be nobody's."""
    digits = re.sub(r"\D", "", raw)
    if is_blocked(raw) or len(digits) < MIN_PHONE_DIGITS or len(set(digits[-MIN_PHONE_DIGITS:])) == 1:
        return None
    try:
        number = phonenumbers.parse(raw, country)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def identifier(kind: str, raw: str, country: str) -> str | None:
    """The one spelling of a value of this type; None if it names nobody."""
    match kind:
        case "card":
            return card(raw)
        case "phone":
            return phone(raw, country)
        case "email":
            return email(raw)
        case _:
            return token(raw)


@lru_cache(maxsize=CACHED_SPELLINGS)
def name(raw: str) -> str | None:
    """A first or last name: its first word's letters without accents, lower case."""
    plain = unicodedata.normalize("NFKD", raw[:MAX_NAME_CHARACTERS]).encode("ascii", "ignore").decode().lower()
    letters = NOT_LETTERS.sub("", plain.split()[0]) if plain.split() else ""
    return None if not letters or is_blocked(letters) else letters


@lru_cache(maxsize=CACHED_SPELLINGS)
def surname(raw: str) -> str | None:
    """A last name with the particles it begins with: "van der Berg" is "vanderberg", and so is "Vanderberg"."""
    plain = unicodedata.normalize("NFKD", raw[:MAX_NAME_CHARACTERS]).encode("ascii", "ignore").decode().lower()
    words = [letters for word in plain.split() if (letters := NOT_LETTERS.sub("", word))]
    particles = list(itertools.takewhile(PARTICLES.__contains__, words))
    letters = "".join(words[: len(particles) + 1])
    return None if not letters or is_blocked(letters) else letters


@lru_cache(maxsize=CACHED_SPELLINGS)
def birth(raw: str) -> int | None:
    """A date of birth as year * 10000 + month * 100 + day; None if it is no date or a filler (1 January 1900)."""
    match = DATE.match(raw)
    if match is None:
        return None
    year, month, day = (int(part) for part in match.groups())
    if year < FIRST_BIRTH_YEAR or (year, month, day) == (FIRST_BIRTH_YEAR, 1, 1) or not 1 <= month <= 12:
        return None
    return year * 10_000 + month * 100 + day if 1 <= day <= 31 else None


@lru_cache(maxsize=CACHED_SPELLINGS)
def address(street: str, city: str, postcode: str) -> str | None:
    """Street and postcode (or city) in one comparable line: "12 mill road, cm2 6pt"; never a link."""
    line, place = (_words(part) for part in (street, postcode or city))
    return ", ".join(part for part in (line, place) if part) if line else None


def _words(raw: str) -> str:
    plain = unicodedata.normalize("NFKD", raw).encode("ascii", "ignore").decode().lower()
    return NOT_ALPHANUMERIC.sub(" ", plain).strip()
