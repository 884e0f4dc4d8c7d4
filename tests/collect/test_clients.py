"""The vendors' own client libraries deliver to us exactly once."""

import rudderstack.analytics as rudder
import segment.analytics as segment

from regulars.app import App
from tests.collect.door_server import Door

EVENTS = 250


def stored(app: App) -> list[tuple[str, str, int]]:
    with app.transaction() as inside:
        return inside.db.execute(
            "select kind, body->>'userId', count(*) from journal group by 1, 2 order by 1, 2"
        ).fetchall()


def test_segments_python_client_delivers_exactly_once(app: App, door: Door, write_key: str) -> None:
    for packed in (False, True):
        client = segment.Client(write_key, host=door.url, gzip=packed, sync_mode=False)
        for number in range(EVENTS):
            client.track(f"ann-{packed}", "Order Completed", {"revenue": number / 100})
        client.identify(f"ann-{packed}", {"email": "ann@example.com"})
        client.flush()
        client.join()

    assert stored(app) == [
        ("identify", "ann-False", 1),
        ("identify", "ann-True", 1),
        ("track", "ann-False", EVENTS),
        ("track", "ann-True", EVENTS),
    ]


def test_rudderstacks_python_client_delivers_exactly_once(app: App, door: Door, write_key: str) -> None:
    client = rudder.Client(write_key, host=door.url)
    for number in range(EVENTS):
        client.track("bob", "Order Completed", {"revenue": number / 100})
    client.identify("bob", {"email": "bob@example.com"})
    client.flush()
    client.join()

    assert stored(app) == [("identify", "bob", 1), ("track", "bob", EVENTS)]
