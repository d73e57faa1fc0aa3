"""A stock Rasa 3.6 project, as `rasa init` makes it, to compare with: rest channel, both of its tracker stores."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from connectors.bench.load import Sample, Unanswered
from connectors.bench.people import Person
from connectors.bench.processes import BenchFailed, Running, client, finish, free_port, last_words, started

RASA = ("-m", "rasa")
ENVIRONMENT = {"RASA_TELEMETRY_ENABLED": "false", "SQLALCHEMY_SILENCE_UBER_WARNING": "1", "TF_CPP_MIN_LOG_LEVEL": "3"}
STORES = {
    "SQL tracker store": "tracker_store:\n  type: SQL\n  dialect: sqlite\n  db: tracker.db\n",
    "in-memory tracker store": "tracker_store:\n  type: InMemory\n",
}


@dataclass(frozen=True)
class Stock:
    """The running project, a `Dialogue` over its rest channel; `start` is seconds until it answered."""

    url: str
    server: Running
    start: float
    http: aiohttp.ClientSession

    async def turn(self, person: Person, step: int) -> Sample:
        """Posts a message; the answer comes with the response. Raises Unanswered."""
        message = {"sender": person.phone, "message": person.says[step]}
        sent = time.monotonic()
        try:
            async with self.http.post(f"{self.url}/webhooks/rest/webhook", json=message) as answer:
                replies = await answer.json()
        except (aiohttp.ClientError, asyncio.TimeoutError) as error:
            raise Unanswered(type(error).__name__) from error
        if answer.status != 200 or not isinstance(replies, list):
            raise Unanswered(f"HTTP {answer.status}")
        took = time.monotonic() - sent
        return Sample(took, took, took)


async def project(cache: Path, progress: Callable[[str], None]) -> Path:
    """The project's folder with a trained model; made once. Raises BenchFailed."""
    folder = cache / "stock-rasa"
    if not list(folder.glob("models/*.tar.gz")):
        progress("making and training the stock Rasa project (once, about two minutes)")
        folder.mkdir(parents=True, exist_ok=True)
        await finish("rasa-init", cache, ENVIRONMENT, *RASA, "init", "--no-prompt", "--init-dir", str(folder))
    if not list(folder.glob("models/*.tar.gz")):
        raise BenchFailed(f"`rasa init` trained no model: {last_words(cache / 'rasa-init.log')}")
    return folder


@asynccontextmanager
async def running_stock(project: Path, folder: Path, store: str) -> AsyncIterator[Stock]:
    """The project served with one of STORES, whose data lies in `folder`."""
    endpoints = folder / f"endpoints-{store.split()[0]}.yml"
    endpoints.write_text(STORES[store], encoding="utf-8")
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = ("run", "--model", str(project / "models"), "--endpoints", str(endpoints))
    where = ("--credentials", str(project / "credentials.yml"), "--interface", "127.0.0.1", "--port", str(port))
    async with started("stock-rasa", folder, ENVIRONMENT, *RASA, *command, *where) as server:
        start = await server.answers(url)
        async with client() as http:
            yield Stock(url, server, start, http)
