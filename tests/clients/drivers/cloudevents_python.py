"""Drives the CloudEvents library: `cloudevents_python.py JOBS`. It makes requests and does not send them, so this does.

Like every sender of the standard it sends again whatever was not answered with a 2xx, after `Retry-After` if told.
"""

import json
import sys
import threading
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import httpx
from cloudevents.core.bindings.http import HTTPMessage, to_binary_event, to_structured_event
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from loads import numbered

Job = dict[str, Any]
TRIES = 10
PAUSE_SECONDS = 0.3


def event(user: str, kind: str, data: Job, number: object) -> CloudEvent:
    attributes = {"type": kind, "source": f"//till.example/{user}", "id": str(number), "userid": user}
    return CloudEvent(attributes | {"datacontenttype": "application/json"}, data)


def batch(events: list[CloudEvent]) -> HTTPMessage:
    """Batch mode, which the library leaves to its users."""
    written = b",".join(JSONFormat().write(each) for each in events)
    return HTTPMessage({"content-type": "application/cloudevents-batch+json"}, b"[" + written + b"]")


def messages(job: Job) -> list[HTTPMessage]:
    user = job["user"]
    if job["load"] == "verbs":
        return [
            to_structured_event(event(user, "Structured", {"n": 1}, 1)),
            to_binary_event(event(user, "Binary", {"n": 2}, 2)),
            batch([event(user, "Batched", {"n": 3}, 3)]),
            to_structured_event(event(user, "identify", {"traits": {"n": 4, "email": f"{user}@example.com"}}, 4)),
        ]
    events = [event(user, "Seen", {"n": n, "filling": filling}, n) for n, filling in numbered(job["load"])]
    return [batch(events)]


def send(client: httpx.Client, job: Job, message: HTTPMessage) -> None:
    for _ in range(TRIES):
        try:
            answer = client.post(
                f"{job['url']}/v1/cloudevents?writeKey={job['key']}", headers=message.headers, content=message.body
            )
        except httpx.TransportError:
            time.sleep(PAUSE_SECONDS)
            continue
        if answer.is_success:
            return
        time.sleep(float(answer.headers.get("retry-after", PAUSE_SECONDS)))


def drive(job: Job) -> None:
    with httpx.Client(timeout=30) as client:
        for message in messages(job):
            send(client, job, message)


def main() -> None:
    jobs = json.loads(Path(sys.argv[1]).read_text())
    drives = [threading.Thread(target=drive, args=(job,)) for job in jobs]
    for each in drives:
        each.start()
    for each in drives:
        each.join()
    print(json.dumps({"version": version("cloudevents"), "said": {}}))


main()
