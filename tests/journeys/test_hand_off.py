"""From the program to a person and back, on the web and by text message."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.journeys.conftest import Helpline, wait_for
from tests.journeys.pages import Chat, Desk


@pytest.fixture(scope="module")
def desk(helpline: Helpline, browser: Browser, first_password: str) -> Iterator[Desk]:
    desk = Desk(browser, helpline.url)
    desk.sign_in("advocate", first_password)
    yield desk
    desk.context.close()


def test_a_person_on_the_web_asks_for_a_person_and_one_answers(
    helpline: Helpline, browser: Browser, desk: Desk
) -> None:
    chat = Chat(browser, helpline.url)
    chat.say("hello")
    chat.sees("safe")
    chat.say("my neighbour Brimblecombe keeps following me to work")
    chat.sees("sorry")
    chat.say("I want to talk to a real person please")
    chat.sees("Before you")
    desk.open("Brimblecombe")
    desk.claim()
    chat.sees("is here with you now")
    desk.say("I am here. What would help you most today?")
    chat.sees("What would help you most today?")
    chat.page.reload()
    chat.sees("What would help you most today?")
    chat.say("to know what I can do")
    desk.sees("to know what I can do")
    desk.give_back()
    chat.sees("back with the program")
    log = chat.log()
    assert log.count("to know what I can do") == 1
    assert len(log) == len(set(log)), "nothing is shown twice"
    chat.close()


def test_while_a_human_answers_the_bot_is_silent(helpline: Helpline, desk: Desk) -> None:
    phone = "+447700900201"
    helpline.conversation(phone, "I want to talk to a human, it is about Quillfeather")
    desk.page.goto(f"{helpline.url}/desk")
    desk.open("Quillfeather")
    desk.claim()
    wait_for(lambda: any("is here with you now" in text for text in helpline.received(phone)))
    helpline.settle(phone)
    before = len(helpline.received(phone))
    helpline.text(phone, "hello, I need a lawyer in Leeds")
    desk.sees("I need a lawyer in Leeds")
    helpline.settle(phone)
    assert len(helpline.received(phone)) == before
    desk.say("I am with you. Let us look together.")
    wait_for(lambda: len(helpline.received(phone)) > before)
    assert helpline.received(phone)[before:] == ["I am with you. Let us look together."]


def test_danger_puts_a_conversation_first_with_the_words_that_show_it(helpline: Helpline, desk: Desk) -> None:
    helpline.conversation("+447700900202", "can I talk to a person about Marchbanks")
    helpline.conversation("+447700900203", "he has a gun and says he will kill me, Oakenshaw")
    desk.page.goto(f"{helpline.url}/desk")
    first = desk.page.locator("a.row").first
    expect(first).to_contain_text("he has a gun", timeout=20_000)


def test_two_advocates_never_own_one_conversation(helpline: Helpline, browser: Browser, desk: Desk) -> None:
    import subprocess
    import sys

    added = subprocess.run(
        [sys.executable, "-m", "helpline", "advocate", "add", "second", "--name", "Noor"],
        env=helpline.environment,
        capture_output=True,
        text=True,
        check=True,
    )
    other = Desk(browser, helpline.url)
    other.sign_in("second", added.stdout.split()[4])
    helpline.conversation("+447700900204", "I would like to speak to somebody, Thistlewood")
    for one in (desk, other):
        one.page.goto(f"{helpline.url}/desk")
        one.open("Thistlewood")
    desk.claim()
    button = other.page.locator("form.claim button")
    if button.count():
        button.click()
    expect(other.page.locator("#composer")).to_have_count(0)
    other.context.close()
