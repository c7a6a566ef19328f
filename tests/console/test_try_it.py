from __future__ import annotations

import csv
import io
import json
import re

import pytest
from playwright.sync_api import expect

from tests.console.conftest import Visiting
from tests.console.words import LANGUAGES
from tests.pictures import encoded, picture, text_picture
from tests.servers import Server

pytestmark = [pytest.mark.server, pytest.mark.models]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_sample_is_read_and_shown_in_every_way(visiting: Visiting, language: str) -> None:
    with visiting(signed_in=True, language=language) as visitor:
        visitor.enter()
        page = visitor.page
        visitor.press("sample.banner")
        assert {"秋日好茶", "AUTUMN TEA FESTIVAL"} <= set(visitor.lines())
        boxes = page.locator(".result polygon")
        expect(boxes).to_have_count(len(visitor.lines()))

        # A line and its box know each other, whichever is pointed at.
        page.locator(".result .line-text").nth(2).focus()
        expect(boxes.nth(2)).to_have_class(re.compile("marked"))
        boxes.nth(3).click(force=True)
        expect(page.locator(".result .line").nth(3)).to_have_class(re.compile("marked"))
        expect(page.locator(".result .line-text").nth(3)).to_be_focused()

        visitor.press("lines.copy_all")
        assert visitor.clipboard().split("\n")[:-1] == visitor.lines()
        page.get_by_label(visitor.say("lines.least")).fill("100")
        expect(page.locator(".result .line:visible")).to_have_count(0)
        expect(page.locator(".result polygon:visible")).to_have_count(0)
        page.get_by_label(visitor.say("lines.least")).fill("0")

        visitor.tab("result.json")
        sent, received = page.locator("[role=tabpanel] pre").all_text_contents()
        assert re.search(r'"image": "UklGR[^"]{20,40}… \(\d+ characters\)"', sent)
        answer = json.loads(received)["result"]
        assert answer["extracted_data"]["image_size"] == {"width": 960, "height": 540}
        assert page.locator("[role=tabpanel] p code").nth(1).text_content()  # X-Request-Id
        name, saved = visitor.download(visitor.button("json.save"))
        assert (name, json.loads(saved)["result"]) == ("banner.webp.json", answer)

        visitor.tab("result.times")
        stages = page.locator(".timing tbody th").all_text_contents()
        assert {visitor.say(f"timing.{stage}") for stage in ("decode", "read", "total")} <= {
            *stages
        }
        assert not any(stage.startswith("timing.") for stage in stages)


def test_a_long_page_begins_at_its_top_and_goes_to_the_line_pointed_at(visiting: Visiting) -> None:
    texts = [((20, 20 + 100 * row), f"ROW {row}") for row in range(18)]
    with visiting(signed_in=True) as visitor:
        visitor.enter()
        page = visitor.page
        visitor.give(("long.png", encoded(picture(*texts, size=(300, 1800)), "PNG")))
        assert len(visitor.lines()) == 18
        expect(page.locator(".viewer-tools output")).to_have_text("100%")
        stage = page.locator(".stage").bounding_box()
        assert stage
        first, last = (page.locator(".result polygon").nth(number) for number in (0, 17))
        top = first.bounding_box()
        assert top
        assert 0 < top["y"] - stage["y"] < 40
        page.locator(".result .line-text").nth(17).focus()
        below = last.bounding_box()
        assert below
        stage = page.locator(".stage").bounding_box()
        assert stage
        assert stage["y"] < below["y"] < stage["y"] + stage["height"] - below["height"]


def test_the_picture_can_be_zoomed_and_moved(visiting: Visiting) -> None:
    with visiting(signed_in=True) as visitor:
        visitor.enter()
        page = visitor.page
        visitor.give(("tall.png", encoded(text_picture("TALL", "TALLER", "TALLEST"), "PNG")))
        visitor.lines()
        box = page.locator(".result polygon").first
        fitted = box.bounding_box()
        assert fitted
        stage = page.locator(".stage")
        stage.focus()
        for _ in range(4):
            page.keyboard.press("+")
        zoomed = box.bounding_box()
        assert zoomed
        assert zoomed["height"] > 2 * fitted["height"]
        page.keyboard.press("ArrowRight")
        moved = box.bounding_box()
        assert moved
        assert moved["x"] == pytest.approx(zoomed["x"] - 60, abs=1)
        place = stage.bounding_box()
        assert place
        page.mouse.move(place["x"] + 200, place["y"] + 200)
        page.mouse.down()
        page.mouse.move(place["x"] + 240, place["y"] + 200, steps=4)
        page.mouse.up()
        dragged = box.bounding_box()
        assert dragged
        assert dragged["x"] == pytest.approx(moved["x"] + 40, abs=6)
        page.keyboard.press("0")
        assert box.bounding_box() == pytest.approx(fitted, abs=0.5)


