"""The shorthand of the rule's cases: `rec("l1", "0d+10m", "c1 u1 e1!")`. First letter of a value is its type; behind it
"!" verified, "?" pending, "^" or "~" kept current by one of two sources."""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from regulars.kit.dice import hash64
from regulars.model import Body, Event
from regulars.resolve.facts import Decision, Link, Signature
from regulars.resolve.likeness import Bands, Pair, likeness
from regulars.resolve.partition import Partition, partition
from regulars.resolve.policy import CARD, CARD_PENDING, COOKIE, DEVICE, EMAIL, LOGIN, ORDER, PAYMENT, PHONE

CLASS = {"u": LOGIN, "L": CARD, "e": EMAIL, "p": PHONE, "o": ORDER, "t": PAYMENT, "d": DEVICE, "c": COOKIE}
VERIFIED = {EMAIL: 3, PHONE: 4}
BANDS = {1: Bands(2.0, 7.0), 2: Bands(2.0, 7.0)}
# Sources that keep an e-mail or phone current: "u8 eold^", and at the second one "u8 eold~".
SOURCES = {"^": "crm", "~": "club"}
KEEPERS = {"^": 1, "~": 2}
BEGIN = datetime(2024, 1, 1, tzinfo=UTC)


def value(token: str) -> int:
    """Number of a value."""
    return hash64("value", bare(token))


def bare(token: str) -> str:
    """Without what it says about its class."""
    return token.rstrip("!?^~")


class Rec:
    """A record: key, minutes since the beginning, identifiers, attributes."""

    def __init__(
        self,
        key: str,
        at: str | int,
        tokens: str,
        name: str | None = None,
        dob: int | None = None,
        verified: bool = False,
        surname: str | None = None,
        street: str | None = None,
    ) -> None:
        self.key, self.tokens, self.name, self.dob = key, tokens, name, dob
        self.verified, self.surname, self.street = verified, surname, street
        self.minutes = at if isinstance(at, int) else minutes(at)

    @property
    def signature(self) -> int:
        return hash64(
            "signature", *sorted(self.tokens.split()), self.name, self.dob, self.verified, self.surname, self.street
        )

    def links(self) -> tuple[Link, ...]:
        return tuple(sorted({link(token) for token in self.tokens.split()}))


def minutes(text: str) -> int:
    """ "2d+10m" in minutes."""
    return sum(int(n) * {"d": 1440, "h": 60, "m": 1}[unit] for n, unit in re.findall(r"(\d+)([dhm])", text))


def link(token: str) -> Link:
    """One identifier as a link."""
    cls = CLASS[token[0]]
    if "!" in token:
        cls = VERIFIED[cls]
    if "?" in token:
        cls = CARD_PENDING
    return Link(value(token), cls, 1 if cls == LOGIN else KEEPERS.get(token[-1], 0))


def signatures(records: Sequence[Rec], seqs: dict[str, int] | None = None) -> list[Signature]:
    """Facts of these records; `seqs`: their journal positions, in order of the list if not given."""
    seqs = seqs or {rec.key: place + 1 for place, rec in enumerate(records)}
    by_signature: dict[int, list[Rec]] = {}
    for rec in records:
        by_signature.setdefault(rec.signature, []).append(rec)
    return [
        Signature(
            number,
            some[0].links(),
            min(seqs[rec.key] for rec in some),
            min(rec.minutes for rec in some) // 1440,
            max(rec.minutes for rec in some) // 1440,
            some[0].dob,
            some[0].name,
            some[0].surname,
            some[0].street,
            dob_verified=some[0].verified and some[0].dob is not None,
            name_verified=some[0].verified and some[0].name is not None,
        )
        for number, some in by_signature.items()
    ]


def solve(
    records: Sequence[Rec],
    decisions: Iterable[Decision] = (),
    seqs: dict[str, int] | None = None,
    pairs: Iterable[Pair] = (),
) -> Partition:
    """The partition of records, in the order given."""
    decisions = list(decisions)
    return partition(signatures(records, seqs), decisions, likeness(pairs, decisions, BANDS))


def pair(one: Rec, other: Rec, bits: float, model: int = 1) -> Pair:
    """Two records as a model scores them."""
    ends = sorted((one.signature, other.signature))
    return Pair(ends[0], ends[1], model, bits)


def in_force(model: int, version: int = 1) -> Decision:
    """The scores of this model count."""
    return Decision(subject="model", version=version, kind="model", value=model)


def parts(records: Sequence[Rec], answer: Partition) -> str:
    """Customers as "a b|c", unidentified records each alone in brackets."""
    customers = answer.customers()
    groups: dict[object, list[str]] = {}
    for rec in records:
        customer = customers[rec.signature]
        groups.setdefault(customer if customer is not None else f"[{rec.key}]", []).append(rec.key)
    texts = [f"[{keys[0]}]" if isinstance(c, str) else " ".join(sorted(keys)) for c, keys in groups.items()]
    return "|".join(sorted(texts))


def event(seq: int, rec: Rec, kind: str = "other") -> Event:
    """The same record as a journalled event."""
    traits: dict[str, object] = {}
    user = cookie = device = None
    source, current = "test", list[str]()
    for token in rec.tokens.split():
        said = bare(token)
        if token[-1] in SOURCES:
            source, current = SOURCES[token[-1]], [*current, {"e": "email", "p": "phone"}[token[0]]]
        if token[0] == "u":
            user = said
        elif token[0] == "c":
            cookie = said
        elif token[0] == "d":
            device = said
        elif token[0] == "e":
            traits |= {"email": f"{said}@shop.example", "email_verified": "!" in token}
        elif token[0] == "p":
            number = 2_000_000 + abs(value(said)) % 7_999_999
            traits |= {"phone": f"+1312{number}", "phone_verified": "!" in token}
        elif token[0] == "L":
            traits |= {"loyalty_card": said, "loyalty_card_verified": "?" not in token}
        elif token[0] == "t":
            traits["payment_token"] = said
    if rec.name:
        traits["first_name"] = rec.name
    if rec.surname:
        traits["last_name"] = rec.surname
    if rec.street:
        traits["address"] = {"street": rec.street, "postcode": "60601"}
    if rec.dob:
        traits["birth_date"] = f"{rec.dob // 10000:04}-{rec.dob // 100 % 100:02}-{rec.dob % 100:02}"
    if rec.verified:
        traits |= {"birth_date_verified": True, "first_name_verified": True}
    at = BEGIN + timedelta(minutes=rec.minutes)
    return Event(
        seq=seq,
        source=source,
        current=current,
        source_kind=kind,
        login_space="web",
        message_id=f"m{seq}",
        kind="identify",
        name="",
        occurred_at=at,
        received_at=at,
        body=Body(
            user_id=user, anonymous_id=cookie, traits=traits, context={"device": {"id": device}} if device else {}
        ),
    )
