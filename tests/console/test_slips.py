"""Slips of the hand and bad moments: nothing is lost, and nothing is done for somebody else."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.console.conftest import Visiting
from tests.console.people import make_person
from tests.pictures import encoded, text_picture
from tests.servers import Service

pytestmark = [pytest.mark.server, pytest.mark.models]


def test_pictures_that_wait_are_not_sent_for_the_next_person(
    visiting: Visiting, service: Service
) -> None:
    first, second = make_person(service, "waiting"), make_person(service, "after-waiting")
    refusal = {"error_code": "APIG.0308", "error_msg": "The throttling threshold has been reached"}
    with visiting(refusals=True) as visitor:
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
        visitor.give(("private.png", encoded(text_picture("PRIVATE"), "PNG")))
        told = visitor.say("state.paused_until").partition("{time}")[0]
        expect(page.locator(".under-way")).to_contain_text(told)
        visitor.press("sign_out")
        visitor.sign_in(user=second.name, password=second.password)
        visitor.button("sign_out").wait_for()
        page.clock.fast_forward("02:00")
        visitor.open("service")  # whose answers come after what the clock has set off
        expect(page.locator("main")).to_contain_text("PP-OCRv6_rec_small")
        assert sum("/ocr/" in address for address in asked) == 1


def test_who_gives_away_the_own_role_sees_what_is_left(
    visiting: Visiting, service: Service
) -> None:
    person = make_person(service, "stepping-down", "administrator")
    with visiting() as visitor:
        visitor.sign_in(user=person.name, password=person.password)
        visitor.button("sign_out").wait_for()
        visitor.open("administration")
        role = visitor.page.get_by_label(visitor.say("admin.role_of", name=person.name))
        role.select_option("caller")
        expect(visitor.page.locator("main h1")).to_have_text(visitor.say("try.title"))
        links = visitor.page.locator("nav a")
        expect(links.filter(has_text=visitor.say("nav.administration"))).to_have_count(0)


def test_the_keyboard_stays_where_it_was(visiting: Visiting) -> None:
    with visiting(signed_in=True) as visitor:
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


def test_a_key_for_somebody_else_is_seen(visiting: Visiting, service: Service) -> None:
    person = make_person(service, "holder-of-a-key")
    with visiting(signed_in=True) as visitor:
        visitor.enter("keys")
        visitor.page.get_by_label(visitor.say("keys.for_user"), exact=True).select_option(person.id)
        visitor.press("keys.create")
        visitor.press("secret.saved")
        expect(visitor.page.get_by_role("cell", name=person.name)).to_be_visible()


def test_more_pictures_than_are_taken_at_once_are_not_dropped_in_silence(
    visiting: Visiting,
) -> None:
    """Empty ones, which are refused before they are sent."""
    with visiting(signed_in=True) as visitor:
        visitor.enter()
        visitor.page.evaluate(
            """() => {
                const transfer = new DataTransfer();
                for (let at = 0; at < 501; at += 1) transfer.items.add(new File([], `${at}.png`));
                const event = {bubbles: true, cancelable: true, dataTransfer: transfer};
                document.body.dispatchEvent(new DragEvent("drop", event));
            }"""
        )
        expect(visitor.page.locator(".job")).to_have_count(500)
        told = visitor.say("intake.too_many", count=500)
        expect(visitor.page.locator(".intake [role=alert]")).to_have_text(told)


def test_a_caller_without_a_project_is_not_sent_where_he_may_not_go(
    visiting: Visiting, service: Service
) -> None:
    person = make_person(service, "without-project")
    with visiting() as visitor:
        visitor.page.route("**/v1/projects", lambda route: route.fulfill(json={"projects": []}))
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
