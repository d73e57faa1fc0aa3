"""The engine decides, the line delivers; replies for a conversation that moved on are dropped."""

import pytest

from helpline import conversations, dialogue, handoff, inbox
from helpline.dialogue import MOST_ATTEMPTS, Question, Reply, Turn, next_question
from helpline.line import Line
from helpline.models import Message
from tests.helpline.conftest import Meet, Person, ago, outbox_rows


def _question(person: Person) -> Question:
    question = next_question(person.line, person.conversation.id)
    assert question
    return question


def _waiting(line: Line) -> list[int]:
    with line.database.read() as session:
        return inbox.unhandled(session)


def _hand_off(person: Person) -> None:
    with person.line.database.write() as session:
        conversation = conversations.lock(session, person.conversation.id)
        box = person.line.keys.box(conversation.key_id)
        handoff.enqueue(session, person.line, conversation, box, "asked", "person", tell=False)


def test_messages_are_asked_of_the_engine_in_sequence_and_once(line: Line, meet: Meet) -> None:
    person = meet()
    person.write("one")
    person.write("two")
    asked = []
    while question := next_question(line, person.conversation.id):
        asked.append((question.text, question.sequence))
        dialogue.apply(line, question, Turn((Reply("answer"),)))
    assert asked == [("one", 1), ("two", 2)]
    assert _waiting(line) == []


def test_an_answer_that_is_applied_twice_is_said_once(line: Line, meet: Meet) -> None:
    person = meet()
    person.write("hello")
    question = _question(person)
    for _ in range(2):
        dialogue.apply(line, question, Turn((Reply("Hello."),)))
    assert person.told() == ["Hello."]


def test_the_message_id_of_a_question_is_the_same_at_every_try(line: Line, meet: Meet) -> None:
    person = meet()
    person.write("hello")
    assert _question(person).message_id == _question(person).message_id
    assert person.number not in _question(person).message_id


def test_replies_are_dropped_when_the_conversation_moved_and_crisis_replies_are_kept(line: Line, meet: Meet) -> None:
    person = meet()
    person.write("hello")
    question = _question(person)
    _hand_off(person)
    replies = (Reply("ordinary"), Reply("call 999", kind="crisis"))
    commands = ({"name": "set_language", "language": "es"}, {"name": "delete"})
    dialogue.apply(line, question, Turn(replies, commands, language="ar"))
    assert person.told() == ["call 999"]
    assert (person.conversation.state, person.conversation.language) == ("queued", None)


def test_an_answer_of_an_earlier_stay_with_the_bot_is_dropped(line: Line, meet: Meet) -> None:
    person = meet()
    person.write("hello")
    question = _question(person)
    _hand_off(person)
    with line.database.write() as session:
        conversations.move(session, conversations.lock(session, person.conversation.id), "bot", "person", "returned")
    dialogue.apply(line, question, Turn((Reply("too late"),)))
    assert person.told() == []


def test_commands_change_the_conversation(line: Line, meet: Meet) -> None:
    person = meet()
    person.write("hello")
    facts = {"need": "legal", "country": "FR"}
    person.answered(commands=({"name": "set_language", "language": "ar"}, {"name": "remember", "facts": facts}))
    conversation = person.conversation
    assert (conversation.language, conversation.country) == ("ar", "FR")
    assert conversations.facts(conversation, line.keys.box(conversation.key_id)) == facts


def test_the_command_to_hand_off_queues_and_tells(line: Line, meet: Meet) -> None:
    person = meet().queued()
    assert (person.conversation.state, person.conversation.reason) == ("queued", "asked")
    assert len(person.told()) == 1


def test_the_command_to_fall_silent_silences(line: Line, meet: Meet) -> None:
    person = meet()
    person.write("hello")
    person.answered("You can talk to me.", commands=({"name": "cannot_talk"},))
    assert person.conversation.silent
    assert person.deliveries() == ["cancelled", "pending"]


def test_the_command_to_delete_deletes(line: Line, meet: Meet) -> None:
    person = meet()
    person.write("delete everything")
    person.answered(commands=({"name": "delete"},))
    assert (person.conversation.state, person.conversation.erased_at is None) == ("closed", False)
    assert [entry.author for entry in person.entries()] == ["line"]


def test_the_engines_judgement_marks_the_message_and_raises_the_priority(line: Line, meet: Meet) -> None:
    calm, person = meet().queued(), meet().queued()
    sequence = person.write("things that only the engine understands").sequence
    dialogue.judge(line, person.conversation.id, sequence, "urgent", ("only the engine",))
    dialogue.judge(line, person.conversation.id, sequence, "none", ())
    assert person.entries()[-1].safety == "urgent"
    assert person.entries()[-1].body.words == ("only the engine",)
    with line.database.read() as session:
        assert handoff.waiting(session) == [person.conversation.id, calm.conversation.id]


def test_an_outage_is_told_once_with_the_emergency_number_and_the_message_waits(line: Line, meet: Meet) -> None:
    person = meet()
    person.write("hello")
    for _ in range(3):
        dialogue.failed(line, _question(person), down=True)
    assert len(person.told()) == 1
    assert "999" in person.told()[0]
    assert _waiting(line) == [person.conversation.id]
    person.answered("Hello.")
    person.write("hello again")
    dialogue.failed(line, _question(person), down=True)
    assert len(person.told()) == 3


def test_a_human_is_offered_during_an_outage_and_needs_no_engine(line: Line, meet: Meet) -> None:
    person = meet()
    person.write("hello")
    dialogue.failed(line, _question(person), down=True)
    person.write("1")
    assert person.conversation.state == "queued"


def test_a_message_that_the_engine_cannot_answer_is_put_before_a_human(line: Line, meet: Meet) -> None:
    person = meet()
    person.write("hello")
    for _ in range(MOST_ATTEMPTS):
        dialogue.failed(line, _question(person), down=False)
    assert (person.conversation.state, person.conversation.reason) == ("queued", "engine_failed")
    assert _waiting(line) == []


@pytest.mark.parametrize(("seconds", "late"), [(290, False), (310, True)])
def test_messages_older_than_five_minutes_are_late(line: Line, meet: Meet, seconds: float, late: bool) -> None:
    person = meet()
    person.write("hello")
    ago(line, Message, "at", seconds)
    assert _question(person).late is late


def test_a_late_message_is_put_before_a_human_and_never_answered(line: Line, meet: Meet) -> None:
    person = meet()
    person.write("hello")
    person.write("hello?")
    dialogue.take_late(line, _question(person))
    assert (person.conversation.state, person.conversation.reason) == ("queued", "late")
    assert next_question(line, person.conversation.id) is None
    with line.database.write() as session:
        conversations.move(session, conversations.lock(session, person.conversation.id), "bot", "person", "returned")
    assert next_question(line, person.conversation.id) is None


def test_nothing_is_said_about_an_outage_to_somebody_who_asked_for_silence(line: Line, meet: Meet) -> None:
    person = meet()
    person.write("hello")
    question = _question(person)
    person.write("STOP")
    dialogue.failed(line, question, down=True)
    dialogue.apply(line, question, Turn((Reply("Hello."), Reply("call", kind="crisis"))))
    assert all(row.status == "cancelled" for row in outbox_rows(line))


def test_an_answer_for_a_conversation_that_was_erased_is_dropped(line: Line, meet: Meet) -> None:
    person = meet()
    person.write("hello")
    question = _question(person)
    person.write("clear")
    dialogue.apply(line, question, Turn((Reply("Hello."), Reply("call 999", kind="crisis"))))
    assert [entry.kind for entry in person.entries()] == ["announcement"]
