"""Snowplow's trackers, by POST of many events and by GET of one.

Many to `/com.snowplowanalytics.snowplow/tp2`, one as an address, `/i?e=pv&…`. Trackers have no place for a key but
the app id: `aid` is the write key, unless the request carries one elsewhere.

    e=pv  page view          a page              e=se  structured          a track event named by its action
    e=pp  page ping          track "Page Ping"   e=ue  self-describing     a track event named by its schema
    e=tr  transaction        Order Completed     e=ti  transaction item    track "Transaction Item"

The e-commerce schemas become the standard events with their products. Who: `uid` is the login; the cookie is `duid`,
else the network's, else the mobile session's user. When: `dtm` repaired by `stm`; `ttm`, where it is sent, is true.
"""

import base64
import binascii
import re
from typing import Any, NamedTuple, cast
from urllib.parse import parse_qsl

from regulars.collect.errors import RequestUnreadable
from regulars.collect.http import wire
from regulars.collect.wires import Request, Takes, Wire, wires
from regulars.collect.wires.pixel import GIF

FIELDS_MAX = 200
MILLISECONDS = re.compile("[0-9]{1,15}")
Fields = dict[str, Any]

# Field of the protocol -> place in our message.
CONTEXT = {
    "ip": ("ip",),
    "ua": ("userAgent",),
    "lang": ("locale",),
    "tz": ("timezone",),
    "tv": ("library", "version"),
    "url": ("page", "url"),
    "page": ("page", "title"),
    "refr": ("page", "referrer"),
    "p": ("snowplow", "platform"),
    "aid": ("app", "name"),
    "tna": ("snowplow", "tracker"),
    "sid": ("snowplow", "session_id"),
    "vid": ("snowplow", "session_index"),
    "res": ("snowplow", "screen"),
    "vp": ("snowplow", "viewport"),
}
PROPERTIES = {
    "pv": {"url": "url", "page": "title", "refr": "referrer"},
    "pp": {"url": "url", "page": "title", "pp_mix": "min_x", "pp_max": "max_x", "pp_miy": "min_y", "pp_may": "max_y"},
    "se": {"se_ca": "category", "se_la": "label", "se_pr": "property", "se_va": "value"},
    "tr": {
        "tr_id": "order_id",
        "tr_tt": "total",
        "tr_tx": "tax",
        "tr_sh": "shipping",
        "tr_cu": "currency",
        "tr_af": "affiliation",
        "tr_ci": "city",
        "tr_st": "state",
        "tr_co": "country",
    },
    "ti": {
        "ti_id": "order_id",
        "ti_sk": "product_id",
        "ti_nm": "name",
        "ti_ca": "category",
        "ti_pr": "price",
        "ti_qu": "quantity",
        "ti_cu": "currency",
    },
}
NAMES = {"pp": "Page Ping", "tr": "Order Completed", "ti": "Transaction Item"}
# What the e-commerce schemas call it -> the standard event.
ACTIONS = {
    "product_view": "Product Viewed",
    "list_view": "Product List Viewed",
    "list_click": "Product Clicked",
    "add_to_cart": "Product Added",
    "remove_from_cart": "Product Removed",
    "checkout_step": "Checkout Step Viewed",
    "transaction": "Order Completed",
    "refund": "Order Refunded",
    "promo_view": "Promotion Viewed",
    "promo_click": "Promotion Clicked",
}
ECOMMERCE = "snowplow_ecommerce_action"
# Entity that says what the action was about -> how its fields are called in the standard events.
ENTITIES = {
    "transaction": {"transaction_id": "order_id", "discount_amount": "discount", "discount_code": "coupon"},
    "refund": {"transaction_id": "order_id", "refund_amount": "revenue", "refund_reason": "reason"},
    "promotion": {"id": "promotion_id"},
    "checkout_step": {},
    "cart": {},
}
PRODUCT = {"id": "product_id"}
# Events of one product say it of themselves, the others have a list of them.
LISTING = frozenset({"Product List Viewed", "Order Completed", "Order Refunded", "Checkout Step Viewed"})


class Described(NamedTuple):
    """Self-describing data."""

    name: str
    """The second part of `iglu:vendor/name/format/version`."""
    schema: str
    data: Fields


class _Unread(Exception):
    """An event that is none, or says what cannot be read."""


def read(request: Request) -> wire.Delivery:
    """The messages of one request. Raises RequestUnreadable."""
    events = _events(request)
    if wire.key(wire.headers(request.headers), None, request.query):
        return wire.delivery([message(event) for event in events])
    keys = {aid for event in events if isinstance(aid := _object(event).get("aid"), str)}
    if len(keys) > 1:
        raise RequestUnreadable("The events have two app ids", "Send the write key as the app id of all of them")
    # Nobody finds the key in what is stored.
    nameless = [{**cast(Fields, event), "aid": None} if isinstance(event, dict) else event for event in events]
    return wire.delivery([message(event) for event in nameless], write_key=next(iter(keys), None))


def _events(request: Request) -> list[object]:
    if request.method == "GET":
        try:
            return [dict(parse_qsl(request.query.decode(), max_num_fields=FIELDS_MAX))]
        except ValueError:
            fix = f"Send at most {FIELDS_MAX} fields in UTF-8"
            raise RequestUnreadable("The address cannot be read", fix) from None
    data = _object(wire.decoded(request.body)).get("data")
    if not isinstance(data, list):
        raise RequestUnreadable("The body has no list named data", "Send payload_data as trackers do")
    return cast(list[object], data)


