"""Two processes, one file: nothing is lost, doubled or locked out, and what is deleted is gone."""

import multiprocessing
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import StatementError

from helpline import conversations, inbox, messages
from helpline.conversations import Address
from helpline.database import Database, now
from helpline.inbox import Incoming
from helpline.keys import open_ring
from helpline.line import Line, open_line
from helpline.messages import Body
from helpline.migrate import upgrade
from helpline.models import Conversation, Message
from tests.helpline.conftest import Meet, settings_in

PEOPLE = 4  # who write
fork = multiprocessing.get_context("fork")


def _write(folder: Path, urls: dict[str, str], process: int, rounds: int) -> None:
    line = open_line(settings_in(folder, **urls))
    for number in range(rounds):
        for person in range(PEOPLE):
            _write_four(line, f"{process}:{person}:{number}", Address("sms", f"+4477009{person:05}"))
    line.database.close()


def _write_four(line: Line, external_id: str, address: Address) -> None:
    """As the edge does: a message accepted, and three of ours, each in a transaction of its own."""
    accepted = inbox.accept(line, Incoming(address, external_id, "a few words"))
    for _ in range(3):
        with line.database.write() as session:
            conversation = conversations.lock(session, accepted.conversation_id)
            messages.add(session, conversation, line.keys.box(conversation.key_id), "bot", Body("an answer"))


def _at_once(target: object, *arguments: tuple[object, ...]) -> None:
    processes = [fork.Process(target=target, args=args) for args in arguments]
    for process in processes:
        process.start()
    for process in processes:
        process.join(120)
    assert [process.exitcode for process in processes] == [0] * len(processes)


def test_two_processes_write_at_once_and_every_sequence_is_whole(line: Line, tmp_path: Path) -> None:
    rounds = 15 if line.settings.database_url else 63  # 63: a thousand transactions in each process
    urls = {"database_url": line.settings.database_url, "keys_database_url": line.settings.keys_database_url}
    _at_once(_write, (tmp_path, urls, 1, rounds), (tmp_path, urls, 2, rounds))
    with line.database.read() as session:
        found = session.execute(select(Conversation)).scalars().all()
        assert len(found) == PEOPLE
        for conversation in found:
            query = select(Message.sequence).where(Message.conversation_id == conversation.id)
            assert sorted(session.execute(query).scalars()) == list(range(1, 2 * 4 * rounds + 1))
            assert conversation.last_sequence == 2 * 4 * rounds


def test_a_sequence_number_can_never_be_given_twice(line: Line, meet: Meet) -> None:
    person = meet()
    person.write("hello")
    with pytest.raises(Exception, match="(?i)unique"), line.database.write() as session:
        twin = session.execute(select(Message)).scalar_one()
        session.add(Message(conversation_id=twin.conversation_id, sequence=1, author="person", body_cipher=b"-"))


@pytest.mark.parametrize(("pragma", "value"), [
    ("journal_mode", "wal"), ("synchronous", 2), ("secure_delete", 1), ("foreign_keys", 1),
])  # fmt: skip
def test_every_connection_writes_through_to_the_disk_and_overwrites_what_it_deletes(
    sqlite_line: Line, pragma: str, value: object
) -> None:
    for database in (sqlite_line.database, sqlite_line.keys._database):
        for _ in range(2):
            with database.read() as session:
                assert session.execute(text(f"PRAGMA {pragma}")).scalar() == value
            database.engine.dispose()


def test_a_time_without_a_zone_is_refused(line: Line, meet: Meet) -> None:
    person = meet()
    person.write("hello")
    with pytest.raises(StatementError, match="without a zone"), line.database.write() as session:
        conversations.get(session, person.conversation.id).updated_at = datetime(2026, 1, 1)


def test_times_come_back_as_the_same_moment_in_utc(line: Line, meet: Meet) -> None:
    person = meet()
    person.write("hello")
    elsewhere = now().astimezone(timezone(timedelta(hours=5, minutes=30)))
    with line.database.write() as session:
        conversations.get(session, person.conversation.id).updated_at = elsewhere
    assert person.conversation.updated_at == elsewhere
    assert person.conversation.updated_at.utcoffset() is not None


def test_what_fails_half_way_leaves_nothing_behind(line: Line, meet: Meet) -> None:
    person = meet()
    person.write("hello")
    with pytest.raises(RuntimeError), line.database.write() as session:
        conversation = conversations.lock(session, person.conversation.id)
        messages.add(session, conversation, line.keys.box(conversation.key_id), "bot", Body("half"))
        raise RuntimeError
    assert person.told() == []
    assert person.conversation.last_sequence == 1


def _start(folder: Path) -> None:
    line = open_line(settings_in(folder))
    upgrade(line.database)
    box = line.keys.box(line.keys.create())
    (folder / f"ring-{box.encrypt(b'')[:16].hex()}").write_text("|".join(open_ring(line.settings.key_ring).master))


def test_processes_that_start_at_once_on_an_empty_folder_share_one_ring(tmp_path: Path) -> None:
    _at_once(_start, *[(tmp_path,)] * 4)
    assert len({ring.read_text() for ring in tmp_path.glob("ring-*")}) == 1
    ring = tmp_path / "keys" / "ring.json"
    assert ring.stat().st_mode & 0o777 == 0o600
    assert ring.parent.stat().st_mode & 0o077 == 0
    assert [file.name for file in ring.parent.glob("ring*")] == ["ring.json"]


def test_a_database_folder_that_is_not_there_is_made_for_this_user_alone(tmp_path: Path) -> None:
    Database(f"sqlite:///{tmp_path}/new/line.db")
    assert (tmp_path / "new").stat().st_mode & 0o077 == 0
