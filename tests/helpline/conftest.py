"""A real line over a real database, SQLite and PostgreSQL in turn, and the people who write to it."""

import itertools
import os
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, select, text, update

from helpline import conversations, dialogue, handoff, inbox, messages
from helpline.conversations import Address
from helpline.database import Database, now
from helpline.dialogue import Reply, Turn
from helpline.inbox import Accepted, Incoming
from helpline.line import Line, open_line
from helpline.messages import Entry
from helpline.migrate import upgrade
from helpline.models import Advocate, Conversation, Event, Outbox
from helpline.settings import Settings

POSTGRES = Path("/usr/lib/postgresql/15/bin")
OUR_NUMBER = "+15005550006"
_numbers = itertools.count(7700900000)


@dataclass
class Person:
    """Somebody who writes to the line, and what they can see of it."""

    line: Line
    number: str
    channel: str = "sms"

    def write(self, words: str, external_id: str | None = None, **more: Any) -> Accepted:
        """Sends a message; a new external id unless one is given."""
        address = Address(self.channel, self.number, OUR_NUMBER, "GB")
        return inbox.accept(self.line, Incoming(address, external_id or f"test:{secrets.token_hex(8)}", words, **more))

    @property
    def conversation(self) -> Conversation:
        """The newest conversation of this person."""
        with self.line.database.read() as session:
            return conversations.latest(session, self.line, Address(self.channel, self.number))

    def entries(self) -> list[Entry]:
        """The messages of the newest conversation."""
        with self.line.database.read() as session:
            conversation = conversations.latest(session, self.line, Address(self.channel, self.number))
            return messages.read(session, conversation, self.line.keys.box(conversation.key_id))

    def told(self) -> list[str]:
        """What the helpline has said in the newest conversation, oldest first."""
        return [entry.body.text for entry in self.entries() if entry.author != "person"]

    def deliveries(self) -> list[str]:
        """The delivery status of everything said in the newest conversation."""
        return [entry.delivery for entry in self.entries() if entry.delivery]

    def events(self) -> list[tuple[str, str, str, str, str | None]]:
        """The event log: name, from, to, actor, reason."""
        with self.line.database.read() as session:
            query = select(Event).where(Event.conversation_id == self.conversation.id).order_by(Event.id)
            found = session.execute(query).scalars()
            return [(e.name, e.from_state, e.to_state, e.actor, e.reason) for e in found]

    def answered(self, *texts: str, kind: str = "ordinary", **more: Any) -> None:
        """The engine answers the oldest waiting message."""
        question = dialogue.next_question(self.line, self.conversation.id)
        assert question
        dialogue.apply(self.line, question, Turn(tuple(Reply(t, kind=kind) for t in texts), **more))

    def queued(self) -> "Person":
        """Asks for a person and is put into the queue."""
        self.write("hello")
        self.answered(commands=({"name": "hand_off", "reason": "asked"},))
        return self

    def with_advocate(self, advocate: Advocate) -> "Person":
        """Has a conversation with an advocate."""
        self.queued()
        with self.line.database.write() as session:
            handoff.claim(session, self.line, self.conversation.id, advocate)
        return self

    def in_state(self, state: str, advocate: Advocate) -> "Person":
        """Somebody whose conversation is in a state (`bot`, `queued`, `human` or `closed`)."""
        if state == "human":
            return self.with_advocate(advocate)
        self.write("hello")
        if state == "queued":
            self.answered(commands=({"name": "hand_off", "reason": "asked"},))
        elif state == "closed":
            with self.line.database.write() as session:
                conversation = conversations.get(session, self.conversation.id)
                conversations.move(session, conversation, "closed", "line", "idle")
        return self


Meet = Callable[..., Person]


@pytest.fixture
def meet(line: Line) -> Meet:
    """Somebody new: `meet()` by text message, `meet("web")` in the chat."""
    return lambda channel="sms", number=None: Person(line, number or f"+44{next(_numbers)}", channel)


