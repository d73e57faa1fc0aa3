"""Accepting a message: stored once, checked before anything else, and what the line itself does at once."""

from dataclasses import replace

import pytest

from helpline import conversations, dialogue, handoff, inbox, outbox, safety
from helpline.conversations import Address
from helpline.dialogue import Reply, Turn, next_question
from helpline.handoff import Refused
from helpline.keys import Keys
from helpline.line import Line
from helpline.messages import Button
from helpline.models import Advocate, Conversation
from tests.helpline.conftest import Meet, Person, ago, outbox_rows

OPEN_STATES = ("bot", "queued", "human")
DANGER = "he has a knife and is breaking the door"
CANNOT_TALK = "cant talk now"


def _offer(person: Person, *buttons: tuple[str, str]) -> None:
    """The engine asks a question with buttons."""
    question = next_question(person.line, person.conversation.id)
    assert question
    offered = tuple(Button(title, payload) for title, payload in buttons)
    dialogue.apply(person.line, question, Turn((Reply("which one?", offered),)))


def test_a_message_is_stored_once_however_often_it_arrives(line: Line, meet: Meet) -> None:
    person = meet()
    first = person.write("hello", "twilio:SM1")
    again = [person.write("hello", "twilio:SM1") for _ in range(3)]
    assert not first.duplicate
    assert all(a.duplicate and a.sequence == first.sequence for a in again)
    assert len(person.entries()) == 1


def test_a_repeated_stop_or_danger_is_acted_on_once(line: Line, meet: Meet) -> None:
    person = meet()
    for _ in range(2):
        person.write(DANGER, "twilio:SM2")
    assert [e.kind for e in person.entries()] == ["ordinary", "crisis", "announcement"]


def test_messages_are_kept_encrypted_and_read_back_as_written(line: Line, meet: Meet) -> None:
    person = meet()
    words = "Ich bin in München 🏠 أنا في بيروت"
    person.write(words)
    assert person.entries()[0].body.text == words


@pytest.mark.parametrize("typed", ["2", " 2. ", "2)", "٢", "no", "NO"])
def test_a_number_or_title_presses_the_button_that_was_offered(line: Line, meet: Meet, typed: str) -> None:
    person = meet()
    person.write("hello")
    _offer(person, ("Yes", "/affirm"), ("No", "/deny"))
    person.write(typed)
    question = next_question(line, person.conversation.id)
    assert question and (question.text, question.payload) == ("/deny", True)


@pytest.mark.parametrize("typed", ["3", "0", "99", "-1", "²", "/affirm", "/request_human", "/deny{}"])
def test_what_was_not_offered_is_only_words(line: Line, meet: Meet, typed: str) -> None:
    person = meet()
    person.write("hello")
    _offer(person, ("Yes", "/affirm"), ("No", "/deny"))
    person.write(typed)
    question = next_question(line, person.conversation.id)
    assert question and (question.text, question.payload) == (typed, False)
    assert person.conversation.state == "bot"


def test_a_payload_that_a_client_names_counts_only_if_it_was_offered(line: Line, meet: Meet) -> None:
    person = meet("web")
    person.write("hello", payload="/request_human")
    assert person.conversation.state == "bot"
    _offer(person, ("A person", "/request_human"))
    person.write("whatever", payload="/request_human")
    assert person.conversation.state == "queued"
    assert person.entries()[2].body.text == "A person"


def test_buttons_of_an_earlier_turn_are_not_offered_any_more(line: Line, meet: Meet) -> None:
    person = meet("web")
    person.write("hello")
    _offer(person, ("A person", "/request_human"))
    person.write("something else")
    person.answered("I see.")
    person.write("A person", payload="/request_human")
    assert person.conversation.state == "bot"


@pytest.mark.parametrize("state", OPEN_STATES)
@pytest.mark.parametrize("word", ["STOP", "stop.", "Unsubscribe", "OPTOUT"])
def test_stop_silences_in_every_state_and_outlives_the_conversation(
    line: Line, meet: Meet, ana: Advocate, state: str, word: str
) -> None:
    person = meet().in_state(state, ana)
    told = len(person.told())
    person.write(word)
    assert set(person.deliveries()) <= {"cancelled"}
    with line.database.write() as session:
        conversation = conversations.get(session, person.conversation.id)
        if state != "bot":
            conversations.move(session, conversation, "bot", "line", "tested")
        conversations.move(session, conversation, "closed", "line", "tested")
    person.write("are you there")
    assert person.told() == []
    person.write(DANGER)
    assert person.told() == []
    assert [e.safety for e in person.entries()] == ["none", "imminent"]
    assert person.conversation.state == "queued"
    assert told == len([r for r in outbox_rows(line) if r.status == "cancelled"])


