"""Provide a page object for the console."""

from __future__ import annotations

import codecs
from typing import Any

from playwright.sync_api import Download, Locator, Page, expect

from tests.console.texts import load_texts
from tests.support.servers import Account

CHROMIUM = "/usr/bin/chromium"
"""Debian's browser: no download as for Playwright's own."""

TITLES = {
    "try": "try.title",
    "service": "service.title",
    "keys": "keys.title",
    "monitoring": "usage.title",
    "administration": "admin.title",
    "account": "account.title",
}
"""Views with the key of their heading."""


class ConsolePage:
    """Drive the console as a user does.

    Args:
        page: browser tab.
        url: URL of the server.
        language: `en` or `zh`.
        account: account to sign in with, unless authentication is off.
        signed_in: whether the browser is signed in already.
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
        self.texts = load_texts(language)
        self._signed_in = signed_in

    def goto(self, view: str = "") -> None:
        """Open a view by its URL."""
        self.page.goto(f"{self.url}/#/{view}" if view else f"{self.url}/")
        self.page.locator("h1").first.wait_for()

    def open_and_check(self, view: str) -> None:
        """Open a view by its URL; check its heading and wait for its data."""
        self.goto(view)
        expect(self.page.locator("main h1")).to_have_text(self.text(TITLES[view]))
        expect(self.page.locator("[aria-busy]")).to_have_count(0)

    def text(self, key: str, **values: object) -> str:
        """Return the text of a key."""
        text = self.texts[key]
        for name, value in values.items():
            text = text.replace(f"{{{name}}}", str(value))
        return text

    def sign_in(self, *, user: str = "", password: str = "", stay: bool = False) -> None:
        """Submit the sign-in form; it may fail."""
        assert self.account
        self.fill("sign_in.user", user or self.account.user)
        self.fill("sign_in.password", password or self.account.password)
        if stay:
            self.page.get_by_label(self.text("sign_in.stay")).check()
        self.click("sign_in.go")

    def sign_in_and_open(self, view: str = "") -> None:
        """Sign in if needed, which must succeed, and open a view."""
        if not self._signed_in:
            self.sign_in()
        self.button("sign_out").wait_for()
        if view:
            self.navigate(view)

    def navigate(self, view: str) -> None:
        """Open a view from the navigation."""
        self.page.get_by_role("link", name=self.text(f"nav.{view}"), exact=True).click()
        expect(self.page.locator("main h1")).to_be_focused()

    def button(self, key: str, **values: object) -> Locator:
        return self.page.get_by_role("button", name=self.text(key, **values), exact=True)

    def click(self, key: str, **values: object) -> None:
        self.button(key, **values).click()

    def fill(self, key: str, text: str) -> None:
        self.page.get_by_label(self.text(key), exact=True).fill(text)

    def select_tab(self, key: str) -> None:
        self.page.get_by_role("tab", name=self.text(key)).click()

    def upload(self, *files: tuple[str, bytes]) -> None:
        """Choose image files: name and content of each."""
        chosen: list[Any] = [
            {"name": name, "mimeType": "image/png", "buffer": content} for name, content in files
        ]
        self.page.locator("input[type=file]").set_input_files(chosen)

    def lines(self) -> list[str]:
        """Wait for the result and return its lines."""
        self.page.locator(".result .line-text").first.wait_for()
        return self.page.locator(".result .line-text").all_text_contents()

    def error(self) -> Locator:
        """Return the error that is shown."""
        return self.page.get_by_role("alert").first

    def download(self, button: Locator) -> tuple[str, str]:
        """Return name and text of the file that a button saves; only CSV has a byte order mark."""
        with self.page.expect_download() as started:
            button.click()
        saved: Download = started.value
        name, content = saved.suggested_filename, saved.path().read_bytes()
        assert content.startswith(codecs.BOM_UTF8) == name.endswith(".csv")
        return name, content.decode("utf-8-sig")

    def wait_for_images(self) -> None:
        """Wait until all images of the page are loaded."""
        self.page.evaluate("Promise.all([...document.images].map((image) => image.decode()))")

    def answer_dialog(self, question: str, key: str) -> None:
        """Click a button of the dialog with this title."""
        dialog = self.page.get_by_role("dialog", name=question, exact=True)
        dialog.get_by_role("button", name=self.text(key), exact=True).click()
        expect(dialog).to_have_count(0)

    def clipboard(self) -> str:
        text: str = self.page.evaluate("navigator.clipboard.readText()")
        return text

    def overflows(self) -> bool:
        """Return whether the page is wider than the window."""
        wide: bool = self.page.evaluate("document.documentElement.scrollWidth > innerWidth")
        return wide
