"""The gateway alone in a process: `python -m regulars.collect.http.alone [PORT [PROCESSES]]`, for benches, fault tests
and installations of many processes. Prints one JSON line with its port once it takes events. Settings come from
REGULARS_* as everywhere. PROCESSES says how many share the port: start as many; each takes its share of every key's
rate.
"""

import asyncio
import atexit
import gc
import json
import signal
import socket
import sys
from types import FrameType
from typing import cast

import uvicorn

from regulars.app import App, open_app
from regulars.collect.http.express import Lane, listener
from regulars.collect.http.gateway import gateway
from regulars.kit import logging
from regulars.kit.settings import load

# Reading requests and writing groups share one interpreter: at the usual 5 ms a group would wait longer for its turn
# than for the disk.
SWITCH_SECONDS = 0.0005
# Decoded events are trees without cycles: looking for cycles at every 700th object finds nothing.
GARBAGE_THRESHOLD = 20_000


def serve(app: App, listening: socket.socket, processes: int) -> None:
    """Take events on this socket until told to stop (SIGTERM, SIGINT); what waits is written first."""
    door = gateway(app, processes=processes)
    uvicorn.Server(
        uvicorn.Config(
            door,
            http=cast(type[asyncio.Protocol], Lane(door)),
            loop="uvloop",
            lifespan="on",
            access_log=False,
            proxy_headers=False,
            log_level="warning",
            server_header=False,
            date_header=False,
        )
    ).run(sockets=[listening])


def end(number: int, frame: FrameType | None) -> None:
    """Leave by way of every `finally`."""
    sys.exit(0)


def main() -> None:
    """Open the installation, listen, say where, serve."""
    # uvicorn repeats the signal that stopped it once it is done; by default that would end us before we clean up.
    for stopping in (signal.SIGTERM, signal.SIGINT):
        signal.signal(stopping, end)
    sys.setswitchinterval(SWITCH_SECONDS)
    settings = load()
    logging.set_up(settings.log_level)
    given = [int(word) for word in sys.argv[1:]]
    port, processes = (given + [0, 1][len(given) :])[:2]
    with open_app(settings) as app, listener("127.0.0.1", port, processes) as listening:
        gc.freeze()  # what the imports left behind need not be looked at again
        # At the end it must be let go, or DuckDB reports all it still holds as leaked.
        atexit.register(gc.unfreeze)
        gc.set_threshold(GARBAGE_THRESHOLD)
        print(json.dumps({"port": listening.getsockname()[1]}), flush=True)
        serve(app, listening, processes)


if __name__ == "__main__":
    main()