def test_messages_after_stop_are_shown_to_advocates_and_cannot_be_answered(
    line: Line, meet: Meet, ana: Advocate
) -> None:
    person = meet().with_advocate(ana)
    person.write("STOP")
    person.write("my husband found out")
    with pytest.raises(Refused) as refused, line.database.write() as session:
        handoff.send(session, line, person.conversation.id, ana, "hello", "1", person.conversation.last_sequence)
    assert refused.value.reason == "stopped"
    with line.database.read() as session:
        card = handoff.card(session, line, conversations.get(session, person.conversation.id))
    assert card.stopped
    assert "my husband found out" in card.said


@pytest.mark.parametrize("word", ["START", "unstop", "Yes", "yes!"])
def test_start_unstop_and_a_lone_yes_restore(line: Line, meet: Meet, word: str) -> None:
    person = meet()
    person.write("STOP")
    person.write(word)
    person.write("hello")
    person.answered("Hello.")
    assert person.told() == ["Hello."]


def test_yes_is_only_a_word_while_nothing_was_stopped(line: Line, meet: Meet) -> None:
    person = meet()
    person.write("yes")
    assert next_question(line, person.conversation.id)


def test_consent_belongs_to_the_address(line: Line, meet: Meet) -> None:
    stopped, other = meet(), meet()
    stopped.write("STOP")
    other.write("hello")
    other.answered("Hello.")
    assert other.told() == ["Hello."]


@pytest.mark.parametrize("word", ["HELP", "info"])
def test_help_and_info_are_answered_with_the_emergency_number(line: Line, meet: Meet, word: str) -> None:
    person = meet()
    person.write(word)
    assert len(person.told()) == 1
    assert "999" in person.told()[0]
    assert next_question(line, person.conversation.id) is None


def test_help_after_stop_is_not_answered(line: Line, meet: Meet) -> None:
    person = meet()
    person.write("STOP")
    person.write("HELP")
    assert person.told() == []


def test_carrier_words_mean_nothing_special_in_the_web_chat(line: Line, meet: Meet) -> None:
    person = meet("web")
    person.write("STOP")
    assert next_question(line, person.conversation.id)


@pytest.mark.parametrize("state", OPEN_STATES)
def test_the_safe_word_deletes_in_every_state(line: Line, meet: Meet, ana: Advocate, state: str) -> None:
    person = meet().in_state(state, ana)
    person.write("Clear")
    assert person.conversation.state == "closed"
    assert [e.author for e in person.entries()] == ["line"]
    assert [r.status for r in outbox_rows(line)] == ["pending"]


@pytest.mark.parametrize("state", OPEN_STATES)
def test_cannot_talk_is_one_neutral_word_and_then_silence(line: Line, meet: Meet, ana: Advocate, state: str) -> None:
    person = meet().in_state(state, ana)
    said = len(person.told())
    person.write(CANNOT_TALK)
    assert len(person.told()) == said + 1
    assert person.deliveries() == ["cancelled"] * said + ["pending"]
    assert len(person.told()[-1]) < 5
    with line.database.write() as session:
        conversation = conversations.get(session, person.conversation.id)
        if state == "bot":
            box = line.keys.box(conversation.key_id)
            handoff.enqueue(session, line, conversation, box, "asked", "bot")
        elif state == "human":
            with pytest.raises(Refused, match="silent"):
                handoff.send(session, line, conversation.id, ana, "are you safe?", "1", conversation.last_sequence)
    if state == "queued":
        with line.database.write() as session:
            handoff.claim(session, line, person.conversation.id, ana)
    assert len(person.told()) == said + 1


def test_a_vanished_owner_is_not_announced_to_somebody_who_cannot_talk(line: Line, meet: Meet, ana: Advocate) -> None:
    person = meet().with_advocate(ana)
    person.write(CANNOT_TALK)
    said = len(person.told())
    ago(line, Conversation, "owner_seen_at", 1000)
    with line.database.write() as session:
        assert handoff.release_vanished(session, line) == [person.conversation.id]
    assert len(person.told()) == said


def test_silence_ends_when_the_person_writes_again(line: Line, meet: Meet) -> None:
    person = meet()
    person.write(CANNOT_TALK)
    person.write("hello again")
    person.answered("Hello.")
    assert person.told()[-1] == "Hello."


def test_danger_with_the_bot_gets_the_number_first_and_a_human(line: Line, meet: Meet) -> None:
    person = meet()
    person.write(DANGER)
    assert "999" in person.told()[0]
    assert [e.kind for e in person.entries()] == ["ordinary", "crisis", "announcement"]
    conversation = person.conversation
    assert (conversation.state, conversation.reason, conversation.safety) == ("queued", "crisis", "imminent")


