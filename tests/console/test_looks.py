"""What every view must be: usable by all, on every width, in both themes, and light to load."""

from __future__ import annotations

from typing import Literal

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page, expect

from tests.console.conftest import Visiting
from tests.console.people import make_person
from tests.console.visitor import VIEWS, Visitor
from tests.console.words import LANGUAGES
from tests.pictures import encoded, text_picture
from tests.servers import Server, Service

pytestmark = [pytest.mark.server, pytest.mark.models]

_WIDTHS = (360, 1600)
_THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
_BYTES = 100_000
_REQUESTS = 40


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_view_has_a_serious_fault_or_is_too_wide(
    visiting: Visiting, service: Service, language: str
) -> None:
    """Each view in both themes, on a phone and on a wide screen."""
    make_person(service, f"a-long-name-{'x' * 50}{language}")
    # Without motion: half-way through a change of theme colours have any contrast.
    with visiting(language=language, reduced_motion="reduce") as visitor:
        faults = _faults(visitor, "sign in")
        visitor.enter()
        for view in VIEWS:
            visitor.go(view)
            expect(visitor.page.locator("[aria-busy]")).to_have_count(0)
            faults += _faults(visitor, view)
        visitor.go("try")
        visitor.press("sample.banner")
        visitor.lines()
        visitor.give(*[(f"{name}.png", encoded(text_picture(name), "PNG")) for name in "AB"])
        visitor.page.locator(".jobs .done").nth(2).wait_for()
        visitor.page.locator(".job").first.click()
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
    page = visitor.page
    found = []
    for width in _WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        for theme in _THEMES:
            page.emulate_media(color_scheme=theme)
            found += [f"{view}, {width} px, {theme}: {fault}" for fault in _axe(page)]
        if visitor.is_wider_than_the_window():
            found.append(f"{view}: wider than {width} px")
    return found


def _axe(page: Page) -> list[str]:
    """The faults that axe finds."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    found = page.evaluate("axe.run({resultTypes: ['violations']})")
    return [
        f"{violation['id']}: {[node['html'][:120] for node in violation['nodes']]}"
        for violation in found["violations"]
        if violation["impact"] in {"serious", "critical"}
    ]
