"""Reading, claiming, writing and letting go."""

import re
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from helpline import messages
from helpline.conversations import get
from helpline.line import Line
from helpline.models import Event

from .conftest import PAGE, Desk


def _said(line: Line, conversation_id: int, author: str = "advocate") -> list[str]:
    with line.database.read() as session:
        conversation = get(session, conversation_id)
        found = messages.read(session, conversation, line.keys.box(conversation.key_id))
        return [e.body.text for e in found if e.author == author]


def _last(line: Line, conversation_id: int) -> int:
    with line.database.read() as session:
        return get(session, conversation_id).last_sequence


def test_the_queue_says_who_waits_why_and_how_long(ana: Desk, people: object) -> None:
    page = ana.http.get("/desk/", headers=PAGE).text
    assert "Nobody is waiting" in page
    calm = people.ask_for_human("web:1", "Quiero hablar con una persona")
    danger = people.ask_for_human("+15550111", "he has a knife and he is coming in", channel="sms")
    queue = ana.http.get("/desk/queue").text
    assert queue.index(f'id="q-{danger}"') < queue.index(f'id="q-{calm}"')
    assert "Danger now" in queue and "knife" in queue and "SMS" in queue and "0 min" in queue
    assert 'data-waiting="2"' in queue
    assert "<title>(2)" in ana.http.get("/desk/", headers=PAGE).text


def test_card_and_transcript_can_be_read_before_claiming_and_that_is_logged(
    ana: Desk, people: object, line: Line
) -> None:
    conversation_id = people.ask_for_human("web:1", "<b>please</b> a person")
    for _ in range(2):
        page = ana.http.get(f"/desk/conversations/{conversation_id}", headers=PAGE)
    ana.http.get(f"/desk/conversations/{conversation_id}/messages?after=0")
    assert page.status_code == 200
    assert "&lt;b&gt;please" in page.text and "<b>please" not in page.text
    assert "/claim" in page.text and 'id="composer"' not in page.text
    with line.database.read() as session:
        reads = session.execute(select(Event.actor).where(Event.name == "read")).scalars().all()
    assert reads == ["advocate:1", "advocate:1"]


def test_two_claims_at_once_have_one_winner_and_the_other_hears_who(ana: Desk, sam: Desk, people: object) -> None:
    for round_number in range(5):
        conversation_id = people.ask_for_human(f"web:{round_number}")
        tokens = {desk: desk.token() for desk in (ana, sam)}

        def claim(desk: Desk, conversation_id: int = conversation_id, tokens: dict = tokens) -> object:
            headers = {"x-csrftoken": tokens[desk]}
            return desk.http.post(f"/desk/conversations/{conversation_id}/claim", headers=headers)

        with ThreadPoolExecutor(2) as pool:
            answers = list(pool.map(claim, (ana, sam)))
        assert sorted(a.status_code for a in answers) == [303, 409]
        winner = ("Ana", "Sam")[[a.status_code for a in answers].index(303)]
        lost = next(a for a in answers if a.status_code == 409)
        assert f"{winner} was first" in lost.json()["text"]
        assert people.state(conversation_id) == ("human", {"Ana": 1, "Sam": 2}[winner])


def test_a_second_click_on_claim_is_no_error(ana: Desk, people: object) -> None:
    conversation_id = people.ask_for_human("web:1")
    for _ in range(2):
        assert ana.post(f"/conversations/{conversation_id}/claim").status_code == 303


def test_a_colleagues_conversation_is_listed_and_not_readable(ana: Desk, sam: Desk, people: object) -> None:
    conversation_id = people.ask_for_human("web:1", "my secret")
    ana.post(f"/conversations/{conversation_id}/claim")
    queue = sam.http.get("/desk/queue").text
    assert "With Ana" in queue and f"/desk/conversations/{conversation_id}" not in queue
    for path in ("", "/panel", "/messages?after=0"):
        answer = sam.http.get(f"/desk/conversations/{conversation_id}{path}")
        assert answer.status_code == 403 and "Ana has conversation" in answer.json()["text"]
        assert "secret" not in answer.text


def test_a_message_is_sent_once_however_often_it_arrives(ana: Desk, people: object, line: Line) -> None:
    conversation_id = people.ask_for_human("web:1")
    ana.post(f"/conversations/{conversation_id}/claim")
    client_id, seen = str(uuid.uuid4()), _last(line, conversation_id)
    answers = [ana.send(conversation_id, "I am here.", seen, client_id) for _ in range(3)]
    assert {a.status_code for a in answers} == {200}
    assert len({a.json()["sequence"] for a in answers}) == 1
    assert _said(line, conversation_id) == ["I am here."]


def test_a_message_is_refused_until_the_latest_was_seen(ana: Desk, people: object, line: Line) -> None:
    conversation_id = people.ask_for_human("web:1")
    ana.post(f"/conversations/{conversation_id}/claim")
    seen = _last(line, conversation_id)
    people.write("web:1", "I am at the door now")
    refused = ana.send(conversation_id, "Is he gone?", seen)
    assert refused.status_code == 409
    assert refused.json()["reason"] == "unseen" and refused.json()["unseen"] == [seen + 1]
    assert _said(line, conversation_id) == []
    assert ana.send(conversation_id, "Can you leave?", seen + 1).status_code == 200


