"""Signing in and out, and what becomes of a session."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import expect

from tests.console.conftest import Visiting
from tests.console.people import give_password, make_person
from tests.console.visitor import Visitor
from tests.console.words import LANGUAGES
from tests.servers import Service
from tests.support.images import encode_image, text_image

pytestmark = [pytest.mark.server, pytest.mark.models]


@pytest.mark.parametrize("language", LANGUAGES)
def test_signing_in_leads_to_the_view_that_was_asked_for_and_out_ends_all(
    visiting: Visiting, service: Service, language: str
) -> None:
    with visiting(language=language, view="keys", refusals=True) as visitor:
        visitor.sign_in(user="nobody", password="wrong")
        expect(visitor.problem()).to_contain_text(visitor.say("error.sign_in_failed.what"))
        expect(visitor.problem()).to_contain_text(visitor.say("error.sign_in_failed.do"))
        expect(visitor.page.get_by_label(visitor.say("sign_in.user"))).to_have_value("nobody")
        visitor.sign_in()
        expect(visitor.page.locator("main h1")).to_have_text(visitor.say("keys.title"))
        token = visitor.page.evaluate(
            "JSON.parse(sessionStorage.getItem('web-image-ocr.session')).account"
        )
        headers = {"X-Auth-Token": token}
        assert service.client.get("/v1/me", headers=headers).status_code == 200
        with visitor.page.expect_response(lambda answer: answer.request.method == "DELETE"):
            visitor.press("sign_out")
        expect(visitor.page.get_by_label(visitor.say("sign_in.password"))).to_be_visible()
        assert service.client.get("/v1/me", headers=headers).status_code == 401
        assert visitor.page.evaluate("[sessionStorage.length, localStorage.length]") == [0, 0]


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_token_outlives_the_tab_unless_it_is_wished(visiting: Visiting, language: str) -> None:
    """Where it is, another tab that signs out leaves it alone: it is not that tab's token. A tab
    whose own token has ended goes on with it.
    """
    with visiting(language=language, refusals=True) as visitor:
        visitor.enter("keys")
        page = visitor.page
        kept = page.evaluate("Object.keys(localStorage)")
        assert kept == []
        page.reload()  # the tab itself keeps it
        expect(page.locator("main h1")).to_have_text(visitor.say("keys.title"))
        other = Visitor(page.context.new_page(), visitor.url, language, visitor.account)
        other.go()
        other.sign_in(stay=True)
        other.button("sign_out").wait_for()
        page.bring_to_front()
        with page.expect_response(lambda answer: answer.request.method == "DELETE"):
            visitor.press("sign_out")
        visitor.page.get_by_label(visitor.say("sign_in.password")).wait_for()
        third = Visitor(page.context.new_page(), visitor.url, language, visitor.account)
        third.go()
        expect(third.button("sign_out")).to_be_visible()
        ended = json.dumps({"account": "ended", "projects": {}, "stay": False})
        third.page.evaluate("kept => sessionStorage.setItem('web-image-ocr.session', kept)", ended)
        third.page.reload()
        expect(third.button("sign_out")).to_be_visible()


def test_no_token_or_password_is_in_an_address(visiting: Visiting) -> None:
    with visiting() as visitor:
        addresses: list[str] = []
        visitor.page.on("request", lambda request: addresses.append(request.url))
        visitor.enter("monitoring")
        visitor.open("try")
        visitor.give(("small.png", encode_image(text_image("SMALL"), "PNG")))
        visitor.lines()
        tokens = visitor.page.evaluate(
            """() => {
                const kept = JSON.parse(sessionStorage.getItem("web-image-ocr.session"));
                return [kept.account, ...Object.values(kept.projects)];
            }"""
        )
        assert len(tokens) == 2
        assert visitor.account
        for secret in (*tokens, visitor.account.password):
            assert not any(secret in address for address in addresses)


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_ended_token_brings_one_back_to_where_one_was(
    visiting: Visiting, service: Service, language: str
) -> None:
    """The view stays below the sign-in, and what was begun goes on afterwards. Who does not stay
    signed in this time leaves nothing of the ended session behind.
    """
    person = make_person(service, f"ended-{language}")
    with visiting(language=language, refusals=True) as visitor:
        visitor.sign_in(user=person.name, password=person.password, stay=True)
        visitor.button("sign_out").wait_for()
        visitor.fill("intake.address", "https://half.typed/")
        visitor.give(("before.png", encode_image(text_image("BEFORE"), "PNG")))
        assert visitor.lines() == ["BEFORE"]
        give_password(service, person, "another-password")
        visitor.give(("after.png", encode_image(text_image("AFTER"), "PNG")))
        window = visitor.page.get_by_role("dialog")
        expect(window).to_contain_text(visitor.say("sign_in.again_why"))
        for _ in range(3):
            visitor.page.keyboard.press("Escape")  # would lose all that stands below
        window.get_by_label(visitor.say("sign_in.password")).fill("another-password")
        window.get_by_label(visitor.say("sign_in.stay")).uncheck()
        window.get_by_role("button", name=visitor.say("sign_in.go")).click()
        expect(visitor.page.locator(".result h2")).to_have_text("after.png")
        assert visitor.lines() == ["AFTER"]
        field = visitor.page.get_by_label(visitor.say("intake.address"))
        expect(field).to_have_value("https://half.typed/")
        assert visitor.page.evaluate("Object.keys(localStorage)") == []


def test_another_person_finds_nothing_of_the_first(visiting: Visiting, service: Service) -> None:
    """Also where he signs in over the first one's view."""
    first, second = make_person(service, "first"), make_person(service, "second")
    with visiting(refusals=True) as visitor:
        visitor.sign_in(user=first.name, password=first.password)
        visitor.button("sign_out").wait_for()
        visitor.fill("intake.address", "https://of-the-first/")
        visitor.open("keys")
        visitor.page.get_by_text(visitor.say("table.empty")).wait_for()
        give_password(service, first, "another-password")
        visitor.press("keys.create")  # which the first began, and nobody does for the second
        window = visitor.page.get_by_role("dialog")
        window.get_by_label(visitor.say("sign_in.user")).fill(second.name)
        window.get_by_label(visitor.say("sign_in.password")).fill(second.password)
        window.get_by_role("button", name=visitor.say("sign_in.go")).click()
        expect(visitor.page.locator(".who")).to_have_text(second.name)
        expect(visitor.page.locator("main")).to_contain_text(visitor.say("table.empty"))
        visitor.open("try")
        expect(visitor.page.get_by_label(visitor.say("intake.address"))).to_have_value("")


