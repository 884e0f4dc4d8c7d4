"""The truth about the demo: whose each event is, and what was planted. Written apart, read by evaluation only."""

# pyarrow has no types of its own.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportUnknownParameterType=false, reportMissingTypeStubs=false, reportMissingTypeArgument=false
from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from regulars.app import App
from regulars.demo.generate import Year
from regulars.demo.names import JUNK_EMAILS, JUNK_PHONES, SHOP_PHONE
from regulars.demo.stream import SOURCES, Made, Message
from regulars.kit.dice import hash64

SCHEMA = pa.schema(
    [
        ("source", pa.string()),
        ("message_id", pa.string()),
        ("person", pa.int64()),  # household * 16 + member; 0: nobody we would name
        ("counted", pa.bool_()),  # carries something that identifies a person
        ("evidence", pa.int64()),  # hash of what it carries, orders apart: equal evidence is one piece of evidence
        # What it carries of each kind, as a number that two spellings of one value share; 0: none, or a filler.
        *((kind, pa.int64()) for kind in ("login", "card", "email", "phone", "payment", "device", "cookie")),
    ]
)


def evidence_of(message: Message) -> int:
    """A number that two messages share when they carry the same identifiers; order ids are no evidence of a person."""
    given = message.get("properties") or message.get("traits") or {}
    carried = [message.get("userId"), message.get("anonymousId"), *(given.get(name) for name in CARRIED)]
    return hash64(*carried)


CARRIED = ("email", "phone", "loyalty_card", "payment_token")
PHONE_DIGITS = 10
WEB_LOGINS, CRM_LOGINS = "web", "crm"


def carried(made: Made) -> list[int]:
    """For each kind of identifier, in order of the columns, the value that this event carries; 0 for none.

    Fillers and the shop's own number are nobody's. The e-mail tool and the call center know people by the CRM's id.
    """
    message = made.message
    given = message.get("properties") or message.get("traits") or {}
    email, phone = given.get("email"), digits(given.get("phone"))
    space = WEB_LOGINS if SOURCES[made.source] == "web" else CRM_LOGINS
    login, device = message.get("userId"), message.get("context", {}).get("device", {}).get("id")
    named = (
        login and (space, login),
        given.get("loyalty_card"),
        email not in JUNK_EMAILS and email,
        phone not in NOBODYS_PHONES and phone,
        given.get("payment_token"),
        device,
        message.get("anonymousId"),
    )
    return [hash64(name) if name else 0 for name in named]


def digits(phone: str | None) -> str:
    """The last ten digits, however it was written."""
    return "".join(sign for sign in phone or "" if sign.isdigit())[-PHONE_DIGITS:]


NOBODYS_PHONES = {digits(phone) for phone in (*JUNK_PHONES, SHOP_PHONE)}


def truth_path(app: App) -> Path:
    """Where the truth lies: in the demo folder of this installation, outside lake and database."""
    return app.settings.home_path / "demo" / "truth.parquet"


class TruthWriter:
    """Writes the truth chunk by chunk; `close` puts it in place, so a killed load leaves no half truth."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._part = path.with_suffix(".part")
        self._file = pq.ParquetWriter(self._part, SCHEMA)

    def add(self, chunk: Sequence[Made]) -> None:
        """The truth about these events."""
        columns: list[list[Any]] = [
            [SOURCES[made.source] for made in chunk],
            [made.message["messageId"] for made in chunk],
            [made.person for made in chunk],
            [made.counted for made in chunk],
            [evidence_of(made.message) if made.counted else 0 for made in chunk],
            *map(list, zip(*map(carried, chunk), strict=True)),
        ]
        self._file.write_table(pa.table(columns, schema=SCHEMA))

    def close(self, year: Year) -> None:
        """The file is whole; beside it the planted effects, in words and numbers."""
        self._file.close()
        self._part.rename(self._path)
        planted = {
            "complaints": "households whose spend falls by half complain three times as often before and score lower",
            "households_declining": year.declining,
            "habits": "people with a web account who keep lists, search, or (since late summer) follow offers",
            "personas": year.habits,
            "visits": "from this Monday on the web store is visited more",
            "shift_day": year.shift_day.isoformat(),
            "opportunities": {
                "near_tier": "people whom granted credits leave right below Gold: more than beside it",
                "lapsing_best": "not planted, but a fact of the panel: households_declining that spent most",
            },
            "people_near_tier": year.near_tier,
        }
        self._path.with_name("planted.json").write_text(json.dumps(planted))
