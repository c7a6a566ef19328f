"""What every view must be: usable by all, on every width, in both themes, and light to load."""

from __future__ import annotations

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.console.conftest import Visiting
from tests.console.visitor import VIEWS, Visitor
from tests.console.words import LANGUAGES
from tests.pictures import encoded, text_picture
from tests.servers import Server

pytestmark = [pytest.mark.server, pytest.mark.models]

_BYTES = 100_000
_REQUESTS = 40


@pytest.mark.parametrize("width", [360, 1600])
def test_no_view_has_a_serious_fault_or_is_too_wide(visiting: Visiting, width: int) -> None:
    """Each view in both themes; in English where it is narrow, in Chinese where it is wide."""
    language = {360: "en", 1600: "zh"}[width]
    # Without motion: half-way through a change of theme colours have any contrast.
    with visiting(language=language, width=width, reduced_motion="reduce") as visitor:
        faults = _faults(visitor, "sign in")
        visitor.enter()
        for view in VIEWS:
            visitor.go(view)
            expect(visitor.page.locator("[aria-busy]")).to_have_count(0)
            faults += _faults(visitor, view)
        visitor.go("try")
        visitor.give(*[(f"{name}.png", encoded(text_picture(name), "PNG")) for name in "AB"])
        visitor.page.locator(".jobs .done").nth(1).wait_for()
        for tab in ("lines", "json", "code", "times"):
            visitor.tab(f"result.{tab}")
            faults += _faults(visitor, tab)
        visitor.go("keys")
        visitor.press("keys.create")
        visitor.page.get_by_role("dialog").wait_for()
        faults += _faults(visitor, "dialog")
        assert faults == []


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("first", ["sign in", "try it"])
def test_the_first_view_is_light(
    visiting: Visiting, open_server: Server, language: str, first: str
) -> None:
    """What is transferred until the view stands, by the browser's own account."""
    url = open_server.url if first == "try it" else None
    with visiting(url, language=language) as visitor:
        visitor.see_pictures()
        sizes: list[int] = visitor.page.evaluate(
            """[...performance.getEntriesByType("navigation"),
                ...performance.getEntriesByType("resource")]
                .map((entry) => entry.transferSize).filter((size) => size > 0)"""
        )
        print(first, language, len(sizes), "requests", sum(sizes), "bytes")
        assert len(sizes) <= _REQUESTS
        assert sum(sizes) < _BYTES


def test_a_second_visit_asks_for_the_page_alone(visiting: Visiting) -> None:
    with visiting() as visitor:
        visitor.see_pictures()
        visitor.page.goto("about:blank")
        visitor.go()
        visitor.see_pictures()
        transferred: list[str] = visitor.page.evaluate(
            """performance.getEntriesByType("resource")
                .filter((entry) => entry.transferSize > 0).map((entry) => entry.name)"""
        )
        assert transferred == [f"{visitor.url}/v1/service"]


def test_everything_is_reached_by_keyboard(visiting: Visiting) -> None:
    with visiting() as visitor:
        page = visitor.page
        assert visitor.account
        page.keyboard.type(visitor.account.user)  # the form has the focus
        page.keyboard.press("Tab")
        page.keyboard.type(visitor.account.password)
        page.keyboard.press("Enter")
        visitor.button("sign_out").wait_for()
        _tab_to(page, visitor.say("sample.screen"))
        page.keyboard.press("Enter")
        first = visitor.lines()[0]
        _tab_to(page, visitor.say("result.lines"))
        page.keyboard.press("ArrowRight")
        expect(page.get_by_role("tab", name=visitor.say("result.json"))).to_be_focused()
        page.keyboard.press("ArrowLeft")
        _tab_to(page, first)
        expect(page.locator("polygon.marked")).to_have_count(1)


def _tab_to(page: Page, text: str) -> None:
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent.trim()") == text:
            return
    pytest.fail(f"{text} is not reached")


def _faults(visitor: Visitor, view: str) -> list[str]:
    visitor.page.emulate_media(color_scheme="light")
    found = [f"{view}, light: {fault}" for fault in _axe(visitor.page)]
    visitor.page.emulate_media(color_scheme="dark")
    # Only colours depend on the theme.
    found += [f"{view}, dark: {fault}" for fault in _axe(visitor.page, "color-contrast")]
    if visitor.is_wider_than_the_window():
        found.append(f"{view}: too wide")
    return found


def _axe(page: Page, *rules: str) -> list[str]:
    """The faults that axe finds by these rules, or by all."""
    options: dict[str, Any] = {"resultTypes": ["violations"]}
    if rules:
        options["runOnly"] = [*rules]
    violations: list[dict[str, Any]] = Axe().run(page, options=options).response["violations"]
    return [
        f"{violation['id']}: {[node['html'][:120] for node in violation['nodes']]}"
        for violation in violations
        if violation["impact"] in {"serious", "critical"}
    ]