def test_only_the_owner_writes(ana: Desk, sam: Desk, people: object, line: Line) -> None:
    conversation_id = people.ask_for_human("web:1")
    seen = _last(line, conversation_id)
    assert sam.send(conversation_id, "hello", seen).json()["reason"] == "not_owner"
    ana.post(f"/conversations/{conversation_id}/claim")
    assert sam.send(conversation_id, "hello", seen).status_code == 409
    assert sam.post(f"/conversations/{conversation_id}/close").status_code == 409
    assert _said(line, conversation_id) == []


def test_nothing_is_sent_to_one_who_cannot_talk_or_said_stop(ana: Desk, people: object, line: Line) -> None:
    for number, words, reason in (("+15550112", "cannot talk", "silent"), ("+15550113", "STOP", "stopped")):
        conversation_id = people.ask_for_human(number, channel="sms")
        ana.post(f"/conversations/{conversation_id}/claim")
        people.write(number, words, channel="sms")
        refused = ana.send(conversation_id, "hello", _last(line, conversation_id))
        assert (refused.status_code, refused.json()["reason"]) == (409, reason)
        page = ana.http.get(f"/desk/conversations/{conversation_id}", headers=PAGE).text
        assert 'id="composer"' not in page and 'data-kind="quiet"' in page


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"text": "  "}, 400),
        ({"text": "ä" * 5001}, 413),
        ({"client_id": "1"}, 400),
        ({"client_id": "x" * 300}, 400),
        ({"seen": "-1"}, 400),
        ({"seen": "all"}, 400),
        ({"seen": "999"}, 400),
        ({"seen": "9" * 30}, 400),
    ],
)
def test_a_bad_message_is_refused_with_a_clear_line(
    ana: Desk, people: object, fields: dict[str, str], status: int
) -> None:
    conversation_id = people.ask_for_human("web:1")
    ana.post(f"/conversations/{conversation_id}/claim")
    message = {"text": "hello", "client_id": str(uuid.uuid4()), "seen": "1", **fields}
    answer = ana.post(f"/conversations/{conversation_id}/messages", **message)
    assert answer.status_code == status and answer.json()["text"]


def test_the_cursor_replays_exactly_what_came_after_it(ana: Desk, people: object, line: Line) -> None:
    conversation_id = people.ask_for_human("web:1", "first")
    cursor = _last(line, conversation_id)
    people.write("web:1", "second")
    people.write("web:1", "third")

    def fetch(after: int) -> list[int]:
        piece = ana.http.get(f"/desk/conversations/{conversation_id}/messages?after={after}").text
        return [int(n) for n in re.findall(r'data-sequence="(\d+)"', piece)]

    assert fetch(0) == list(range(1, cursor + 3))
    assert fetch(cursor) == [cursor + 1, cursor + 2]
    assert fetch(cursor + 2) == []


@pytest.mark.parametrize("after", ["-1", "x", "", "1.5", "%D9%A3", "99", "9" * 40])
def test_a_forged_cursor_is_a_400(ana: Desk, people: object, after: str) -> None:
    conversation_id = people.ask_for_human("web:1")
    answer = ana.http.get(f"/desk/conversations/{conversation_id}/messages?after={after}")
    assert answer.status_code == 400 and answer.json()["reason"] == "cursor"


@pytest.mark.parametrize("number", ["99", "0", "-1", "x", "9" * 30, "1%2F2"])
def test_an_unknown_conversation_is_a_404(ana: Desk, number: str) -> None:
    page = ana.http.get(f"/desk/conversations/{number}", headers=PAGE)
    assert page.status_code == 404 and "There is no such" in page.text
    assert ana.post(f"/conversations/{number}/claim").status_code == 404


def test_letting_go_ends_where_it_should_and_the_person_is_told(ana: Desk, people: object, line: Line) -> None:
    for action, state in (("return", "bot"), ("requeue", "queued"), ("close", "closed")):
        conversation_id = people.ask_for_human(f"web:{action}")
        ana.post(f"/conversations/{conversation_id}/claim")
        told = len(_said(line, conversation_id, "line"))
        assert ana.post(f"/conversations/{conversation_id}/{action}").headers["location"] == "/desk/"
        assert people.state(conversation_id)[0] == state
        assert len(_said(line, conversation_id, "line")) == told + 1
        assert ana.post(f"/conversations/{conversation_id}/{action}").status_code == 409


def test_a_closed_conversation_can_neither_be_read_nor_claimed(ana: Desk, people: object) -> None:
    conversation_id = people.ask_for_human("web:1", "my secret")
    ana.post(f"/conversations/{conversation_id}/claim")
    ana.post(f"/conversations/{conversation_id}/close")
    page = ana.http.get(f"/desk/conversations/{conversation_id}", headers=PAGE)
    assert page.status_code == 409 and "is closed" in page.text and "secret" not in page.text
    assert ana.post(f"/conversations/{conversation_id}/claim").json()["reason"] == "is_closed"


def test_the_delivery_of_a_text_message_is_shown(ana: Desk, people: object, line: Line) -> None:
    conversation_id = people.ask_for_human("+15550114", channel="sms")
    page = ana.http.get(f"/desk/conversations/{conversation_id}", headers=PAGE).text
    assert re.search(r'class="delivery (pending|sending|unknown|failed)"', page)
