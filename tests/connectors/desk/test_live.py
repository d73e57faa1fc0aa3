"""The live part: who may listen, and what is said there."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

import anyio
import pytest
import socketio
import uvicorn
from socketio.exceptions import ConnectionError as Refused

from connectors.app import create_app
from connectors.desk.session import COOKIE
from connectors.edge import Edge
from helpline import advocates
from helpline.line import Line

from .conftest import PASSWORD, People, make_advocate

Heard = asyncio.Queue[tuple[str, dict[str, object]]]


@asynccontextmanager
async def _serving(edge: Edge) -> AsyncIterator[str]:
    edge.sio.eio.ping_interval = edge.sio.eio.ping_timeout = 1  # seconds that a client that polls waits when it leaves
    config = uvicorn.Config(create_app(edge), port=0, ws="wsproto", log_level="error", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    running = asyncio.create_task(server.serve())
    while not server.started:
        assert not running.done()
        await asyncio.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    await running


@asynccontextmanager
async def _listening(url: str, cookie: str, **headers: str) -> AsyncIterator[tuple[socketio.AsyncClient, Heard]]:
    desk = socketio.AsyncClient(reconnection=False)
    heard: Heard = asyncio.Queue()

    def note(name: str) -> None:
        async def put(data: dict[str, object]) -> None:
            await heard.put((name, data))

        desk.on(name, put, namespace="/desk")

    note("changed")
    note("signed_out")
    headers["Cookie"] = cookie
    await desk.connect(url, headers=headers, namespaces=["/desk"], transports=["polling"])
    yield desk, heard
    await desk.disconnect()


def _sign_in(line: Line) -> str:
    make_advocate(line, "ana", "Ana")
    with line.database.write() as session:
        return advocates.open_session(session, advocates.sign_in(line, "ana", PASSWORD))


def _seen_at(line: Line) -> datetime:
    with line.database.read() as session:
        found: datetime = advocates.by_login(session, "ana").seen_at
        return found


@pytest.mark.parametrize(
    ("cookie", "origin"), [("", ""), (f"{COOKIE}=made-up", ""), ("right", "https://elsewhere.example")]
)
def test_without_a_session_or_from_another_site_nobody_listens(line: Line, cookie: str, origin: str) -> None:
    cookie = f"{COOKIE}={_sign_in(line)}" if cookie == "right" else cookie

    async def listen() -> None:
        async with _serving(Edge(line)) as url:
            with pytest.raises(Refused):
                async with _listening(url, cookie, **({"Origin": origin} if origin else {})):
                    pass

    asyncio.run(listen())


def test_a_desk_hears_that_something_changed_and_not_what(line: Line, people: People) -> None:
    cookie = f"{COOKIE}={_sign_in(line)}"

    async def listen() -> None:
        edge = Edge(line)
        async with _serving(edge) as url, _listening(url, cookie, Origin=url) as (_desk, heard):
            conversation_id = people.ask_for_human("web:1", "my secret")
            await edge.changed(conversation_id)
            name, data = await asyncio.wait_for(heard.get(), 5)
        assert name == "changed"
        assert set(data) == {"id", "last_sequence", "state"}
        assert (data["id"], data["state"]) == (conversation_id, "queued")

    asyncio.run(listen())


def test_signs_of_life_count_until_the_session_ends(line: Line) -> None:
    token = _sign_in(line)

    async def live() -> None:
        async with _serving(Edge(line)) as url, _listening(url, f"{COOKIE}={token}") as (desk, heard):
            first = _seen_at(line)
            await desk.emit("alive", namespace="/desk")
            with anyio.fail_after(5):
                while _seen_at(line) == first:
                    await anyio.sleep(0.02)
            with line.database.write() as session:
                advocates.close_session(session, token)
            await desk.emit("alive", namespace="/desk")
            assert (await asyncio.wait_for(heard.get(), 5))[0] == "signed_out"

    asyncio.run(live())
