"""What a person is told when something fails, and what stays of what was typed."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import Route, expect

from tests.console.conftest import Visiting
from tests.console.words import LANGUAGES
from tests.support.images import encode_image, text_image

pytestmark = [pytest.mark.server, pytest.mark.models]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_server_that_is_gone(visiting: Visiting, language: str) -> None:
    with visiting(signed_in=True, language=language, refusals=True) as visitor:
        visitor.enter()
        visitor.fill("intake.address", "https://half.typed/")
        visitor.page.context.set_offline(True)
        visitor.give(("picture.png", encode_image(text_image("BACK AGAIN"), "PNG")))
        expect(visitor.problem()).to_contain_text(visitor.say("error.unreachable.what"))
        expect(visitor.problem()).to_contain_text(visitor.say("error.unreachable.do"))
        visitor.page.context.set_offline(False)
        # A network that wants one to sign in answers in the server's place, with 200.
        for body in ("<h1>Welcome to the hotel</h1>", "{}"):
            visitor.page.route("**/ocr/web-image", partial(_answer, body), times=1)
            visitor.press("again")
            expect(visitor.problem()).to_contain_text(visitor.say("error.not_the_server.what"))
        visitor.press("again")
        assert visitor.lines() == ["BACK AGAIN"]
        address = visitor.page.get_by_label(visitor.say("intake.address"))
        expect(address).to_have_value("https://half.typed/")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_server_that_is_gone_at_the_start(visiting: Visiting, language: str) -> None:
    with visiting(language=language, refusals=True) as visitor:
        visitor.page.route("**/v1/service", lambda route: route.abort())
        visitor.page.reload()
        expect(visitor.problem()).to_contain_text(visitor.say("error.unreachable.what"))
        visitor.page.unroute("**/v1/service")
        visitor.press("again")
        expect(visitor.page.get_by_label(visitor.say("sign_in.password"))).to_be_visible()


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_picture_that_is_too_large(visiting: Visiting, language: str, tmp_path: Path) -> None:
    """Seen before it is sent; with many pictures the others go on."""
    large, small = tmp_path / "large.png", tmp_path / "small.png"
    large.write_bytes(bytes(8 * 1024**2))
    small.write_bytes(encode_image(text_image("SMALL"), "PNG"))
    with visiting(signed_in=True, language=language) as visitor:
        visitor.enter()
        visitor.page.locator("input[type=file]").set_input_files([large, small])
        problem = visitor.problem()
        expect(problem).to_contain_text(visitor.say("error.picture_too_large.what"))
        expect(problem).to_contain_text("8 MB")
        expect(visitor.page.locator(".jobs .done")).to_have_count(1)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_limit_that_is_reached(visiting: Visiting, language: str) -> None:
    """The real limit is met in test_try_it; here it lasts long enough to be looked at.

    What was read before outlasts reading it again: when that is stopped, and when it fails; it
    is saved, too. The keyboard stays with the picture.
    """
    refusal = {"error_code": "APIG.0308", "error_msg": "The throttling threshold has been reached"}
    later = ("later.png", encode_image(text_image("LATER"), "PNG"))
    with visiting(signed_in=True, language=language, refusals=True) as visitor:
        visitor.enter()
        page = visitor.page
        read = ("read.png", encode_image(text_image("READ BEFORE"), "PNG"))
        visitor.give(read, ("beside.png", read[1]))
        assert visitor.lines() == ["READ BEFORE"]
        summary = page.locator(".queue .count")
        done = visitor.say("queue.progress", ended=2, count=2)
        expect(summary).to_have_text(done)
        page.route("**/ocr/web-image", lambda route: route.abort())
        visitor.press("result.again")
        expect(visitor.problem()).to_contain_text(visitor.say("error.unreachable.what"))
        failed = visitor.say("queue.progress_failed", ended=2, count=2, failed=1)
        expect(summary).to_have_text(failed)
        _name, text = visitor.download(page.get_by_role("button", name="JSONL"))
        saved = json.loads(text.splitlines()[0])
        assert saved["result"]["words_block_list"][0]["words"] == "READ BEFORE"
        visitor.press("result.earlier")
        assert visitor.lines() == ["READ BEFORE"]
        expect(summary).to_have_text(done)
        expect(page.locator(".result h2")).to_be_focused()

        page.route(
            "**/ocr/web-image",
            lambda route: route.fulfill(status=429, json=refusal, headers={"Retry-After": "60"}),
        )
        visitor.press("result.again")
        told = visitor.say("state.paused_until").partition("{time}")[0]
        expect(page.locator(".under-way")).to_contain_text(told)
        page.locator(".under-way").get_by_role("button").click()
        assert visitor.lines() == ["READ BEFORE"]
        visitor.give(later, ("last.png", later[1]))
        expect(page.locator(".under-way")).to_contain_text(later[0])
        page.locator(".queue").get_by_role("button", name=visitor.say("queue.stop")).click()
        expect(visitor.problem()).to_contain_text(visitor.say("error.given_up.what"))
        expect(page.locator(".jobs .failed")).to_have_count(2)
        expect(visitor.button("queue.clear")).to_be_focused()


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_part_of_the_console_that_cannot_be_loaded(visiting: Visiting, language: str) -> None:
    """After an update of the server the files of an open page have other addresses."""
    with visiting(signed_in=True, language=language, refusals=True) as visitor:
        visitor.enter()
        other, words = {"en": ("中文", "zh"), "zh": ("English", "en")}[language]
        visitor.page.route(f"**/words/{words}.js", lambda route: route.fulfill(status=404))
        visitor.page.get_by_role("button", name=other).click()
        visitor.answer(visitor.say("renewed.title"), "close")
        expect(visitor.page.locator("main h1")).to_have_text(visitor.say("try.title"))
        visitor.page.route("**/views/keys.js", lambda route: route.fulfill(status=404))
        visitor.page.get_by_role("link", name=visitor.say("nav.keys")).click()
        expect(visitor.page.locator("main h1")).to_have_text(visitor.say("renewed.title"))
        visitor.page.unroute("**/views/keys.js")
        visitor.press("renewed.reload")
        expect(visitor.page.locator("main h1")).to_have_text(visitor.say("keys.title"))


def _answer(body: str, route: Route) -> None:
    route.fulfill(body=body)
