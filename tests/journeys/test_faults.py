"""When a part is killed: nobody is left without an answer, and nothing is lost or doubled."""

from playwright.sync_api import Browser

from tests.journeys.conftest import Helpline, wait_for
from tests.journeys.pages import Chat


def test_while_the_engine_is_down_people_get_a_number_and_later_their_answer(helpline: Helpline) -> None:
    phone = "+447700900301"
    helpline.conversation(phone, "hello")
    engine = helpline.part("engine")
    engine.kill()
    engine.wait(10)
    answer = helpline.conversation(phone, "I need a lawyer, I am in Glasgow")
    assert "999" in answer[0]
    assert "Talk to a person" in answer[0]
    wait_for(helpline.ready, 120)
    wait_for(lambda: any("Glasgow, United Kingdom" in text for text in helpline.received(phone)))
    helpline.settle(phone)
    texts = helpline.received(phone)
    assert sum("Glasgow, United Kingdom" in text for text in texts) == 1
    assert sum("cannot answer it right now" in text for text in texts) == 1


def test_a_human_can_be_asked_for_while_the_engine_is_down(helpline: Helpline) -> None:
    phone = "+447700900302"
    helpline.conversation(phone, "hello")
    engine = helpline.part("engine")
    engine.kill()
    engine.wait(10)
    helpline.conversation(phone, "are you there")
    assert "Before you" in helpline.conversation(phone, "1")[0]
    wait_for(helpline.ready, 120)


def test_the_chat_survives_a_restart_of_the_edge(helpline: Helpline, browser: Browser) -> None:
    chat = Chat(browser, helpline.url)
    chat.say("hello")
    chat.sees("safe")
    edge = helpline.part("edge")
    edge.kill()
    edge.wait(10)
    chat.say("where is a police station in Lyon")
    wait_for(helpline.ready, 60)
    chat.sees("Lyon, France")
    assert chat.log().count("where is a police station in Lyon") == 1
    chat.close()
