"""Test recognition in the console: input, viewer, tabs, queue and exports."""

from __future__ import annotations

import csv
import io
import json
import re

import pytest
from playwright.sync_api import FloatRect, Locator, Page, expect

from tests.console.conftest import OpenConsole
from tests.console.texts import LANGUAGES
from tests.support.images import draw_image, encode_image, text_image
from tests.support.servers import Server

pytestmark = [pytest.mark.server, pytest.mark.models]

_DROP_OR_PASTE = """([files, name, kind, member]) => {
    const transfer = new DataTransfer();
    for (const [called, bytes] of files) {
        const content = bytes.length ? [new Uint8Array(bytes)] : [];
        transfer.items.add(new File(content, called, {type: "image/png"}));
    }
    document.body.dispatchEvent(
        new window[kind](name, {bubbles: true, cancelable: true, [member]: transfer}));
}"""
"""Drop or paste files: name and bytes of each; name, class and member of the event."""


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_sample_is_recognized_and_shown_in_all_tabs(
    open_console: OpenConsole, language: str
) -> None:
    with open_console(signed_in=True, language=language) as console:
        console.sign_in_and_open()
        page = console.page
        console.click("sample.banner")
        assert {"秋日好茶", "AUTUMN TEA FESTIVAL"} <= set(console.lines())
        boxes = page.locator(".result polygon")
        expect(boxes).to_have_count(len(console.lines()))

        # A line and its box highlight each other.
        page.locator(".result .line-text").nth(2).focus()
        expect(boxes.nth(2)).to_have_class(re.compile("highlighted"))
        page.locator(".result .line").nth(1).hover()
        expect(boxes.nth(1)).to_have_class(re.compile("highlighted"))
        boxes.nth(3).click(force=True)
        expect(page.locator(".result .line").nth(3)).to_have_class(re.compile("highlighted"))
        expect(page.locator(".result .line-text").nth(3)).to_be_focused()

        console.click("lines.copy_all")
        assert console.clipboard().split("\n")[:-1] == console.lines()
        sure = page.locator(".result .confidence").all_text_contents()
        kept = sum(float(text.rstrip("%")) >= 98 for text in sure)
        assert 0 < kept < len(sure)
        page.get_by_label(console.text("lines.min_confidence")).fill("98")
        expect(page.locator(".result .line:visible")).to_have_count(kept)
        expect(page.locator(".result polygon:visible")).to_have_count(kept)
        page.get_by_label(console.text("lines.min_confidence")).fill("100")
        expect(page.locator(".result .line:visible")).to_have_count(0)
        expect(page.locator(".result polygon:visible")).to_have_count(0)
        page.get_by_label(console.text("lines.min_confidence")).fill("0")

        console.select_tab("result.json")
        expect(page.locator("[role=tabpanel] pre").first).to_contain_text("image")
        sent, received = page.locator("[role=tabpanel] pre").all_text_contents()
        length = console.text("json.length", length="[0-9,]+")
        assert re.search(rf'"image": "UklGR[^"]{{20,40}}… \({length}\)"', sent)
        answer = json.loads(received)["result"]
        assert answer["extracted_data"]["image_size"] == {"width": 960, "height": 540}
        assert page.locator("[role=tabpanel] p code").nth(1).text_content()  # X-Request-Id
        name, saved = console.download(console.button("json.save"))
        assert (name, json.loads(saved)["result"]) == ("banner.webp.json", answer)

        console.select_tab("result.code")
        panel = page.get_by_role("tabpanel")
        expect(panel).to_contain_text(console.text("code.about"))
        expect(console.button("code.save_sample", name="banner.webp")).to_be_visible()
        assert "YOUR-TOKEN" in (panel.locator("pre").first.text_content() or "")
        page.get_by_label(console.text("code.with_token")).check()
        expect(panel.locator("pre").first).not_to_contain_text("YOUR-TOKEN")

        console.select_tab("result.times")
        stages = page.locator(".timing tbody th").all_text_contents()
        assert {console.text(f"timing.{stage}") for stage in ("decode", "read", "total")} <= {
            *stages
        }
        assert not any(stage.startswith("timing.") for stage in stages)


