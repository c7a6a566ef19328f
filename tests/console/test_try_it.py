from __future__ import annotations

import csv
import io
import json
import re

import pytest
from playwright.sync_api import FloatRect, Locator, Page, expect

from tests.console.conftest import Visiting
from tests.console.words import LANGUAGES
from tests.servers import Server
from tests.support.images import draw_image, encode_image, text_image

pytestmark = [pytest.mark.server, pytest.mark.models]

_GIVEN_BY_HAND = """([files, name, kind, member]) => {
    const transfer = new DataTransfer();
    for (const [called, bytes] of files) {
        const content = bytes.length ? [new Uint8Array(bytes)] : [];
        transfer.items.add(new File(content, called, {type: "image/png"}));
    }
    document.body.dispatchEvent(
        new window[kind](name, {bubbles: true, cancelable: true, [member]: transfer}));
}"""
"""Drops or pastes files: name and bytes of each; name, class and member of the event."""


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
        page.locator(".result .line").nth(1).hover()
        expect(boxes.nth(1)).to_have_class(re.compile("marked"))
        boxes.nth(3).click(force=True)
        expect(page.locator(".result .line").nth(3)).to_have_class(re.compile("marked"))
        expect(page.locator(".result .line-text").nth(3)).to_be_focused()

        visitor.press("lines.copy_all")
        assert visitor.clipboard().split("\n")[:-1] == visitor.lines()
        sure = page.locator(".result .sure-by").all_text_contents()
        kept = sum(float(text.rstrip("%")) >= 98 for text in sure)
        assert 0 < kept < len(sure)
        page.get_by_label(visitor.say("lines.least")).fill("98")
        expect(page.locator(".result .line:visible")).to_have_count(kept)
        expect(page.locator(".result polygon:visible")).to_have_count(kept)
        page.get_by_label(visitor.say("lines.least")).fill("100")
        expect(page.locator(".result .line:visible")).to_have_count(0)
        expect(page.locator(".result polygon:visible")).to_have_count(0)
        page.get_by_label(visitor.say("lines.least")).fill("0")

        visitor.tab("result.json")
        sent, received = page.locator("[role=tabpanel] pre").all_text_contents()
        length = visitor.say("json.length", length="[0-9,]+")
        assert re.search(rf'"image": "UklGR[^"]{{20,40}}… \({length}\)"', sent)
        answer = json.loads(received)["result"]
        assert answer["extracted_data"]["image_size"] == {"width": 960, "height": 540}
        assert page.locator("[role=tabpanel] p code").nth(1).text_content()  # X-Request-Id
        name, saved = visitor.download(visitor.button("json.save"))
        assert (name, json.loads(saved)["result"]) == ("banner.webp.json", answer)

        visitor.tab("result.code")
        panel = page.get_by_role("tabpanel")
        expect(panel).to_contain_text(visitor.say("code.about"))
        expect(visitor.button("code.save_sample", name="banner.webp")).to_be_visible()
        assert "YOUR-TOKEN" in (panel.locator("pre").first.text_content() or "")
        page.get_by_label(visitor.say("code.with_token")).check()
        expect(panel.locator("pre").first).not_to_contain_text("YOUR-TOKEN")

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
        visitor.give(("long.png", encode_image(draw_image(*texts, size=(300, 1800)), "PNG")))
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


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_picture_can_be_zoomed_and_moved(visiting: Visiting, language: str) -> None:
    with visiting(signed_in=True, language=language) as visitor:
        visitor.enter()
        page = visitor.page
        visitor.give(("tall.png", encode_image(text_image("TALL", "TALLER", "TALLEST"), "PNG")))
        visitor.lines()
        box = page.locator(".result polygon").first
        fitted = box.bounding_box()
        assert fitted
        stage = page.get_by_role("group", name=visitor.say("viewer.label"))
        stage.focus()
        for _ in range(3):
            page.keyboard.press("+")
        visitor.press("viewer.closer")
        stage.focus()
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

        # Pressed at the edge and let go outside: the picture does not stick to the pointer.
        page.mouse.move(place["x"] + 1, place["y"] + 200)
        page.mouse.down()
        page.mouse.move(place["x"] - 9, place["y"] + 200)
        page.mouse.up()
        page.mouse.move(place["x"] + 100, place["y"] + 200, steps=4)
        assert box.bounding_box() == pytest.approx(dragged, abs=0.5)
        visitor.press("viewer.farther")
        visitor.press("viewer.whole")
        assert box.bounding_box() == pytest.approx(fitted, abs=0.5)

        _pinch_and_drag(page, box, place)


