"""What every view must be: usable by all, on every width, in both themes, and light to load."""

from __future__ import annotations

from typing import Literal

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page, expect

from tests.console.conftest import Visiting
from tests.console.people import make_person
from tests.console.visitor import TITLES, Visitor
from tests.console.words import LANGUAGES
from tests.servers import Server, Service
from tests.support.images import encode_image, text_image

pytestmark = [pytest.mark.server, pytest.mark.models]

_WIDTHS = (360, 1600)
_THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
_BYTES = 100_000
_REQUESTS = 40


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_view_has_a_serious_fault_or_is_too_wide(
    visiting: Visiting, service: Service, language: str
) -> None:
    """Each view in both themes, on a phone and on a wide screen; and what comes and goes."""
    make_person(service, f"a-long-name-{'x' * 50}{language}")
    # Without motion: half-way through a change of theme colours have any contrast.
    with visiting(language=language, reduced_motion="reduce", refusals=True) as visitor:
        faults = _faults(visitor, "sign in")
        visitor.enter()
        for view in TITLES:
            visitor.look_at(view)
            faults += _faults(visitor, view)
        visitor.look_at("try")
        visitor.press("sample.banner")
        visitor.lines()
        visitor.give(*[(f"{name}.png", encode_image(text_image(name), "PNG")) for name in "AB"])
        visitor.page.locator(".jobs .done").nth(2).wait_for()
        visitor.page.locator(".job").first.click()
        for tab in ("lines", "json", "code", "times"):
            visitor.tab(f"result.{tab}")
            faults += _faults(visitor, tab)
        visitor.give(("broken.png", b"no picture at all"))
        visitor.problem().wait_for()
        faults += _faults(visitor, "error", wide=False)
        _hold_calls(visitor)
        visitor.give(("held.png", encode_image(text_image("HELD"), "PNG")))
        visitor.page.locator(".under-way").wait_for()
        faults += _faults(visitor, "under way", wide=False)
        visitor.press("queue.clear")
        visitor.page.get_by_role("dialog").wait_for()
        faults += _faults(visitor, "question", wide=False)
        visitor.answer(visitor.say("queue.clear_ask"), "queue.clear")
        visitor.look_at("administration")
        visitor.press("admin.role_of", name=service.account.user)
        visitor.page.get_by_role("dialog").wait_for()
        faults += _faults(visitor, "choice", wide=False)
        visitor.page.keyboard.press("Escape")
        visitor.look_at("keys")
        visitor.press("keys.create")
        visitor.page.get_by_role("dialog").wait_for()
        faults += _faults(visitor, "dialog")
        assert faults == []


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("first", ["sign in", "try it", "signed in"])
def test_the_first_view_is_light(
    visiting: Visiting, open_server: Server, language: str, first: str
) -> None:
    """What is transferred until the view stands, by the browser's own account."""
    url = open_server.url if first == "try it" else None
    with visiting(url, language=language, signed_in=first == "signed in") as visitor:
        title = "welcome.title" if first == "sign in" else "try.title"
        expect(visitor.page.locator("h1")).to_have_text(visitor.say(title))
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
    with visiting(refusals=True) as visitor:
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

        # What is filled anew keeps the keyboard.
        visitor.button("result.again").focus()
        page.keyboard.press("Enter")
        expect(page.locator(".result h2")).to_be_focused()
        _hold_calls(visitor)
        _tab_to(page, visitor.say("result.again"))
        page.keyboard.press("Enter")
        expect(page.locator(".under-way h2")).to_be_focused()
        _tab_to(page, visitor.say("state.stop"))
        page.keyboard.press("Enter")
        expect(page.locator(".result h2")).to_be_focused()


def _tab_to(page: Page, text: str) -> None:
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent.trim()") == text:
            return
    pytest.fail(f"{text} is not reached")


def _hold_calls(visitor: Visitor) -> None:
    """Pictures wait from now on: the server asks for patience."""
    visitor.page.route(
        "**/ocr/web-image",
        lambda route: route.fulfill(status=429, json={}, headers={"Retry-After": "60"}),
    )


def _faults(visitor: Visitor, view: str, *, wide: bool = True) -> list[str]:
    """What is wrong with what is on show, on a phone and perhaps on a wide screen."""
    page = visitor.page
    found = []
    for width in _WIDTHS if wide else _WIDTHS[:1]:
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
