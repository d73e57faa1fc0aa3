"""The edge as a process."""

import uvicorn

from connectors import logs
from connectors.app import create_app
from connectors.edge import Edge
from helpline.directory.load import ensure_loaded
from helpline.line import open_line
from helpline.migrate import upgrade
from helpline.settings import settings

STOP_SECONDS = 5  # how long open requests may take when the process is told to stop


def serve() -> None:
    """Migrates, then serves until it is told to stop."""
    logs.configure(settings().log_level)
    line = open_line(settings())
    upgrade(line.database)
    ensure_loaded(line.database)
    config = uvicorn.Config(
        create_app(Edge(line)),
        host=settings().host,
        port=settings().port,
        ws="wsproto",  # the websockets that Rasa pins is too old for uvicorn's default
        access_log=False,
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=STOP_SECONDS,
    )
    uvicorn.Server(config).run()
