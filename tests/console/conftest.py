"""Provide a real server, Debian's Chromium, and the console opened in it.

Fixtures have package scope: asynchronous tests cannot run while Playwright's synchronous API is
open.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Playwright,
    Request,
    StorageState,
    expect,
    sync_playwright,
)

from tests.console.console_page import CHROMIUM, ConsolePage
from tests.console.texts import LANGUAGES
from tests.support.servers import Server, Service, running_server, running_service

_ARGUMENTS = (
    "--no-sandbox",  # tests may run as root
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--lang=en-US",
)

_TIMEOUT_MS = 20_000
"""Timeout of every expectation. A loaded two-core machine takes about 5 s for an image."""

OpenConsole = Callable[..., AbstractContextManager[ConsolePage]]


@pytest.fixture(scope="package")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Start the server that these tests share."""
    _require_chromium()
    settings = {
        "WEB_IMAGE_OCR_IDENTITY__CACHE_SECONDS": "0",  # changes hold at once
        "WEB_IMAGE_OCR_IDENTITY__MAX_KEYS_PER_USER": "0",  # many tests make keys
    }
    with running_service(tmp_path_factory.mktemp("console"), environment=settings) as started:
        yield started


@pytest.fixture(scope="package")
def open_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Start a server without authentication, with a rate limit of one call a second."""
    _require_chromium()
    settings = {"WEB_IMAGE_OCR_API__RATE_LIMIT": "1/second"}
    with running_server(
        tmp_path_factory.mktemp("open"), "--no-auth", environment=settings
    ) as server:
        yield server


@pytest.fixture(scope="package")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="package")
def browser(playwright: Playwright) -> Iterator[Browser]:
    _require_chromium()
    launched = playwright.chromium.launch(executable_path=CHROMIUM, args=[*_ARGUMENTS])
    yield launched
    launched.close()


@pytest.fixture(scope="package")
def stored_session(service: Service, browser: Browser) -> StorageState:
    """Return the browser storage of an administrator who stays signed in."""
    context = browser.new_context(locale=LANGUAGES["en"])
    console = ConsolePage(context.new_page(), service.url, "en", service.account)
    console.goto()
    console.sign_in(stay=True)
    console.button("sign_out").wait_for()
    state = context.storage_state()
    context.close()
    return state


@pytest.fixture
def open_console(browser: Browser, request: pytest.FixtureRequest) -> OpenConsole:
    """Open the console in a new browser context, signed in or not.

    Afterwards, check that the browser logged no errors and sent no request to another host.
    """

    @contextmanager
    def open_page(
        url: str | None = None,
        *,
        language: str = "en",
        view: str = "",
        width: int = 1280,
        refusals: bool = False,
        signed_in: bool = False,
        **options: Any,
    ) -> Iterator[ConsolePage]:
        service: Service | None = None if url else request.getfixturevalue("service")
        address = url or (service.url if service else "")
        if signed_in:
            options["storage_state"] = request.getfixturevalue("stored_session")
        context = browser.new_context(
            locale=LANGUAGES[language], viewport={"width": width, "height": 900}, **options
        )
        context.grant_permissions(["clipboard-read", "clipboard-write"], origin=address)
        page = context.new_page()
        page.set_default_timeout(_TIMEOUT_MS)
        expect.set_options(timeout=_TIMEOUT_MS)
        faults = _watch(context, address, refusals=refusals)
        account = service.account if service else None
        console = ConsolePage(page, address, language, account, signed_in=signed_in)
        try:
            console.goto(view)
            yield console
        finally:
            context.close()
        assert faults == []

    return open_page


def _watch(context: BrowserContext, url: str, *, refusals: bool) -> list[str]:
    """Collect errors of any tab from now on.

    Args:
        refusals: whether the test provokes error responses, which the browser always logs.
    """
    faults: list[str] = []

    def on_console(kind: str, text: str) -> None:
        if kind == "error" and not (refusals and text.startswith("Failed to load resource")):
            faults.append(text)

    def on_request(request: Request) -> None:
        if not request.url.startswith((f"{url}/", "blob:", "data:")):
            faults.append(f"request to {request.url}")

    context.on("console", lambda message: on_console(message.type, message.text))
    context.on("weberror", lambda found: faults.append(str(found.error)))
    context.on("request", on_request)
    return faults


def _require_chromium() -> None:
    if not shutil.which(CHROMIUM):
        pytest.skip(f"{CHROMIUM} is not installed: see requirements/debian.txt")