def message(event: object) -> object:
    """The message that says what this event says; what cannot be read stays as it is, for the door to refuse."""
    if not isinstance(event, dict):
        return event
    fields = cast(Fields, event)
    try:
        entities = _entities(fields)
        made = _made(fields, entities)
    except _Unread:
        return {**fields, "type": fields.get("e"), "messageId": fields.get("eid")}
    sessions = [entity.data.get("userId") for entity in entities if entity.name == "client_session"]
    cookies = (fields.get("duid"), fields.get("nuid"), fields.get("tnuid"), *sessions)
    true_time = fields.get("ttm")
    return made | {
        "messageId": fields.get("eid"),
        "userId": fields.get("uid"),
        "anonymousId": next((cookie for cookie in cookies if cookie), None),
        "timestamp": _milliseconds(true_time or fields.get("dtm")),
        "sentAt": None if true_time else _milliseconds(fields.get("stm")),
        "context": _context(fields, entities),
    }


def _made(fields: Fields, entities: list[Described]) -> Fields:
    """Type, name and properties. Raises _Unread."""
    kind = fields.get("e")
    if kind == "ue":
        return _self_described(fields, entities)
    if not isinstance(kind, str) or kind not in PROPERTIES:
        raise _Unread
    properties = {name: fields[field] for field, name in PROPERTIES[kind].items() if field in fields}
    if kind == "pv":
        return {"type": "page", "name": fields.get("page"), "properties": properties}
    return {"type": "track", "event": NAMES.get(kind, fields.get("se_ac")), "properties": properties}


def _self_described(fields: Fields, entities: list[Described]) -> Fields:
    outer = _json(fields, "ue_pr", "ue_px")
    inner = _described(_object(outer).get("data"))
    if inner.name == "screen_view":
        return {"type": "screen", "name": inner.data.get("name"), "properties": inner.data}
    if inner.name == ECOMMERCE and (name := ACTIONS.get(str(inner.data.get("type")))):
        return {"type": "track", "event": name, "properties": _bought(name, inner.data, entities)}
    return {"type": "track", "event": inner.name, "properties": inner.data}


def _bought(name: str, action: Fields, entities: list[Described]) -> Fields:
    """Properties of a standard e-commerce event, from the entities beside the action."""
    properties = {"list": list_name} if (list_name := action.get("name")) else {}
    for entity in entities:
        if entity.name in ENTITIES:
            properties |= _renamed(entity.data, ENTITIES[entity.name])
    products = [_renamed(entity.data, PRODUCT) for entity in entities if entity.name == "product"]
    if name in LISTING or len(products) > 1:
        return properties | {"products": products} if products else properties
    return properties | (products[0] if products else {})


def _entities(fields: Fields) -> list[Described]:
    """What stands beside the event. Raises _Unread."""
    if "co" not in fields and "cx" not in fields:
        return []
    listed = _object(_json(fields, "co", "cx")).get("data")
    if not isinstance(listed, list):
        raise _Unread
    return [_described(each) for each in cast(list[object], listed)]


def _described(value: object) -> Described:
    given = _object(value)
    schema, data = given.get("schema"), given.get("data")
    parts = schema.split("/") if isinstance(schema, str) else []
    if len(parts) < 2 or not isinstance(data, dict):
        raise _Unread
    return Described(parts[1], cast(str, schema), cast(Fields, data))


def _json(fields: Fields, plain: str, packed: str) -> object:
    """The JSON of a field that comes as it is or in base64. Raises _Unread."""
    text = fields.get(plain) or fields.get(packed)
    if not isinstance(text, str):
        raise _Unread
    raw = text.encode("utf-8", "backslashreplace")
    try:
        return wire.decoded(raw if fields.get(plain) else base64.urlsafe_b64decode(raw + b"=="))
    except (RequestUnreadable, binascii.Error):
        raise _Unread from None


def _context(fields: Fields, entities: list[Described]) -> Fields:
    context: Fields = {}
    for field, (*way, last) in CONTEXT.items():
        if fields.get(field) is None:
            continue
        place = context
        for step in way:
            place = place.setdefault(step, {})
        place[last] = fields[field]
    if entities:
        listed = [{"schema": entity.schema, "data": entity.data} for entity in entities]
        context.setdefault("snowplow", {})["entities"] = listed
    return context


def _renamed(given: Fields, names: dict[str, str]) -> Fields:
    return {names.get(key, key): value for key, value in given.items()}


def _milliseconds(value: object) -> object:
    """A time as trackers write it, milliseconds as text; anything else as it is, for the door to judge."""
    return int(value) if isinstance(value, str) and MILLISECONDS.fullmatch(value) else value


def _object(value: object) -> Fields:
    return cast(Fields, value) if isinstance(value, dict) else {}


PAYLOAD: dict[str, Any] = {
    "type": "object",
    "required": ["schema", "data"],
    "properties": {
        "schema": {"type": "string"},
        "data": {"type": "array", "items": {"type": "object", "additionalProperties": {"type": "string"}}},
    },
}
ASKED = ("e", "aid", "eid", "uid", "duid", "dtm", "stm", "url", "page", "se_ca", "se_ac", "ue_pr", "ue_px", "co", "cx")
TAKES = Takes("Take what Snowplow's trackers send.", query=ASKED, content=(("application/json", PAYLOAD),))
# The picture is what pages wait for that send by address: on anything else they would send again.
wires.add("snowplow")(
    Wire(paths=("/com.snowplowanalytics.snowplow/tp2",), methods=("POST", "GET"), read=read, takes=TAKES)
)
wires.add("snowplow_pixel")(Wire(paths=("/i",), methods=("GET",), read=read, answer=(b"image/gif", GIF), takes=TAKES))
