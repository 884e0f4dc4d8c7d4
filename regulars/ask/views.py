"""What analysts may ask: every view with its columns, what they mean, and where they are kept. Pure.

The list is the documentation (docs/reference/views.md is made from it) and the limit: nothing else can be asked.
"""

from __future__ import annotations

from enum import StrEnum
from typing import LiteralString, NamedTuple

from regulars.store import queries

SQL = queries(__package__ or "")


class Reader(StrEnum):
    """Who asks: it decides whether names and contact values come as they are."""

    ANALYST = "analyst"
    """Sees them masked, as the pages show the contents of messages."""
    ADMIN = "admin"
    """Sees them."""


class Column(NamedTuple):
    """One column of a view, with its PostgreSQL type."""

    name: str
    type: str
    unit: str
    meaning: str


class View(NamedTuple):
    """Something that can be asked. A statement names it as it stands, or as `analyst.name`."""

    name: str
    about: str
    columns: tuple[Column, ...]
    query: LiteralString = ""
    """What it is in PostgreSQL; empty for what the lake alone holds, and for traits, which follow the catalogue."""
    clear: LiteralString = ""
    """The same for who may see names; empty: no difference."""
    lake: LiteralString = ""
    """What it is over the facts of the lake; empty: it is fetched from PostgreSQL."""

    @property
    def is_in_lake(self) -> bool:
        """It is not in PostgreSQL."""
        return bool(self.lake)


CUSTOMER = Column("customer", "bigint", "id", "Of the customer, as on every page")
OCCURRED_AT = Column("occurred_at", "timestamp with time zone", "UTC", "When it happened")
DAY = Column("day", "date", "day", "The same in the brand's zone")
SEGMENT = Column("segment", "text", "", "Name of the segment")
SCORE = Column("score", "text", "", "Name of the score")
VALUE = Column("value", "double precision", "the score's", "Its number, in the unit that the score states")
GRADE = Column("grade", "text", "", "Its grade in words")
LABEL = Column("label", "text", "", "What it says of her in a word, such as her best category; not known: it has none")
VERSION = Column("version", "integer", "", "Of the model that it came from")
AS_OF = Column("as_of", "date", "day", "The day it was computed for")

SALE = (
    Column("quantity", "bigint", "pieces", "Pieces; measured goods and implausible counts are 1"),
    Column("discount_cents", "bigint", "cents", "Retail discount"),
    Column("coupon_cents", "bigint", "cents", "Coupon discount"),
    Column("store", "text", "", "Id of the store"),
    Column("channel", "text", "", "store, web, call or what the event says"),
)
QUANTITY, DISCOUNT, COUPON, STORE, CHANNEL = SALE
REVENUE = Column("revenue_cents", "bigint", "cents", "What was paid")
SEQ = Column("seq", "bigint", "position", "Of the event in the journal")

PERSONA = Column("persona", "bigint", "id", "Of the persona")

PROFILE = (
    CUSTOMER,
    Column("known", "boolean", "", "False: an anonymous visitor, or one cash basket"),
    Column("first_name", "text", "", "Masked unless you may see it, like the following up to the postcode"),
    Column("last_name", "text", "", ""),
    Column("email", "text", "", ""),
    Column("phone", "text", "", ""),
    Column("street", "text", "", ""),
    Column("city", "text", "", ""),
    Column("postcode", "text", "", ""),
    Column("state", "text", "", "State or province"),
    Column("country", "text", "ISO 3166", ""),
    Column("birth_year", "bigint", "year", "The day is not shown to anybody"),
    Column("language", "text", "BCP 47", ""),
    Column("zone", "text", "IANA", "Time zone she lives in"),
    Column("changed_at", "timestamp with time zone", "UTC", "When any of it changed last"),
)

TRAITS = View(
    "traits",
    "One row a customer we hold facts about, one column a trait. Not listed here: the traits, each under its name with "
    "its type, unit and meaning (`regulars trait list`; `rg.connect().catalogue()`).",
    (CUSTOMER, Column("known", "boolean", "", "As in `customers`")),
)

