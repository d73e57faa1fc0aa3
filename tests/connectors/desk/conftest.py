"""A real edge over a real database, two advocates, and people who write."""

import re
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from connectors.app import create_app
from connectors.edge import Edge
from helpline import advocates, conversations, handoff, inbox
from helpline.conversations import Address
from helpline.inbox import Incoming
from helpline.line import Line, open_line
from helpline.migrate import upgrade
from helpline.settings import Settings

PASSWORD = "correct horse battery"
PAGE = {"accept": "text/html"}


class People:
    """The persons who write to the line."""

    def __init__(self, line: Line) -> None:
        self.line = line

    def write(self, name: str, text: str, channel: str = "web") -> int:
        """A message of a person; the conversation's id."""
        incoming = Incoming(Address(channel, name, "+15550100"), f"{channel}:{uuid.uuid4()}", text)
        return inbox.accept(self.line, incoming).conversation_id

    def ask_for_human(self, name: str, text: str = "I want to talk to a person", channel: str = "web") -> int:
        """A person who is put into the queue by what they wrote, or because they asked."""
        conversation_id = self.write(name, text, channel)
        with self.line.database.write() as session:
            conversation = conversations.get(session, conversation_id)
            if conversation.state == "bot":
                box = self.line.keys.box(conversation.key_id)
                handoff.enqueue(session, self.line, conversation, box, "asked", "person")
        return conversation_id

    def state(self, conversation_id: int) -> tuple[str, int | None]:
        """State and owner of a conversation."""
        with self.line.database.read() as session:
            conversation = conversations.get(session, conversation_id)
            return conversation.state, conversation.owner_id


@pytest.fixture
def line(tmp_path: Path) -> Iterator[Line]:
    opened = open_line(Settings(_env_file=None, data_dir=tmp_path, engine_url="http://127.0.0.1:9"))
    upgrade(opened.database)
    yield opened
    opened.database.close()


@pytest.fixture
def people(line: Line) -> People:
    return People(line)


@pytest.fixture
def client(line: Line) -> Iterator[TestClient]:
    """A browser at which nobody is signed in."""
    with TestClient(create_app(Edge(line)), follow_redirects=False) as opened:
        yield opened


class Desk:
    """An advocate's browser, signed in."""

    def __init__(self, http: TestClient) -> None:
        self.http = http

    def token(self) -> str:
        return token_of(self.http.get("/desk/", headers=PAGE).text)

    def post(self, path: str, **fields: object) -> object:
        return self.http.post(f"/desk{path}", data=fields, headers={"x-csrftoken": self.token()})

    def send(self, conversation_id: int, text: str, seen: int, client_id: str | None = None) -> object:
        fields = {"text": text, "seen": seen, "client_id": client_id or str(uuid.uuid4())}
        return self.post(f"/conversations/{conversation_id}/messages", **fields)


def token_of(page: str) -> str:
    """The token against cross-site requests in a page's forms."""
    found = re.search(r'name="csrftoken" value="([^"]+)"', page)
    assert found
    return found.group(1)


def log_in(http: TestClient, login: str, password: str) -> object:
    """Fills in the login page."""
    token = token_of(http.get("/desk/login", headers=PAGE).text)
    return http.post("/desk/login", data={"login": login, "password": password, "csrftoken": token}, headers=PAGE)


def make_advocate(line: Line, login: str, name: str) -> None:
    """An account that has chosen its password."""
    with line.database.write() as session:
        advocates.add(session, login, name)
    with line.database.write() as session:
        advocates.set_password(session, advocates.by_login(session, login), PASSWORD)


def _desk(line: Line, client: TestClient, login: str, name: str) -> Desk:
    make_advocate(line, login, name)
    http = TestClient(client.app, follow_redirects=False)
    http.portal = client.portal  # both browsers talk to the one running app
    assert log_in(http, login, PASSWORD).headers["location"] == "/desk/"
    return Desk(http)


@pytest.fixture
def ana(line: Line, client: TestClient) -> Desk:
    return _desk(line, client, "ana", "Ana")


@pytest.fixture
def sam(line: Line, client: TestClient) -> Desk:
    return _desk(line, client, "sam", "Sam")
