"""The gateway alone in a process: `python -m regulars.collect.alone [PORT]`, for benches, fault tests and installations
of many processes. Prints one JSON line with its port once it takes events. Settings come from REGULARS_* as everywhere.
"""

import gc
import json
import signal
import socket
import sys
from types import FrameType

import uvicorn

from regulars.app import App, open_app
from regulars.collect.gateway import gateway
from regulars.kit import logging
from regulars.kit.settings import load

BACKLOG_CONNECTIONS = 2_048
# Reading requests and writing groups share one interpreter: at the usual 5 ms a group would wait longer for its turn
# than for the disk.
SWITCH_SECONDS = 0.0005
# Decoded events are trees without cycles: looking for cycles at every 700th object finds nothing.
GARBAGE_THRESHOLD = 20_000


def serve(app: App, listener: socket.socket) -> None:
    """Take events on this socket until told to stop (SIGTERM, SIGINT); what waits is written first."""
    uvicorn.Server(
        uvicorn.Config(
            gateway(app),
            http="httptools",
            loop="uvloop",
            lifespan="on",
            access_log=False,
            proxy_headers=False,
            log_level="warning",
            server_header=False,
            date_header=False,
            backlog=BACKLOG_CONNECTIONS,
        )
    ).run(sockets=[listener])


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
    with open_app(settings) as app, socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 0))
        listener.listen(BACKLOG_CONNECTIONS)
        gc.freeze()  # what the imports left behind need not be looked at again
        gc.set_threshold(GARBAGE_THRESHOLD)
        print(json.dumps({"port": listener.getsockname()[1]}), flush=True)
        serve(app, listener)


if __name__ == "__main__":
    main()
