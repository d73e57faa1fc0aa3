"""What is not kept cannot leak: words gone at once, keys destroyed, copies elsewhere noted until they are gone."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import func, select, text

from helpline import erasure, outbox
from helpline.database import Database
from helpline.erasure import FAREWELL_SECONDS
from helpline.keys import KeyDestroyed, Keys
from helpline.line import Line
from helpline.models import Advocate, Cleanup, Conversation, Event, Message, Outbox
from tests.helpline.conftest import Meet, Person, ago, outbox_rows

SECRET = "Quittenmarmelade am Bahnhof"


def _cleanups(line: Line) -> set[tuple[str, str]]:
    with line.database.read() as session:
        return {(row.kind, row.reference) for row in session.execute(select(Cleanup)).scalars()}


def _rows(line: Line) -> int:
    with line.database.read() as session:
        tables = (Conversation, Message, Outbox, Event)
        return sum(session.execute(select(func.count()).select_from(table)).scalar() for table in tables)


def _deliver_all(line: Line) -> None:
    while letters := outbox.take(line, 10):
        for letter in letters:
            outbox.accepted(line, letter.id, f"SM-of-{letter.id[:8]}", "queued")


def _files_with(folder: Path, words: str) -> list[str]:
    needle = words.encode()
    return [file.name for file in folder.rglob("*") if file.is_file() and needle in file.read_bytes()]


def test_the_words_are_gone_at_once_and_the_person_is_told(line: Line, meet: Meet) -> None:
    person = meet()
    person.write(SECRET)
    person.answered("I am here.")
    person.write("clear")
    assert [entry.author for entry in person.entries()] == ["line"]
    assert "Deleted" in person.told()[0]
    assert person.conversation.facts_cipher is None
    assert person.events()[-1] == ("erased", "bot", "closed", "person", "safe_word")


def test_key_and_rows_are_destroyed_once_the_confirmation_has_left(line: Line, meet: Meet) -> None:
    person, other = meet(), meet()
    other.write("hello")
    person.write("clear")
    key_id, rows = person.conversation.key_id, _rows(line)
    ago(line, Conversation, "erased_at", FAREWELL_SECONDS + 1, id=person.conversation.id)
    assert erasure.finish(line) == 0
    _deliver_all(line)
    assert erasure.finish(line) == 1
    assert 0 < _rows(line) < rows
    with pytest.raises(KeyDestroyed):
        line.keys.box(key_id)
    assert line.keys.box(other.conversation.key_id)


def test_deletion_does_not_wait_for_ever_for_the_confirmation(line: Line, meet: Meet) -> None:
    person = meet()
    person.write("clear")
    ago(line, Conversation, "erased_at", 601)
    assert erasure.finish(line) == 1
    assert outbox_rows(line) == []


def test_rows_are_still_found_when_the_process_ends_right_after_their_key_was_destroyed(line: Line, meet: Meet) -> None:
    person = meet()
    person.write("clear")
    line.keys.destroy(person.conversation.key_id)
    ago(line, Conversation, "erased_at", 601)
    assert erasure.finish(line) == 1
    assert _rows(line) == 0


def test_the_copies_that_others_hold_are_noted_until_they_are_gone(line: Line, meet: Meet) -> None:
    person = meet()
    person.write("hello", "twilio:SM-in")
    person.answered("Hello.")
    _deliver_all(line)
    sent = outbox_rows(line)[0].provider_id
    person.write("clear", "twilio:SM-clear")
    _deliver_all(line)
    confirmation, key_id = outbox_rows(line)[0].provider_id, person.conversation.key_id
    ago(line, Conversation, "erased_at", FAREWELL_SECONDS + 1)
    erasure.finish(line)
    copies = {("twilio", sid) for sid in ("SM-in", sent, "SM-clear", confirmation)}
    assert _cleanups(line) == {*copies, ("tracker", key_id)}


def test_a_copy_is_asked_for_again_later_and_later_until_it_is_verified_as_gone(line: Line, meet: Meet) -> None:
    meet().write("clear", "twilio:SM-clear")
    with line.database.read() as session:
        [cleanup] = erasure.due(session)
    waits = []
    for _ in range(10):
        with line.database.write() as session:
            erasure.settle(session, cleanup.id, gone=False)
        with line.database.read() as session:
            assert erasure.due(session) == []
            row = session.get(Cleanup, cleanup.id)
            waits.append(row.next_attempt_at)
    assert sorted(waits) == waits
    with line.database.write() as session:
        assert erasure.outstanding(session) == 1
        erasure.settle(session, cleanup.id, gone=True)
        session.flush()
        assert erasure.outstanding(session) == 0
        erasure.forget_settled(session)
    assert _cleanups(line) == {("twilio", "SM-clear")}, "kept for a day, for a webhook that comes again"
    ago(line, Cleanup, "done_at", 25 * 3600)
    with line.database.write() as session:
        erasure.forget_settled(session)
    assert _cleanups(line) == set()


def test_no_file_ever_holds_the_words_or_the_number_in_clear(sqlite_line: Line, tmp_path: Path) -> None:
    person = Person(sqlite_line, "+447700900555")
    person.write(SECRET)
    person.answered("Eine Antwort mit Quittenmarmelade", commands=({"name": "remember", "facts": {"place": SECRET}},))
    written = {file.name for file in tmp_path.rglob("*") if file.is_file()}
    assert {"havenline.db", "havenline.db-wal", "data-keys.db", "ring.json"} <= written
    for words in (SECRET, "Quittenmarmelade", "7700900555"):
        assert _files_with(tmp_path, words) == []


def test_even_the_ciphertext_is_gone_from_the_live_file(sqlite_line: Line, tmp_path: Path) -> None:
    person = Person(sqlite_line, "+447700900555")
    person.write(SECRET)
    with sqlite_line.database.read() as session:
        cipher = session.execute(select(Message.body_cipher)).scalar_one().decode()
    assert _files_with(tmp_path, cipher)
    person.write("clear")
    ago(sqlite_line, Conversation, "erased_at", 601)
    erasure.finish(sqlite_line)
    with sqlite_line.database.read() as session:
        session.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
    sqlite_line.database.close()
    assert _files_with(tmp_path, cipher) == []


def test_a_destroyed_key_is_in_no_file_any_more(sqlite_line: Line, tmp_path: Path) -> None:
    key_id = sqlite_line.keys.create()
    with sqlite_line.keys._database.read() as session:
        wrapped = session.execute(text("SELECT wrapped FROM data_key")).scalar_one().decode()
    assert _files_with(tmp_path, wrapped)
    sqlite_line.keys.destroy(key_id)
    assert _files_with(tmp_path, wrapped) == []
    assert _files_with(tmp_path, key_id) == []


def test_a_backup_of_the_conversations_cannot_be_read_after_the_key_is_destroyed(
    sqlite_line: Line, tmp_path: Path
) -> None:
    person = Person(sqlite_line, "+447700900555")
    person.write(SECRET)
    sqlite_line.database.close()  # folds the write-ahead log back, as a backup does
    shutil.copy(tmp_path / "havenline.db", tmp_path / "backup.db")
    restored = replace(
        sqlite_line,
        database=Database(f"sqlite:///{tmp_path}/backup.db"),
        keys=Keys(sqlite_line.keys._ring, Database(sqlite_line.settings.keys_database)),
    )
    assert Person(restored, person.number).entries()[0].body.text == SECRET
    person.write("clear")
    ago(sqlite_line, Conversation, "erased_at", 601)
    erasure.finish(sqlite_line)
    fresh = replace(restored, keys=Keys(sqlite_line.keys._ring, Database(sqlite_line.settings.keys_database)))
    with pytest.raises(KeyDestroyed):
        Person(fresh, person.number).entries()


def test_closed_conversations_are_destroyed_after_the_retention_time(line: Line, meet: Meet, ana: Advocate) -> None:
    old, young, ongoing = meet().in_state("closed", ana), meet().in_state("closed", ana), meet().in_state("bot", ana)
    ago(line, Conversation, "closed_at", 30 * 86_400 + 60, id=old.conversation.id)
    ago(line, Conversation, "closed_at", 30 * 86_400 - 60, id=young.conversation.id)
    ago(line, Conversation, "created_at", 90 * 86_400, id=ongoing.conversation.id)
    key_id = old.conversation.key_id
    assert erasure.purge(line) == 1
    assert old.conversation is None
    assert young.conversation and ongoing.conversation
    with pytest.raises(KeyDestroyed):
        line.keys.box(key_id)
    assert ("tracker", key_id) in _cleanups(line)


def test_stop_outlives_the_destruction_of_the_conversation(line: Line, meet: Meet, ana: Advocate) -> None:
    person = meet()
    person.write("STOP")
    person.write("clear")
    ago(line, Conversation, "erased_at", 601)
    assert erasure.finish(line) == 1
    person.write("HELP")
    assert person.told() == []


def test_a_silent_conversation_closes_and_nothing_is_sent(line: Line, meet: Meet, ana: Advocate) -> None:
    silent, talking = meet().in_state("bot", ana), meet().in_state("bot", ana)
    waiting, helped = meet().queued(), meet().with_advocate(ana)
    for person in (silent, waiting, helped):
        ago(line, Conversation, "updated_at", 24 * 3600 + 60, id=person.conversation.id)
    said = len(outbox_rows(line))
    assert erasure.close_idle(line) == 1
    assert [p.conversation.state for p in (silent, talking, waiting, helped)] == ["closed", "bot", "queued", "human"]
    assert len(outbox_rows(line)) == said
    assert silent.events()[-1] == ("idle", "bot", "closed", "line", None)


def test_a_webhook_that_comes_again_after_the_erasure_opens_nothing(line: Line, meet: Meet) -> None:
    person = meet()
    first = person.write("clear", "twilio:SMaf01")
    assert not first.duplicate
    assert person.write("clear", "twilio:SMaf01").duplicate
    assert person.conversation.id == first.conversation_id
