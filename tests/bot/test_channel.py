"""The channel over real HTTP."""

import asyncio
import socket
import threading
import uuid

import httpx
import pytest
from rasa.core.channels.channel import register
from sanic import Sanic

from bot.channel import EdgeChannel

TOKEN = "a-secret"


@pytest.fixture(scope="module")
def client(agent):
    """A client of a server that runs in a thread of its own."""
    app = Sanic(f"edge-{uuid.uuid4().hex}", configure_logging=False)
    app.ctx.agent = agent
    register([EdgeChannel(TOKEN)], app, "/webhooks/")
    loop, started = asyncio.new_event_loop(), threading.Event()
    sock = socket.socket()
    sock.bind(("127.0.0.1", 0))

    async def serve():
        server = await app.create_server(sock=sock, return_asyncio_server=True, access_log=False)
        await server.startup()
        await server.start_serving()
        started.set()

    def run():
        asyncio.set_event_loop(loop)
        loop.run_until_complete(serve())
        loop.run_forever()

    threading.Thread(target=run, daemon=True).start()
    assert started.wait(20)
    headers = {"Authorization": f"Bearer {TOKEN}"}
    with httpx.Client(base_url=f"http://127.0.0.1:{sock.getsockname()[1]}/webhooks/edge", headers=headers) as client:
        yield client
    loop.call_soon_threadsafe(loop.stop)


def test_turn_and_the_same_again(client, keys):
    turn = {"conversation": keys.create(), "message_id": "m1", "text": "what are my rights", "language": "en"}
    first = client.post("/turn", json=turn)
    assert first.status_code == 200
    assert set(first.json()) == {"replies", "commands", "language", "intent", "safety"}
    assert client.post("/turn", json=turn).json() == first.json()


def test_twenty_at_once_of_one_message_are_one_turn(client, keys, agent):
    turn = {"conversation": keys.create(), "message_id": "m1", "text": "hello", "language": "en"}

    async def all_at_once():
        async with httpx.AsyncClient(base_url=client.base_url, headers=client.headers, timeout=30) as many:
            return await asyncio.gather(*(many.post("/turn", json=turn) for _ in range(20)))

    answers = asyncio.new_event_loop().run_until_complete(all_at_once())
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.text for answer in answers}) == 1


def test_parse_touches_no_conversation(client):
    answer = client.post("/parse", json={"text": "ich bin in München"}).json()
    assert answer["language"] == "de"
    place = answer["entities"][0]
    assert (place["entity"], place["value"], place["start"], place["end"]) == ("place", "2867714", 11, 18)


def test_forget(client, keys):
    conversation = keys.create()
    client.post("/turn", json={"conversation": conversation, "message_id": "m1", "text": "hello"})
    for _ in range(2):
        assert client.post("/forget", json={"conversation": conversation}).json() == {"forgotten": True}


def test_ready(client):
    assert client.get("/ready").json() == {"ready": True}


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"{", 400), (b"[]", 400), (b'{"text": 3}', 400), (b"{}", 400), (b"\xff", 400), (b'{"text": null}', 400)],
)
def test_malformed_bodies(client, body, status):
    answer = client.post("/parse", content=body)
    assert answer.status_code == status and "error" in answer.json()


def test_long_text_is_refused(client):
    assert client.post("/parse", json={"text": "a" * 10_001}).status_code == 413


@pytest.mark.parametrize("token", ["wrong", "Ümlaut"])
def test_without_the_token_nothing(client, token):
    headers = {"Authorization": f"Bearer {token}".encode()}
    assert client.post("/parse", json={"text": "hello"}, headers=headers).status_code == 401


def test_an_unknown_conversation_key_is_a_failure_without_content(client):
    answer = client.post("/turn", json={"conversation": "none", "message_id": "m", "text": "hello"})
    assert answer.status_code == 500 and answer.json() == {"error": "KeyDestroyed"}
