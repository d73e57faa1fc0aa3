"""The engine as a server: one process, our channel and nothing else."""

import asyncio
from pathlib import Path
from urllib.parse import urlsplit

import structlog
from rasa.core.channels.channel import register
from sanic import Sanic

from bot.channel import EdgeChannel
from bot.engine import encrypted_store, load, warm
from bot.logs import quiet_logs
from bot.model import newest
from helpline.settings import settings

log = structlog.get_logger()


def serve() -> None:
    """Serves until it is told to stop. Raises bot.model.NoModel when nothing was trained."""
    quiet_logs()
    address = urlsplit(settings().engine_url)
    app = build(newest(), settings().engine_token)
    app.run(host=address.hostname, port=address.port or 80, workers=1, debug=False, access_log=False, motd=False)


def build(model: Path, token: str) -> Sanic:
    """The application with a loaded, warmed agent."""
    app = Sanic("havenline-engine", configure_logging=False)
    app.config.KEEP_ALIVE_TIMEOUT = 75
    app.config.REQUEST_MAX_SIZE = 200_000  # bytes; the channel refuses long texts with a better word
    app.ctx.agent = load(model, encrypted_store())
    asyncio.run(warm(app.ctx.agent))
    register([EdgeChannel(token)], app, "/webhooks/")
    return app
