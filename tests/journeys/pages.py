"""What a person and an advocate do with their browsers."""

import re
import time

from playwright.sync_api import Browser, Page, expect

PATIENCE = 20  # seconds
PASSWORD = "a long enough phrase of my own"


class Chat:
    """A person on the chat page."""

    def __init__(self, browser: Browser, url: str, locale: str = "en-GB") -> None:
        self.context = browser.new_context(locale=locale)
        self.page = self.context.new_page()
        self.errors: list[str] = []
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.goto(f"{url}/chat")

    def say(self, words: str) -> None:
        self.page.locator("#text").fill(words)
        self.page.keyboard.press("Enter")

    def press(self, title: str) -> None:
        self.page.locator("#replies button", has_text=title).click()

    def sees(self, words: str | re.Pattern[str]) -> None:
        expect(self.page.locator("#log").get_by_text(words).last).to_be_visible(timeout=20_000)

    def log(self) -> list[str]:
        """Everything said so far, in the order the page shows it."""
        return self.page.locator("#log .text").all_inner_texts()

    def close(self) -> None:
        assert not self.errors
        self.context.close()


class Desk:
    """An advocate at the desk."""

    def __init__(self, browser: Browser, url: str) -> None:
        self.context = browser.new_context(locale="en-GB")
        self.page: Page = self.context.new_page()
        self.url = url

    def sign_in(self, login: str, password: str) -> None:
        """Signs in; a one-time password is changed to PASSWORD."""
        self.page.goto(f"{self.url}/desk/login")
        self.page.fill("#login", login)
        self.page.fill("#password", password)
        self.page.click("button.primary")
        if "/password" in self.page.url:
            self.page.fill("#present", password)
            self.page.fill("#new", PASSWORD)
            self.page.fill("#again", PASSWORD)
            self.page.click("button.primary")
        expect(self.page.locator("#waiting-h")).to_be_visible()

    def open(self, words: str) -> None:
        """Opens the waiting conversation whose transcript has these words."""
        looked_at: set[str] = set()
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            ids = {str(row.get_attribute("id")) for row in self.page.locator("a.row").all()} - looked_at
            for id in sorted(ids):
                if words in self._transcript(id):
                    return
                looked_at.add(id)
            self.page.wait_for_timeout(200)
        raise AssertionError(f"nobody who wrote {words!r} waits")

    def _transcript(self, row: str) -> str:
        self.page.locator(f"#{row}").click()
        log = self.page.wait_for_selector(f"#log[data-id='{row.removeprefix('q-')}']", state="attached")
        return log.text_content() or ""

    def claim(self) -> None:
        self.page.locator("form.claim button").click()
        expect(self.page.locator("#text")).to_be_visible()

    def say(self, words: str) -> None:
        self.page.locator("#text").fill(words)
        self.page.keyboard.press("Enter")
        expect(self.page.locator("#messages .bubble.advocate", has_text=words)).to_be_visible(timeout=20_000)

    def sees(self, words: str) -> None:
        expect(self.page.locator("#log").get_by_text(words).last).to_be_visible(timeout=20_000)

    def give_back(self) -> None:
        """Gives the conversation back to the program."""
        self.page.locator("form[action$='/return'] button").click()
        self.page.locator("dialog[open] button.primary, dialog[open] button[value=yes]").first.click()
