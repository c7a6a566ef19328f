"""Takes the pictures of ``docs/console.md``: a server of its own, Chromium, the project's samples.

Run as ``python -m scripts.console_screenshots``; needs Chromium, the fonts of
``requirements/debian.txt`` and the packages of development. Some calls are made first, so
that there is something to see.
"""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from tests.console.visitor import CHROMIUM, Visitor
from tests.servers import Service, running_service
from web_image_ocr.console.files import load_files

FOLDER = Path(__file__).parent.parent / "docs" / "console"
_MOST_BYTES = 120_000


@dataclass(frozen=True, slots=True)
class Shot:
    """A picture to take.

    Attributes:
        act: what is done before.
        language: of the console.
        width: of the window, pixels.
        height: likewise.
        dark: the theme.
    """

    act: Callable[[Visitor], None]
    language: str = "en"
    width: int = 1360
    height: int = 700
    dark: bool = False


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as data,
        running_service(Path(data)) as service,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        _make_calls(service)
        for name, shot in _SHOTS.items():
            _take(browser, service, name, shot)
        browser.close()


def _make_calls(service: Service) -> None:
    parts = load_files().parts
    for sample in ("banner", "ticket", "scroll", "screen", "banner", "banner"):
        service.read(parts[f"samples/{sample}.webp"].plain)
    for body in ({"image": "AAAA"}, {"image": "AAAA"}, {}):
        service.post(body)
    key = {"X-Auth-Token": service.token}
    service.client.post("/v1/users", json={"name": "mei", "role": "caller"}, headers=key)


def _take(browser: Browser, service: Service, name: str, shot: Shot) -> None:
    context = browser.new_context(
        locale={"en": "en-GB", "zh": "zh-CN"}[shot.language],
        viewport={"width": shot.width, "height": shot.height},
        color_scheme="dark" if shot.dark else "light",
        reduced_motion="reduce",
    )
    visitor = Visitor(context.new_page(), service.url, shot.language, service.account)
    visitor.go()
    shot.act(visitor)
    visitor.see_pictures()
    _save(visitor.page, FOLDER / f"{name}.png")
    context.close()


def _save(page: Page, path: Path) -> None:
    """The page in 256 colours, which is a quarter of the bytes; rare ones are kept."""
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    few = picture.quantize(256, Image.Quantize.MAXCOVERAGE, kmeans=1, dither=Image.Dither.NONE)
    few.save(path, optimize=True)
    size = path.stat().st_size
    print(f"{path.name}: {size:,} bytes")
    if size > _MOST_BYTES:
        raise SystemExit(f"{path.name} has more than {_MOST_BYTES:,} bytes")


def _welcome(_visitor: Visitor) -> None:
    """The first page as it comes."""


def _try_it(visitor: Visitor) -> None:
    visitor.enter()
    visitor.press("sample.banner")
    visitor.lines()
    visitor.page.locator(".result .line-text").nth(3).focus()


def _code(visitor: Visitor) -> None:
    visitor.enter()
    visitor.press("sample.ticket")
    visitor.lines()
    visitor.tab("result.code")


def _phone(visitor: Visitor) -> None:
    visitor.enter()
    visitor.press("sample.scroll")
    visitor.lines()
    visitor.page.locator(".result").scroll_into_view_if_needed()


def _monitoring(visitor: Visitor) -> None:
    visitor.enter("monitoring")
    visitor.page.get_by_text(visitor.say("usage.hour"), exact=True).click()
    visitor.page.get_by_text("AIS.0102").wait_for()


def _administration(visitor: Visitor) -> None:
    visitor.enter("administration")
    visitor.page.get_by_text("mei").wait_for()


_SHOTS = {
    "welcome": Shot(_welcome),
    "try-it": Shot(_try_it),
    "code": Shot(_code, language="zh", dark=True),
    "phone": Shot(_phone, language="zh", width=390, height=780),
    "monitoring": Shot(_monitoring, height=860),
    "administration": Shot(_administration, dark=True),
}


if __name__ == "__main__":
    main()
