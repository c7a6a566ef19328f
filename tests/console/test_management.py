"""Service, keys, monitoring and administration, as an administrator uses them."""

from __future__ import annotations

import csv
import io
import re
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Route, expect

from tests.console.conftest import Visiting
from tests.console.people import can_sign_in, make_keys, make_person
from tests.console.visitor import Visitor
from tests.console.words import LANGUAGES
from tests.servers import Service
from tests.support.images import encode_image, text_image

pytestmark = [pytest.mark.server, pytest.mark.models]

SMALL = ("small.png", encode_image(text_image("SMALL"), "PNG"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_service_is_switched_off_and_on(visiting: Visiting, language: str) -> None:
    with visiting(signed_in=True, language=language, refusals=True) as visitor:
        visitor.enter("service")
        visitor.press("service.disable")
        visitor.answer(visitor.say("service.disable_ask"), "cancel")
        expect(visitor.page.locator("main")).to_contain_text(visitor.say("service.is_enabled"))
        visitor.press("service.disable")
        visitor.answer(visitor.say("service.disable_ask"), "disable")
        expect(visitor.page.locator("main")).to_contain_text(visitor.say("service.is_disabled"))
        visitor.open("try")
        assert visitor.account
        hint = visitor.say("try.not_enabled", name=visitor.account.project_name)
        expect(visitor.page.locator(".hint")).to_contain_text(hint)
        visitor.give(SMALL)
        expect(visitor.problem()).to_contain_text(visitor.say("error.ModelArts.4204.do"))
        visitor.open("service")
        visitor.press("service.enable")
        expect(visitor.page.locator("main")).to_contain_text(visitor.say("service.is_enabled"))
        expect(visitor.page.locator("main")).to_contain_text("PP-OCRv6_rec_small")
        visitor.open("try")
        visitor.press("again")
        assert visitor.lines()


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_key_from_its_making_to_its_end(visiting: Visiting, language: str) -> None:
    with visiting(signed_in=True, language=language) as visitor:
        visitor.enter("keys")
        page = visitor.page
        visitor.press("keys.create")
        window = page.get_by_role("dialog")
        window.wait_for()
        access, secret = window.locator("code").all_text_contents()
        for _ in range(3):
            page.keyboard.press("Escape")  # not to be lost by a slip
        expect(window).to_be_visible()
        name, text = visitor.download(visitor.button("secret.download"))
        assert name == f"credentials-{access}.csv"
        assert visitor.account
        row = {"User Name": "admin", "Access Key Id": access, "Secret Access Key": secret}
        assert list(csv.DictReader(io.StringIO(text))) == [row]
        visitor.press("secret.saved")
        assert secret not in (page.text_content("body") or "")

        key = page.get_by_role("row", name=re.compile(access))
        expect(key).to_contain_text(visitor.say("never"))
        visitor.press("disable.what", what=access)
        expect(key).to_contain_text(visitor.say("off"))
        visitor.press("enable.what", what=access)
        expect(key).to_contain_text(visitor.say("on"))
        visitor.press("delete.what", what=access)
        window.get_by_role("button", name=visitor.say("cancel")).click()
        expect(key).to_be_visible()
        visitor.press("delete.what", what=access)
        window.get_by_role("button", name=visitor.say("delete")).click()
        expect(key).to_have_count(0)


@pytest.mark.parametrize("language", LANGUAGES)
def test_more_of_a_long_list_of_keys(visiting: Visiting, service: Service, language: str) -> None:
    person = make_person(service, f"many-keys-{language}")
    make_keys(service, person, 101)
    with visiting(language=language, view="keys") as visitor:
        visitor.sign_in(user=person.name, password=person.password)
        rows = visitor.page.locator("tbody tr")
        expect(rows).to_have_count(100)
        visitor.press("table.more")
        expect(rows).to_have_count(101)
        expect(visitor.button("table.more")).to_have_count(0)
        # A change shows as much of the list as was shown.
        access = rows.last.locator("code").text_content() or ""
        visitor.press("disable.what", what=access)
        expect(rows.last).to_contain_text(visitor.say("off"))
        expect(rows).to_have_count(101)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", ["users", "projects"])
def test_more_of_long_lists_of_users_and_projects(
    visiting: Visiting, language: str, name: str
) -> None:
    """The server's pages are made up: to make so many users takes long."""
    at = "2026-01-03T09:05:22.000000Z"
    shared = {"enabled": True, "created_at": at, "role": "caller"}
    made = [{"id": f"{n:032x}", "name": f"n{n:04}", **shared} for n in range(1150)]

    def page_of(route: Route) -> None:
        query = parse_qs(urlsplit(route.request.url).query)
        begin = int(query.get("marker", ["0"])[0])
        end = begin + int(query["limit"][0])
        answer = {name: made[begin:end], "next_marker": str(end) if end < len(made) else None}
        route.fulfill(json=answer)

    with visiting(signed_in=True, language=language) as visitor:
        visitor.page.route(f"**/v1/{name}?*", page_of)
        visitor.enter("administration")
        table = visitor.page.get_by_role("table", name=visitor.say(f"admin.{name}"))
        expect(table.locator("tbody tr")).to_have_count(100)
        for number in (200, 300):
            visitor.press("table.more")
            expect(table.locator("tbody tr")).to_have_count(number)
        if name == "projects":  # all of them can be chosen
            choice = visitor.page.get_by_role(
                "combobox", name=visitor.say("project.label"), exact=True
            )
            expect(choice.locator("option")).to_have_count(len(made))


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_user_from_the_first_to_the_last_day(
    visiting: Visiting, service: Service, language: str
) -> None:
    user = f"clara-{language}"
    with visiting(signed_in=True, language=language, refusals=True) as visitor:
        visitor.enter("administration")
        page = visitor.page
        row = page.get_by_role("row", name=re.compile(user))
        form = page.locator("form").first
        form.get_by_label(visitor.say("admin.user")).fill(user)
        form.get_by_role("button", name=visitor.say("admin.add_user")).click()
        password = _told_password(visitor)
        assert can_sign_in(service, user, password)

        # By keyboard: a role is looked at, and only the button gives it.
        change = visitor.button("admin.role_of", name=user)
        question = visitor.say("admin.role_of", name=user)
        role = row.get_by_role("cell").first
        expect(role).to_have_text(visitor.say("role.caller"))
        change.press("Enter")
        window = page.get_by_role("dialog")
        expect(window).to_have_accessible_description(visitor.say("admin.role_when"))
        choice = window.get_by_role("radio", name=visitor.say("role.caller"))
        expect(choice).to_be_focused()
        expect(choice).to_have_accessible_description(visitor.say("role.caller.may"))
        page.keyboard.press("ArrowDown")
        visitor.answer(question, "cancel")
        expect(role).to_have_text(visitor.say("role.caller"))
        expect(change).to_be_focused()
        change.press("Enter")
        page.keyboard.press("ArrowDown")
        expect(window.get_by_role("radio", name=visitor.say("role.viewer"))).to_be_checked()
        page.keyboard.press("Enter")
        expect(role).to_have_text(visitor.say("role.viewer"))
        expect(change).to_be_focused()
        visitor.press("admin.reset_of", name=user)
        page.get_by_role("dialog").get_by_role("button", name=visitor.say("admin.reset")).click()
        another = _told_password(visitor)
        assert another != password
        assert can_sign_in(service, user, another)
        visitor.press("disable.what", what=user)
        why = visitor.say("admin.disable_user_why", name=user)
        expect(window).to_have_accessible_description(why)
        visitor.answer(visitor.say("admin.disable_user"), "disable")
        expect(row).to_contain_text(visitor.say("off"))
        assert not can_sign_in(service, user, another)
        visitor.press("delete.what", what=user)
        page.get_by_role("dialog").get_by_role("button", name=visitor.say("delete")).click()
        expect(row).to_have_count(0)

        # The last administrator stays one.
        _give_role(visitor, service.account.user, "caller")
        expect(visitor.problem()).to_contain_text(visitor.say("error.APIG.0602.409.what"))
        row = page.get_by_role("row", name=re.compile(service.account.user))
        expect(row).to_contain_text(visitor.say("role.administrator"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_project_is_made_used_and_deleted(visiting: Visiting, language: str) -> None:
    name = f"eu-north-{language}"
    with visiting(signed_in=True, language=language, refusals=True) as visitor:
        visitor.enter("administration")
        page = visitor.page
        page.get_by_role("textbox", name=visitor.say("admin.project")).fill(name)
        page.locator("form").last.get_by_role("button").click()
        row = page.get_by_role("row", name=re.compile(name))
        expect(row).to_contain_text(visitor.say("off"))
        visitor.press("enable.what", what=name)
        expect(row).to_contain_text(visitor.say("on"))
        notice = page.locator(".notice", has_text=visitor.say("service.now_enabled"))
        expect(notice).to_be_visible()
        visitor.press("disable.what", what=name)
        visitor.answer(visitor.say("service.disable_ask"), "cancel")
        project = row.locator("code").text_content() or ""
        choice = page.get_by_role("combobox", name=visitor.say("project.label"), exact=True)
        choice.select_option(label=name)
        visitor.open("try")
        # A picture is read, and its call shown, as it was given, whatever is chosen since.
        limit = {"status": 429, "json": {}, "headers": {"Retry-After": "1"}}
        page.route("**/ocr/web-image", lambda route: route.fulfill(**limit), times=1)
        visitor.give(SMALL)
        expect(page.locator(".under-way")).to_contain_text(
            visitor.say("state.paused_until").partition("{time}")[0]
        )
        assert visitor.account
        choice.select_option(label=visitor.account.project_name)
        page.get_by_label(visitor.say("options.size")).uncheck()
        assert visitor.lines()
        visitor.tab("result.json")
        panel = page.get_by_role("tabpanel")
        expect(panel).to_contain_text(f"POST /v2/{project}/ocr/web-image")
        expect(panel.locator("pre").first).to_contain_text("extract_type")
        visitor.tab("result.code")
        page.get_by_label(visitor.say("code.with_token")).check()
        curl = panel.locator("pre").first
        expect(curl).not_to_contain_text("YOUR-TOKEN")
        expect(curl).to_contain_text(f"/v2/{project}/ocr/web-image")
        expect(curl).to_contain_text("extract_type")

        visitor.open("administration")
        visitor.press("delete.what", what=name)
        page.get_by_role("dialog").get_by_role("button", name=visitor.say("delete")).click()
        expect(row).to_have_count(0)


@pytest.mark.parametrize("language", LANGUAGES)
def test_who_gives_away_the_own_role_sees_what_a_caller_sees(
    visiting: Visiting, service: Service, language: str
) -> None:
    person = make_person(service, f"stepping-down-{language}", "administrator")
    with visiting(language=language, view="administration") as visitor:
        visitor.sign_in(user=person.name, password=person.password)
        _give_role(visitor, person.name, "caller")
        expect(visitor.page.locator("main h1")).to_have_text(visitor.say("try.title"))
        links = visitor.page.locator("nav a")
        expect(links.filter(has_text=visitor.say("nav.administration"))).to_have_count(0)
        visitor.open("service")
        expect(visitor.page.locator("main")).to_contain_text(visitor.say("service.ask_admin"))
        visitor.go("administration")
        expect(visitor.page.locator("main h1")).to_have_text(visitor.say("try.title"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_monitoring_tells_of_the_calls(visiting: Visiting, service: Service, language: str) -> None:
    service.read(encode_image(text_image("COUNTED"), "PNG"))
    assert service.post({"image": "AAAA"}).status_code == 400
    with visiting(signed_in=True, language=language) as visitor:
        visitor.enter("monitoring")
        page = visitor.page
        tiles = page.locator(".tile dd")
        expect(tiles.first).to_be_visible()
        # What is counted is written once a second.
        expect(page.locator("main")).to_contain_text("AIS.0102")
        calls, succeeded, failed = (int(text) for text in tiles.all_text_contents()[:3])
        assert calls == succeeded + failed
        assert min(succeeded, failed) >= 1
        for name, steps in (("hour", 60), ("day", 24), ("month", 30)):
            page.get_by_text(visitor.say(f"usage.{name}"), exact=True).click()
            expect(page.locator(".figures").first.locator("tbody tr")).to_have_count(steps)
        figures = page.locator(".figures").first.locator("tbody tr").last.locator("td")
        assert int(figures.first.text_content() or "") >= 1
        saved, text = visitor.download(visitor.button("usage.csv"))
        assert saved == "usage-month.csv"
        assert len(list(csv.reader(io.StringIO(text)))) == 1 + 30

        # A phone that is turned: a chart fills its place, and its letters keep their size.
        marks = page.locator(".chart svg").first.locator(".mark")
        for width, height, labels in ((360, 740, 3), (740, 360, 6)):
            page.set_viewport_size({"width": width, "height": height})
            expect(marks).to_have_count(3 + labels)
            assert marks.first.evaluate("mark => mark.getScreenCTM().a") == 1
            assert not visitor.is_wider_than_the_window()


def _give_role(visitor: Visitor, name: str, role: str) -> None:
    visitor.press("admin.role_of", name=name)
    visitor.page.get_by_role("radio", name=visitor.say(f"role.{role}")).check()
    visitor.answer(visitor.say("admin.role_of", name=name), "admin.role_change")


def _told_password(visitor: Visitor) -> str:
    window = visitor.page.get_by_role("dialog")
    window.wait_for()
    password: str = window.locator("code").nth(1).text_content() or ""
    visitor.press("secret.saved")
    return password
