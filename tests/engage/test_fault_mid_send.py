"""Fault F2: the sending process is killed with -9 in the middle, over and over: nobody mailed twice, nobody lost."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Generator
from pathlib import Path

import pytest

from regulars.app import App
from regulars.engage import catcher
from tests.engage.people import add_people, intent, states, wish

KILLS = int(os.environ.get("REGULARS_TEST_KILLS", "5"))
PEOPLE = 30 * (KILLS + 1)
# Two kills come within forty mails.
PEOPLE_OF_CONTROL = 60
WAIT_SECONDS = 120
ROOT = Path(__file__).parents[2]


@pytest.fixture
def mail_server(app: App) -> Generator[str, None, None]:
    """Port of a catcher in a process of its own, so that killing the sender leaves it alone."""
    folder = catcher.folder_of(app.settings)
    code = "from regulars.engage import catcher; catcher.main()"
    process = subprocess.Popen(
        [sys.executable, "-c", code, "--folder", str(folder), "--port", "0"],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    assert process.stdout is not None
    with process, process.stdout as output:
        try:
            yield output.readline().strip()
        finally:
            process.kill()


def send_with_kills(app: App, port: str, policy: str, kills: int) -> Counter[str]:
    """Mail everybody with `kills` kills on the way; gives how many files each message became."""
    folder = catcher.folder_of(app.settings)
    command = [sys.executable, "-m", "tests.engage.sender", app.settings.database_url, app.settings.home, port, policy]
    dice = random.Random(7)
    for _ in range(kills):
        had = len(list(folder.glob("*.eml")))
        sender = subprocess.Popen(command, cwd=ROOT)
        goal = had + dice.randint(3, 20)
        deadline = time.monotonic() + WAIT_SECONDS
        while len(list(folder.glob("*.eml"))) < goal and sender.poll() is None and time.monotonic() < deadline:
            time.sleep(0.005)
        assert sender.poll() is None, "the sender ended before it could be killed"
        sender.kill()
        sender.wait()
    subprocess.run(command, cwd=ROOT, check=True, timeout=WAIT_SECONDS)
    return Counter(file.name.partition("-")[0] for file in folder.glob("*.eml"))


def test_kills_in_the_middle_of_sending_neither_double_nor_lose_a_mail(app: App, mail_server: str) -> None:
    wish(app, *(intent(customer) for customer in add_people(app, PEOPLE)))

    mails = send_with_kills(app, mail_server, "ours", KILLS)

    assert len(mails) == PEOPLE, "lost"
    assert set(mails.values()) == {1}, "doubled"
    assert {state for state, _ in states(app).values()} == {"sent"}


def test_the_control_that_marks_after_sending_is_caught_doubling(app: App, mail_server: str) -> None:
    wish(app, *(intent(customer) for customer in add_people(app, PEOPLE_OF_CONTROL)))

    mails = send_with_kills(app, mail_server, "naive", 2)

    assert max(mails.values()) > 1


def test_without_a_record_to_ask_an_interrupted_mail_is_unknown_and_never_sent_again(app: App) -> None:
    from regulars.engage.deliver import reconcile, take

    wish(app, *(intent(customer) for customer in add_people(app, 3)))
    take(app, "email", 77, 2)  # a sender without a lock: dead

    assert reconcile(app, quiet_seconds=3600) == Counter()
    assert reconcile(app, quiet_seconds=0) == Counter(unknown=2)
    assert sorted(state for state, _ in states(app).values()) == ["ready", "unknown", "unknown"]
    assert reconcile(app, quiet_seconds=0) == Counter()
