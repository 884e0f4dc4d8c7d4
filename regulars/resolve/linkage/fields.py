"""What a record of a person can hold, and how a column that holds it is named and looks. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from typing import NamedTuple

from regulars.resolve.linkage.dates import date_patterns, spread_years
from regulars.resolve.nicknames import NICKNAMES

WORDS = re.compile(r"[\W_]+")
# givenName is two words.
HUMPS = re.compile(r"(?<=[a-z\d])(?=[A-Z])")
# Letters that no mark makes of others.
LETTERS_IN_FULL = str.maketrans({"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ı": "i"})
# Whose it is, before what it is: `mailing_address_city`.
WHOSE = re.compile(
    r"^(mailing|home|residential|residence|billing|shipping|delivery|primary|main|current|customer|cust|contact|person"
    r"|client|member|user|buyer|guest|patient|owner|applicant|personal|private)_(?!id$)"
)
OF_ADDRESS = re.compile(r"^address_")
COUNTED = re.compile(r"_?\d+$")
# Whoever it is, it is not the person of the record.
OF_OTHERS = frozenset(
    (
        *("employer", "company", "business", "school", "store", "shop", "branch", "merchant", "vendor", "supplier"),
        *("spouse", "partner", "husband", "wife", "mother", "father", "parent", "guardian", "child", "dependent"),
        *("dependant", "kin", "emergency", "physician", "manager", "referrer", "maiden", "former", "previous"),
        *("arbeitgeber", "firma", "empresa", "entreprise", "conjoint"),
    )
)
EMAIL = re.compile(r"[^@\s,;]+@[^@\s,;]+\.[^@\s,;.]{2,}")
PHONE = re.compile(r"\+?[\d()/ .-]{7,20}(?:(?:x|ext)[. ]*\d{1,6})?", re.IGNORECASE)
POSTCODE = re.compile(r"(?=[\w -]*\d)[a-z\d][a-z\d -]{2,9}", re.IGNORECASE)
STATE = re.compile(r"[^\d@]{2,40}")
STATES_MAX = 150
NUMBER = re.compile(r"\d{1,5} ?[a-zA-Z]?(?:[-/]\d{1,4}[a-zA-Z]?)?")
YEAR, PART = re.compile(r"(?:18|19|20)\d\d"), re.compile(r"\d\d?")
STREET = re.compile(
    r"\b(?:street|st|road|rd|avenue|ave|av|lane|ln|drive|dr|court|ct|place|pl|way|circuit|crescent|cres|boulevard|blvd"
    r"|terrace|close|highway|hwy|parkway|pkwy|square|rue|chemin|allée|impasse|via|viale|corso|piazza|calle|avenida|plaza"
    r"|rua|praça|travessa|ulica|ul|улица|ул|переулок|пер|проспект|пр)\b"
    r"|(?:strasse|straße|str|weg|gasse|platz|allee|ring|damm|ufer|straat|laan|plein|gracht|gatan|vägen|veien|vej|gade)\b",
    re.IGNORECASE,
)
# So many cells of a column must look like it; of first names only the commonest are known.
SURE = 0.8
MOSTLY = 0.5
FIRST_NAMES = frozenset(name for pair in NICKNAMES for name in pair)
FIRST_NAMES_SHARE = 0.2
# Of dates whose column's name says nothing: births lie that far apart.
BIRTHS_SPREAD_YEARS = 20

Looks = Callable[[Sequence[str]], object]


class Field(NamedTuple):
    """One thing a record can hold."""

    words: str
    spellings: str
    """Names of columns that hold it, as `plain` writes them."""
    marks: str = ""
    """Words that say it within a longer name."""
    fits: Looks | None = None
    """Whether filled cells can be it, where the name says so; None: whatever stands in the column is taken."""
    is_like: Looks | None = None
    """Whether filled cells say it alone, whatever the column is called."""


def plain(name: str) -> str:
    """The name of a column as spellings are written: small letters without marks, words joined by a line."""
    parts = HUMPS.sub("_", unicodedata.normalize("NFC", name.strip())).lower().translate(LETTERS_IN_FULL)
    bare = "".join(sign for sign in unicodedata.normalize("NFKD", parts) if not unicodedata.combining(sign))
    return WORDS.sub("_", bare).strip("_")


def share(fits: Callable[[str], object], cells: Sequence[str]) -> float:
    """Share of the cells that fit."""
    return sum(bool(fits(cell)) for cell in cells) / len(cells) if cells else 0.0


def known_first_names(cells: Sequence[str]) -> float:
    """Share of cells whose first word is a first name that everybody knows."""
    return share(lambda cell: plain(cell).split("_")[0] in FIRST_NAMES, cells)


def is_one_word(cells: Sequence[str]) -> bool:
    """Most cells are one word, as names are that are not written in full."""
    return share(lambda cell: " " not in cell, cells) >= MOSTLY


def _mostly(pattern: re.Pattern[str]) -> Looks:
    return lambda cells: share(pattern.fullmatch, cells) >= SURE


def _is_phone(cells: Sequence[str]) -> bool:
    return share(lambda cell: PHONE.fullmatch(cell) and sum(sign.isdigit() for sign in cell) >= 7, cells) >= SURE


def _is_postcode(cells: Sequence[str]) -> bool:
    return share(POSTCODE.fullmatch, cells) >= SURE and not _mostly(PART)(cells)


def _is_state(cells: Sequence[str]) -> bool:
    return share(STATE.fullmatch, cells) >= SURE and len({cell.lower() for cell in cells}) <= STATES_MAX


def _has_letters(cells: Sequence[str]) -> bool:
    """Words, and no e-mails: an address may be one of either."""
    return share(lambda cell: any(map(str.isalpha, cell)) and "@" not in cell, cells) >= MOSTLY


def _are_streets(cells: Sequence[str]) -> bool:
    return share(STREET.search, cells) >= MOSTLY


def _are_births(cells: Sequence[str]) -> bool:
    return spread_years(cells, date_patterns(cells)) >= BIRTHS_SPREAD_YEARS


def _are_first_names(cells: Sequence[str]) -> bool:
    return known_first_names(cells) >= FIRST_NAMES_SHARE and share(lambda cell: " " in cell.strip(), cells) < SURE


FIELDS: dict[str, Field] = {
    "record_id": Field("the record's own id", "id rec_id record_id unique_id row_id uid uuid guid"),
    "national_id": Field(
        "a number of one person",
        "ssn soc_sec_id social_security social_security_number social_security_no national_id tax_id nino member_number"
        " national_insurance_number passport passport_number cpf dni nif curp pesel codice_fiscale steuer_id bsn"
        " personnummer",
    ),
    "first_name": Field(
        "a first name",
        "first_name firstname first given_name given_names givenname forename forenames fname name_first christian_name"
        " first_names initial initials first_initial vorname rufname prenom prenoms primer_nombre primeiro_nome imie"
        " voornaam fornamn fornavn etunimi имя ονομα",
        "forename firstname vorname",
        is_like=_are_first_names,
    ),
    "last_name": Field(
        "a last name",
        "last_name lastname last surname surnames family_name familyname sname lname name_last nachname familienname"
        " zuname nom_de_famille apellido apellidos primer_apellido sobrenome apelido cognome achternaam familienaam"
        " efternamn etternavn sukunimi nazwisko фамилия επωνυμο",
        "surname lastname nachname",
    ),
    "full_name": Field(
        "a whole name",
        "name full_name fullname customer_name contact_name person_name display_name whole_name vollstandiger_name nom"
        " nom_complet nome nome_completo nombre nombre_completo naam volledige_naam namn navn nimi fio фио",
    ),
    "birth_date": Field(
        "a date of birth",
        "birth_date birthdate date_of_birth dateofbirth dob d_o_b birth_dt birthday birth born geburtsdatum geb_datum"
        " geb geboren geboren_am geburtstag date_de_naissance date_naissance naissance ne_le fecha_de_nacimiento"
        " fecha_nacimiento nacimiento data_di_nascita data_nascita data_de_nascimento data_nascimento nascimento"
        " geboortedatum fodelsedatum fodselsdato fodelsedag data_urodzenia дата_рождения ημερομηνια_γεννησης",
        "dob birth birthdate birthday geburtsdatum naissance nacimiento nascimento nascita geboortedatum",
        date_patterns,
        _are_births,
    ),
    "birth_year": Field("a year of birth", "birth_year year_of_birth yob geburtsjahr", "", _mostly(YEAR)),
    "birth_month": Field("a month of birth", "birth_month month_of_birth geburtsmonat", "", _mostly(PART)),
    "birth_day": Field("a day of birth", "birth_day day_of_birth", "", _mostly(PART)),
    "email": Field(
        "an e-mail",
        "email e_mail email_address e_mail_address email_addr mail mail_address e_mail_adresse mailadresse courriel"
        " correo correo_electronico posta_elettronica e_post epost почта электронная_почта",
        "email mail courriel correo",
        _mostly(EMAIL),
        _mostly(EMAIL),
    ),
    "phone": Field(
        "a phone number",
        "phone phone_number phone_no tel tel_no telephone telephone_number mobile mobile_phone mobile_number cell"
        " cell_phone cellphone telefon telefonnummer handy handynummer mobil mobilnummer portable telefono"
        " movil celular telefone telemovel cellulare telefoon mobiel mobiltelefon телефон τηλεφωνο κινητο",
        "phone mobile mobil cell cellphone tel telephone telefon handy telefono telefone celular",
        _is_phone,
    ),
    "landline": Field(
        "a landline",
        "landline home_phone homephone phone_home home_tel home_telephone home_phone_number festnetz fixe"
        " telephone_fixe telefono_fijo telefone_fixo",
        "landline",
        _is_phone,
    ),
    "street": Field(
        "a street",
        "street street_name address address_1 address1 address_line_1 address_line addr addr_1 addr1 street_address"
        " full_address postal_address strasse str strassenname anschrift adresse adresse_1 rue voie direccion calle"
        " domicilio logradouro endereco rua indirizzo via adres straat adress adressat gata gatuadress ulica"
        " улица адрес διευθυνση οδος",
        "street address addr strasse adresse direccion endereco indirizzo",
        _has_letters,
        _are_streets,
    ),
    "number": Field(
        "a house number",
        "street_number street_no house_number housenumber house_no number hausnummer haus_nr hausnr numero"
        " numero_civico numero_rue huisnummer дом",
        "",
        _mostly(NUMBER),
    ),
    "unit": Field(
        "a second line of the address",
        "unit unit_number address_2 address2 address_line_2 addr_2 addr2 apartment apt suite flat"
        " complement complemento",
    ),
    "city": Field(
        "a city",
        "city town suburb locality place post_town municipality ort stadt wohnort commune ville localite ciudad"
        " localidad poblacion municipio cidade citta comune plaats"
        " woonplaats postort miasto miejscowosc город πολη",
        "",
        _has_letters,
    ),
    "postcode": Field(
        "a postcode",
        "postcode post_code postal_code postal zip zip_code zipcode plz postleitzahl code_postal cp codigo_postal cep"
        " cap kod_pocztowy postnummer postnr индекс τκ",
        "zip zipcode postcode postal plz cep",
        _is_postcode,
    ),
    "state": Field(
        "a state",
        "state st province region county bundesland uf estado provincia wojewodztwo область",
        "",
        _is_state,
    ),
}
FIELD_BY_SPELLING = {spelling: name for name, field in FIELDS.items() for spelling in field.spellings.split()}
FIELD_BY_MARK = {mark: name for name, field in FIELDS.items() for mark in field.marks.split()}


def field_named(column: str) -> str:
    """The field that a column's name means; empty: none that we know."""
    name = plain(column)
    bare = WHOSE.sub("", name)
    spellings = (name, bare, OF_ADDRESS.sub("", bare), COUNTED.sub("", bare))
    return next((FIELD_BY_SPELLING[spelling] for spelling in spellings if spelling in FIELD_BY_SPELLING), "")


def field_marked(column: str) -> str:
    """The field that a word within a column's name may mean; empty: none, or it says whose else it is."""
    words = plain(column).split("_")
    if not OF_OTHERS.isdisjoint(words):
        return ""
    return next((FIELD_BY_MARK[word] for word in words if word in FIELD_BY_MARK), "")


def is_of_others(column: str) -> bool:
    """Whether the name says that it is about somebody else."""
    return not OF_OTHERS.isdisjoint(plain(column).split("_"))
