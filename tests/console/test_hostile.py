"""Markup from outside stays text, wherever it comes from."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import Route, expect

from tests.console.conftest import Visiting
from tests.console.people import make_person
from tests.servers import Service
from tests.support.images import encode_image, text_image

pytestmark = [pytest.mark.server, pytest.mark.models]

MARKUP = "<img src=x onerror=alert(1)>"
_RUN = "window.alert = () => { window.harmed = true; }"


def test_markup_in_a_picture_and_in_its_name(visiting: Visiting) -> None:
    """The engine reads the markup out of the picture; nothing of it runs."""
    picture = encode_image(text_image("<b>BOLD</b>", "<script>alert(1)</script>"), "PNG")
    with visiting(signed_in=True) as visitor:
        visitor.page.add_init_script(_RUN)
        visitor.page.reload()
        visitor.enter()
        visitor.give((f"{MARKUP}.png", picture), (f"second {MARKUP}.png", picture))
        texts = visitor.lines()
        assert "<b>BOLD</b>" in texts
        expect(visitor.page.locator(".result h2")).to_have_text(f"{MARKUP}.png")
        expect(visitor.page.locator(".job .file-name").last).to_have_text(f"second {MARKUP}.png")
        for tab in ("json", "code", "times", "lines"):
            visitor.tab(f"result.{tab}")
        visitor.press("lines.copy_all")
        assert visitor.clipboard().splitlines() == texts
        assert visitor.page.locator("main b, main script, [onerror]").count() == 0
        assert not visitor.page.evaluate("window.harmed ?? false")


def test_markup_in_names_of_users_and_projects(visiting: Visiting, service: Service) -> None:
    person = make_person(service, "<b onclick=alert(1)>", "administrator")
    headers = {"X-Auth-Token": service.token}
    project = service.client.post("/v1/projects", json={"name": "<i>eu</i>"}, headers=headers)
    assert project.status_code == 201, project.text
    with visiting() as visitor:
        visitor.sign_in(user=person.name, password=person.password)
        expect(visitor.page.locator(".who")).to_have_text(person.name)
        visitor.open("administration")
        expect(visitor.page.get_by_role("row", name=person.name)).to_be_visible()
        expect(visitor.page.locator("tbody th").filter(has_text="<i>eu</i>")).to_be_visible()
        visitor.open("keys")
        visitor.press("keys.create")
        visitor.press("secret.saved")
        expect(visitor.page.get_by_role("cell", name=person.name)).to_be_visible()
        assert visitor.page.locator("main b, main i, [onclick]").count() == 0
    for path in (f"/v1/users/{person.id}", f"/v1/projects/{project.json()['id']}"):
        assert service.client.delete(path, headers=headers).status_code == 204


def test_markup_in_the_text_of_an_error(visiting: Visiting) -> None:
    """The real server says nothing of the kind; a proxy before it might."""

    def refuse(route: Route) -> None:
        body = json.dumps({"error_code": f"X.{MARKUP}", "error_msg": MARKUP})
        route.fulfill(status=400, body=body, headers={"X-Request-Id": MARKUP})

    with visiting(signed_in=True, refusals=True) as visitor:
        visitor.enter()
        visitor.page.route("**/ocr/web-image", refuse)
        visitor.give(("picture.png", b"anything"))
        expect(visitor.problem()).to_contain_text(f"X.{MARKUP} · {MARKUP} · {MARKUP}")
        assert visitor.page.locator("[onerror]").count() == 0
