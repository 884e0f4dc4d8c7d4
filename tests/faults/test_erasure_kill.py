"""F20 under F1: an erasure whose worker is killed with -9 at every step, while events of hers stream in."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest

from regulars import analyze, collect, privacy
from regulars.app import App
from regulars.lake import Lake
from regulars.privacy import memory
from tests.engage.town import customer_of, message, order, person, tell
from tests.faults.workers import Workers, workers
from tests.worker.place import drain

# A test run kills a few times; before a release it is REGULARS_TEST_ERASURE_KILLS=200.
KILLS = int(os.environ.get("REGULARS_TEST_ERASURE_KILLS", "3"))
SEED = 20
DONE_SECONDS = 60
# An erasure from the wish to the proof takes a worker about so long here.
ALIVE_SECONDS = 0.9
BETWEEN_EVENTS_SECONDS = 0.05
STEPS = (
    ("when", "regulars.flow.on_erasure"),
    ("after", "regulars.privacy.erase._leave_rooms"),
    ("torn", "regulars.privacy.memory.remember"),
    ("after", "regulars.privacy.memory.remember"),
    ("after", "regulars.collect.follow_in_lake"),
    ("when", "regulars.collect.remove_left"),
    ("after", "regulars.collect.erasure.forget_files"),
    ("after", "regulars.privacy.erase.prove"),
)


@pytest.fixture
def app(app: App) -> App:
    """One whose lake stands where a worker of its settings finds it."""
    analyze.ensure_schema(app)
    return replace(app, lake=Lake(app.settings.home_path / "lake"))


def town(app: App, name: str) -> int:
    """Somebody with a year of her own, in the lake as well; gives her number."""
    at = app.clock.now() - timedelta(days=40)
    tell(app, "shop", [person(name, at), person(f"{name}sfriend", at)])
    tell(app, "shop", [order(name, at + timedelta(days=day), "30.00") for day in (1, 11, 21)])
    tell(app, "shop", [message("page", name, at + timedelta(days=day), name="Menu") for day in range(2, 30)])
    drain(app)
    collect.flush(app)
    return customer_of(app, name)


@contextmanager
def streaming(app: App, name: str) -> Generator[list[int], None, None]:
    """Meanwhile events of before the erasure keep coming, hers and her friend's; gives how many came."""
    end, came = threading.Event(), [0]
    before = app.clock.now() - timedelta(hours=30)

    def send() -> None:
        while not end.wait(BETWEEN_EVENTS_SECONDS):
            at = before + timedelta(seconds=came[0])
            mail = {"traits": {"email": f"{name}@example.com"}}
            tell(app, "shop", [message("page", one, at, name="Late") for one in (name, f"{name}sfriend")])
            tell(app, "shop", [message("identify", name, at, context=mail)])
            came[0] += 1

    sender = threading.Thread(target=send)
    sender.start()
    try:
        yield came
    finally:
        end.set()
        sender.join()


def ask(app: App, customer: int) -> int:
    with app.transaction() as inside:
        return privacy.ask_erasure(inside, customer, "officer", "request 20")


def finish(app: App, source: Workers, id: int) -> privacy.Report:
    """One more worker, until the proof is there."""
    worker = source.start()
    deadline = time.monotonic() + DONE_SECONDS
    while privacy.open_erasures(app):
        assert time.monotonic() < deadline, "the erasure does not come to its end"
        time.sleep(0.05)
    os.kill(worker, signal.SIGTERM)
    # Where the ones before came to the end already, it may be told to go before it listens.
    assert source.ended_by() in (0, signal.SIGTERM)
    with app.transaction() as inside:
        proof = privacy.erasure_proof(inside, id)
    assert proof is not None
    assert proof.is_genuine
    return proof.report


def lines(app: App) -> list[str]:
    """Erasures that the file remembers."""
    texts = memory.file_of(app).read_text().splitlines() if memory.file_of(app).exists() else []
    return [text for text in texts if text.endswith("}")]


def test_a_worker_killed_at_each_step_leaves_an_erasure_that_the_next_one_ends(app: App) -> None:
    id = ask(app, town(app, "ada"))

    with workers(app) as source, streaming(app, "ada") as came:
        for when, place in STEPS:
            source.start(when, place)
            assert source.ended_by() == signal.SIGKILL, place
        report = finish(app, source, id)

    assert (report.hits, report.exceptions, len(lines(app))) == (0, [], 1)
    assert report.spellings
    assert came[0] > len(STEPS)


def test_workers_killed_at_any_instant_prove_each_erasure_once(app: App) -> None:
    id = ask(app, town(app, "berta"))
    chance = random.Random(SEED)

    with workers(app) as source, streaming(app, "berta"):
        for _ in range(KILLS):
            worker = source.start()
            time.sleep(chance.uniform(0.0, ALIVE_SECONDS))
            os.kill(worker, signal.SIGKILL)
            assert source.ended_by() == signal.SIGKILL
        report = finish(app, source, id)

    assert (report.hits, report.exceptions, len(lines(app))) == (0, [], 1)


def test_a_worker_that_says_remembered_too_early_is_found_out(app: App) -> None:
    id = ask(app, town(app, "dora"))

    with workers(app) as source:
        source.start("hasty", "regulars.privacy.memory.remember")
        assert source.ended_by() == signal.SIGKILL
        finish(app, source, id)

    assert lines(app) == []
