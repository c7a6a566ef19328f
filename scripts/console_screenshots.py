"""Take the screenshots of ``docs/console.md`` with a temporary server and Chromium.

Run as ``python -m scripts.console_screenshots``. Requires the packages of
``requirements/debian.txt`` and ``requirements/dev.txt``.
"""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from tests.console.console_page import CHROMIUM, ConsolePage
from tests.support.servers import Service, running_service
from web_image_ocr.console.files import load_files

FOLDER = Path(__file__).parent.parent / "docs" / "console"
_MAX_BYTES = 120_000


@dataclass(frozen=True, slots=True)
class Shot:
    """Describe a screenshot.

    Attributes:
        act: actions before it is taken.
        language: language of the console.
        width: width of the window, pixels.
        height: height of the window, pixels.
        dark: whether to use the dark theme.
    """

    act: Callable[[ConsolePage], None]
    language: str = "en"
    width: int = 1360
    height: int = 700
    dark: bool = False


def main() -> None:
    """Take all screenshots."""
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
    assets = load_files().assets
    for sample in ("banner", "ticket", "scroll", "screen", "banner", "banner"):
        service.recognize(assets[f"samples/{sample}.webp"].plain)
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
    console = ConsolePage(context.new_page(), service.url, shot.language, service.account)
    console.goto()
    shot.act(console)
    console.wait_for_images()
    _save(console.page, FOLDER / f"{name}.png")
    context.close()


def _save(page: Page, path: Path) -> None:
    """Save the page in 256 colours, a quarter of the size."""
    image = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    reduced = image.quantize(256, Image.Quantize.MAXCOVERAGE, kmeans=1, dither=Image.Dither.NONE)
    reduced.save(path, optimize=True)
    size = path.stat().st_size
    print(f"{path.name}: {size:,} bytes")
    if size > _MAX_BYTES:
        raise SystemExit(f"{path.name}: {size:,} bytes exceed the limit of {_MAX_BYTES:,}")


def _welcome(_visitor: ConsolePage) -> None:
    """Show the welcome page."""


def _try_it(console: ConsolePage) -> None:
    console.sign_in_and_open()
    console.click("sample.banner")
    console.lines()
    console.page.locator(".result .line-text").nth(3).focus()


def _code(console: ConsolePage) -> None:
    console.sign_in_and_open()
    console.click("sample.ticket")
    console.lines()
    console.select_tab("result.code")


def _phone(console: ConsolePage) -> None:
    console.sign_in_and_open()
    console.click("sample.scroll")
    console.lines()
    console.page.locator(".result").scroll_into_view_if_needed()


def _monitoring(console: ConsolePage) -> None:
    console.sign_in_and_open("monitoring")
    console.page.get_by_text(console.text("usage.hour"), exact=True).click()
    console.page.get_by_text("AIS.0102").wait_for()


def _administration(console: ConsolePage) -> None:
    console.sign_in_and_open("administration")
    console.page.get_by_text("mei").wait_for()


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
