"""The web chat with real Socket.IO clients: what is yours is yours, and nothing is lost or doubled."""

import uuid
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from helpline import conversations, messages
from helpline.messages import Body
from helpline.models import Conversation, Message
from tests.connectors.conftest import Browser, Door, wait_for

Browse = Callable[[], Browser]
TOO_LONG = "x" * 10_001
ODD: list[Any] = [None, 7, True, [], ["message"], {}, {"message": None}, {"message": {}}, {"message": 5}, b"\x00\xff"]


def _conversation(door: Door, words: str) -> Conversation:
    """The conversation in which these words were said."""
    with door.line.database.read() as session:
        for message in session.execute(select(Message).order_by(Message.id.desc())).scalars():
            conversation = conversations.get(session, message.conversation_id)
            box = door.line.keys.box(conversation.key_id)
            if messages.load(box.decrypt(message.body_cipher)).text == words:
                return conversation
    raise AssertionError("nobody said that")


def _begun(browse: Browse, words: str) -> tuple[Browser, dict[str, Any]]:
    """A browser with a session in which something has been said."""
    browser = browse()
    session = browser.begin()
    assert browser.say(words)["accepted"]
    return browser, session


def test_session_ids_are_issued_by_the_server_and_tell_nothing_about_the_token(browse: Browse) -> None:
    browser = browse()
    session = browser.begin(session_id="mine", token="short")
    assert session["session_id"] not in ("mine", session["token"])
    assert session["session_id"] not in session["token"]
    assert len(session["token"]) >= 40
    assert wait_for(lambda: browser.events("session_confirm")) == [session["session_id"]]


def test_rasas_plain_protocol_works_without_answers_or_tokens(door: Door, browse: Browse) -> None:
    browser = browse()
    browser.emit("session_request", {"session_id": None})
    session_id = wait_for(lambda: browser.events("session_confirm"))[0]
    words = f"plain {uuid.uuid4()}"
    browser.emit("user_uttered", {"message": words, "session_id": session_id})
    answer = wait_for(lambda: browser.events("bot_uttered"))[0]
    assert isinstance(answer["text"], str)
    assert {reply["content_type"] for reply in answer["quick_replies"]} == {"text"}
    assert words in door.said()


def test_a_widget_that_never_asks_for_a_session_is_given_one(door: Door, browse: Browse) -> None:
    browser, words = browse(), f"no session {uuid.uuid4()}"
    browser.emit("user_uttered", {"message": words})
    wait_for(lambda: browser.events("session_confirm"))
    wait_for(lambda: words in door.said())


def test_naming_the_session_or_conversation_of_another_gives_a_new_one(door: Door, browse: Browse) -> None:
    secret = f"secret {uuid.uuid4()}"
    victim, theirs = _begun(browse, secret)
    named = victim.begin(token=theirs["token"])
    thief = browse()
    for asked in (
        {"session_id": theirs["session_id"]},
        {"session_id": theirs["session_id"], "conversation": named["conversation"], "after": 0},
        {"token": theirs["session_id"]},
        {"token": theirs["token"][:-1]},
        {"token": theirs["token"] + "x"},
    ):
        got = thief.begin(**asked)
        assert got["session_id"] != theirs["session_id"]
        assert (got["conversation"], got["messages"]) == (None, [])
    words = f"from the thief {uuid.uuid4()}"
    thief.say(words, session_id=theirs["session_id"], conversation=named["conversation"])
    assert _conversation(door, words).id != _conversation(door, secret).id
    assert secret not in str(thief.heard)
    assert words not in str(victim.heard)


@pytest.mark.parametrize(
    "token",
    ["unknown" * 6, "", "x" * 5_000, 7, None, [], {"a": 1}, True, "\ud800" * 30, "é" * 40, "' OR 1=1 --" * 3],
    ids=["unknown", "empty", "long", "number", "none", "list", "object", "true", "surrogates", "accents", "sql"],
)
def test_unknown_and_malformed_tokens_get_a_new_session(browse: Browse, token: object) -> None:
    session = browse().begin(token=token)
    assert session["token"] != token
    assert session["messages"] == []


