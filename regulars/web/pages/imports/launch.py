"""An import runs in a process of its own: it must not slow the pages, and lives on when they are restarted."""

from __future__ import annotations

import os
import subprocess
import sys
import threading

from regulars import collect
from regulars.app import App
from regulars.kit.settings import variables


def carry(app: App, run: int) -> None:
    """Start the process that carries this import. Raises ImportRefused, as `collect.launch_import` does."""
    with app.transaction() as inside:
        collect.launch_import(inside, run)
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
