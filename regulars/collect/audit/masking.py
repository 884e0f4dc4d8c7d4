"""What of a payload may be seen without asking: the one rule by which pages, answers and samples hide people. Pure.

A value is hidden by the name of its field, by what that field stands in, or by how the value looks, whether it is a
text or a number and however deep it stands. Names come from the table of the audit (`audit.fields`) and from the words
below. The rule hides rather one field too many: whoever needs a value asks for it with a reason, which is written down.
It is documented in docs/reference/audit.md.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, cast
from urllib.parse import unquote_plus

from regulars.collect.audit.fields import ABOUT_CHOICE, CAMEL, PLAIN, RULE_BY_NAME, is_payment_card

Path = tuple[str, ...]
"""Names of the fields a value stands in, outermost first; places in lists do not count."""

Beside = Mapping[str, object]
"""The object a value stands in."""

Look = Callable[[object, Path, Beside], Any]
"""How a payload is looked at: `hidden`, or `in_the_clear` for whoever asked for it with a reason."""

SECRET = "…"
# Of a value this short the first and the last sign would be most of it.
SHORT_CHARACTERS = 2
NOTHING: Beside = {}

# Words of names that speak of a person, and of everything below them.
PERSONAL_WORDS = frozenset(
    {
        *("mail", "email", "phone", "mobile", "cell", "cellphone", "tel", "telephone", "fax", "sms", "whatsapp"),
        *(
            "address",
            "addresses",
            "addr",
            "address1",
            "address2",
            "street",
            "city",
            "town",
            "zip",
            "zipcode",
            "postal",
            "postcode",
        ),
        *("postalcode", "lat", "latitude", "lng", "lon", "longitude", "coordinates", "geo", "birth", "birthday"),
        *("birthdate", "dob", "age", "gender", "sex", "iban", "ssn", "passport", "ip", "firstname", "lastname"),
        *("fullname", "surname", "forename", "username", "nickname", "recipient", "author", "login", "cookie"),
        *("emailaddress", "phonenumber", "mobilenumber", "mobilephone", "dateofbirth", "yearofbirth", "ipaddress"),
        *("streetaddress", "addressline1", "addressline2", "cardnumber", "loyaltycard", "paymenttoken", "useragent"),
        *("userid", "anonymousid", "customerid", "memberid", "idfa", "gaid", "duid", "nuid", "tnuid", "uid"),
    }
)
# Words of names whose own value may speak of a person; what stands below them is judged by itself.
LOOSE_WORDS = frozenset(
    {
        *("card", "token", "fingerprint", "contact", "member", "account", "password", "secret", "company", "ua"),
        *("note", "notes", "comment", "comments", "remark", "feedback", "household", "advertising", "visitor"),
        *("cx", "px", "base64", "signature", "cvc", "cvv", "pan"),
    }
)
# Whole names of what people wrote, and of what tells their device from others.
LOOSE_NAMES = frozenset({"text", "message", "body", "answer", "review_body", "share_message", "user_agent"})
# Last words of names that say something about the contact and not the contact itself: email_sent_at, address_type.
ABOUT_WORDS = frozenset(
    {
        *("at", "count", "type", "kind", "status", "state", "brand", "provider", "format", "size", "version"),
        *(
            "verified",
            "subscribed",
            "consent",
            "template",
            "amount",
            "total",
            "price",
            "cents",
            "balance",
            "discount",
            "model",
        ),
    }
)
PLAIN_IDS = frozenset({"message_id", "mail_id", "address_id", "note_id", "comment_id", "review_id", "template_id"})
# Names of these have no person behind them: product_name, campaign.name.
THINGS = frozenset(
    {
        *("product", "item", "line", "variant", "sku", "category", "brand", "collection", "list", "department"),
        *("store", "shop", "location", "page", "screen", "app", "application", "library", "os", "browser", "network"),
        *(
            "carrier",
            "campaign",
            "template",
            "segment",
            "journey",
            "event",
            "source",
            "channel",
            "method",
            "plan",
            "coupon",
        ),
        *("discount", "promotion", "tax", "shipping_line", "currency", "country", "state", "region", "program", "tier"),
        *("form", "button", "field", "feature", "experiment", "variation", "file", "type", "host", "domain", "service"),
        *("vendor", "schema", "queue", "report", "survey", "question", "integration", "metadata", "option", "value"),
        *("attribute", "property", "class", "entity", "timezone", "tracker", "fee", "modifier", "catalog", "instance"),
    }
)
# Beside one of these a name is that of a product; a title or an address stands beside people, too.
BESIDE_THINGS = frozenset(
    {
        *("product_id", "sku", "price", "quantity", "variant", "variant_id", "item_id", "image_url"),
        *("base_price_money", "catalog_object_id", "unit_amount", "line_items"),
    }
)
# Messages whose own name is that of a page, a screen or a company.
NAMED_MESSAGES = ("page", "screen", "group")
# Long digits under such a name are a number of something, not a phone.
NUMBERED_WORDS = frozenset(
    {
        *("id", "ids", "sku", "code", "gtin", "upc", "ean", "isbn", "asin", "barcode", "order", "invoice", "receipt"),
        *("ticket", "tracking", "time", "timestamp", "at", "on", "date", "day", "build", "version", "seq", "hash"),
        *("cents", "amount", "price", "total", "revenue", "quantity", "points", "balance", "position", "created"),
        *("updated", "screen", "viewport", "dtm", "stm", "ttm", "res", "vp"),
    }
)
ADDRESSES_OF_PAGES = frozenset({"url", "image_url", "product_url", "page_url", "referrer_url", "src_url"})

EMAIL = re.compile(r"\S(?:@|%40)\S")
AT = re.compile("@|%40")
# What an e-mail may stand in: such a piece is cut first and judged then, so that no sign is read from many beginnings.
PIECE = re.compile(r"[^\s<>()\[\]\"',;:]+")
# So many digits in one name are hardly anything else, whatever letters they follow: phones, cards, accounts. Not a day.
DAY = r"(?:19|20)\d\d-[01]\d-[0-3]\d(?![.-]?\d)"
NUMBER_INSIDE = re.compile(rf"(?<!\d)(?!{DAY})\+?\d(?:(?! {DAY})(?:[ .-]|\)[ -]?)?\d){{9,}}")
ACCOUNT_INSIDE = re.compile(r"(?<![A-Za-z0-9])[A-Z]{2}\d\d(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?")
TIME_OR_AMOUNT = re.compile(r"\d{4}-\d\d-\d\d(?:[T ][\d:.]+(?:Z|[+-][\d:]+)?)?|-?\d{1,9}[.,]\d{1,4}")
PHONE = re.compile(r"\+?[\d\s().-]{7,24}")
PHONE_INSIDE = re.compile(r"(?<![\w.-])(?:\+\d[\d\s().-]{6,}\d|\(?\d{3}\)?[-. ]\d{3}[-. ]\d{4})(?![\w-])")
CARD_INSIDE = re.compile(r"(?<![\d.-])(?:\d[ -]?){12,18}\d(?![\d.-])")
# How long the numbers of payment cards are, by their first digit.
CARD_DIGITS = {"2": (16,), "3": (14, 15, 16), "4": (13, 16, 19), "5": (16,), "6": (16, 17, 18, 19)}
NETWORK_ADDRESS = re.compile(r"(?:\d{1,3}\.){3}\d{1,3}|(?=.*:.*:)[0-9a-fA-F:]{6,39}(?<![\d]:\d\d:\d\d)")
CLOCK_TIME = re.compile(r"\d{1,2}:\d\d(?::\d\d)?")
# A name ends where the next argument may begin: one that ran on would be read anew from each of ten thousand marks.
IN_QUERY = re.compile(r"(?:\A|(?<=[?&;#]))([^=?&;#]+)=([^&;#]*)")
LETTERS_OR_DIGITS = re.compile(r"[^0-9a-zA-Z]+")


def hidden(value: object, path: Path = (), beside: Beside = NOTHING) -> Any:
    """The same value with what could name or describe a person masked.

    `path` says where it stands, `beside` what stands in the same object: a name beside a price is a product's.
    """
    if isinstance(value, dict):
        inside = cast(dict[str, Any], value)
        return {shown_name(key): hidden(each, (*path, key), inside) for key, each in inside.items()}
    if isinstance(value, list | tuple):
        return [hidden(each, path, beside) for each in cast(list[Any], value)]
    if value is None or isinstance(value, bool) or value == "":
        return value
    text = value if isinstance(value, str) else _digits(value)
    is_json = isinstance(value, str) and value.lstrip()[:1] in ("{", "[")
    if is_json and (packed := _packed(text, path)) is not None:
        return packed
    if _is_sensitive(path):
        return SECRET
    # JSON that nobody can read into fields was cut or broken: what it says is as personal as before.
    if is_json or speaks_of_a_person(path, beside) or looks_personal(text, path):
        return masked(text)
    if isinstance(value, str):
        return IN_QUERY.sub(_hidden_argument, value) if "=" in value else value
    return str(value) if isinstance(value, Decimal) else value


def in_the_clear(value: object, path: Path = (), beside: Beside = NOTHING) -> Any:
    """The same value as it is."""
    del path, beside
    return value


def hidden_text(text: str) -> str:
    """A payload as text, masked; of what is no JSON nothing but its size is shown."""
    try:
        content: object = json.loads(text, strict=False)
        shown = json.dumps(hidden(content), ensure_ascii=False, separators=(",", ":"))
        return shown.encode("utf-8", "backslashreplace").decode()
    except (ValueError, RecursionError):
        return masked_whole(len(text.encode("utf-8", "backslashreplace")))


def masked_whole(size_bytes: int) -> str:
    """What is shown of a body that nobody can read into fields."""
    return f"({size_bytes:,} bytes that are no JSON: masked as a whole)"


def masked(value: str) -> str:
    """c…l@e…m: enough to recognize what one already knows, too little to learn it."""
    name, at, host = value.partition("@")
    return _ends(name) + (at + _ends(host) if at else "")


def _ends(text: str) -> str:
    return SECRET if len(text) <= SHORT_CHARACTERS else f"{text[0]}…{text[-1]}"


def shown_name(name: str) -> str:
    """The name of a field or of an event, or a sentence with one: what in it is somebody's address is masked.

    E-mails, and numbers of phones, payment cards and bank accounts.
    """
    if AT.search(name):
        name = PIECE.sub(lambda piece: masked(piece[0]) if EMAIL.search(piece[0]) else piece[0], name)
    name = ACCOUNT_INSIDE.sub(lambda found: masked(found[0]) if _is_account(found[0]) else found[0], name)
    return NUMBER_INSIDE.sub(lambda found: masked(found[0]), PHONE_INSIDE.sub(lambda found: masked(found[0]), name))


def _is_account(text: str) -> bool:
    """An IBAN whose check digits are right."""
    signs = text.replace(" ", "")
    return int("".join(str(int(sign, 36)) for sign in signs[4:] + signs[:4])) % 97 == 1


def speaks_of_a_person(path: Path, beside: Beside = NOTHING) -> bool:
    """Whether the field at this path names or describes somebody, by its own name or by what it stands in."""
    if not path or ABOUT_CHOICE.search(".".join(path)):
        return False
    name = snake(path[-1])
    if name == "name" or name.endswith("_name"):
        return _names_somebody(path, name, beside)
    return any(map(_is_container, path[:-1])) or _is_personal(name, path)


def _is_personal(name: str, path: Path) -> bool:
    if name in PLAIN_IDS:
        return False
    rule = RULE_BY_NAME.get(name, PLAIN)
    if rule is not PLAIN:
        return rule.personal != "none" and rule.looks_like != "Order number"
    if name.endswith("_url") or name == "url":
        return name not in ADDRESSES_OF_PAGES
    if len(path) > 1 and name in ("id", "token") and snake(path[-2]) in ("device", "external_ids"):
        return True
    return name in LOOSE_NAMES or _has_word(name, PERSONAL_WORDS | LOOSE_WORDS)


def _is_container(key: str) -> bool:
    """Whether everything below this field speaks of a person: an address, but not what a mere name stands on."""
    name = snake(key)
    rule = RULE_BY_NAME.get(name, PLAIN)
    if rule is not PLAIN:
        return name != "name" and rule.personal != "none" and rule.looks_like != "Order number"
    return _has_word(name, PERSONAL_WORDS)


def _has_word(name: str, words: frozenset[str]) -> bool:
    found = name.split("_")
    return found[-1] not in ABOUT_WORDS and any(each in words or each.removesuffix("s") in words for each in found)


def _names_somebody(path: Path, name: str, beside: Beside) -> bool:
    """A person's name, not that of a product, a page or a campaign."""
    if name != "name":
        return _thing(name.removesuffix("_name")) not in THINGS
    if any(map(_is_container, path[:-1])):
        return True
    if len(path) == 1:
        return beside.get("type") not in NAMED_MESSAGES
    return _thing(snake(path[-2])) not in THINGS and BESIDE_THINGS.isdisjoint(beside)