@pytest.mark.parametrize("after", [-1, 10**30, "1", "x", None, [], 1.5, True, {"a": 1}])
def test_a_forged_cursor_shows_everything_that_is_theirs_and_nothing_else(browse: Browse, after: object) -> None:
    words = f"cursor {uuid.uuid4()}"
    _, session = _begun(browse, words)
    again = browse().begin(token=session["token"], after=after)
    assert again["session_id"] == session["session_id"]
    assert again["messages"][0]["text"] == words
    assert len({message["conversation"] for message in again["messages"]}) == 1


def test_a_cursor_replays_only_what_came_after_it(door: Door, browse: Browse) -> None:
    browser, session = _begun(browse, "one")
    second = browser.say("two")["sequence"]
    third = browser.say("three")["sequence"]
    again = browse().begin(token=session["token"], after=second)
    assert [m["text"] for m in again["messages"] if m["author"] == "person"] == ["three"]
    assert again["cursor"] >= third


def test_a_message_that_is_sent_again_is_one_message(door: Door, browse: Browse) -> None:
    browser, words, message_id = browse(), f"again {uuid.uuid4()}", str(uuid.uuid4())
    session = browser.begin()
    first = browser.say(words, message_id=message_id)
    other = browse()
    other.begin(token=session["token"])
    again = other.say(words, message_id=message_id)
    assert (first["duplicate"], again["duplicate"]) == (False, True)
    assert first["sequence"] == again["sequence"]
    assert door.said().count(words) == 1


def test_the_message_id_of_another_person_is_no_duplicate(door: Door, browse: Browse) -> None:
    message_id = str(uuid.uuid4())
    answers = [(b := browse(), b.begin())[0].say("the same id", message_id=message_id) for _ in range(2)]
    assert [answer["duplicate"] for answer in answers] == [False, False]


def test_what_is_said_reaches_every_tab_of_the_session_once_and_nobody_else(door: Door, browse: Browse) -> None:
    first, session = _begun(browse, "hello")
    second, stranger = browse(), browse()
    second.begin(token=session["token"])
    stranger.begin()
    words = f"in one tab {uuid.uuid4()}"
    first.say(words)
    wait_for(lambda: words in second.texts("person_uttered"))
    assert first.texts("person_uttered").count(words) == 0
    assert second.texts("person_uttered").count(words) == 1
    assert words not in str(stranger.heard)


def test_a_reply_that_was_missed_is_replayed(door: Door, browse: Browse) -> None:
    words = f"away {uuid.uuid4()}"
    browser, session = _begun(browse, words)
    cursor = browser.begin(token=session["token"])["cursor"]
    browser.close()
    with door.line.database.write() as database:
        conversation = conversations.lock(database, _conversation(door, words).id)
        box = door.line.keys.box(conversation.key_id)
        messages.add(database, conversation, box, "line", Body("while you were away"), "announcement")
    again = browse().begin(token=session["token"], after=cursor)
    assert "while you were away" in [message["text"] for message in again["messages"]]


def test_a_payload_is_obeyed_only_if_it_was_offered(door: Door, browse: Browse) -> None:
    words = f"payload {uuid.uuid4()}"
    browser, _ = _begun(browse, words)
    browser.say("/return_to_bot")
    wait_for(lambda: browser.events("bot_uttered"))
    assert _conversation(door, words).state == "bot"
    browser.say("Talk to a person", payload="/request_human")
    assert _conversation(door, words).state == "queued"


@pytest.mark.parametrize("message_id", ["", "x" * 65, "../..", 7, None, "a b", "é\x00", {"a": 1}])
def test_a_message_with_an_unusable_id_is_taken_all_the_same(door: Door, browse: Browse, message_id: object) -> None:
    browser, words = browse(), f"odd id {uuid.uuid4()}"
    browser.begin()
    assert browser.say(words, message_id=message_id)["accepted"]
    assert door.said().count(words) == 1