def test_danger_while_waiting_gets_the_number_once_and_moves_to_the_front(line: Line, meet: Meet) -> None:
    before, person = meet().queued(), meet().queued()
    person.write(DANGER)
    person.write(DANGER)
    assert [e.kind for e in person.entries()].count("crisis") == 1
    with line.database.read() as session:
        assert handoff.waiting(session) == [person.conversation.id, before.conversation.id]


def test_danger_with_an_advocate_is_marked_and_left_to_the_advocate(line: Line, meet: Meet, ana: Advocate) -> None:
    person = meet().with_advocate(ana)
    said = len(person.told())
    person.write(DANGER)
    assert len(person.told()) == said
    assert person.entries()[-1].safety == "imminent"
    assert person.conversation.safety == "imminent"


def test_danger_of_somebody_who_cannot_talk_is_queued_without_a_word_about_it(line: Line, meet: Meet) -> None:
    person = meet()
    person.write(f"{CANNOT_TALK}. {DANGER}")
    assert person.conversation.state == "queued"
    assert [len(told) < 5 for told in person.told()] == [True]


@pytest.mark.parametrize("state", ["queued", "human"])
def test_words_for_a_human_never_reach_the_engine(line: Line, meet: Meet, ana: Advocate, state: str) -> None:
    person = meet().in_state(state, ana)
    person.write("are you there")
    assert next_question(line, person.conversation.id) is None
    assert inbox_waiting(line) == []


def inbox_waiting(line: Line) -> list[int]:
    with line.database.read() as session:
        return inbox.unhandled(session)


def test_a_waiting_person_can_go_back_to_the_program(line: Line, meet: Meet) -> None:
    person = meet().queued()
    person.write("1")
    assert person.conversation.state == "bot"


@pytest.mark.parametrize("text", ["", "   ", "\x00\x01\x02", "\n\t"])
def test_an_empty_message_is_answered_and_not_asked_of_the_engine(line: Line, meet: Meet, text: str) -> None:
    person = meet()
    person.write(text)
    assert "empty" in person.told()[0]
    assert next_question(line, person.conversation.id) is None


def test_a_picture_without_words_is_answered(line: Line, meet: Meet) -> None:
    person = meet()
    person.write("", media=1)
    assert "pictures" in person.told()[0]


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("😭😭", "😭😭"),
        ("a\x00b\x1bc", "abc"),
        ("cafe\u0301", "café"),
        ("x" * 10_000, "x" * 10_000),
        ("two\nlines", "two\nlines"),
    ],
    ids=["emoji", "control characters", "composed", "long", "lines"],
)
def test_any_text_is_kept_clean_and_whole(line: Line, meet: Meet, sent: str, kept: str) -> None:
    person = meet()
    person.write(sent)
    assert person.entries()[0].body.text == kept
    assert next_question(line, person.conversation.id)


def test_the_same_number_on_two_channels_is_two_conversations(line: Line) -> None:
    number = "+447700900999"
    text, whatsapp = Person(line, number), Person(line, f"whatsapp:{number}", "whatsapp")
    text.write("hello")
    whatsapp.write("hello")
    assert text.conversation.id != whatsapp.conversation.id
    assert (text.conversation.channel, whatsapp.conversation.channel) == ("sms", "whatsapp")


def test_replies_leave_from_the_number_that_was_texted(line: Line, meet: Meet) -> None:
    person = meet()
    person.write("HELP")
    [letter] = outbox.take(line, 5)
    assert (letter.sender, letter.recipient) == ("+15005550006", person.number)


def test_a_stop_under_an_older_address_key_is_not_forgotten(line: Line, meet: Meet) -> None:
    person = meet()
    person.write("STOP")
    with line.database.write() as session:
        conversations.move(session, conversations.get(session, person.conversation.id), "closed", "line", "idle")
    ring = line.keys._ring
    rotated = replace(line, keys=Keys(replace(ring, address=("ab" * 32, *ring.address)), line.keys._database))
    later = Person(rotated, person.number)
    later.write(DANGER)
    later.write("HELP")
    assert later.told() == []
    later.write("START")
    later.write("HELP")
    assert len(later.told()) == 1


def test_address_of_another_is_never_found(line: Line, meet: Meet) -> None:
    person, other = meet(), meet()
    person.write("hello")
    with line.database.read() as session:
        assert conversations.latest(session, line, Address("sms", other.number)) is None


def test_the_levels_are_ordered() -> None:
    assert safety.worse("none", "urgent") == safety.worse("urgent", "concern") == "urgent"
