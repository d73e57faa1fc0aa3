"""On the web: a lost connection, a reload, another language, a way out."""

from playwright.sync_api import Browser, expect

from tests.journeys.conftest import Helpline
from tests.journeys.pages import Chat


def test_buttons_lead_on(helpline: Helpline, browser: Browser) -> None:
    chat = Chat(browser, helpline.url)
    chat.say("hi")
    chat.sees("safe")
    chat.page.locator("#replies button").first.click()
    chat.sees("program")
    chat.close()


def test_a_message_written_offline_arrives_once(helpline: Helpline, browser: Browser) -> None:
    chat = Chat(browser, helpline.url)
    chat.say("hello")
    chat.sees("safe")
    chat.context.set_offline(True)
    chat.page.wait_for_timeout(500)
    chat.say("where can I find a lawyer in Madrid")
    chat.page.wait_for_timeout(1000)
    chat.context.set_offline(False)
    chat.sees("Madrid, Spain")
    chat.page.reload()
    chat.sees("Madrid, Spain")
    assert chat.log().count("where can I find a lawyer in Madrid") == 1
    chat.close()


def test_arabic_is_answered_in_arabic_from_right_to_left(helpline: Helpline, browser: Browser) -> None:
    chat = Chat(browser, helpline.url, locale="ar-LB")
    expect(chat.page.locator("html")).to_have_attribute("dir", "rtl")
    chat.say("مرحبا")
    chat.sees("آمنة")
    chat.close()


def test_exit_leaves_at_once_and_ends_the_session(helpline: Helpline, browser: Browser) -> None:
    chat = Chat(browser, helpline.url)
    chat.say("hello")
    chat.sees("safe")
    chat.page.route("https://www.wikipedia.org/**", lambda route: route.fulfill(body="<p>neutral</p>"))
    chat.page.locator("#exit").click()
    chat.page.wait_for_url("https://www.wikipedia.org/**")
    chat.page.go_back()
    chat.page.wait_for_timeout(500)
    assert "safe" not in chat.page.content() or chat.page.url.startswith("https://www.wikipedia.org")
    again = chat.context.new_page()
    again.goto(f"{helpline.url}/chat")
    again.wait_for_timeout(1000)
    assert again.locator("#log .text").count() == 0
    chat.context.close()