def _thing(words: str) -> str:
    last = words if words in THINGS else words.rpartition("_")[2]
    return last if last in THINGS else last.removesuffix("s")


def _is_sensitive(path: Path) -> bool:
    """Of these not even the ends are shown: f…e says everything."""
    return bool(path) and RULE_BY_NAME.get(snake(path[-1]), PLAIN).looks_like == "Special data"


def looks_personal(text: str, path: Path = ()) -> bool:
    """Whether a value names somebody whatever its field is called: e-mail, phone, payment card, network address."""
    if EMAIL.search(text):
        # A value in an address of a page is masked by itself.
        return not ("=" in text and IN_QUERY.search(text) and not EMAIL.search(IN_QUERY.sub(r"\1=", text)))
    if any(map(_is_card, CARD_INSIDE.findall(text))):
        return True
    if TIME_OR_AMOUNT.fullmatch(text):
        return False
    words = snake(path[-1]).split("_") if path else []
    if not {"version", "build"}.isdisjoint(words):
        return False
    if NETWORK_ADDRESS.fullmatch(text) and not CLOCK_TIME.fullmatch(text):
        return True
    if PHONE.fullmatch(text):
        is_numbered = words[1:] == ["number"] or not NUMBERED_WORDS.isdisjoint(words)
        return text.startswith("+") or (not is_numbered and _is_phone(text))
    return PHONE_INSIDE.search(text) is not None


