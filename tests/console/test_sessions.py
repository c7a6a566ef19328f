"""Test signing in and out, token expiry and the stored session."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import expect

from tests.console.conftest import OpenConsole
from tests.console.console_page import ConsolePage
from tests.console.texts import LANGUAGES
from tests.console.users import create_user, set_password
from tests.support.images import encode_image, text_image
from tests.support.servers import Service

pytestmark = [pytest.mark.server, pytest.mark.models]


@pytest.mark.parametrize("language", LANGUAGES)
def test_signing_in_opens_the_requested_view_and_out_revokes_the_token(
    open_console: OpenConsole, service: Service, language: str
) -> None:
    with open_console(language=language, view="keys", refusals=True) as console:
        console.sign_in(user="nobody", password="wrong")
        expect(console.error()).to_contain_text(console.text("error.sign_in_failed.title"))
        expect(console.error()).to_contain_text(console.text("error.sign_in_failed.advice"))
        expect(console.page.get_by_label(console.text("sign_in.user"))).to_have_value("nobody")
        console.sign_in()
        expect(console.page.locator("main h1")).to_have_text(console.text("keys.title"))
        token = console.page.evaluate(
            "JSON.parse(sessionStorage.getItem('web-image-ocr.session')).account"
        )
        headers = {"X-Auth-Token": token}
        assert service.client.get("/v1/me", headers=headers).status_code == 200
        with console.page.expect_response(lambda answer: answer.request.method == "DELETE"):
            console.click("sign_out")
        expect(console.page.get_by_label(console.text("sign_in.password"))).to_be_visible()
        assert service.client.get("/v1/me", headers=headers).status_code == 401
        assert console.page.evaluate("[sessionStorage.length, localStorage.length]") == [0, 0]


@pytest.mark.parametrize("language", LANGUAGES)
def test_tokens_end_with_the_tab_unless_stay_is_chosen(
    open_console: OpenConsole, language: str
) -> None:
    """With "stay", the token survives a sign-out in another tab and replaces a revoked one."""
    with open_console(language=language, refusals=True) as console:
        console.sign_in_and_open("keys")
        page = console.page
        stored = page.evaluate("Object.keys(localStorage)")
        assert stored == []
        page.reload()  # the token is in the tab's storage
        expect(page.locator("main h1")).to_have_text(console.text("keys.title"))
        other = ConsolePage(page.context.new_page(), console.url, language, console.account)
        other.goto()
        other.sign_in(stay=True)
        other.button("sign_out").wait_for()
        page.bring_to_front()
        with page.expect_response(lambda answer: answer.request.method == "DELETE"):
            console.click("sign_out")
        console.page.get_by_label(console.text("sign_in.password")).wait_for()
        third = ConsolePage(page.context.new_page(), console.url, language, console.account)
        third.goto()
        expect(third.button("sign_out")).to_be_visible()
        revoked = json.dumps({"account": "revoked", "projects": {}, "stay": False})
        third.page.evaluate(
            "value => sessionStorage.setItem('web-image-ocr.session', value)", revoked
        )
        third.page.reload()
        expect(third.button("sign_out")).to_be_visible()


def test_no_secret_is_in_a_url(open_console: OpenConsole) -> None:
    with open_console() as console:
        urls: list[str] = []
        console.page.on("request", lambda request: urls.append(request.url))
        console.sign_in_and_open("monitoring")
        console.navigate("try")
        console.upload(("small.png", encode_image(text_image("SMALL"), "PNG")))
        console.lines()
        tokens = console.page.evaluate(
            """() => {
                const stored = JSON.parse(sessionStorage.getItem("web-image-ocr.session"));
                return [stored.account, ...Object.values(stored.projects)];
            }"""
        )
        assert len(tokens) == 2
        assert console.account
        for secret in (*tokens, console.account.password):
            assert not any(secret in url for url in urls)


@pytest.mark.parametrize("language", LANGUAGES)
def test_after_a_revoked_token_the_user_continues_in_the_same_view(
    open_console: OpenConsole, service: Service, language: str
) -> None:
    """The view stays under the dialog and the call is repeated.

    Without "stay" this time, nothing of the revoked session remains.
    """
    user = create_user(service, f"revoked-{language}")
    with open_console(language=language, refusals=True) as console:
        console.sign_in(user=user.name, password=user.password, stay=True)
        console.button("sign_out").wait_for()
        console.fill("intake.url", "https://half.typed/")
        console.upload(("before.png", encode_image(text_image("BEFORE"), "PNG")))
        assert console.lines() == ["BEFORE"]
        set_password(service, user, "another-password")
        console.upload(("after.png", encode_image(text_image("AFTER"), "PNG")))
        dialog = console.page.get_by_role("dialog")
        expect(dialog).to_contain_text(console.text("sign_in.again_why"))
        for _ in range(3):
            console.page.keyboard.press("Escape")  # must not close the dialog
        dialog.get_by_label(console.text("sign_in.password")).fill("another-password")
        dialog.get_by_label(console.text("sign_in.stay")).uncheck()
        dialog.get_by_role("button", name=console.text("sign_in.go"), exact=True).click()
        expect(console.page.locator(".result h2")).to_have_text("after.png")
        assert console.lines() == ["AFTER"]
        field = console.page.get_by_label(console.text("intake.url"))
        expect(field).to_have_value("https://half.typed/")
        assert console.page.evaluate("Object.keys(localStorage)") == []


def test_the_next_user_sees_nothing_of_the_first(
    open_console: OpenConsole, service: Service
) -> None:
    """This includes signing in over the view of the first user."""
    first, second = create_user(service, "first"), create_user(service, "second")
    with open_console(refusals=True) as console:
        console.sign_in(user=first.name, password=first.password)
        console.button("sign_out").wait_for()
        console.fill("intake.url", "https://first.example/")
        console.navigate("keys")
        console.page.get_by_text(console.text("table.empty")).wait_for()
        set_password(service, first, "another-password")
        console.click("keys.create")  # must not be repeated for the second user
        dialog = console.page.get_by_role("dialog")
        dialog.get_by_label(console.text("sign_in.user")).fill(second.name)
        dialog.get_by_label(console.text("sign_in.password")).fill(second.password)
        dialog.get_by_role("button", name=console.text("sign_in.go"), exact=True).click()
        expect(console.page.locator(".user-name")).to_have_text(second.name)
        expect(console.page.locator("main")).to_contain_text(console.text("table.empty"))
        console.navigate("try")
        expect(console.page.get_by_label(console.text("intake.url"))).to_have_value("")


@pytest.mark.parametrize("language", LANGUAGES)
def test_changing_the_password(open_console: OpenConsole, service: Service, language: str) -> None:
    user = create_user(service, f"changing-{language}")
    with open_console(language=language, refusals=True) as console:
        console.sign_in(user=user.name, password=user.password, stay=True)
        console.page.get_by_role("link", name=user.name).click()
        expect(console.page.locator("main .definitions")).to_contain_text(
            console.text("account.stays_yes")
        )
        console.fill("account.current", "not this one")
        console.fill("account.next", "a-new-password")
        console.fill("account.repeated", "another-password")
        console.click("account.change")
        expect(console.error()).to_contain_text(console.text("error.passwords_differ.title"))
        console.fill("account.repeated", "a-new-password")
        console.click("account.change")
        expect(console.error()).to_contain_text(console.text("error.wrong_password.title"))
        console.fill("account.current", user.password)
        console.fill("account.next", "password1")
        console.fill("account.repeated", "password1")
        console.click("account.change")
        expect(console.error()).to_contain_text("the password is too easy to guess: this is a")
        console.fill("account.next", "a-new-password")
        console.fill("account.repeated", "a-new-password")
        console.click("account.change")
        console.page.get_by_text(console.text("account.changed")).first.wait_for()
        console.navigate("keys")  # the new session works
        console.page.get_by_text(console.text("table.empty")).wait_for()

        # Signing in again without "stay" is reflected.
        console.page.get_by_role("link", name=user.name).click()
        set_password(service, user, "a-third-password")
        console.fill("account.current", "a-third-password")
        console.fill("account.next", "a-new-password")
        console.fill("account.repeated", "a-new-password")
        console.click("account.change")
        dialog = console.page.get_by_role("dialog")
        dialog.get_by_label(console.text("sign_in.password")).fill("a-third-password")
        dialog.get_by_label(console.text("sign_in.stay")).uncheck()
        dialog.get_by_role("button", name=console.text("sign_in.go"), exact=True).click()
        expect(console.page.locator("main .definitions")).to_contain_text(
            console.text("account.stays_no")
        )


def test_language_and_theme_are_stored_and_input_is_kept(
    open_console: OpenConsole,
) -> None:
    with open_console(color_scheme="dark") as console:
        page = console.page
        console.sign_in_and_open()
        console.fill("intake.url", "https://half.typed/")
        ground = "getComputedStyle(document.documentElement).backgroundColor"
        dark = page.evaluate(ground)
        page.get_by_label(console.text("theme.label")).select_option("light")
        light = page.evaluate(ground)
        assert light != dark
        page.get_by_role("button", name="中文").click()
        expect(page.locator("main h1")).to_have_text("在线体验")
        expect(page.get_by_label("或输入图片 URL")).to_have_value("https://half.typed/")
        page.reload()
        expect(page.locator("main h1")).to_have_text("在线体验")
        assert page.evaluate(ground) == light
        assert page.evaluate("document.documentElement.lang") == "zh-CN"