VIEWS: tuple[View, ...] = (
    View("customers", "One row a customer, with the profile.", PROFILE, SQL.customers, SQL.customers_in_clear),
    TRAITS,
    View(
        "segments",
        "One row a segment.",
        (SEGMENT, Column("size", "bigint", "customers", "Members now")),
        SQL.segments,
    ),
    View(
        "segment_members",
        "Who is in which segment now.",
        (SEGMENT, CUSTOMER, Column("since", "timestamp with time zone", "UTC", "When she came in")),
        SQL.segment_members,
    ),
    View(
        "segment_moves",
        "Who came into a segment or left it, since it exists.",
        (
            SEGMENT,
            CUSTOMER,
            Column("entered", "boolean", "", "False: she left"),
            Column("at", "timestamp with time zone", "UTC", "When"),
            DAY,
        ),
        SQL.segment_moves,
    ),
    View(
        "scores",
        "The newest value of every score.",
        (SCORE, CUSTOMER, VALUE, GRADE, LABEL, VERSION, AS_OF),
        SQL.scores,
    ),
    View(
        "score_moves",
        "Grades as they changed; no grade: no longer scored.",
        (SCORE, CUSTOMER, VALUE, GRADE, VERSION, AS_OF),
        SQL.score_moves,
    ),
    View(
        "stages",
        "Where every known customer stands in the lifecycle.",
        (
            CUSTOMER,
            Column("stage", "text", "", "Name of the stage"),
            Column("since", "timestamp with time zone", "UTC", "When she came there"),
        ),
        SQL.stages,
    ),
    View(
        "stage_moves",
        "Every change of stage.",
        (
            CUSTOMER,
            Column("before", "text", "", "Stage she left; not known: she had none"),
            Column("after", "text", "", "Stage she came to; not known: she is known no more"),
            Column("at", "timestamp with time zone", "UTC", "When"),
            DAY,
        ),
        SQL.stage_moves,
    ),
    View(
        "personas",
        "Groups of customers who do alike, proposed or named by somebody.",
        (
            PERSONA,
            Column("lens", "text", "", "By which traits customers are alike"),
            Column("name", "text", "", "As on its page"),
            Column("state", "text", "", "What was decided about it"),
            Column("customers", "bigint", "customers", "Members when it was counted last"),
            Column("spend_cents", "bigint", "cents", "What they spent"),
            Column("found_at", "timestamp with time zone", "UTC", "When it was found"),
        ),
        SQL.personas,
    ),
    View(
        "persona_members",
        "Whom each customer is most like.",
        (
            Column("lens", "text", "", "By which traits"),
            CUSTOMER,
            PERSONA,
            Column("distance", "double precision", "", "From its middle: the smaller, the more alike"),
            Column("since", "date", "day", "Since when"),
        ),
        SQL.persona_members,
    ),
    View(
        "survey_answers",
        "Answers to surveys, without the words people wrote.",
        (
            SEQ,
            Column("customer", "bigint", "id", "Who answered; not known: nobody we know"),
            Column("at", "timestamp with time zone", "UTC", "When"),
            DAY,
            Column("survey", "text", "", "Name of the survey"),
            Column("touch_point", "text", "", "Where she was asked"),
            Column("measure", "text", "", "What was asked about"),
            Column("score", "bigint", "", "As answered"),
            Column("level", "double precision", "0 to 1", "The same on the scale of its question, 1 the best"),
            Column("sentiment", "integer", "-100 to 100", "How English words sound; not known: none, or not English"),
        ),
        SQL.survey_answers,
    ),
    View(
        "consents",
        "What holds now for a channel and a purpose. No row: never asked, so no.",
        (
            CUSTOMER,
            Column("channel", "text", "", "email, sms, post …"),
            Column("purpose", "text", "", ""),
            Column("allowed", "boolean", "", "A yes that has ended by itself still says yes: look at ends_at"),
            Column("decided_at", "timestamp with time zone", "UTC", "When she decided"),
            Column("ends_at", "timestamp with time zone", "UTC", "When this yes ends; not known: it stands"),
        ),
        SQL.consents,
    ),
    View(
        "sources",
        "Where events come from.",
        (
            Column("source", "text", "", "Name of the source"),
            Column("kind", "text", "", "tills, web, crm …"),
            Column("created_at", "timestamp with time zone", "UTC", "When it was connected"),
        ),
        SQL.sources,
    ),
    View(
        "events",
        "Every event that counts, without its contents: what people wrote is on the time line of the customer.",
        (
            SEQ,
            Column("customer", "bigint", "id", "Whose it is; not known: nobody's"),
            Column("kind", "text", "", "track, page, identify …"),
            Column("event", "text", "", "Its name"),
            Column("source", "text", "", "Name of the source"),
            OCCURRED_AT,
            Column("received_at", "timestamp with time zone", "UTC", "When it reached us"),
        ),
        SQL.events,
    ),
    View(
        "orders",
        "One row an order. In the lake: it follows the journal by minutes.",
        (
            CUSTOMER,
            SEQ,
            OCCURRED_AT,
            DAY,
            REVENUE,
            QUANTITY,
            DISCOUNT,
            COUPON,
            STORE,
            CHANNEL,
            Column("campaign", "text", "", "Id of the campaign"),
        ),
        lake=SQL.orders,
    ),
    View(
        "order_lines",
        "One row a product of an order. In the lake, as `orders`.",
        (
            CUSTOMER,
            SEQ,
            Column("line", "bigint", "", "1 for the first product of the order"),
            OCCURRED_AT,
            DAY,
            Column("product", "text", "", "Id of the product"),
            Column("category", "text", "", ""),
            Column("department", "text", "", ""),
            Column("brand", "text", "", ""),
            QUANTITY,
            REVENUE,
            DISCOUNT,
            COUPON,
            STORE,
            CHANNEL,
        ),
        lake=SQL.order_lines,
    ),
)
VIEW_BY_NAME = {view.name: view for view in VIEWS}
