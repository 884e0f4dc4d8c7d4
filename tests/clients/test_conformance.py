"""The vendors' own clients, unmodified but for the host, deliver every event into the journal exactly once."""

import gzip
import json
import signal
from pathlib import Path

import pytest

from tests.clients.conftest import opened, runs_of
from tests.clients.fleet import CLIENTS, Client, Run, go
from tests.clients.line import Line, Seen
from tests.collect.door_server import DoorServer

Fleet = dict[tuple[Client, str], Run]
HEAVY_BYTES = 400_000
PACKING = [client for client in CLIENTS if "packed" in client.more]
ADDRESSING = [client for client in CLIENTS if "address" in client.more]
# Two gateways that must be found out: one forgets which message it was, one says yes and writes when it is too late.
FORGETFUL = """
from importlib import import_module
from regulars.collect.http import alone

intake = import_module("regulars.collect.http.intake")
honest = intake.admit

def forgetful(message, arrival):
    return honest({key: value for key, value in message.items() if key != "messageId"}, arrival)

intake.admit = forgetful
alone.main()
"""
HASTY = """
import asyncio
from regulars.collect.http import alone, writer
from regulars.collect.http.writer import Counts

def hasty(self, entries, rejected, tell):
    asyncio.get_running_loop().call_soon(tell, Counts(len(entries), 0, len(rejected)))

writer.GroupCommit.submit = hasty
alone.main()
"""


def label(client: Client) -> str:
    return f"{client.name} {client.version}"


def text_of(seen: Seen) -> str:
    return (gzip.decompress(seen.body) if seen.is_packed else seen.body).decode()


every_client = pytest.mark.parametrize("client", CLIENTS, ids=label)


@every_client
def test_each_event_a_client_knows_of_arrives_exactly_once(fleet: Fleet, client: Client) -> None:
    run = fleet[client, "plain"]

    assert run.is_exactly_once, run.difference()
    assert run.version == client.version
    assert run.refused == []


@every_client
def test_an_answer_lost_after_our_commit_is_asked_for_again_and_nothing_counts_twice(
    fleet: Fleet, client: Client
) -> None:
    run = fleet[client, "severed"]

    lost = [each for each in run.line.deliveries if each.status == 0]
    again = [each for each in run.line.deliveries if each.status == 200 and each.path == lost[0].path]
    assert (len(lost), len(again) >= 1) == (1, True)
    assert run.is_exactly_once, run.difference()
    assert run.refused == []


@every_client
@pytest.mark.parametrize(("way", "status"), [("failed", 500), ("busy", 429)])
def test_what_we_could_not_take_comes_again_and_arrives_once(
    fleet: Fleet, client: Client, way: str, status: int
) -> None:
    run = fleet[client, way]

    assert [each.status for each in run.line.deliveries].count(status) == 1
    assert run.is_exactly_once, run.difference()


@pytest.mark.parametrize("client", PACKING, ids=label)
def test_what_a_client_packs_with_gzip_arrives_once(fleet: Fleet, client: Client) -> None:
    run = fleet[client, "packed"]

    assert all(each.is_packed for each in run.line.deliveries)
    assert run.is_exactly_once, run.difference()


@pytest.mark.parametrize("client", ADDRESSING, ids=label)
def test_what_a_client_sends_as_addresses_of_pictures_arrives_once(fleet: Fleet, client: Client) -> None:
    run = fleet[client, "address"]

    assert {each.method for each in run.line.seen} == {"GET"}
    assert run.is_exactly_once, run.difference()


@every_client
def test_a_message_of_31_kib_arrives_once(fleet: Fleet, client: Client) -> None:
    run = fleet[client, "large"]

    assert run.is_exactly_once, run.difference()


@pytest.mark.parametrize("client", [client for client in CLIENTS if client.refuses_large], ids=label)
def test_a_message_over_32_kib_is_refused_by_the_client_itself(fleet: Fleet, client: Client) -> None:
    run = fleet[client, "large"]

    assert "exceeds" in run.said
    assert run.refused == []


@pytest.mark.parametrize("client", [client for client in CLIENTS if not client.refuses_large], ids=label)
def test_a_message_over_32_kib_that_a_client_sends_is_refused_by_us_with_the_reason(
    fleet: Fleet, client: Client
) -> None:
    run = fleet[client, "large"]

    assert run.refused == ["RG-1106"]


@every_client
def test_a_request_of_almost_500_kb_arrives_once(fleet: Fleet, client: Client) -> None:
    run = fleet[client, "heavy"]

    assert max(len(text_of(each)) for each in run.line.deliveries) > HEAVY_BYTES
    assert run.is_exactly_once, run.difference()


@every_client
def test_2500_events_sent_at_once_arrive_once(fleet: Fleet, client: Client) -> None:
    run = fleet[client, "many"]

    assert run.is_exactly_once, run.difference()


def test_keys_arrive_in_the_header_the_body_or_both_as_each_version_sends_them(fleet: Fleet) -> None:
    places: dict[str, tuple[bool, bool]] = {}
    for client in CLIENTS[:3]:
        seen = fleet[client, "plain"].line.deliveries[0]
        places[client.version] = ("authorization" in seen.headers, "writeKey" in json.loads(text_of(seen)))

    assert places == {"2.4.0": (True, True), "2.3.2": (False, True), "2.2.3": (True, False)}


@pytest.mark.parametrize("client", [client for client in CLIENTS if client.kind == "web"], ids=label)
def test_a_browser_asks_for_leave_before_it_sends_and_before_it_sends_again(fleet: Fleet, client: Client) -> None:
    run = fleet[client, "failed"]

    for path in {each.path for each in run.line.deliveries}:
        methods = [each.method for each in run.line.seen if each.path == path]
        assert methods[0] == "OPTIONS"
        assert "POST" in methods
    assert any("origin" in each.headers for each in run.line.deliveries)


@pytest.mark.parametrize(
    ("program", "way", "found_out"), [(FORGETFUL, "severed", "too often"), (HASTY, "plain", "lost")]
)
def test_a_gateway_that_counts_twice_or_promises_what_it_has_not_written_is_found_out(
    database_url: str, tmp_path: Path, program: str, way: str, found_out: str
) -> None:
    client = CLIENTS[0]
    app = opened(database_url, tmp_path / "home")
    server = DoorServer(database_url, str(tmp_path / "home"), ["-c", program])
    server.start()
    with Line(server.port) as line:
        runs = runs_of(client, [way], app, line)

        go([(client, runs)], database_url, tmp_path)
    server.kill(signal.SIGKILL)
    app.store.pool.close()

    assert runs[0].line.deliveries[-1].status == 200
    assert not runs[0].is_exactly_once
    assert f"{found_out} {{}}" not in runs[0].difference()
