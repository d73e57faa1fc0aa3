"""A real edge on a real port, without an engine: what the doors do by themselves."""

import asyncio
import secrets
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import socketio
import uvicorn
from sqlalchemy import select
from twilio.request_validator import RequestValidator

from connectors.app import create_app
from connectors.dev.local_server import running
from connectors.dev.twilio_api import TwilioApi
from connectors.edge import Edge
from helpline.line import Line, open_line
from helpline.messages import Entry, entry
from helpline.migrate import upgrade
from helpline.models import Conversation, Message
from helpline.settings import Settings

PUBLIC = "https://127.0.0.1:9"  # what Twilio signs; the edge itself listens elsewhere
OUR_NUMBER = "+15005550006"
PATIENCE = 10  # seconds


def wait_for(what: Callable[[], Any], patience: float = PATIENCE) -> Any:
    """The first true result of `what`; fails after `patience` seconds."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        if found := what():
            return found
        time.sleep(0.02)
    raise AssertionError(f"did not happen within {patience} s")


@dataclass
class Door:
    """A running edge, from outside."""

    url: str
    line: Line
    twilio: TwilioApi

    def sign(self, path: str, form: dict[str, str]) -> str:
        """Twilio's signature."""
        return RequestValidator(self.twilio.auth_token).compute_signature(PUBLIC + path, form)

    def post(self, path: str, form: dict[str, str], signature: str | None = None, **more: Any) -> httpx.Response:
        """A webhook, signed as Twilio signs unless another signature is given."""
        headers = {"X-Twilio-Signature": self.sign(path, form) if signature is None else signature}
        return httpx.post(self.url + path, data=form, headers=headers, **more)

    def text(self, sender: str, body: str, sid: str | None = None, **fields: str) -> httpx.Response:
        """A text message of a person."""
        sid = sid or "SM" + secrets.token_hex(16)
        form = {"MessageSid": sid, "From": sender, "To": OUR_NUMBER, "Body": body, "NumMedia": "0", **fields}
        return self.post("/sms/twilio", form)

    def entries(self) -> list[Entry]:
        """Every message of every conversation, oldest first."""
        with self.line.database.read() as session:
            query = select(Message, Conversation.key_id).join(Conversation).order_by(Message.id)
            return [entry(message, self.line.keys.box(key_id)) for message, key_id in session.execute(query)]

    def said(self) -> list[str]:
        """What people have written."""
        return [found.body.text for found in self.entries() if found.author == "person"]

    def answers(self) -> bool:
        return httpx.get(f"{self.url}/health").status_code == 200


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """One edge for the tests of a module, with a local Twilio that it sends to."""
    folder: Path = tmp_path_factory.mktemp("edge")
    twilio = TwilioApi("AC" + secrets.token_hex(16), secrets.token_hex(16))
    with running(twilio.app) as twilio_url:
        settings = Settings(
            _env_file=None,
            data_dir=folder,
            engine_url="http://127.0.0.1:9",
            public_url=PUBLIC,
            twilio_account_sid=twilio.account_sid,
            twilio_auth_token=twilio.auth_token,
            twilio_api_url=twilio_url,
        )
        line = open_line(settings)
        upgrade(line.database)
        with _serving(line) as url:
            yield Door(url, line, twilio)


class _serving:
    """The edge on a free port in a thread, with its workers."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._server: uvicorn.Server | None = None
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)

    async def _serve(self) -> None:
        config = uvicorn.Config(
            create_app(Edge(self._line)), port=0, ws="wsproto", log_level="warning", timeout_graceful_shutdown=1
        )
        self._server = uvicorn.Server(config)
        await self._server.serve()

    def __enter__(self) -> str:
        self._thread.start()
        server = wait_for(lambda: self._server and self._server.started and self._server)
        return f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"

    def __exit__(self, *_: object) -> None:
        assert self._server
        self._server.should_exit = True
        self._thread.join(PATIENCE)


@pytest.fixture(scope="session")
def loop_beside() -> Iterator[asyncio.AbstractEventLoop]:
    """An event loop in a thread of its own, for clients."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    yield loop
    loop.call_soon_threadsafe(lambda: [task.cancel() for task in asyncio.all_tasks(loop)])
    loop.call_soon_threadsafe(loop.stop)
    thread.join(PATIENCE)


@dataclass
class Browser:
    """A real Socket.IO client in the chat, and everything it was sent."""

    loop: asyncio.AbstractEventLoop
    client: socketio.AsyncClient
    heard: list[tuple[str, Any]] = field(default_factory=list)

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(PATIENCE)

    def connect(self, url: str, **more: Any) -> None:
        async def hear(event: str, *data: Any) -> None:
            self.heard.append((event, data[0] if data else None))

        self.client.on("*", hear)
        self.run(self.client.connect(url, transports=["polling"], **more))

    def close(self) -> None:
        """Tells the server; a long poll that is still open is not waited for."""
        asyncio.run_coroutine_threadsafe(self.client.disconnect(), self.loop)

    def emit(self, event: str, data: Any = None) -> None:
        """Sends an event and waits for nothing."""
        self.run(self.client.emit(event, data))

    def ask(self, event: str, data: Any = None) -> Any:
        """Sends an event and waits for its answer."""
        return self.run(self.client.call(event, data, timeout=PATIENCE))

    def begin(self, **asked: Any) -> dict[str, Any]:
        """Asks for a session."""
        answer: dict[str, Any] = self.ask("session_request", asked)
        return answer

    def say(self, text: Any, **more: Any) -> dict[str, Any]:
        answer: dict[str, Any] = self.ask("user_uttered", {"message": text, **more})
        return answer

    def texts(self, event: str = "bot_uttered") -> list[str]:
        return [data["text"] for name, data in self.heard if name == event]

    def events(self, name: str) -> list[Any]:
        return [data for event, data in self.heard if event == name]


@pytest.fixture
def browse(door: Door, loop_beside: asyncio.AbstractEventLoop) -> Iterator[Callable[[], Browser]]:
    """Opens browsers; they are closed after the test."""
    opened: list[Browser] = []

    def browse() -> Browser:
        browser = Browser(loop_beside, socketio.AsyncClient(reconnection=False))
        browser.connect(door.url)
        opened.append(browser)
        return browser

    yield browse
    for browser in opened:
        browser.close()
