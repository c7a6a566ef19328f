"""What a person does in the console."""

from __future__ import annotations

import codecs
from typing import Any

from playwright.sync_api import Download, Locator, Page, expect

from tests.console.words import words_of
from tests.servers import Account

CHROMIUM = "/usr/bin/chromium"
"""Debian's browser; Playwright's own would have to be downloaded."""

TITLES = {
    "try": "try.title",
    "service": "service.title",
    "keys": "keys.title",
    "monitoring": "usage.title",
    "administration": "admin.title",
    "account": "account.title",
}
"""The views, with the key of what stands above each."""


class Visitor:
    """A person in front of the console.

    Args:
        page: the browser's tab.
        url: of the server.
        language: `en` or `zh`.
        account: whom to sign in as, where the server asks.
        signed_in: whether the browser has been signed in before.
    """

    def __init__(
        self,
        page: Page,
        url: str,
        language: str,
        account: Account | None,
        *,
        signed_in: bool = False,
    ) -> None:
        self.page = page
        self.url = url
        self.account = account
        self.words = words_of(language)
        self._signed_in = signed_in

    def go(self, view: str = "") -> None:
        """Opens a view by its address."""
        self.page.goto(f"{self.url}/#/{view}" if view else f"{self.url}/")
        self.page.locator("h1").first.wait_for()

    def look_at(self, view: str) -> None:
        """Opens a view by its address and sees that it is that one, with all that it asks for."""
        self.go(view)
        expect(self.page.locator("main h1")).to_have_text(self.say(TITLES[view]))
        expect(self.page.locator("[aria-busy]")).to_have_count(0)

    def say(self, key: str, **values: object) -> str:
        """The console's words for a key."""
        text = self.words[key]
        for name, value in values.items():
            text = text.replace(f"{{{name}}}", str(value))
        return text

    def sign_in(self, *, user: str = "", password: str = "", stay: bool = False) -> None:
        """Fills in the form and sends it; it need not succeed."""
        assert self.account
        self.fill("sign_in.user", user or self.account.user)
        self.fill("sign_in.password", password or self.account.password)
        if stay:
            self.page.get_by_label(self.say("sign_in.stay")).check()
        self.press("sign_in.go")

    def enter(self, view: str = "") -> None:
        """Signs in where that is needed, which must succeed, and opens a view."""
        if not self._signed_in:
            self.sign_in()
        self.button("sign_out").wait_for()
        if view:
            self.open(view)

    def open(self, view: str) -> None:
        """Opens a view by the navigation."""
        self.page.get_by_role("link", name=self.say(f"nav.{view}"), exact=True).click()
        expect(self.page.locator("main h1")).to_be_focused()

    def button(self, key: str, **values: object) -> Locator:
        return self.page.get_by_role("button", name=self.say(key, **values), exact=True)

    def press(self, key: str, **values: object) -> None:
        self.button(key, **values).click()

    def fill(self, key: str, text: str) -> None:
        self.page.get_by_label(self.say(key), exact=True).fill(text)

    def tab(self, key: str) -> None:
        self.page.get_by_role("tab", name=self.say(key)).click()

    def give(self, *files: tuple[str, bytes]) -> None:
        """Chooses pictures: name and content of each."""
        chosen: list[Any] = [
            {"name": name, "mimeType": "image/png", "buffer": content} for name, content in files
        ]
        self.page.locator("input[type=file]").set_input_files(chosen)

    def lines(self) -> list[str]:
        """The texts of the result, once there is one."""
        self.page.locator(".result .line-text").first.wait_for()
        return self.page.locator(".result .line-text").all_text_contents()

    def problem(self) -> Locator:
        """The error that is shown."""
        return self.page.get_by_role("alert").first

    def download(self, button: Locator) -> tuple[str, str]:
        """Name and text of the file that a button saves.

        CSV begins with the mark by which spreadsheets know UTF-8, nothing else does.
        """
        with self.page.expect_download() as started:
            button.click()
        saved: Download = started.value
        name, content = saved.suggested_filename, saved.path().read_bytes()
        assert content.startswith(codecs.BOM_UTF8) == name.endswith(".csv")
        return name, content.decode("utf-8-sig")

    def see_pictures(self) -> None:
        """Returns once all pictures of the page are there."""
        self.page.evaluate("Promise.all([...document.images].map((image) => image.decode()))")

    def answer(self, question: str, key: str) -> None:
        """Presses a button of the window that asks this."""
        window = self.page.get_by_role("dialog", name=question, exact=True)
        window.get_by_role("button", name=self.say(key), exact=True).click()
        expect(window).to_have_count(0)

    def clipboard(self) -> str:
        text: str = self.page.evaluate("navigator.clipboard.readText()")
        return text

    def is_wider_than_the_window(self) -> bool:
        wide: bool = self.page.evaluate("document.documentElement.scrollWidth > innerWidth")
        return wide
