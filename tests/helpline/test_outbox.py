"""What leaves by text message: in order, one at a time, never doubled, and statuses that only move forward."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from helpline import conversations, dialogue, handoff, messages, outbox
from helpline.dialogue import Reply, Turn
from helpline.line import Line
from helpline.messages import Body
from helpline.models import Advocate, Cleanup, Outbox
from tests.helpline.conftest import Meet, Person, ago, outbox_rows

DANGER = "he has a knife and is breaking the door"


def _said(line: Line, person: Person, *texts: str, kind: str = "announcement") -> None:
    with line.database.write() as session:
        conversation = conversations.lock(session, person.conversation.id)
        box = line.keys.box(conversation.key_id)
        for text in texts:
            messages.add(session, conversation, box, "line", Body(text), kind)


def _take(line: Line, most: int = 10) -> list[str]:
    return [letter.body.text for letter in outbox.take(line, most)]


@pytest.fixture
def told(line: Line, meet: Meet) -> Person:
    """Somebody with two messages on their way."""
    person = meet()
    person.write("hello")
    _said(line, person, "one", "two")
    return person


def _one(line: Line) -> str:
    """The id of the one letter that may leave now, taken."""
    [letter] = outbox.take(line, 10)
    return letter.id


def _status(line: Line, number: int = 0) -> str:
    return outbox_rows(line)[number].status


def test_one_message_at_a_time_in_order(line: Line, told: Person) -> None:
    first = _one(line)
    assert outbox.take(line, 10) == []
    outbox.accepted(line, first, "SM1", "queued")
    assert _take(line) == ["two"]


def test_one_at_a_time_holds_for_the_phone_not_only_for_the_conversation(line: Line, told: Person) -> None:
    with line.database.write() as session:
        conversations.move(session, conversations.lock(session, told.conversation.id), "closed", "line", "idle")
    told.write("hello again")
    _said(line, told, "three")
    first = _one(line)
    assert outbox.take(line, 10) == []
    outbox.accepted(line, first, "SM1", "queued")
    assert _take(line) == ["two"]


def test_people_do_not_wait_for_each_other(line: Line, meet: Meet, told: Person) -> None:
    other = meet()
    other.write("hello")
    _said(line, other, "for the other")
    assert _take(line) == ["one", "for the other"]


def test_replies_and_what_they_change_are_queued_out_together(line: Line, meet: Meet) -> None:
    person = meet()
    person.write("hello")
    person.answered("Hello.", commands=({"name": "set_language", "language": "es"},))
    assert (person.conversation.language, _status(line)) == ("es", "pending")


def test_nothing_is_queued_out_for_the_web(line: Line, meet: Meet) -> None:
    person = meet("web")
    person.write("hello")
    person.answered("Hello.")
    assert person.told() == ["Hello."]
    assert outbox_rows(line) == []


def test_what_was_refused_is_offered_again_later_and_later(line: Line, told: Person) -> None:
    waits = []
    for _ in range(12):
        ago(line, Outbox, "next_attempt_at", 0, status="pending")
        outbox.refused(line, _one(line))
        row = outbox_rows(line)[0]
        waits.append(round((row.next_attempt_at - row.updated_at).total_seconds()))
        assert outbox.take(line, 10) == []
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]


def test_a_lost_answer_is_unknown_and_never_sent_again_blindly(line: Line, told: Person) -> None:
    outbox.lost(line, _one(line))
    ago(line, Outbox, "updated_at", 3600)
    assert outbox.resend_crisis(line) == 0
    assert _status(line) == "unknown"
    assert _take(line) == ["two"]


def test_a_receipt_resolves_a_lost_answer(line: Line, told: Person) -> None:
    first = _one(line)
    outbox.lost(line, first)
    assert outbox.receipt(line, first, "SM1", "delivered", None) == told.conversation.id
    assert (outbox_rows(line)[0].status, outbox_rows(line)[0].provider_id) == ("delivered", "SM1")


def test_an_unresolved_crisis_text_is_sent_once_more_and_only_once(line: Line, meet: Meet) -> None:
    person = meet()
    person.write(DANGER)
    for expected in (1, 0):
        outbox.lost(line, _one(line))
        assert outbox.resend_crisis(line) == 0
        ago(line, Outbox, "updated_at", 31)
        assert outbox.resend_crisis(line) == expected
    assert _status(line) == "unknown"


def test_a_crisis_text_that_arrived_after_all_is_not_sent_again(line: Line, meet: Meet) -> None:
    person = meet()
    person.write(DANGER)
    first = _one(line)
    outbox.lost(line, first)
    ago(line, Outbox, "updated_at", 31)
    outbox.resend_crisis(line)
    outbox.receipt(line, first, "SM1", "sent", None)
    assert first not in [letter.id for letter in outbox.take(line, 10)]


def test_what_was_being_sent_when_the_process_ended_is_unknown(line: Line, told: Person) -> None:
    _one(line)
    assert outbox.recover(line) == 1
    assert [row.status for row in outbox_rows(line)] == ["unknown", "pending"]


@pytest.mark.parametrize("word", ["STOP", "cant talk now", "clear"])
@pytest.mark.parametrize("answer", ["refused", "lost"])
def test_what_was_on_its_way_when_it_was_cancelled_is_not_offered_again(
    line: Line, meet: Meet, word: str, answer: str
) -> None:
    person = meet()
    person.write(DANGER)
    first = _one(line)
    person.write(word)
    {"refused": outbox.refused, "lost": outbox.lost}[answer](line, first)
    for column in ("updated_at", "next_attempt_at"):
        ago(line, Outbox, column, 3600)
    assert outbox.resend_crisis(line) == 0
    assert first not in [letter.id for letter in outbox.take(line, 10)]


def test_an_unknown_crisis_text_is_not_resent_after_stop(line: Line, meet: Meet) -> None:
    person = meet()
    person.write(DANGER)
    outbox.lost(line, _one(line))
    person.write("STOP")
    ago(line, Outbox, "updated_at", 31)
    assert outbox.resend_crisis(line) == 0
    assert outbox.take(line, 10) == []


def test_a_message_erased_on_its_way_is_deleted_at_the_provider_too(line: Line, told: Person) -> None:
    first = _one(line)
    told.write("clear")
    outbox.accepted(line, first, "SM77", "queued")
    assert outbox.receipt(line, first, "SM77", "sent", None) is None
    with line.database.read() as session:
        assert [c.reference for c in session.query(Cleanup).filter_by(kind="twilio")] == ["SM77"]


def test_the_bot_never_talks_over_a_human(line: Line, meet: Meet, ana: Advocate) -> None:
    """A reply that was written before the conversation moved is dropped when its turn to leave comes."""
    person = meet()
    person.write("hello")
    person.answered("An ordinary reply.")
    person.write("I want a human")
    person.answered(commands=({"name": "hand_off", "reason": "asked"},))
    assert "An ordinary reply." not in _take(line)
    assert _status(line) == "cancelled"


def test_a_crisis_text_does_not_wait_for_dropped_replies(line: Line, meet: Meet) -> None:
    person = meet()
    person.write("hello")
    person.answered("one", "two", "three")
    person.write(DANGER)
    [text] = _take(line)
    assert "999" in text


@pytest.mark.parametrize("kind", ["crisis", "announcement", "advocate"])
def test_crisis_texts_announcements_and_advocates_messages_are_never_dropped(line: Line, meet: Meet, kind: str) -> None:
    person = meet()
    person.write("hello")
    _said(line, person, "always", kind=kind)
    with line.database.write() as session:
        conversation = conversations.lock(session, person.conversation.id)
        handoff.enqueue(session, line, conversation, line.keys.box(conversation.key_id), "asked", "bot")
    assert _take(line) == ["always"]


def test_unknown_ids_and_statuses_change_nothing(line: Line, told: Person) -> None:
    assert outbox.receipt(line, "no such id", "SM1", "delivered", None) is None
    assert outbox.receipt(line, outbox_rows(line)[0].id, "SM1", "exploded", None) is None
    assert _status(line) == "pending"
    outbox.lost(line, "no such id")
    outbox.refused(line, "no such id")


REPORTS = st.lists(st.sampled_from([*outbox.RECEIPTS, "lost", "refused", "accept"]), max_size=12)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(reports=REPORTS)
def test_no_order_of_receipts_ever_moves_a_status_back(sqlite_line: Line, reports: list[str]) -> None:
    line = sqlite_line
    person = Person(line, "+447700900123")
    person.write("hello")
    question = dialogue.next_question(line, person.conversation.id)
    assert question
    dialogue.apply(line, question, Turn((Reply("An answer.", kind="announcement"),)))
    letter = outbox_rows(line)[-1].id
    assert letter in [taken.id for taken in outbox.take(line, 100)]
    seen = [outbox.RANK["sending"]]
    for report in reports:
        if report == "lost":
            outbox.lost(line, letter)
        elif report == "refused" and seen[-1] > 1:
            outbox.refused(line, letter)
        elif report == "accept":
            outbox.accepted(line, letter, "SM1", "queued")
        elif report in outbox.RECEIPTS:
            outbox.receipt(line, letter, "SM1", report, None)
        seen.append(outbox.RANK[outbox_rows(line)[-1].status])
    assert seen == sorted(seen)
    assert all(after == before for before, after in zip(seen, seen[1:], strict=False) if before == 5)
    outbox.accepted(line, letter, "SM1", "queued")  # so that the next example's letter may leave
