"""Test service, keys, monitoring and administration as an administrator."""

from __future__ import annotations

import csv
import io
import re
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Route, expect

from tests.console.conftest import OpenConsole
from tests.console.console_page import ConsolePage
from tests.console.texts import LANGUAGES
from tests.console.users import can_sign_in, create_keys, create_user, delete_user
from tests.support.images import encode_image, text_image
from tests.support.servers import Service

pytestmark = [pytest.mark.server, pytest.mark.models]

SMALL = ("small.png", encode_image(text_image("SMALL"), "PNG"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_service_is_disabled_and_enabled(open_console: OpenConsole, language: str) -> None:
    with open_console(signed_in=True, language=language, refusals=True) as console:
        console.sign_in_and_open("service")
        console.click("service.disable")
        console.answer_dialog(console.text("service.disable_ask"), "cancel")
        expect(console.page.locator("main")).to_contain_text(console.text("service.is_enabled"))
        console.click("service.disable")
        console.answer_dialog(console.text("service.disable_ask"), "disable")
        expect(console.page.locator("main")).to_contain_text(console.text("service.is_disabled"))
        console.navigate("try")
        assert console.account
        hint = console.text("try.not_enabled", name=console.account.project_name)
        expect(console.page.locator(".hint")).to_contain_text(hint)
        console.upload(SMALL)
        expect(console.error()).to_contain_text(console.text("error.ModelArts.4204.advice"))
        console.navigate("service")
        console.click("service.enable")
        expect(console.page.locator("main")).to_contain_text(console.text("service.is_enabled"))
        expect(console.page.locator("main")).to_contain_text("PP-OCRv6_rec_small")
        console.navigate("try")
        console.click("again")
        assert console.lines()


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_life_cycle_of_a_key(open_console: OpenConsole, language: str) -> None:
    with open_console(signed_in=True, language=language) as console:
        console.sign_in_and_open("keys")
        page = console.page
        console.click("keys.create")
        dialog = page.get_by_role("dialog")
        dialog.wait_for()
        access, secret = dialog.locator("code").all_text_contents()
        for _ in range(3):
            page.keyboard.press("Escape")  # must not close the dialog
        expect(dialog).to_be_visible()
        name, text = console.download(console.button("secret.download"))
        assert name == f"credentials-{access}.csv"
        assert console.account
        row = {"User Name": "admin", "Access Key Id": access, "Secret Access Key": secret}
        assert list(csv.DictReader(io.StringIO(text))) == [row]
        console.click("secret.saved")
        assert secret not in (page.text_content("body") or "")

        key = page.get_by_role("row", name=re.compile(access))
        expect(key).to_contain_text(console.text("never"))
        console.click("disable.what", what=access)
        expect(key).to_contain_text(console.text("off"))
        console.click("enable.what", what=access)
        expect(key).to_contain_text(console.text("on"))
        console.click("delete.what", what=access)
        dialog.get_by_role("button", name=console.text("cancel")).click()
        expect(key).to_be_visible()
        console.click("delete.what", what=access)
        dialog.get_by_role("button", name=console.text("delete")).click()
        expect(key).to_have_count(0)


@pytest.mark.parametrize("language", LANGUAGES)
def test_pagination_of_keys(open_console: OpenConsole, service: Service, language: str) -> None:
    user = create_user(service, f"many-keys-{language}")
    create_keys(service, user, 101)
    with open_console(language=language, view="keys") as console:
        console.sign_in(user=user.name, password=user.password)
        rows = console.page.locator("tbody tr")
        expect(rows).to_have_count(100)
        console.click("table.more")
        expect(rows).to_have_count(101)
        expect(console.button("table.more")).to_have_count(0)
        # A change keeps the number of records shown.
        access = rows.last.locator("code").text_content() or ""
        console.click("disable.what", what=access)
        expect(rows.last).to_contain_text(console.text("off"))
        expect(rows).to_have_count(101)
    delete_user(service, user)  # so that lists of all keys stay short


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", ["users", "projects"])
def test_pagination_of_users_and_projects(
    open_console: OpenConsole, language: str, name: str
) -> None:
    """Responses are faked: creating so many users takes too long."""
    at = "2026-01-03T09:05:22.000000Z"
    shared = {"enabled": True, "created_at": at, "role": "caller"}
    records = [{"id": f"{n:032x}", "name": f"n{n:04}", **shared} for n in range(1150)]

    def page_of(route: Route) -> None:
        query = parse_qs(urlsplit(route.request.url).query)
        begin = int(query.get("marker", ["0"])[0])
        end = begin + int(query["limit"][0])
        answer = {name: records[begin:end], "next_marker": str(end) if end < len(records) else None}
        route.fulfill(json=answer)

    with open_console(signed_in=True, language=language) as console:
        console.page.route(f"**/v1/{name}?*", page_of)
        console.sign_in_and_open("administration")
        table = console.page.get_by_role("table", name=console.text(f"admin.{name}"))
        expect(table.locator("tbody tr")).to_have_count(100)
        for number in (200, 300):
            console.click("table.more")
            expect(table.locator("tbody tr")).to_have_count(number)
        if name == "projects":  # the selector has all of them
            choice = console.page.get_by_role(
                "combobox", name=console.text("project.label"), exact=True
            )
            expect(choice.locator("option")).to_have_count(len(records))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_life_cycle_of_a_user(
    open_console: OpenConsole, service: Service, language: str
) -> None:
    user = f"clara-{language}"
    with open_console(signed_in=True, language=language, refusals=True) as console:
        console.sign_in_and_open("administration")
        page = console.page
        row = page.get_by_role("row", name=re.compile(user))
        form = page.locator("form").first
        form.get_by_label(console.text("admin.user")).fill(user)
        form.get_by_role("button", name=console.text("admin.add_user")).click()
        password = _read_password(console)
        assert can_sign_in(service, user, password)

        # By keyboard: selecting a role does not change it before the button is pressed.
        change = console.button("admin.role_of", name=user)
        question = console.text("admin.role_of", name=user)
        role = row.get_by_role("cell").first
        expect(role).to_have_text(console.text("role.caller"))
        change.press("Enter")
        dialog = page.get_by_role("dialog")
        expect(dialog).to_have_accessible_description(console.text("admin.role_when"))
        choice = dialog.get_by_role("radio", name=console.text("role.caller"))
        expect(choice).to_be_focused()
        expect(choice).to_have_accessible_description(console.text("role.caller.may"))
        page.keyboard.press("ArrowDown")
        console.answer_dialog(question, "cancel")
        expect(role).to_have_text(console.text("role.caller"))
        expect(change).to_be_focused()
        change.press("Enter")
        page.keyboard.press("ArrowDown")
        expect(dialog.get_by_role("radio", name=console.text("role.viewer"))).to_be_checked()
        page.keyboard.press("Enter")
        expect(role).to_have_text(console.text("role.viewer"))
        expect(change).to_be_focused()
        console.click("admin.reset_of", name=user)
        page.get_by_role("dialog").get_by_role("button", name=console.text("admin.reset")).click()
        another = _read_password(console)
        assert another != password
        assert can_sign_in(service, user, another)
        console.click("disable.what", what=user)
        why = console.text("admin.disable_user_why", name=user)
        expect(dialog).to_have_accessible_description(why)
        console.answer_dialog(console.text("admin.disable_user"), "disable")
        expect(row).to_contain_text(console.text("off"))
        assert not can_sign_in(service, user, another)
        console.click("delete.what", what=user)
        page.get_by_role("dialog").get_by_role("button", name=console.text("delete")).click()
        expect(row).to_have_count(0)

        # The last administrator cannot be demoted.
        _change_role(console, service.account.user, "caller")
        expect(console.error()).to_contain_text(console.text("error.APIG.0602.409.title"))
        row = page.get_by_role("row", name=re.compile(service.account.user))
        expect(row).to_contain_text(console.text("role.administrator"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_life_cycle_of_a_project(open_console: OpenConsole, language: str) -> None:
    name = f"eu-north-{language}"
    with open_console(signed_in=True, language=language, refusals=True) as console:
        console.sign_in_and_open("administration")
        page = console.page
        page.get_by_role("textbox", name=console.text("admin.project")).fill(name)
        page.locator("form").last.get_by_role("button").click()
        row = page.get_by_role("row", name=re.compile(name))
        expect(row).to_contain_text(console.text("off"))
        console.click("enable.what", what=name)
        expect(row).to_contain_text(console.text("on"))
        notice = page.locator(".toast", has_text=console.text("service.now_enabled"))
        expect(notice).to_be_visible()
        console.click("disable.what", what=name)
        console.answer_dialog(console.text("service.disable_ask"), "cancel")
        project = row.locator("code").text_content() or ""
        choice = page.get_by_role("combobox", name=console.text("project.label"), exact=True)
        choice.select_option(label=name)
        console.navigate("try")
        # An image keeps the project and options it was added with.
        limit = {"status": 429, "json": {}, "headers": {"Retry-After": "1"}}
        page.route("**/ocr/web-image", lambda route: route.fulfill(**limit), times=1)
        console.upload(SMALL)
        expect(page.locator(".in-progress")).to_contain_text(
            console.text("state.paused_until").partition("{time}")[0]
        )
        assert console.account
        choice.select_option(label=console.account.project_name)
        page.get_by_label(console.text("options.size")).uncheck()
        assert console.lines()
        console.select_tab("result.json")
        panel = page.get_by_role("tabpanel")
        expect(panel).to_contain_text(f"POST /v2/{project}/ocr/web-image")
        expect(panel.locator("pre").first).to_contain_text("extract_type")
        console.select_tab("result.code")
        page.get_by_label(console.text("code.with_token")).check()
        curl = panel.locator("pre").first
        expect(curl).not_to_contain_text("YOUR-TOKEN")
        expect(curl).to_contain_text(f"/v2/{project}/ocr/web-image")
        expect(curl).to_contain_text("extract_type")

        console.navigate("administration")
        console.click("delete.what", what=name)
        page.get_by_role("dialog").get_by_role("button", name=console.text("delete")).click()
        expect(row).to_have_count(0)


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_administrator_who_becomes_a_caller_loses_the_views(
    open_console: OpenConsole, service: Service, language: str
) -> None:
    user = create_user(service, f"stepping-down-{language}", "administrator")
    with open_console(language=language, view="administration") as console:
        console.sign_in(user=user.name, password=user.password)
        _change_role(console, user.name, "caller")
        expect(console.page.locator("main h1")).to_have_text(console.text("try.title"))
        links = console.page.locator("nav a")
        expect(links.filter(has_text=console.text("nav.administration"))).to_have_count(0)
        console.navigate("service")
        expect(console.page.locator("main")).to_contain_text(console.text("service.ask_admin"))
        console.goto("administration")
        expect(console.page.locator("main h1")).to_have_text(console.text("try.title"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_monitoring_shows_the_calls(
    open_console: OpenConsole, service: Service, language: str
) -> None:
    service.recognize(encode_image(text_image("COUNTED"), "PNG"))
    assert service.post({"image": "AAAA"}).status_code == 400
    with open_console(signed_in=True, language=language) as console:
        console.sign_in_and_open("monitoring")
        page = console.page
        tiles = page.locator(".tile dd")
        expect(tiles.first).to_be_visible()
        # Counts are written once a second.
        expect(page.locator("main")).to_contain_text("AIS.0102")
        calls, succeeded, failed = (int(text) for text in tiles.all_text_contents()[:3])
        assert calls == succeeded + failed
        assert min(succeeded, failed) >= 1
        for name, steps in (("hour", 60), ("day", 24), ("month", 30)):
            page.get_by_text(console.text(f"usage.{name}"), exact=True).click()
            expect(page.locator(".figures").first.locator("tbody tr")).to_have_count(steps)
        figures = page.locator(".figures").first.locator("tbody tr").last.locator("td")
        assert int(figures.first.text_content() or "") >= 1
        saved, text = console.download(console.button("usage.csv"))
        assert saved == "usage-month.csv"
        assert len(list(csv.reader(io.StringIO(text)))) == 1 + 30

        # Rotate a phone: charts fill the width, and the font size is fixed.
        marks = page.locator(".chart svg").first.locator(".axis-label")
        for width, height, labels in ((360, 740, 3), (740, 360, 6)):
            page.set_viewport_size({"width": width, "height": height})
            expect(marks).to_have_count(3 + labels)
            assert marks.first.evaluate("mark => mark.getScreenCTM().a") == 1
            assert not console.overflows()


def _change_role(console: ConsolePage, name: str, role: str) -> None:
    console.click("admin.role_of", name=name)
    console.page.get_by_role("radio", name=console.text(f"role.{role}")).check()
    console.answer_dialog(console.text("admin.role_of", name=name), "admin.role_change")


def _read_password(console: ConsolePage) -> str:
    dialog = console.page.get_by_role("dialog")
    dialog.wait_for()
    password: str = dialog.locator("code").nth(1).text_content() or ""
    console.click("secret.saved")
    return password