@pytest.mark.parametrize("language", LANGUAGES)
def test_pictures_come_in_by_hand(visiting: Visiting, language: str) -> None:
    """More than are taken at once are not left out in silence. Empty ones are not sent."""
    picture = list(encode_image(text_image("BY HAND"), "PNG"))
    with visiting(signed_in=True, language=language) as visitor:
        visitor.enter()
        page = visitor.page
        expect(page.locator(".drop")).to_contain_text(visitor.say("intake.drop"))
        empty = [[f"{number}.png", []] for number in range(501)]
        page.evaluate(_GIVEN_BY_HAND, [empty, "drop", "DragEvent", "dataTransfer"])
        expect(page.locator(".job")).to_have_count(500)
        told = visitor.say("intake.too_many", count=500)
        expect(page.locator(".intake [role=alert]")).to_have_text(told)
        visitor.press("queue.clear")  # nothing is lost by it, so it does not ask
        expect(page.locator(".job")).to_have_count(0)
        for name, *event in (
            ("dropped.png", "drop", "DragEvent", "dataTransfer"),
            ("pasted.png", "paste", "ClipboardEvent", "clipboardData"),
        ):
            page.evaluate(_GIVEN_BY_HAND, [[[name, picture]], *event])
            expect(page.locator(".result h2")).to_have_text(name)
            assert visitor.lines() == ["BY HAND"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_several_pictures_are_read_and_saved(visiting: Visiting, language: str) -> None:
    pictures = [
        (f"{word}.png", encode_image(text_image(word), "PNG")) for word in ("ALPHA", "BRAVO")
    ]
    formula = ("=cmd|calc.png", encode_image(text_image("=1+1"), "PNG"))
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

        visitor.press("queue.clear")
        lost = visitor.say("queue.clear_why.other", count=3)
        expect(page.get_by_role("dialog")).to_contain_text(lost)
        visitor.answer(visitor.say("queue.clear_ask"), "cancel")
        expect(page.locator(".job")).to_have_count(4)
        visitor.press("queue.clear")
        visitor.answer(visitor.say("queue.clear_ask"), "queue.clear")
        expect(page.locator(".job")).to_have_count(0)
        expect(page.locator("input[type=file]")).to_be_focused()


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_limit_is_waited_for(visiting: Visiting, open_server: Server, language: str) -> None:
    """One call a second: what is refused meanwhile is sent again by itself."""
    picture = encode_image(text_image("PATIENCE"), "PNG")
    with visiting(open_server.url, language=language, refusals=True) as visitor:
        statuses: list[int] = []
        visitor.page.on("response", lambda answer: statuses.append(answer.status))
        visitor.give(*[(f"{number}.png", picture) for number in range(3)])
        expect(visitor.page.locator(".jobs .done")).to_have_count(3, timeout=30_000)
        assert 429 in statuses
        assert statuses.count(429) <= 6  # it waits, rather than ask again and again


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_server_without_credentials_asks_for_none(
    visiting: Visiting, open_server: Server, language: str
) -> None:
    with visiting(open_server.url, language=language) as visitor:
        links = visitor.page.locator("nav a").all_text_contents()
        assert links == [visitor.say("nav.try"), visitor.say("nav.service")]
        visitor.open("service")
        expect(visitor.page.locator("main")).to_contain_text("1/second")


@pytest.mark.parametrize("language", LANGUAGES)
def test_pictures_that_the_console_does_not_show(visiting: Visiting, language: str) -> None:
    """By address: this machine's own are never fetched; what was typed stays. In a format that
    the browser does not know: the lines stand in the places where the picture would have them.
    """
    with visiting(signed_in=True, language=language, refusals=True) as visitor:
        visitor.enter()
        visitor.fill("intake.address", "http://127.0.0.1/picture.png")
        visitor.press("intake.read")
        expect(visitor.problem()).to_contain_text(visitor.say("error.ModelArts.4601.what"))
        expect(visitor.problem()).to_contain_text("ModelArts.4601")
        field = visitor.page.get_by_label(visitor.say("intake.address"))
        expect(field).to_have_value("http://127.0.0.1/picture.png")

        visitor.give(("page.tiff", encode_image(text_image("TIFF"), "TIFF")))
        assert visitor.lines() == ["TIFF"]
        expect(visitor.page.locator(".viewer")).to_contain_text(visitor.say("viewer.cannot_show"))
        expect(visitor.page.locator(".stage text")).to_have_text("TIFF")


def _pinch_and_drag(page: Page, box: Locator, stage: FloatRect) -> None:
    """Two fingers that part, then one that moves: neither is taken for the other."""
    fingers = _Fingers(page, stage["x"] + 200, stage["y"] + 200)
    fitted = box.bounding_box()
    assert fitted
    fingers.touch("touchStart", -20, 20)
    fingers.touch("touchMove", -80, 80)
    fingers.touch("touchEnd")
    pinched = box.bounding_box()
    assert pinched
    assert pinched["height"] == pytest.approx(4 * fitted["height"], rel=0.1)
    fingers.touch("touchStart", 0)
    fingers.touch("touchMove", 30)
    fingers.touch("touchEnd")
    moved = box.bounding_box()
    assert moved
    assert moved["x"] == pytest.approx(pinched["x"] + 30, abs=1)
    assert moved["height"] == pytest.approx(pinched["height"], abs=0.5)


class _Fingers:
    """Fingers on the screen, side by side at a height, each by its distance from a place."""

    def __init__(self, page: Page, x: float, y: float) -> None:
        self._session = page.context.new_cdp_session(page)
        self._x, self._y = x, y

    def touch(self, kind: str, *distances: float) -> None:
        points = [
            {"x": self._x + distance, "y": self._y, "id": number}
            for number, distance in enumerate(distances)
        ]
        self._session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
