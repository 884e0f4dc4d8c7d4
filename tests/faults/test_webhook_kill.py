"""F1 for vendors' deliveries: the API is killed with -9 while they come; what it acknowledged is kept, exactly once."""

import threading
import time
from importlib import import_module
from types import ModuleType

import httpx
import pytest

from regulars import collect
from regulars.app import App
from regulars.collect.hooks import Hooks
from regulars.collect.wires import Request
from tests.collect.door_server import DoorServer
from tests.collect.vendors import SECRET, SHOPIFY_ORDER, changed, headers, raw

KILLS = 2
SENDERS = 3
BETWEEN_KILLS_SECONDS = 0.8
# The negative control: says yes first and keeps the delivery later.
BROKEN = """
import threading
from dataclasses import replace
from regulars.collect import hooks
from regulars.collect.http import alone

honest = hooks._keep

def hasty(app, hook, posted):
    def later():
        with app.store.transaction() as connection:
            honest(replace(app, connection=connection), hook, posted)
    threading.Timer(0.3, later).start()

hooks._keep = hasty
alone.main()
"""


def send(server: DoorServer, name: str, end: threading.Event, acknowledged: list[str]) -> None:
    """Deliveries one by one, each again until it is acknowledged, as a vendor does within hours."""
    number = 0
    with httpx.Client(timeout=5) as client:
        while not end.is_set():
            delivery, content = f"{name}-{number}", changed(SHOPIFY_ORDER, id=number, name=name)
            sent = headers("shopify", "orders/create", content, delivery=delivery)
            try:
                answer = client.post(f"{server.url}/hooks/shop", content=raw(content), headers=sent)
            except httpx.TransportError:
                time.sleep(0.05)
                continue
            if answer.status_code == 200:
                acknowledged.append(delivery)
                number += 1


def deliver_and_kill(app: App, program: list[str] | None = None) -> tuple[list[str], list[str]]:
    """Deliveries acknowledged, and those that are kept."""
    with app.transaction() as inside:
        collect.add_webhook(inside, "shopify", "shop", SECRET)
    server, end, acknowledged = DoorServer(app.settings.database_url, app.settings.home, program), threading.Event(), []
    senders = [threading.Thread(target=send, args=(server, f"sender{n}", end, acknowledged)) for n in range(SENDERS)]
    with server.running():
        for sender in senders:
            sender.start()
        for _ in range(KILLS - 1):
            time.sleep(BETWEEN_KILLS_SECONDS)
            server.kill()
            server.start()
        time.sleep(BETWEEN_KILLS_SECONDS)
        server.kill()
        end.set()
        for sender in senders:
            sender.join()
    with app.transaction() as inside:
        kept = [row[0] for row in inside.db.execute("select delivery_id from delivery")]
    return acknowledged, kept


def test_every_acknowledged_delivery_is_kept_once(app: App) -> None:
    acknowledged, kept = deliver_and_kill(app)

    assert len(acknowledged) > KILLS
    assert set(acknowledged) <= set(kept)
    assert len(set(kept)) == len(kept)


def test_a_door_that_says_yes_too_early_is_found_out(app: App) -> None:
    acknowledged, kept = deliver_and_kill(app, ["-c", BROKEN])

    assert set(acknowledged) - set(kept)


@pytest.mark.parametrize("stage", ["append", "told", "settled"])
def test_a_mapper_that_dies_on_its_way_leaves_everything_to_the_next_one(
    app: App, monkeypatch: pytest.MonkeyPatch, stage: str
) -> None:
    deliveries = import_module("regulars.collect.deliveries")
    with app.transaction() as inside:
        collect.add_webhook(inside, "shopify", "shop", SECRET)
    sent = headers("shopify", "orders/create", SHOPIFY_ORDER)
    given = [(name.lower().encode(), value.encode()) for name, value in sent.items()]
    Hooks()(app, "shop", Request("POST", "", b"", given, raw(SHOPIFY_ORDER)))

    with monkeypatch.context() as dying:
        die_at(dying, deliveries, stage)
        with pytest.raises(SystemExit):
            collect.map_deliveries(app)
    with app.transaction() as inside:
        between = inside.db.execute("select (select count(*) from journal), (select state from delivery)").fetchone()
    collect.map_deliveries(app)

    assert between == (0, "waiting")
    with app.transaction() as inside:
        after = inside.db.execute("select (select count(*) from journal), (select state from delivery)").fetchone()
    assert after == (1, "mapped")


def die_at(dying: pytest.MonkeyPatch, deliveries: ModuleType, stage: str) -> None:
    """End in the middle of a step: before it appends, when it says who told what, or after all of it."""
    if stage == "settled":
        honest = deliveries.store

        def late(*given: object) -> None:
            honest(*given)
            raise SystemExit

        dying.setattr(deliveries, "store", late)
        return

    def die(*given: object) -> None:
        raise SystemExit

    dying.setattr(deliveries, {"append": "append", "told": "_columns"}[stage], die)
