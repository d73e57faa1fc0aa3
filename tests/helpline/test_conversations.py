"""A conversation: one row, one state, one epoch; every transition is a compare-and-set."""

import pytest

from helpline import conversations
from helpline.conversations import TRANSITIONS, Conflict
from helpline.line import Line
from helpline.models import Advocate
from tests.helpline.conftest import Meet, Person

PAIRS = [(before, to) for before in TRANSITIONS for to in TRANSITIONS]
ALLOWED = {
    ("bot", "queued"), ("bot", "closed"),
    ("queued", "human"), ("queued", "bot"), ("queued", "closed"),
    ("human", "human"), ("human", "queued"), ("human", "bot"), ("human", "closed"),
}  # fmt: skip


def _move(line: Line, person: Person, to: str) -> None:
    with line.database.write() as session:
        conversation = conversations.get(session, person.conversation.id)
        conversations.move(session, conversation, to, "line", "tested", "because")


@pytest.mark.parametrize(("before", "to"), PAIRS)
def test_a_conversation_moves_only_as_the_design_says(
    line: Line, meet: Meet, ana: Advocate, before: str, to: str
) -> None:
    person = meet().in_state(before, ana)
    epoch, events = person.conversation.epoch, person.events()
    if (before, to) in ALLOWED:
        _move(line, person, to)
        assert (person.conversation.state, person.conversation.epoch) == (to, epoch + 1)
        assert person.events() == [*events, ("tested", before, to, "line", "because")]
    else:
        with pytest.raises(Conflict):
            _move(line, person, to)
        assert (person.conversation.state, person.conversation.epoch) == (before, epoch)
        assert person.events() == events


def test_of_two_who_saw_the_same_epoch_one_wins(line: Line, meet: Meet) -> None:
    person = meet().queued()
    with line.database.read() as session:
        stale = conversations.get(session, person.conversation.id)
        session.expunge(stale)
    _move(line, person, "bot")
    _move(line, person, "queued")
    with pytest.raises(Conflict), line.database.write() as session:
        session.add(stale)
        conversations.move(session, stale, "closed", "advocate:1", "closed")
    assert person.conversation.state == "queued"
    assert person.events()[-1][0] == "tested"


def test_closed_is_final_and_the_next_message_opens_another_conversation(line: Line, meet: Meet, ana: Advocate) -> None:
    person = meet().in_state("closed", ana)
    first = person.conversation
    person.write("hello again")
    second = person.conversation
    assert second.id != first.id
    assert second.key_id != first.key_id
    assert (second.state, second.epoch, second.last_sequence) == ("bot", 0, 1)


def test_the_log_tells_who_moved_a_conversation_and_why(line: Line, meet: Meet, ana: Advocate) -> None:
    person = meet().with_advocate(ana)
    assert person.events() == [
        ("opened", "bot", "bot", "person", None),
        ("queued", "bot", "queued", "bot", "asked"),
        ("claimed", "queued", "human", f"advocate:{ana.id}", None),
    ]


def test_the_address_is_never_stored_in_clear_and_can_be_had_back_for_sending(line: Line, meet: Meet) -> None:
    person = meet()
    person.write("hello")
    conversation = person.conversation
    assert person.number.encode() not in conversation.address_cipher
    assert person.number not in conversation.address_hash
    box = line.keys.box(conversation.key_id)
    assert conversations.address_of(conversation, box) == person.number


def test_what_the_dialogue_learned_is_added_up_without_repetition(line: Line, meet: Meet) -> None:
    person = meet()
    person.write("hello")
    with line.database.write() as session:
        conversation = conversations.get(session, person.conversation.id)
        box = line.keys.box(conversation.key_id)
        conversations.remember(conversation, box, {"need": "lawyer", "offered": ["a", "b"]})
        conversations.remember(conversation, box, {"place": "Lyon", "offered": ["b", "c"]})
    found = person.conversation
    assert conversations.facts(found, box) == {"need": "lawyer", "place": "Lyon", "offered": ["a", "b", "c"]}
    assert b"Lyon" not in found.facts_cipher
