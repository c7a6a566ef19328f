"""Test how failures are shown and that no input is lost."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import Route, expect

from tests.console.conftest import OpenConsole
from tests.console.texts import LANGUAGES
from tests.support.images import encode_image, text_image

pytestmark = [pytest.mark.server, pytest.mark.models]


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_unreachable_server(open_console: OpenConsole, language: str) -> None:
    with open_console(signed_in=True, language=language, refusals=True) as console:
        console.sign_in_and_open()
        console.fill("intake.url", "https://half.typed/")
        console.page.context.set_offline(True)
        console.upload(("image.png", encode_image(text_image("BACK AGAIN"), "PNG")))
        expect(console.error()).to_contain_text(console.text("error.unreachable.title"))
        expect(console.error()).to_contain_text(console.text("error.unreachable.advice"))
        console.page.context.set_offline(False)
        # A captive portal answers 200 in place of the server.
        for body in ("<h1>Welcome to the hotel</h1>", "{}"):
            console.page.route("**/ocr/web-image", partial(_fulfill, body), times=1)
            console.click("again")
            expect(console.error()).to_contain_text(console.text("error.not_the_server.title"))
        console.click("again")
        assert console.lines() == ["BACK AGAIN"]
        address = console.page.get_by_label(console.text("intake.url"))
        expect(address).to_have_value("https://half.typed/")


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_unreachable_server_at_the_start(open_console: OpenConsole, language: str) -> None:
    with open_console(language=language, refusals=True) as console:
        console.page.route("**/v1/service", lambda route: route.abort())
        console.page.reload()
        expect(console.error()).to_contain_text(console.text("error.unreachable.title"))
        console.page.unroute("**/v1/service")
        console.click("again")
        expect(console.page.get_by_label(console.text("sign_in.password"))).to_be_visible()


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_image_that_is_too_large(
    open_console: OpenConsole, language: str, tmp_path: Path
) -> None:
    """It is rejected before sending; other images are not affected."""
    large, small = tmp_path / "large.png", tmp_path / "small.png"
    large.write_bytes(bytes(8 * 1024**2))
    small.write_bytes(encode_image(text_image("SMALL"), "PNG"))
    with open_console(signed_in=True, language=language) as console:
        console.sign_in_and_open()
        console.page.locator("input[type=file]").set_input_files([large, small])
        problem = console.error()
        expect(problem).to_contain_text(console.text("error.image_too_large.title"))
        expect(problem).to_contain_text("8 MB")
        expect(console.page.locator(".jobs .done")).to_have_count(1)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_rate_limit_and_previous_results(open_console: OpenConsole, language: str) -> None:
    """A faked long limit; `test_try_it` meets a real one.

    The previous result survives a retry that fails or is stopped, and is saved. Keyboard focus
    stays with the image.
    """
    refusal = {"error_code": "APIG.0308", "error_msg": "The throttling threshold has been reached"}
    later = ("later.png", encode_image(text_image("LATER"), "PNG"))
    with open_console(signed_in=True, language=language, refusals=True) as console:
        console.sign_in_and_open()
        page = console.page
        read = ("read.png", encode_image(text_image("READ BEFORE"), "PNG"))
        console.upload(read, ("beside.png", read[1]))
        assert console.lines() == ["READ BEFORE"]
        summary = page.locator(".queue .count")
        done = console.text("queue.progress", ended=2, count=2)
        expect(summary).to_have_text(done)
        page.route("**/ocr/web-image", lambda route: route.abort())
        console.click("result.again")
        expect(console.error()).to_contain_text(console.text("error.unreachable.title"))
        failed = console.text("queue.progress_failed", ended=2, count=2, failed=1)
        expect(summary).to_have_text(failed)
        _name, text = console.download(page.get_by_role("button", name="JSONL"))
        saved = json.loads(text.splitlines()[0])
        assert saved["result"]["words_block_list"][0]["words"] == "READ BEFORE"
        console.click("result.previous")
        assert console.lines() == ["READ BEFORE"]
        expect(summary).to_have_text(done)
        expect(page.locator(".result h2")).to_be_focused()

        page.route(
            "**/ocr/web-image",
            lambda route: route.fulfill(status=429, json=refusal, headers={"Retry-After": "60"}),
        )
        console.click("result.again")
        message = console.text("state.paused_until").partition("{time}")[0]
        expect(page.locator(".in-progress")).to_contain_text(message)
        page.locator(".in-progress").get_by_role("button").click()
        assert console.lines() == ["READ BEFORE"]
        console.upload(later, ("last.png", later[1]))
        expect(page.locator(".in-progress")).to_contain_text(later[0])
        page.locator(".queue").get_by_role("button", name=console.text("queue.stop")).click()
        expect(console.error()).to_contain_text(console.text("error.cancelled.title"))
        expect(page.locator(".jobs .failed")).to_have_count(2)
        expect(console.button("queue.clear")).to_be_focused()


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_module_that_cannot_be_loaded(open_console: OpenConsole, language: str) -> None:
    """After an upgrade the modules of an open page have other URLs."""
    with open_console(signed_in=True, language=language, refusals=True) as console:
        console.sign_in_and_open()
        other, locale = {"en": ("中文", "zh"), "zh": ("English", "en")}[language]
        console.page.route(f"**/locales/{locale}.js", lambda route: route.fulfill(status=404))
        console.page.get_by_role("button", name=other).click()
        console.answer_dialog(console.text("reload.title"), "close")
        expect(console.page.locator("main h1")).to_have_text(console.text("try.title"))
        console.page.route("**/views/keys.js", lambda route: route.fulfill(status=404))
        console.page.get_by_role("link", name=console.text("nav.keys")).click()
        expect(console.page.locator("main h1")).to_have_text(console.text("reload.title"))
        console.page.unroute("**/views/keys.js")
        console.click("reload.button")
        expect(console.page.locator("main h1")).to_have_text(console.text("keys.title"))


def _fulfill(body: str, route: Route) -> None:
    route.fulfill(body=body)
