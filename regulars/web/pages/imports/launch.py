"""An import runs in a process of its own: it must not slow the pages, and lives on when they are restarted."""

from __future__ import annotations

import os
import subprocess
import sys
import threading

from regulars import collect
from regulars.app import App
from regulars.kit.errors import InputRefused
from regulars.kit.settings import variables

AT_ONCE_MAX = 2


def carry(app: App, run: int) -> None:
    """Start the process that carries this import. Raises InputRefused where AT_ONCE_MAX are being carried."""
    with app.transaction() as inside:
        going = sum(one.state == "running" for one in collect.list_imports(inside))
    if going >= AT_ONCE_MAX:
        raise InputRefused(
            f"{going} imports are running, and {AT_ONCE_MAX} at once are enough for this machine",
            "Wait for one of them to end and press Resume; nothing is lost",
        )
    process = subprocess.Popen(
        [sys.executable, "-m", "regulars", "import", "resume", str(run), "--json"],
        env=os.environ | variables(app.settings),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    # Nobody needs its answer, the database has it; but a process that nobody waits for stays in the table of processes.
    threading.Thread(target=process.wait, name="import-ended", daemon=True).start()