def make_advocate(line: Line, login: str) -> Advocate:
    """An account, signed in just now; without a usable password, which takes a while to hash."""
    with line.database.write() as session:
        advocate = Advocate(login=login, name=login.title(), password_hash="-", seen_at=now())
        session.add(advocate)
    return advocate


@pytest.fixture
def ana(line: Line) -> Advocate:
    return make_advocate(line, "ana")


@pytest.fixture
def sam(line: Line) -> Advocate:
    return make_advocate(line, "sam")


def ago(line: Line, table: Any, column: str, seconds: float, **where: Any) -> None:
    """Lets time pass: sets a time column of some rows to so many seconds ago."""
    with line.database.write() as session:
        session.execute(update(table).filter_by(**where).values({column: now() - timedelta(seconds=seconds)}))


def outbox_rows(line: Line) -> list[Outbox]:
    """The whole outbox, in the order written."""
    with line.database.read() as session:
        return list(session.execute(select(Outbox).order_by(Outbox.message_id)).scalars())


def settings_in(folder: Path, **more: Any) -> Settings:
    return Settings(_env_file=None, data_dir=folder, engine_url="http://127.0.0.1:9", **more)


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with all tables and nothing in them."""
    file = tmp_path_factory.mktemp("migrated") / "havenline.db"
    database = Database(f"sqlite:///{file}")
    upgrade(database)
    database.close()
    return file


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """URL (without a database) of a PostgreSQL server of its own, thrown away afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="havenline-postgresql-", dir="/tmp"))
    as_user = {"user": "postgres"} if os.getuid() == 0 else {}
    if as_user:
        shutil.chown(folder, "postgres")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]

    def run(*command: str) -> None:
        subprocess.run(command, check=True, cwd="/", stdout=subprocess.DEVNULL, **as_user)

    data = f"{folder}/data"
    run(f"{POSTGRES}/initdb", "-D", data, "-A", "trust", "-U", "line", "-E", "UTF8", "--no-sync")
    options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off -c max_connections=200"
    run(f"{POSTGRES}/pg_ctl", "-D", data, "-o", options, "-l", f"{folder}/log", "-w", "start")
    try:
        yield f"postgresql://line@127.0.0.1:{port}"
    finally:
        run(f"{POSTGRES}/pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def postgresql_urls(postgresql: str) -> dict[str, str]:
    """The settings of a line over that server: a migrated database, and one for data keys."""
    urls = {"database_url": f"{postgresql}/havenline", "keys_database_url": f"{postgresql}/data_keys"}
    engine = create_engine(f"{postgresql}/postgres", isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for url in urls.values():
            connection.execute(text(f"CREATE DATABASE {url.rsplit('/', 1)[1]}"))
    engine.dispose()
    database = Database(urls["database_url"])
    upgrade(database)
    database.close()
    return urls


@pytest.fixture
def sqlite_line(migrated: Path, tmp_path: Path) -> Iterator[Line]:
    """A line over SQLite, as it is by default."""
    shutil.copy(migrated, tmp_path / "havenline.db")
    yield from _opened(settings_in(tmp_path))


@pytest.fixture
def postgresql_line(postgresql_urls: dict[str, str], tmp_path: Path) -> Iterator[Line]:
    """A line over PostgreSQL, with nothing in it."""
    settings = settings_in(tmp_path, **postgresql_urls)
    database = Database(settings.database)
    with database.write() as session:
        session.execute(text("TRUNCATE conversation, advocate, consent, cleanup RESTART IDENTITY CASCADE"))
    database.close()
    yield from _opened(settings)


def _opened(settings: Settings) -> Iterator[Line]:
    line = open_line(settings)
    yield line
    line.database.close()
    line.keys._database.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def line(request: pytest.FixtureRequest) -> Line:
    """A line over each of the two databases in turn."""
    return request.getfixturevalue(f"{request.param}_line")