@pytest.mark.parametrize("way", ["dropped", "pasted"])
def test_pictures_come_in_by_hand(visiting: Visiting, way: str) -> None:
    event = {"dropped": ("drop", "DragEvent", "dataTransfer")}.get(
        way, ("paste", "ClipboardEvent", "clipboardData")
    )
    with visiting(signed_in=True) as visitor:
        visitor.enter()
        visitor.page.evaluate(
            """async ([bytes, name, kind, member]) => {
                const transfer = new DataTransfer();
                const content = [new Uint8Array(bytes)];
                transfer.items.add(new File(content, "by-hand.png", {type: "image/png"}));
                document.body.dispatchEvent(
                    new window[kind](name, {bubbles: true, cancelable: true, [member]: transfer}));
            }""",
            [list(encoded(text_picture("BY HAND"), "PNG")), *event],
        )
        assert visitor.lines() == ["BY HAND"]
        expect(visitor.page.locator(".result h2")).to_have_text("by-hand.png")


@pytest.mark.parametrize("language", LANGUAGES)
def test_several_pictures_are_read_and_saved(visiting: Visiting, language: str) -> None:
    pictures = [(f"{word}.png", encoded(text_picture(word), "PNG")) for word in ("ALPHA", "BRAVO")]
    formula = ("=cmd|calc.png", encoded(text_picture("=1+1"), "PNG"))
    with visiting(signed_in=True, language=language, refusals=True) as visitor:
        visitor.enter()
        page = visitor.page
        visitor.give(*pictures, formula, ("broken.png", b"no picture at all"))
        expect(page.locator(".jobs .done")).to_have_count(3)
        expect(page.locator(".jobs .failed")).to_have_text(visitor.say("error.AIS.0102.what"))
        page.locator(".job").nth(1).click()
        assert visitor.lines() == ["BRAVO"]
        page.locator(".job").nth(3).click()
        expect(visitor.problem()).to_contain_text("AIS.0102")
        expect(visitor.problem()).to_contain_text(visitor.say("error.AIS.0102.do"))

        name, text = visitor.download(page.get_by_role("button", name="JSONL"))
        lines = [json.loads(line) for line in text.splitlines()]
        assert name == "results.jsonl"
        assert [line["file"] for line in lines][:2] == ["ALPHA.png", "BRAVO.png"]
        assert lines[0]["result"]["words_block_list"][0]["words"] == "ALPHA"
        assert lines[3]["error"]["error_code"] == "AIS.0102"

        _name, text = visitor.download(page.get_by_role("button", name="CSV"))
        rows = list(csv.DictReader(io.StringIO(text)))
        assert rows[0]["words"] == "ALPHA"
        assert rows[2]["file"] == "'=cmd|calc.png"
        assert rows[2]["words"].startswith("'=")
        assert rows[3]["error"] == "AIS.0102"

        _name, text = visitor.download(visitor.button("queue.text"))
        assert "# BRAVO.png\nBRAVO\n" in text


def test_a_limit_is_waited_for(visiting: Visiting, open_server: Server) -> None:
    """One call a second: what is refused meanwhile is sent again by itself."""
    picture = encoded(text_picture("PATIENCE"), "PNG")
    with visiting(open_server.url, refusals=True) as visitor:
        statuses: list[int] = []
        visitor.page.on("response", lambda answer: statuses.append(answer.status))
        visitor.give(*[(f"{number}.png", picture) for number in range(3)])
        expect(visitor.page.locator(".jobs .done")).to_have_count(3, timeout=30_000)
        assert 429 in statuses
        assert statuses.count(429) <= 6  # it waits, rather than ask again and again


def test_a_server_without_credentials_asks_for_none(
    visiting: Visiting, open_server: Server
) -> None:
    with visiting(open_server.url) as visitor:
        links = visitor.page.locator("nav a").all_text_contents()
        assert links == [visitor.say("nav.try"), visitor.say("nav.service")]
        visitor.open("service")
        expect(visitor.page.locator("main")).to_contain_text("1/second")


def test_a_picture_by_address_is_refused_in_words(visiting: Visiting) -> None:
    """This machine's own addresses are never fetched; what was typed stays."""
    with visiting(signed_in=True, refusals=True) as visitor:
        visitor.enter()
        visitor.fill("intake.address", "http://127.0.0.1/picture.png")
        visitor.press("intake.read")
        expect(visitor.problem()).to_contain_text(visitor.say("error.ModelArts.4601.what"))
        expect(visitor.problem()).to_contain_text("ModelArts.4601")
        field = visitor.page.get_by_label(visitor.say("intake.address"))
        expect(field).to_have_value("http://127.0.0.1/picture.png")


def test_a_format_that_the_browser_cannot_show(visiting: Visiting) -> None:
    """The lines stand in the places where the picture would have them."""
    with visiting(signed_in=True) as visitor:
        visitor.enter()
        visitor.give(("page.tiff", encoded(text_picture("TIFF"), "TIFF")))
        assert visitor.lines() == ["TIFF"]
        expect(visitor.page.locator(".viewer")).to_contain_text(visitor.say("viewer.cannot_show"))
        expect(visitor.page.locator(".stage text")).to_have_text("TIFF")
