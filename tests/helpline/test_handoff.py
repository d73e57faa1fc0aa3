"""The hand-off: two advocates can never own one conversation, and nobody is answered unread."""

import threading

import pytest

from helpline import conversations, handoff
from helpline.conversations import Conflict
from helpline.database import now
from helpline.handoff import Card, Refused
from helpline.line import Line
from helpline.models import Advocate, Conversation
from tests.helpline.conftest import Meet, Person, ago, outbox_rows


def _send(person: Person, advocate: Advocate, text: str = "I am here", client_id: str = "1", seen: int = 99) -> int:
    with person.line.database.write() as session:
        return handoff.send(session, person.line, person.conversation.id, advocate, text, client_id, seen).sequence


def _card(person: Person) -> Card:
    with person.line.database.read() as session:
        return handoff.card(session, person.line, conversations.get(session, person.conversation.id))


def test_of_many_who_claim_at_once_one_owns(line: Line, meet: Meet, ana: Advocate, sam: Advocate) -> None:
    person = meet().queued()
    conversation_id = person.conversation.id
    start, won, lost = threading.Barrier(6), [], []

    def claim(advocate: Advocate) -> None:
        start.wait()
        try:
            with line.database.write() as session:
                handoff.claim(session, line, conversation_id, advocate)
            won.append(advocate.id)
        except Conflict:
            lost.append(advocate.id)

    threads = [threading.Thread(target=claim, args=(advocate,)) for advocate in (ana, sam) * 3]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(won), len(lost)) == (1, 5)
    assert person.conversation.owner_id == won[0]
    assert [event[0] for event in person.events()].count("claimed") == 1


def test_the_person_is_told_who_is_there(line: Line, meet: Meet, ana: Advocate) -> None:
    assert "Ana" in meet().with_advocate(ana).told()[-1]


def test_only_the_owner_may_send(line: Line, meet: Meet, ana: Advocate, sam: Advocate) -> None:
    person = meet().with_advocate(ana)
    with pytest.raises(Refused) as refused:
        _send(person, sam)
    assert refused.value.reason == "not_owner"
    waiting = meet().queued()
    with pytest.raises(Refused, match="not_owner"):
        _send(waiting, ana)


def test_nobody_is_answered_unread(line: Line, meet: Meet, ana: Advocate) -> None:
    person = meet().with_advocate(ana)
    seen = person.conversation.last_sequence
    new = [person.write("wait").sequence, person.write("are you there").sequence]
    with pytest.raises(Refused) as refused:
        _send(person, ana, seen=seen)
    assert (refused.value.reason, refused.value.unseen) == ("unseen", tuple(new))
    assert _send(person, ana, seen=new[-1])
    assert person.told()[-1] == "I am here"


def test_a_repeated_send_is_one_message(line: Line, meet: Meet, ana: Advocate) -> None:
    person = meet().with_advocate(ana)
    first = _send(person, ana)
    person.write("thank you")
    assert _send(person, ana, seen=0) == first
    assert person.told().count("I am here") == 1


def test_an_advocates_message_leaves_although_the_conversation_moved_on(line: Line, meet: Meet, ana: Advocate) -> None:
    person = meet().with_advocate(ana)
    _send(person, ana)
    with line.database.write() as session:
        handoff.leave(session, line, person.conversation.id, ana, "bot", "line_returned", "returned")
    assert outbox_rows(line)[-2].status == "pending"
    assert person.conversation.state == "bot"


def test_an_owner_who_vanished_is_released_to_the_front_and_the_person_told(
    line: Line, meet: Meet, ana: Advocate, sam: Advocate
) -> None:
    lost, present, waiting = meet().with_advocate(ana), meet().with_advocate(sam), meet().queued()
    ago(line, Conversation, "owner_seen_at", 91, owner_id=ana.id)
    ago(line, Conversation, "queued_at", 600, id=waiting.conversation.id)
    with line.database.write() as session:
        handoff.heartbeat(session, sam.id)
        assert handoff.release_vanished(session, line) == [lost.conversation.id]
    assert (lost.conversation.state, lost.conversation.owner_id) == ("queued", None)
    assert present.conversation.state == "human"
    assert "lost the connection" in lost.told()[-1]
    assert lost.events()[-1] == ("owner_lost", "human", "queued", "line", None)
    with line.database.read() as session:
        assert handoff.waiting(session) == [lost.conversation.id, waiting.conversation.id]
    with pytest.raises(Refused, match="not_owner"):
        _send(lost, ana)


def test_danger_goes_first_then_those_who_come_back_then_waiting_time(line: Line, meet: Meet, ana: Advocate) -> None:
    first, second = meet().queued(), meet().queued()
    back = meet().with_advocate(ana)
    with line.database.write() as session:
        handoff.leave(session, line, back.conversation.id, ana, "queued", "line_requeued", "requeued")
    danger = meet()
    danger.write("he has a knife and is breaking the door")
    expected = [person.conversation.id for person in (danger, back, first, second)]
    with line.database.read() as session:
        assert handoff.waiting(session) == expected


def test_a_waiting_person_is_told_the_truth(line: Line, meet: Meet) -> None:
    alone = meet().queued()
    assert "nobody is at the desk" in alone.told()[-1]
    with line.database.write() as session:
        session.add(Advocate(login="ana", name="Ana", password_hash="-", seen_at=now()))
    behind = meet().queued()
    assert "Before you: 1" in behind.told()[-1]
    assert "nobody" not in behind.told()[-1]


def test_the_card_holds_what_was_said_so_that_nobody_has_to_tell_it_twice(line: Line, meet: Meet) -> None:
    person = meet()
    person.write("I need a lawyer in Lyon")
    facts = {"need": "legal", "place": "Lyon", "country": "FR"}
    person.answered(language="fr", commands=({"name": "remember", "facts": facts},))
    person.write("he is going to kill me, he has a knife")
    card = _card(person)
    assert (card.state, card.reason, card.safety) == ("queued", "crisis", "imminent")
    assert (card.language, card.country, card.facts) == ("fr", "FR", facts)
    assert card.said == ("I need a lawyer in Lyon", "he is going to kill me, he has a knife")
    assert card.words and all(word in "he is going to kill me, he has a knife" for word in card.words)


@pytest.mark.parametrize(
    ("to", "tell"), [("bot", "line_returned"), ("queued", "line_requeued"), ("closed", "line_closed")]
)
def test_an_advocate_lets_go_and_the_person_is_told(
    line: Line, meet: Meet, ana: Advocate, sam: Advocate, to: str, tell: str
) -> None:
    person = meet().with_advocate(ana)
    said = len(person.told())
    with pytest.raises(Refused), line.database.write() as session:
        handoff.leave(session, line, person.conversation.id, sam, to, tell, "let_go")
    with line.database.write() as session:
        handoff.leave(session, line, person.conversation.id, ana, to, tell, "let_go")
    assert (person.conversation.state, person.conversation.owner_id) == (to, None)
    assert len(person.told()) == said + 1