def _is_phone(text: str) -> bool:
    digits = sum(sign.isdigit() for sign in text)
    if text.isdecimal():
        # Seconds and milliseconds of our days have 10 and 13 digits and begin with 1.
        return 10 <= digits <= 15 and not (digits in (10, 13) and text[0] == "1")
    return 7 <= digits <= 15


def _is_card(text: str) -> bool:
    digits = re.sub("[ -]", "", text)
    return len(digits) in CARD_DIGITS.get(digits[0], ()) and is_payment_card(digits)


def snake(name: str) -> str:
    """phoneNumber, Phone-Number and "phone number" are phone_number."""
    return LETTERS_OR_DIGITS.sub("_", CAMEL.sub("_", name)).strip("_").lower()


def _digits(value: object) -> str:
    """A number as it would be typed: 12125550142.0 is 12125550142."""
    if isinstance(value, float | Decimal) and value == value and abs(value) < 10**20 and value == int(value):
        return str(int(value))
    return str(value)


def _packed(text: str, path: Path) -> str | None:
    """JSON inside a text, masked like any other; None where it is none."""
    try:
        content: object = json.loads(text, strict=False)
        return json.dumps(hidden(content, path), ensure_ascii=False)
    except (ValueError, RecursionError):
        return None


def _hidden_argument(found: re.Match[str]) -> str:
    """One name=value of an address."""
    name, value = found[1], unquote_plus(found[2])
    path = ("query", name)
    is_personal = value and (speaks_of_a_person(path) or looks_personal(value, path))
    return f"{name}={masked(value) if is_personal else found[2]}"
