"""Test focus, queued images across sessions, and other edge cases."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.console.conftest import OpenConsole
from tests.console.texts import LANGUAGES
from tests.console.users import create_user
from tests.support.images import encode_image, text_image
from tests.support.servers import Service

pytestmark = [pytest.mark.server, pytest.mark.models]


@pytest.mark.parametrize("language", LANGUAGES)
def test_waiting_images_are_not_sent_for_the_next_user(
    open_console: OpenConsole, service: Service, language: str
) -> None:
    first, second = (create_user(service, f"{who}-{language}") for who in ("waiting", "after"))
    refusal = {"error_code": "APIG.0308", "error_msg": "The throttling threshold has been reached"}
    with open_console(language=language, refusals=True) as console:
        page = console.page
        page.clock.install()
        page.reload()
        urls: list[str] = []
        page.on("request", lambda request: urls.append(request.url))
        page.route(
            "**/ocr/web-image",
            lambda route: route.fulfill(status=429, json=refusal, headers={"Retry-After": "60"}),
        )
        console.sign_in(user=first.name, password=first.password)
        console.button("sign_out").wait_for()
        console.upload(("private.png", encode_image(text_image("PRIVATE"), "PNG")))
        message = console.text("state.paused_until").partition("{time}")[0]
        expect(page.locator(".in-progress")).to_contain_text(message)
        console.click("sign_out")
        console.sign_in(user=second.name, password=second.password)
        console.button("sign_out").wait_for()
        page.clock.fast_forward("02:00")
        console.navigate("service")  # its data arrives after the timers have fired
        expect(page.locator("main")).to_contain_text("PP-OCRv6_rec_small")
        assert sum("/ocr/" in url for url in urls) == 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_keyboard_focus_is_kept_and_a_new_key_is_listed(
    open_console: OpenConsole, service: Service, language: str
) -> None:
    user = create_user(service, f"holder-of-a-key-{language}")
    with open_console(signed_in=True, language=language) as console:
        console.sign_in_and_open("keys")
        page = console.page
        console.click("keys.create")
        access = page.get_by_role("dialog").locator("code").first.text_content() or ""
        console.click("secret.saved")
        page.get_by_role("row", name=re.compile(access)).wait_for()
        console.button("disable.what", what=access).focus()
        page.keyboard.press("Enter")
        expect(console.button("enable.what", what=access)).to_be_focused()
        console.click("delete.what", what=access)
        dialog = page.get_by_role("dialog")
        dialog.get_by_role("button", name=console.text("delete")).click()
        expect(page.get_by_role("row", name=re.compile(access))).to_have_count(0)
        expect(page.locator("main .async-section button:focus")).to_have_count(1)

        # A key for another user is listed at once.
        page.get_by_label(console.text("keys.for_user"), exact=True).select_option(user.id)
        console.click("keys.create")
        console.click("secret.saved")
        expect(page.get_by_role("cell", name=user.name)).to_be_visible()


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_caller_without_a_project_gets_no_link_to_administration(
    open_console: OpenConsole, service: Service, language: str
) -> None:
    user = create_user(service, f"without-project-{language}")
    with open_console(language=language) as console:
        console.page.route(
            re.compile(r"/v1/projects\?"), lambda route: route.fulfill(json={"projects": []})
        )
        console.sign_in(user=user.name, password=user.password)
        hint = console.page.locator(".hint")
        expect(hint).to_have_text(console.text("try.no_project_caller"))


def test_charts_follow_the_language(open_console: OpenConsole) -> None:
    with open_console(signed_in=True) as console:
        console.sign_in_and_open("monitoring")
        page = console.page
        label = page.locator(".figures tbody th").first
        expect(label).to_have_text(re.compile("[AP]M$"))
        page.get_by_role("button", name="中文").click()
        expect(label).to_have_text(re.compile(r"^\d\d:\d\d$"))
        expect(page.locator(".chart svg .axis-label", has_text=re.compile("[AP]M"))).to_have_count(
            0
        )
