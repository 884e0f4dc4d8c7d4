"""What a field is, by its name and by what stands in it: what it looks like, and which class of personal data. Pure.

The rules are a table on purpose: they are documented word for word in docs/reference/audit.md, and whoever answers for
privacy should be able to check them. A name decides first; where it says nothing, the values do.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal, NamedTuple

# Raised whenever a rule here, or what is read of a field, changes: what was read before is then read again.
VERSION = 2

Personal = Literal["none", "contact", "identifier", "sensitive"]
# Values of at least this share of one form make the field look like it.
MOST = 0.8
# A field nobody named as personal counts as personal from this share of telling values on.
TELLING = 0.1


class Rule(NamedTuple):
    """Names (last part of a field, in snake case) that mean one thing."""

    names: frozenset[str]
    looks_like: str
    personal: Personal
    judge: str = ""
    """The cleaner that tells valid values, as the resolver names identifiers."""


RULES = (
    Rule(frozenset({"email", "email_address", "emailaddress", "e_mail", "mail"}), "E-mail", "contact", "email"),
    Rule(
        frozenset(
            {
                *("phone", "phone_number", "mobile", "mobile_phone", "mobile_number", "telephone", "tel"),
                *("caller_phone", "caller", "cell", "cell_phone", "cellphone", "home_phone", "work_phone"),
            }
        ),
        "Phone",
        "contact",
        "phone",
    ),
    Rule(
        frozenset({"loyalty_card", "card_number", "loyalty_id", "loyalty_card_id"}),
        "Loyalty card",
        "identifier",
        "card",
    ),
    Rule(frozenset({"user_id", "customer_id", "member_id", "login"}), "Login", "identifier", "login"),
    Rule(frozenset({"anonymous_id", "cookie", "cookie_id", "visitor_id"}), "Cookie", "identifier", "cookie"),
    Rule(frozenset({"payment_token", "card_token"}), "Payment token", "identifier", "payment"),
    Rule(frozenset({"device_id", "advertising_id", "idfa", "gaid"}), "Device", "identifier", "device"),
    Rule(frozenset({"order_id", "receipt_id", "checkout_id"}), "Order number", "identifier"),
    Rule(frozenset({"household_id", "account_id", "ip", "ip_address", "previous_id", "group_id"}), "Id", "identifier"),
    Rule(
        frozenset(
            {
                *("first_name", "last_name", "name", "full_name", "surname", "given_name", "family_name"),
                *("firstname", "lastname", "fullname", "middle_name", "forename", "nickname"),
            }
        ),
        "Name",
        "contact",
        "name",
    ),
    Rule(
        frozenset(
            {
                *("street", "address", "address_line_1", "address_line_2", "address1", "address2", "line1", "line2"),
                *("street_address", "address_line1", "address_line2"),
                *("postcode", "postal_code", "postalcode", "zip", "zip_code", "zipcode", "city", "town"),
            }
        ),
        "Address",
        "contact",
    ),
    Rule(
        frozenset({"birth_date", "birthday", "date_of_birth", "dob", "birthdate"}),
        "Date of birth",
        "sensitive",
        "birth",
    ),
    Rule(
        frozenset(
            {
                *("gender", "sex", "religion", "ethnicity", "race", "health", "diagnosis", "medication", "allergies"),
                *("disability", "nationality", "political", "union", "income", "salary", "marital_status"),
                *("ssn", "social_security_number", "tax_id", "passport", "national_id", "iban", "password"),
                *("latitude", "longitude", "lat", "lng", "lon"),
            }
        ),
        "Special data",
        "sensitive",
    ),
)
RULE_BY_NAME = {name: rule for rule in RULES for name in rule.names}
PLAIN = Rule(frozenset(), "", "none")
# Names of things and pages, not of people.
NAMES_OF_THINGS = re.compile(r"(?:^name|products\[\]\.name|^context\..*\.name)$")
DEVICE_ID = "context.device.id"
# Where a number or a truth stands, something is said about the contact and not the contact itself.
ABOUT_CHOICE = re.compile(r"(?:^|\.)consents?\.")
FORMS = {
    "number": "Number",
    "date": "Date",
    "truth": "Yes or no",
    "email": "E-mail",
    "phone": "Phone",
    "card_number": "Payment card number",
}
CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def rule_of(field: str) -> Rule:
    """What the name of a field says."""
    if field == DEVICE_ID:
        return RULE_BY_NAME["device_id"]
    if ABOUT_CHOICE.search(field) or NAMES_OF_THINGS.search(field):
        return PLAIN
    last = field.rpartition(".")[2].removesuffix("[]")
    return RULE_BY_NAME.get(CAMEL.sub("_", last).replace("-", "_").lower(), PLAIN)


class Nature(NamedTuple):
    """What a field is taken for."""

    looks_like: str
    personal: Personal
    why: str
    """By which rule it is personal data; empty where it is none."""


def nature(field: str, filled: int, forms: Mapping[str, int]) -> Nature:
    """What a field looks like and which class of personal data it is, from its name and the forms of its values."""
    rule = rule_of(field)
    if forms.get("card_number", 0) > TELLING * filled:
        return Nature(FORMS["card_number"], "sensitive", "Values pass the check digit of payment cards")
    # What is bought or listed is no word about the buyer: a category of diabetic food is a category.
    if forms.get("health") and "[]" not in field:
        return Nature(rule.looks_like or "Text", "sensitive", f"{forms['health']:,} values name health")
    if rule is not PLAIN:
        return Nature(rule.looks_like, rule.personal, "By its name" if rule.personal != "none" else "")
    if forms.get("email", 0) > TELLING * filled:
        return Nature(FORMS["email"], "contact", "Values are e-mail addresses")
    if forms.get("phone", 0) > TELLING * filled:
        return Nature(FORMS["phone"], "contact", "Values are phone numbers")
    most = max(("number", "date", "truth"), key=lambda form: forms.get(form, 0))
    return Nature(FORMS[most] if filled and forms.get(most, 0) >= MOST * filled else "Text", "none", "")


def valid_by_form(looks_like: str, forms: Mapping[str, int]) -> int | None:
    """Values of the form that the field looks like; None where every text is as good as another."""
    form = next((form for form, said in FORMS.items() if said == looks_like), None)
    return forms.get(form, 0) if form else None


def is_payment_card(text: str) -> bool:
    """13 to 19 digits whose check digit (Luhn) is right."""
    digits = [int(sign) for sign in text if sign.isdigit()]
    if not 13 <= len(digits) <= 19 or len(set(digits)) == 1:
        return False
    doubled = [each if place % 2 == 0 else sum(divmod(each * 2, 10)) for place, each in enumerate(reversed(digits))]
    return sum(doubled) % 10 == 0
