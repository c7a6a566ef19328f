"""Slips of the hand and bad moments: nothing is lost, and nothing is done for somebody else."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.console.conftest import Visiting
from tests.console.people import make_person
from tests.console.words import LANGUAGES
from tests.servers import Service
from tests.support.images import encode_image, text_image

pytestmark = [pytest.mark.server, pytest.mark.models]


@pytest.mark.parametrize("language", LANGUAGES)
def test_pictures_that_wait_are_not_sent_for_the_next_person(
    visiting: Visiting, service: Service, language: str
) -> None:
    first, second = (make_person(service, f"{who}-{language}") for who in ("waiting", "after"))
    refusal = {"error_code": "APIG.0308", "error_msg": "The throttling threshold has been reached"}
    with visiting(language=language, refusals=True) as visitor:
        page = visitor.page
        page.clock.install()
        page.reload()
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.route(
            "**/ocr/web-image",
            lambda route: route.fulfill(status=429, json=refusal, headers={"Retry-After": "60"}),
        )
        visitor.sign_in(user=first.name, password=first.password)
        visitor.button("sign_out").wait_for()
        visitor.give(("private.png", encode_image(text_image("PRIVATE"), "PNG")))
        told = visitor.say("state.paused_until").partition("{time}")[0]
        expect(page.locator(".under-way")).to_contain_text(told)
        visitor.press("sign_out")
        visitor.sign_in(user=second.name, password=second.password)
        visitor.button("sign_out").wait_for()
        page.clock.fast_forward("02:00")
        visitor.open("service")  # whose answers come after what the clock has set off
        expect(page.locator("main")).to_contain_text("PP-OCRv6_rec_small")
        assert sum("/ocr/" in address for address in asked) == 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_keyboard_stays_where_it_was_and_a_new_key_is_seen(
    visiting: Visiting, service: Service, language: str
) -> None:
    person = make_person(service, f"holder-of-a-key-{language}")
    with visiting(signed_in=True, language=language) as visitor:
        visitor.enter("keys")
        page = visitor.page
        visitor.press("keys.create")
        access = page.get_by_role("dialog").locator("code").first.text_content() or ""
        visitor.press("secret.saved")
        page.get_by_role("row", name=re.compile(access)).wait_for()
        visitor.button("disable.what", what=access).focus()
        page.keyboard.press("Enter")
        expect(visitor.button("enable.what", what=access)).to_be_focused()
        visitor.press("delete.what", what=access)
        window = page.get_by_role("dialog")
        window.get_by_role("button", name=visitor.say("delete")).click()
        expect(page.get_by_role("row", name=re.compile(access))).to_have_count(0)
        expect(page.locator("main .live button:focus")).to_have_count(1)

        # A key for somebody else is not hidden among the own ones.
        page.get_by_label(visitor.say("keys.for_user"), exact=True).select_option(person.id)
        visitor.press("keys.create")
        visitor.press("secret.saved")
        expect(page.get_by_role("cell", name=person.name)).to_be_visible()


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_caller_without_a_project_is_not_sent_where_he_may_not_go(
    visiting: Visiting, service: Service, language: str
) -> None:
    person = make_person(service, f"without-project-{language}")
    with visiting(language=language) as visitor:
        visitor.page.route(
            re.compile(r"/v1/projects\?"), lambda route: route.fulfill(json={"projects": []})
        )
        visitor.sign_in(user=person.name, password=person.password)
        hint = visitor.page.locator(".hint")
        expect(hint).to_have_text(visitor.say("try.no_project_caller"))


def test_charts_speak_the_language_that_is_chosen(visiting: Visiting) -> None:
    with visiting(signed_in=True) as visitor:
        visitor.enter("monitoring")
        page = visitor.page
        label = page.locator(".figures tbody th").first
        expect(label).to_have_text(re.compile("[AP]M$"))
        page.get_by_role("button", name="中文").click()
        expect(label).to_have_text(re.compile(r"^\d\d:\d\d$"))
        expect(page.locator(".chart svg .mark", has_text=re.compile("[AP]M"))).to_have_count(0)