@pytest.mark.parametrize("language", LANGUAGES)
def test_another_password(visiting: Visiting, service: Service, language: str) -> None:
    person = make_person(service, f"changing-{language}")
    with visiting(language=language, refusals=True) as visitor:
        visitor.sign_in(user=person.name, password=person.password, stay=True)
        visitor.page.get_by_role("link", name=person.name).click()
        expect(visitor.page.locator("main .facts")).to_contain_text(
            visitor.say("account.stays_yes")
        )
        visitor.fill("account.now", "not this one")
        visitor.fill("account.next", "a-new-password")
        visitor.fill("account.repeated", "another-password")
        visitor.press("account.change")
        expect(visitor.problem()).to_contain_text(visitor.say("error.passwords_differ.what"))
        visitor.fill("account.repeated", "a-new-password")
        visitor.press("account.change")
        expect(visitor.problem()).to_contain_text(visitor.say("error.wrong_password.what"))
        visitor.fill("account.now", person.password)
        visitor.fill("account.next", "password1")
        visitor.fill("account.repeated", "password1")
        visitor.press("account.change")
        expect(visitor.problem()).to_contain_text("the password is too easy to guess: this is a")
        visitor.fill("account.next", "a-new-password")
        visitor.fill("account.repeated", "a-new-password")
        visitor.press("account.change")
        visitor.page.get_by_text(visitor.say("account.changed")).first.wait_for()
        visitor.open("keys")  # the new session works
        visitor.page.get_by_text(visitor.say("table.empty")).wait_for()

        # Whoever signs in again for it, and does not stay this time, is told so.
        visitor.page.get_by_role("link", name=person.name).click()
        give_password(service, person, "a-third-password")
        visitor.fill("account.now", "a-third-password")
        visitor.fill("account.next", "a-new-password")
        visitor.fill("account.repeated", "a-new-password")
        visitor.press("account.change")
        window = visitor.page.get_by_role("dialog")
        window.get_by_label(visitor.say("sign_in.password")).fill("a-third-password")
        window.get_by_label(visitor.say("sign_in.stay")).uncheck()
        window.get_by_role("button", name=visitor.say("sign_in.go")).click()
        expect(visitor.page.locator("main .facts")).to_contain_text(visitor.say("account.stays_no"))


def test_language_and_colours_are_remembered_and_nothing_typed_is_lost(visiting: Visiting) -> None:
    with visiting(color_scheme="dark") as visitor:
        page = visitor.page
        visitor.enter()
        visitor.fill("intake.address", "https://half.typed/")
        ground = "getComputedStyle(document.documentElement).backgroundColor"
        dark = page.evaluate(ground)
        page.get_by_label(visitor.say("theme.label")).select_option("light")
        light = page.evaluate(ground)
        assert light != dark
        page.get_by_role("button", name="中文").click()
        expect(page.locator("main h1")).to_have_text("在线体验")
        expect(page.get_by_label("或输入图片地址")).to_have_value("https://half.typed/")
        page.reload()
        expect(page.locator("main h1")).to_have_text("在线体验")
        assert page.evaluate(ground) == light
        assert page.evaluate("document.documentElement.lang") == "zh-CN"
