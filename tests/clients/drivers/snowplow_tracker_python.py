"""Drives Snowplow's tracker for Python: `snowplow_tracker_python.py JOBS`. The write key is the app id."""

import json
import logging
import sys
import threading
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from loads import HEAVY_EVENTS, MANY_EVENTS, numbered
from snowplow_tracker import (
    Emitter,
    PageView,
    ScreenView,
    SelfDescribing,
    SelfDescribingJson,
    StructuredEvent,
    Subject,
    Tracker,
)
from snowplow_tracker.events import Event

Job = dict[str, Any]
SHOP = "iglu:example.shop/{}/jsonschema/1-0-0"
ECOMMERCE = "iglu:com.snowplowanalytics.snowplow.ecommerce/{}/jsonschema/1-0-0"
# Base64 makes a third more of each of the heavy ones.
BATCH = {"heavy": HEAVY_EVENTS * 3 // 4, "many": MANY_EVENTS}
FLUSHED_SECONDS = 0.1


def verbs(tracker: Tracker) -> None:
    tracker.track(PageView("https://shop.example/", "Home"))
    tracker.track(ScreenView(name="Start", id_="s-1"))
    tracker.track(StructuredEvent(category="shop", action="add-to-basket", label="soap", property_="sku-1", value=3))
    tracker.track(SelfDescribing(SelfDescribingJson(SHOP.format("coupon_seen"), {"n": 4})))
    bought = [
        SelfDescribingJson(
            ECOMMERCE.format("transaction"), {"transaction_id": "o-1", "revenue": 19.9, "currency": "USD"}
        ),
        SelfDescribingJson(ECOMMERCE.format("product"), {"id": "42", "category": "SOAP", "price": 19.9, "quantity": 1}),
    ]
    action = SelfDescribingJson(ECOMMERCE.format("snowplow_ecommerce_action"), {"type": "transaction"})
    tracker.track(SelfDescribing(action, context=bought))
    old = Event()
    for field, value in {"e": "tr", "tr_id": "o-2", "tr_tt": "8.50", "tr_cu": "USD"}.items():
        old.payload.add(field, value)
    tracker.track(old)
    item = Event()
    for field, value in {"e": "ti", "ti_id": "o-2", "ti_sk": "7", "ti_pr": "8.50", "ti_qu": "1"}.items():
        item.payload.add(field, value)
    tracker.track(item)


def drive(job: Job) -> None:
    address = urlsplit(job["url"])
    assert address.hostname
    emitter = Emitter(
        address.hostname,
        protocol="http",
        port=address.port,
        method="get" if job["way"] == "address" else "post",
        batch_size=BATCH.get(job["load"]),
    )
    tracker = Tracker("till", emitter, subject=Subject().set_user_id(job["user"]), app_id=job["key"])
    if job["load"] == "verbs":
        verbs(tracker)
    else:
        for n, filling in numbered(job["load"]):
            tracker.track(SelfDescribing(SelfDescribingJson(SHOP.format("Seen"), {"n": n, "filling": filling})))
    tracker.flush()
    # What failed is sent again by a timer of the emitter's own.
    while emitter.event_store.size() or emitter.retry_timer.is_active():
        time.sleep(FLUSHED_SECONDS)


def main() -> None:
    logging.getLogger("snowplow_tracker").setLevel(logging.ERROR)
    logging.getLogger("snowplow_tracker.emitters").setLevel(logging.ERROR)
    drives = [threading.Thread(target=drive, args=(job,)) for job in json.loads(Path(sys.argv[1]).read_text())]
    for each in drives:
        each.start()
    for each in drives:
        each.join()
    print(json.dumps({"version": version("snowplow-tracker"), "said": {}}))


main()
