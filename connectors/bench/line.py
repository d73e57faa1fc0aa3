"""The whole line as it is measured: edge, engine and a local Twilio, each a process, and telephones that write."""

import asyncio
import json
import secrets
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

from connectors.bench.load import Sample, Unanswered
from connectors.bench.people import Person
from connectors.bench.processes import PATIENCE, Running, client, finish, free_port, started
from connectors.dev import webhook_forms
from connectors.dev.text_resource import Text, new_sid
from helpline.settings import Settings

OUR_NUMBER = "+15005550006"
SETTLED = 1.0  # seconds of silence after which an answer is taken as complete while answers are counted
HAVENLINE = ("-m", "helpline")


class Network:
    """The telephone network: posts signed webhooks, and knows when a message for a phone reached Twilio's API."""

    def __init__(self, url: str, settings: dict[str, str], http: aiohttp.ClientSession) -> None:
        self._webhook = f"{url}/sms/twilio"
        self._account, self._token = settings["HAVENLINE_TWILIO_ACCOUNT_SID"], settings["HAVENLINE_TWILIO_AUTH_TOKEN"]
        self._http = http
        self._arrived: defaultdict[str, asyncio.Queue[float]] = defaultdict(asyncio.Queue)

    async def listen(self, told: asyncio.StreamReader) -> None:
        """Takes up what the process of the local Twilio tells, for as long as it runs."""
        async for row in told:
            message = json.loads(row)
            self._arrived[message["to"]].put_nowait(message["at"])

    async def text(self, phone: str, body: str) -> tuple[float, float]:
        """Posts the webhook of a text; when it was sent and when it was acknowledged. Raises Unanswered."""
        form = webhook_forms.inbound(Text(new_sid(), self._account, phone, OUR_NUMBER, body, "inbound", "received"))
        headers = webhook_forms.signed(self._token, self._webhook, form)
        sent = time.monotonic()
        try:
            async with self._http.post(self._webhook, data=form, headers=headers) as answer:
                await answer.read()
        except (aiohttp.ClientError, asyncio.TimeoutError) as error:
            raise Unanswered(type(error).__name__) from error
        if answer.status != 200:
            raise Unanswered(f"HTTP {answer.status}")
        return sent, time.monotonic()

    async def arrival(self, phone: str, patience: float = PATIENCE) -> float:
        """When the next message for a phone reached Twilio's API. Raises Unanswered after `patience` seconds."""
        try:
            return await asyncio.wait_for(self._arrived[phone].get(), patience)
        except asyncio.TimeoutError:
            raise Unanswered(f"nothing within {patience:g} s") from None


@dataclass
class Line:
    """The running line. It is a `Dialogue` once `count_replies` has seen how many messages each answer has."""

    url: str
    folder: Path
    network: Network
    edge: Running
    engine: Running
    starts: dict[str, float]
    _replies: dict[tuple[str, ...], int] = field(default_factory=dict)

    async def count_replies(self, person: Person) -> None:
        """Goes through a person's messages slowly, counting the messages of each answer. Raises Unanswered."""
        for step, words in enumerate(person.says):
            await self.network.text(person.phone, words)
            await self.network.arrival(person.phone)
            self._replies[person.says[: step + 1]] = 1 + await self.drain(person.phone)

    async def drain(self, phone: str) -> int:
        """Waits until nothing more arrives at a phone; how many messages still did."""
        count = 0
        try:
            while True:
                await self.network.arrival(phone, SETTLED)
                count += 1
        except Unanswered:
            return count

    async def turn(self, person: Person, step: int) -> Sample:
        """Sends a message by SMS and waits until the whole answer is at Twilio's API. Raises Unanswered."""
        sent, accepted = await self.network.text(person.phone, person.says[step])
        first = last = await self.network.arrival(person.phone)
        for _ in range(self._replies[person.says[: step + 1]] - 1):
            last = await self.network.arrival(person.phone)
        return Sample(accepted - sent, first - sent, last - sent)


@asynccontextmanager
async def running_line(folder: Path, reused: Settings, progress: Callable[[str], None]) -> AsyncIterator[Line]:
    """The line in an empty folder, with the model and the gazetteer of the settings; `starts` are seconds."""
    port, engine_port = free_port(), free_port()
    url = f"http://127.0.0.1:{port}"
    given = _environment(folder, port, engine_port)
    await _reuse(folder, reused, progress)
    async with AsyncExitStack() as stack:
        twilio = await stack.enter_async_context(
            started("twilio", folder, given, "-m", "connectors.bench.twilio_process", talks=True)
        )
        assert twilio.process.stdout
        given["HAVENLINE_TWILIO_API_URL"] = json.loads(await twilio.process.stdout.readline())["url"]
        starts = {}
        progress("starting the edge, the first time and again")
        async with started("edge", folder, given, *HAVENLINE, "edge", "--supervised") as first:
            starts["edge, in a new folder"] = await first.answers(f"{url}/health")
        edge = await stack.enter_async_context(started("edge", folder, given, *HAVENLINE, "edge", "--supervised"))
        starts["edge"] = await edge.answers(f"{url}/health")
        progress("starting the engine")
        engine = await stack.enter_async_context(started("engine", folder, given, *HAVENLINE, "engine", "--supervised"))
        starts["engine"] = await engine.answers(f"{url}/ready")
        http = await stack.enter_async_context(client())
        network = Network(url, given, http)
        await stack.enter_async_context(_beside(network.listen(twilio.process.stdout)))
        yield Line(url, folder, network, edge, engine, starts)


def _environment(folder: Path, port: int, engine_port: int) -> dict[str, str]:
    return {
        "HAVENLINE_DATA_DIR": str(folder),
        "HAVENLINE_PORT": str(port),
        "HAVENLINE_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "HAVENLINE_ENGINE_URL": f"http://127.0.0.1:{engine_port}",
        "HAVENLINE_ENGINE_TOKEN": secrets.token_urlsafe(32),
        "HAVENLINE_TWILIO_ACCOUNT_SID": "AC" + secrets.token_hex(16),
        "HAVENLINE_TWILIO_AUTH_TOKEN": secrets.token_hex(16),
        "HAVENLINE_TWILIO_FROM": OUR_NUMBER,
    }


async def _reuse(folder: Path, reused: Settings, progress: Callable[[str], None]) -> None:
    """Brings the model and the gazetteer up to date where they live, and links them into the folder."""
    environment = {"HAVENLINE_DATA_DIR": str(reused.data_dir)}
    progress("training, if the data has changed")
    await finish("train", folder, environment, *HAVENLINE, "train")
    build = "from helpline.places.gazetteer import ensure_built; ensure_built()"
    await finish("places", folder, environment, "-c", build)
    for name in ("models", "places.db"):
        (folder / name).symlink_to(reused.data_dir / name)


@asynccontextmanager
async def _beside(work: Awaitable[None]) -> AsyncIterator[None]:
    task = asyncio.ensure_future(work)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