@pytest.mark.parametrize("data", ODD, ids=repr)
def test_messages_of_the_wrong_form_are_answered_and_the_service_goes_on(
    door: Door, browse: Browse, data: object
) -> None:
    browser = browse()
    browser.begin()
    answer = browser.ask("user_uttered", data)
    assert (answer["accepted"], answer["error"]) == (False, "empty")
    assert "empty" in wait_for(browser.texts)[0]
    assert browser.begin()["session_id"]
    assert door.answers()


@pytest.mark.parametrize("data", ODD, ids=repr)
def test_session_requests_of_the_wrong_form_get_a_new_session(browse: Browse, data: object) -> None:
    assert browse().ask("session_request", data)["token"]


@pytest.mark.parametrize("text", [TOO_LONG, "م" * 5_001], ids=["latin", "arabic"])
def test_a_message_over_ten_thousand_bytes_is_refused_in_words(browse: Browse, text: str) -> None:
    browser = browse()
    browser.begin()
    answer = browser.say(text, message_id="1")
    assert (answer["accepted"], answer["error"]) == (False, "too_long")
    assert "too long" in answer["text"]


def test_what_is_far_too_large_ends_that_connection_and_no_other(door: Door, browse: Browse) -> None:
    browser, other = browse(), browse()
    browser.begin()
    browser.emit("user_uttered", {"message": "x" * 300_000})
    wait_for(lambda: not browser.client.connected)
    assert other.begin()["token"]
    assert door.answers()


@pytest.mark.parametrize("text", ["😭", "\x00\x01", "\u202e", "\ud800 half", "a\x00b"], ids=ascii)
def test_odd_texts_are_taken(browse: Browse, text: str) -> None:
    browser = browse()
    browser.begin()
    assert browser.say(text)["accepted"]


def test_exit_ends_the_conversation_and_the_token_opens_nothing_any_more(door: Door, browse: Browse) -> None:
    words = f"exit {uuid.uuid4()}"
    browser, session = _begun(browse, words)
    assert browser.ask("exit") == {"left": True}
    assert _conversation(door, words).state == "closed"
    again = browse().begin(token=session["token"])
    assert (again["messages"], again["conversation"]) == ([], None)
    assert again["token"] != session["token"]


def test_exit_works_when_the_connection_is_already_gone(door: Door, browse: Browse) -> None:
    words = f"beacon {uuid.uuid4()}"
    browser, session = _begun(browse, words)
    browser.close()
    assert httpx.post(f"{door.url}/chat/exit", content=session["token"]).status_code == 204
    assert _conversation(door, words).state == "closed"


@pytest.mark.parametrize(
    ("body", "status"), [(b"", 204), (b"unknown" * 6, 204), (b"\xff" * 40, 204), (b"x" * 201, 413)]
)
def test_exit_with_anything_else_is_harmless(door: Door, body: bytes, status: int) -> None:
    assert httpx.post(f"{door.url}/chat/exit", content=body).status_code == status


def test_exit_without_a_session_is_harmless(browse: Browse) -> None:
    assert browse().ask("exit") == {"left": True}


def test_the_safe_word_ends_the_session_in_every_tab(door: Door, browse: Browse) -> None:
    words = f"safe word {uuid.uuid4()}"
    browser, session = _begun(browse, words)
    other = browse()
    other.begin(token=session["token"])
    browser.say("clear")
    for tab in (browser, other):
        wait_for(lambda tab=tab: tab.events("session_ended"))
    assert words not in door.said()


@pytest.mark.parametrize("event", ["no_such_event", "connect_error", "message"])
def test_unknown_events_are_ignored(door: Door, browse: Browse, event: str) -> None:
    browser = browse()
    browser.emit(event, {"x": 1})
    assert browser.begin()["token"]
