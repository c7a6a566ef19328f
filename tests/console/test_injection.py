"""Test that markup from any source is shown as text."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import Route, expect

from tests.console.conftest import OpenConsole
from tests.console.users import create_user
from tests.support.images import encode_image, text_image
from tests.support.servers import Service

pytestmark = [pytest.mark.server, pytest.mark.models]

MARKUP = "<img src=x onerror=alert(1)>"
_SET_FLAG_ON_ALERT = "window.alert = () => { window.harmed = true; }"


def test_markup_in_an_image_and_its_name(open_console: OpenConsole) -> None:
    """The engine recognizes the markup; none of it is executed."""
    image = encode_image(text_image("<b>BOLD</b>", "<script>alert(1)</script>"), "PNG")
    with open_console(signed_in=True) as console:
        console.page.add_init_script(_SET_FLAG_ON_ALERT)
        console.page.reload()
        console.sign_in_and_open()
        console.upload((f"{MARKUP}.png", image), (f"second {MARKUP}.png", image))
        texts = console.lines()
        assert "<b>BOLD</b>" in texts
        expect(console.page.locator(".result h2")).to_have_text(f"{MARKUP}.png")
        expect(console.page.locator(".job .file-name").last).to_have_text(f"second {MARKUP}.png")
        for tab in ("json", "code", "times", "lines"):
            console.select_tab(f"result.{tab}")
        console.click("lines.copy_all")
        assert console.clipboard().splitlines() == texts
        assert console.page.locator("main b, main script, [onerror]").count() == 0
        assert not console.page.evaluate("window.harmed ?? false")


def test_markup_in_names_of_users_and_projects(open_console: OpenConsole, service: Service) -> None:
    user = create_user(service, "<b onclick=alert(1)>", "administrator")
    headers = {"X-Auth-Token": service.token}
    project = service.client.post("/v1/projects", json={"name": "<i>eu</i>"}, headers=headers)
    assert project.status_code == 201, project.text
    with open_console() as console:
        console.sign_in(user=user.name, password=user.password)
        expect(console.page.locator(".user-name")).to_have_text(user.name)
        console.navigate("administration")
        expect(console.page.get_by_role("row", name=user.name)).to_be_visible()
        expect(console.page.locator("tbody th").filter(has_text="<i>eu</i>")).to_be_visible()
        console.navigate("keys")
        console.click("keys.create")
        console.click("secret.saved")
        expect(console.page.get_by_role("cell", name=user.name)).to_be_visible()
        assert console.page.locator("main b, main i, [onclick]").count() == 0
    for path in (f"/v1/users/{user.id}", f"/v1/projects/{project.json()['id']}"):
        assert service.client.delete(path, headers=headers).status_code == 204


def test_markup_in_an_error_message(open_console: OpenConsole) -> None:
    """The server does not send such messages; a proxy might."""

    def refuse(route: Route) -> None:
        body = json.dumps({"error_code": f"X.{MARKUP}", "error_msg": MARKUP})
        route.fulfill(status=400, body=body, headers={"X-Request-Id": MARKUP})

    with open_console(signed_in=True, refusals=True) as console:
        console.sign_in_and_open()
        console.page.route("**/ocr/web-image", refuse)
        console.upload(("image.png", b"anything"))
        expect(console.error()).to_contain_text(f"X.{MARKUP} · {MARKUP} · {MARKUP}")
        assert console.page.locator("[onerror]").count() == 0
