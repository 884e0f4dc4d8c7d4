"""Drives a Python client of Segment's shape: `segment_shaped.py MODULE JOBS`. One client object a job, all at once."""

import importlib
import json
import sys
import threading
from pathlib import Path
from typing import Any

from loads import HEAVY_EVENTS, MANY_EVENTS, numbered

Job = dict[str, Any]


def verbs(client: Any, user: str) -> None:
    client.identify(user, {"n": 1, "email": f"{user}@example.com"})
    client.track(user, "Order Completed", {"n": 2, "revenue": 19.9})
    client.page(user, "Shop", "Home", {"n": 3})
    client.screen(user, "App", "Start", {"n": 4})
    client.group(user, "club", {"n": 5})
    client.alias(f"before-{user}", user)


def events(client: Any, user: str, load: str) -> str:
    """What the client itself said against one of them."""
    said = ""
    for n, filling in numbered(load):
        try:
            client.track(user, "Seen", {"n": n, "filling": filling})
        except RuntimeError as refusal:
            said = str(refusal.args[0])
    return said


def drive(library: Any, job: Job, said: dict[str, str]) -> None:
    options: Job = {"gzip": True} if job["way"] == "packed" else {}
    if job["load"] in ("heavy", "many"):
        # As many in one request as the client ever puts there.
        options |= {"upload_size": MANY_EVENTS if job["load"] == "many" else HEAVY_EVENTS, "upload_interval": 3}
    client = library.Client(job["key"], host=job["url"], **options)
    said[job["way"]] = ""
    if job["load"] == "verbs":
        verbs(client, job["user"])
    else:
        said[job["way"]] = events(client, job["user"], job["load"])
    client.flush()
    client.join()


def main() -> None:
    library = importlib.import_module(sys.argv[1])
    version = importlib.import_module(f"{sys.argv[1]}.version").VERSION
    said: dict[str, str] = {}
    drives = [
        threading.Thread(target=drive, args=(library, job, said)) for job in json.loads(Path(sys.argv[2]).read_text())
    ]
    for each in drives:
        each.start()
    for each in drives:
        each.join()
    print(json.dumps({"version": version, "said": said}))


main()
