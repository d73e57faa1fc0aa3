"""Runs an ASGI app on a free port in a thread of this process, for tests and benchmarks."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn

START_TIMEOUT = 10  # seconds


@contextmanager
def running(app: Any, port: int = 0) -> Iterator[str]:
    """Serves the app while the block runs; yields its base URL. Port 0 takes a free one.

    Raises RuntimeError when the server does not start, e.g. because the port is taken.
    """
    config = uvicorn.Config(app, port=port, log_level="warning", ws="none", lifespan="off", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{_port(server, thread)}"
    finally:
        server.should_exit = True
        thread.join(START_TIMEOUT)


def _port(server: uvicorn.Server, thread: threading.Thread) -> int:
    deadline = time.monotonic() + START_TIMEOUT
    while not server.started:
        if not thread.is_alive() or time.monotonic() > deadline:
            raise RuntimeError("The local server did not start.")
        time.sleep(0.01)
    return int(server.servers[0].sockets[0].getsockname()[1])
