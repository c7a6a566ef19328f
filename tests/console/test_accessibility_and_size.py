"""Test every view for accessibility, width, themes and transfer size."""

from __future__ import annotations

from typing import Literal

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page, expect

from tests.console.conftest import OpenConsole
from tests.console.console_page import TITLES, ConsolePage
from tests.console.texts import LANGUAGES
from tests.console.users import create_user
from tests.support.images import encode_image, text_image
from tests.support.servers import Server, Service

pytestmark = [pytest.mark.server, pytest.mark.models]

_WIDTHS = (360, 1600)
_THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
_BYTES = 100_000
_REQUESTS = 40


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_view_has_a_serious_violation_or_is_too_wide(
    open_console: OpenConsole, service: Service, language: str
) -> None:
    """Check views, dialogs and transient states in both themes, on a phone and a wide screen."""
    create_user(service, f"a-long-name-{'x' * 50}{language}")
    # Without motion: contrast is undefined during a transition of themes.
    with open_console(language=language, reduced_motion="reduce", refusals=True) as console:
        violations = _violations(console, "sign in")
        console.sign_in_and_open()
        for view in TITLES:
            console.open_and_check(view)
            violations += _violations(console, view)
        console.open_and_check("try")
        console.click("sample.banner")
        console.lines()
        console.upload(*[(f"{name}.png", encode_image(text_image(name), "PNG")) for name in "AB"])
        console.page.locator(".jobs .done").nth(2).wait_for()
        console.page.locator(".job").first.click()
        for tab in ("lines", "json", "code", "times"):
            console.select_tab(f"result.{tab}")
            violations += _violations(console, tab)
        console.upload(("broken.png", b"not an image"))
        console.error().wait_for()
        violations += _violations(console, "error", wide=False)
        _reject_calls(console)
        console.upload(("held.png", encode_image(text_image("HELD"), "PNG")))
        console.page.locator(".in-progress").wait_for()
        violations += _violations(console, "in progress", wide=False)
        console.click("queue.clear")
        console.page.get_by_role("dialog").wait_for()
        violations += _violations(console, "confirmation", wide=False)
        console.answer_dialog(console.text("queue.clear_ask"), "queue.clear")
        console.open_and_check("administration")
        console.click("admin.role_of", name=service.account.user)
        console.page.get_by_role("dialog").wait_for()
        violations += _violations(console, "choice", wide=False)
        console.page.keyboard.press("Escape")
        console.open_and_check("keys")
        console.click("keys.create")
        console.page.get_by_role("dialog").wait_for()
        violations += _violations(console, "dialog")
        assert violations == []


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("first", ["sign in", "try it", "signed in"])
def test_the_first_view_is_small(
    open_console: OpenConsole, open_server: Server, language: str, first: str
) -> None:
    """Check the transfer size and requests of the first view."""
    url = open_server.url if first == "try it" else None
    with open_console(url, language=language, signed_in=first == "signed in") as console:
        title = "welcome.title" if first == "sign in" else "try.title"
        expect(console.page.locator("h1")).to_have_text(console.text(title))
        console.wait_for_images()
        sizes: list[int] = console.page.evaluate(
            """[...performance.getEntriesByType("navigation"),
                ...performance.getEntriesByType("resource")]
                .map((entry) => entry.transferSize).filter((size) => size > 0)"""
        )
        print(first, language, len(sizes), "requests", sum(sizes), "bytes")
        assert len(sizes) <= _REQUESTS
        assert sum(sizes) < _BYTES


def test_a_second_visit_fetches_the_page_only(open_console: OpenConsole) -> None:
    with open_console() as console:
        console.wait_for_images()
        console.page.goto("about:blank")
        console.goto()
        console.wait_for_images()
        transferred: list[str] = console.page.evaluate(
            """performance.getEntriesByType("resource")
                .filter((entry) => entry.transferSize > 0).map((entry) => entry.name)"""
        )
        assert transferred == [f"{console.url}/v1/service"]


def test_everything_is_reachable_by_keyboard(open_console: OpenConsole) -> None:
    with open_console(refusals=True) as console:
        page = console.page
        assert console.account
        page.keyboard.type(console.account.user)  # the form has the focus
        page.keyboard.press("Tab")
        page.keyboard.type(console.account.password)
        page.keyboard.press("Enter")
        console.button("sign_out").wait_for()
        _tab_to(page, console.text("sample.screen"))
        page.keyboard.press("Enter")
        first = console.lines()[0]
        _tab_to(page, console.text("result.lines"))
        page.keyboard.press("ArrowRight")
        expect(page.get_by_role("tab", name=console.text("result.json"))).to_be_focused()
        page.keyboard.press("ArrowLeft")
        _tab_to(page, first)
        expect(page.locator("polygon.highlighted")).to_have_count(1)

        # Redrawn parts keep the keyboard focus.
        console.button("result.again").focus()
        page.keyboard.press("Enter")
        expect(page.locator(".result h2")).to_be_focused()
        _reject_calls(console)
        _tab_to(page, console.text("result.again"))
        page.keyboard.press("Enter")
        expect(page.locator(".in-progress h2")).to_be_focused()
        _tab_to(page, console.text("state.stop"))
        page.keyboard.press("Enter")
        expect(page.locator(".result h2")).to_be_focused()


def _tab_to(page: Page, text: str) -> None:
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent.trim()") == text:
            return
    pytest.fail(f"{text} is not reachable")


def _reject_calls(console: ConsolePage) -> None:
    """Answer every call with 429, so that images wait."""
    console.page.route(
        "**/ocr/web-image",
        lambda route: route.fulfill(status=429, json={}, headers={"Retry-After": "60"}),
    )


def _violations(console: ConsolePage, view: str, *, wide: bool = True) -> list[str]:
    """Return the violations of the current page on a phone and, if ``wide``, a wide screen."""
    page = console.page
    found = []
    for width in _WIDTHS if wide else _WIDTHS[:1]:
        page.set_viewport_size({"width": width, "height": 900})
        for theme in _THEMES:
            page.emulate_media(color_scheme=theme)
            found += [f"{view}, {width} px, {theme}: {violation}" for violation in _axe(page)]
        if console.overflows():
            found.append(f"{view}: wider than {width} px")
    return found


def _axe(page: Page) -> list[str]:
    """Return the serious violations that axe finds."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    found = page.evaluate("axe.run({resultTypes: ['violations']})")
    return [
        f"{violation['id']}: {[node['html'][:120] for node in violation['nodes']]}"
        for violation in found["violations"]
        if violation["impact"] in {"serious", "critical"}
    ]
