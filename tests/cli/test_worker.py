"""The worker as a process of its own."""

import subprocess
import sys

LIVES_AND_ENDS = "import duckdb; from regulars.cli.worker import rest_collector; rest_collector(); duckdb.connect()"


def test_a_process_that_rests_the_collector_ends_without_a_word() -> None:
    ended = subprocess.run([sys.executable, "-c", LIVES_AND_ENDS], capture_output=True, text=True, check=True)

    assert ended.stderr == ""