def test_a_long_image_starts_at_its_top_and_scrolls_to_a_line(
    open_console: OpenConsole,
) -> None:
    texts = [((20, 20 + 100 * row), f"ROW {row}") for row in range(18)]
    with open_console(signed_in=True) as console:
        console.sign_in_and_open()
        page = console.page
        console.upload(("long.png", encode_image(draw_image(*texts, size=(300, 1800)), "PNG")))
        assert len(console.lines()) == 18
        expect(page.locator(".viewer-tools output")).to_have_text("100%")
        stage = page.locator(".viewport").bounding_box()
        assert stage
        first, last = (page.locator(".result polygon").nth(number) for number in (0, 17))
        top = first.bounding_box()
        assert top
        assert 0 < top["y"] - stage["y"] < 40
        page.locator(".result .line-text").nth(17).focus()
        below = last.bounding_box()
        assert below
        stage = page.locator(".viewport").bounding_box()
        assert stage
        assert stage["y"] < below["y"] < stage["y"] + stage["height"] - below["height"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_image_can_be_zoomed_and_panned(open_console: OpenConsole, language: str) -> None:
    with open_console(signed_in=True, language=language) as console:
        console.sign_in_and_open()
        page = console.page
        console.upload(("tall.png", encode_image(text_image("TALL", "TALLER", "TALLEST"), "PNG")))
        console.lines()
        box = page.locator(".result polygon").first
        fitted = box.bounding_box()
        assert fitted
        stage = page.get_by_role("group", name=console.text("viewer.label"))
        stage.focus()
        for _ in range(3):
            page.keyboard.press("+")
        console.click("viewer.zoom_in")
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

        # Released outside the viewport: the image does not stick to the pointer.
        page.mouse.move(place["x"] + 1, place["y"] + 200)
        page.mouse.down()
        page.mouse.move(place["x"] - 9, place["y"] + 200)
        page.mouse.up()
        page.mouse.move(place["x"] + 100, place["y"] + 200, steps=4)
        assert box.bounding_box() == pytest.approx(dragged, abs=0.5)
        console.click("viewer.zoom_out")
        console.click("viewer.fit_image")
        assert box.bounding_box() == pytest.approx(fitted, abs=0.5)

        _pinch_and_drag(page, box, place)


@pytest.mark.parametrize("language", LANGUAGES)
def test_images_are_dropped_and_pasted(open_console: OpenConsole, language: str) -> None:
    """Images beyond the limit are reported; empty files are not sent."""
    image = list(encode_image(text_image("DROPPED"), "PNG"))
    with open_console(signed_in=True, language=language) as console:
        console.sign_in_and_open()
        page = console.page
        expect(page.locator(".dropzone")).to_contain_text(console.text("intake.drop"))
        empty = [[f"{number}.png", []] for number in range(501)]
        page.evaluate(_DROP_OR_PASTE, [empty, "drop", "DragEvent", "dataTransfer"])
        expect(page.locator(".job")).to_have_count(500)
        message = console.text("intake.too_many", count=500)
        expect(page.locator(".image-input [role=alert]")).to_have_text(message)
        console.click("queue.clear")  # no results, so no confirmation
        expect(page.locator(".job")).to_have_count(0)
        for name, *event in (
            ("dropped.png", "drop", "DragEvent", "dataTransfer"),
            ("pasted.png", "paste", "ClipboardEvent", "clipboardData"),
        ):
            page.evaluate(_DROP_OR_PASTE, [[[name, image]], *event])
            expect(page.locator(".result h2")).to_have_text(name)
            assert console.lines() == ["DROPPED"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_several_images_are_recognized_and_saved(open_console: OpenConsole, language: str) -> None:
    images = [(f"{word}.png", encode_image(text_image(word), "PNG")) for word in ("ALPHA", "BRAVO")]
    formula = ("=cmd|calc.png", encode_image(text_image("=1+1"), "PNG"))
    with open_console(signed_in=True, language=language, refusals=True) as console:
        console.sign_in_and_open()
        page = console.page
        console.upload(*images, formula, ("broken.png", b"not an image"))
        expect(page.locator(".jobs .done")).to_have_count(3)
        expect(page.locator(".jobs .failed")).to_have_text(console.text("error.AIS.0102.title"))
        page.locator(".job").nth(1).click()
        assert console.lines() == ["BRAVO"]
        page.locator(".job").nth(3).click()
        expect(console.error()).to_contain_text("AIS.0102")
        expect(console.error()).to_contain_text(console.text("error.AIS.0102.advice"))

        name, text = console.download(page.get_by_role("button", name="JSONL"))
        lines = [json.loads(line) for line in text.splitlines()]
        assert name == "results.jsonl"
        assert [line["file"] for line in lines][:2] == ["ALPHA.png", "BRAVO.png"]
        assert lines[0]["result"]["words_block_list"][0]["words"] == "ALPHA"
        assert lines[3]["error"]["error_code"] == "AIS.0102"

        _name, text = console.download(page.get_by_role("button", name="CSV"))
        rows = list(csv.DictReader(io.StringIO(text)))
        assert rows[0]["words"] == "ALPHA"
        assert rows[2]["file"] == "'=cmd|calc.png"
        assert rows[2]["words"].startswith("'=")
        assert rows[3]["error"] == "AIS.0102"

        _name, text = console.download(console.button("queue.text"))
        assert "# BRAVO.png\nBRAVO\n" in text

        console.click("queue.clear")
        lost = console.text("queue.clear_why.other", count=3)
        expect(page.get_by_role("dialog")).to_contain_text(lost)
        console.answer_dialog(console.text("queue.clear_ask"), "cancel")
        expect(page.locator(".job")).to_have_count(4)
        console.click("queue.clear")
        console.answer_dialog(console.text("queue.clear_ask"), "queue.clear")
        expect(page.locator(".job")).to_have_count(0)
        expect(page.locator("input[type=file]")).to_be_focused()


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_rate_limit_is_waited_for(
    open_console: OpenConsole, open_server: Server, language: str
) -> None:
    """The limit is one call a second; rejected calls are retried automatically."""
    image = encode_image(text_image("PATIENCE"), "PNG")
    with open_console(open_server.url, language=language, refusals=True) as console:
        statuses: list[int] = []
        console.page.on("response", lambda answer: statuses.append(answer.status))
        console.upload(*[(f"{number}.png", image) for number in range(3)])
        expect(console.page.locator(".jobs .done")).to_have_count(3, timeout=30_000)
        assert 429 in statuses
        assert statuses.count(429) <= 6  # it waits instead of polling


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_server_without_authentication_has_no_sign_in(
    open_console: OpenConsole, open_server: Server, language: str
) -> None:
    with open_console(open_server.url, language=language) as console:
        links = console.page.locator("nav a").all_text_contents()
        assert links == [console.text("nav.try"), console.text("nav.service")]
        console.navigate("service")
        expect(console.page.locator("main")).to_contain_text("1/second")


@pytest.mark.parametrize("language", LANGUAGES)
def test_images_that_the_console_cannot_show(open_console: OpenConsole, language: str) -> None:
    """Private URLs are never fetched, and the input stays.

    For formats that the browser does not know, the text is shown at its position.
    """
    with open_console(signed_in=True, language=language, refusals=True) as console:
        console.sign_in_and_open()
        console.fill("intake.url", "http://127.0.0.1/image.png")
        console.click("intake.recognize")
        expect(console.error()).to_contain_text(console.text("error.ModelArts.4601.title"))
        expect(console.error()).to_contain_text("ModelArts.4601")
        field = console.page.get_by_label(console.text("intake.url"))
        expect(field).to_have_value("http://127.0.0.1/image.png")

        console.upload(("page.tiff", encode_image(text_image("TIFF"), "TIFF")))
        assert console.lines() == ["TIFF"]
        expect(console.page.locator(".viewer")).to_contain_text(console.text("viewer.cannot_show"))
        expect(console.page.locator(".viewport text")).to_have_text("TIFF")


def _pinch_and_drag(page: Page, box: Locator, stage: FloatRect) -> None:
    """Pinch with two fingers, then drag with one."""
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
    """Touch the screen with fingers side by side, each at a distance from a point."""

    def __init__(self, page: Page, x: float, y: float) -> None:
        self._session = page.context.new_cdp_session(page)
        self._x, self._y = x, y

    def touch(self, kind: str, *distances: float) -> None:
        points = [
            {"x": self._x + distance, "y": self._y, "id": number}
            for number, distance in enumerate(distances)
        ]
        self._session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
