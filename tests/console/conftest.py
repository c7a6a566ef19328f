"""A server started by the command, Debian's Chromium, and a visitor who uses both.

The fixtures of the package end with its last test: while Playwright's synchronous interface
is open, no asynchronous test could run.
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

from tests.console.visitor import CHROMIUM, Visitor
from tests.console.words import LANGUAGES
from tests.servers import Server, Service, running, running_service

_ARGUMENTS = (
    "--no-sandbox",  # tests may run as root
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--lang=en-US",
)

_PATIENCE_MS = 20_000
"""How long anything may take to appear; a loaded two-core machine reads a picture in some five."""

Visiting = Callable[..., AbstractContextManager[Visitor]]


@pytest.fixture(scope="package")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The server that all visits of these tests go to."""
    _need_chromium()
    settings = {
        "WEB_IMAGE_OCR_IDENTITY__CACHE_SECONDS": "0",  # changes hold at once
        "WEB_IMAGE_OCR_IDENTITY__MAX_KEYS_PER_USER": "0",  # many tests make keys
    }
    with running_service(tmp_path_factory.mktemp("console"), environment=settings) as started:
        yield started


@pytest.fixture(scope="package")
def open_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that asks nobody for credentials and allows one call a second."""
    _need_chromium()
    settings = {"WEB_IMAGE_OCR_API__RATE_LIMIT": "1/second"}
    with running(tmp_path_factory.mktemp("open"), "--no-auth", environment=settings) as server:
        yield server


@pytest.fixture(scope="package")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="package")
def browser(playwright: Playwright) -> Iterator[Browser]:
    _need_chromium()
    launched = playwright.chromium.launch(executable_path=CHROMIUM, args=[*_ARGUMENTS])
    yield launched
    launched.close()


@pytest.fixture(scope="package")
def kept_session(service: Service, browser: Browser) -> StorageState:
    """The storage of a browser in which the administrator stays signed in."""
    context = browser.new_context(locale=LANGUAGES["en"])
    visitor = Visitor(context.new_page(), service.url, "en", service.account)
    visitor.go()
    visitor.sign_in(stay=True)
    visitor.button("sign_out").wait_for()
    state = context.storage_state()
    context.close()
    return state


@pytest.fixture
def visiting(browser: Browser, request: pytest.FixtureRequest) -> Visiting:
    """Opens the console in a browser that has never been there, or is signed in since another day.

    When the visit ends, the browser's console must be without errors, and no request may have
    gone to another host.
    """

    @contextmanager
    def visit(
        url: str | None = None,
        *,
        language: str = "en",
        view: str = "",
        width: int = 1280,
        refusals: bool = False,
        signed_in: bool = False,
        **options: Any,
    ) -> Iterator[Visitor]:
        service: Service | None = None if url else request.getfixturevalue("service")
        address = url or (service.url if service else "")
        if signed_in:
            options["storage_state"] = request.getfixturevalue("kept_session")
        context = browser.new_context(
            locale=LANGUAGES[language], viewport={"width": width, "height": 900}, **options
        )
        context.grant_permissions(["clipboard-read", "clipboard-write"], origin=address)
        page = context.new_page()
        page.set_default_timeout(_PATIENCE_MS)
        expect.set_options(timeout=_PATIENCE_MS)
        faults = _watch(context, address, refusals=refusals)
        account = service.account if service else None
        visitor = Visitor(page, address, language, account, signed_in=signed_in)
        try:
            visitor.go(view)
            yield visitor
        finally:
            context.close()
        assert faults == []

    return visit


def _watch(context: BrowserContext, url: str, *, refusals: bool) -> list[str]:
    """Faults that come up from now on, in any tab.

    Args:
        refusals: whether the server is expected to refuse something, which the browser
            writes into its console whatever a page does.
    """
    faults: list[str] = []

    def said(kind: str, text: str) -> None:
        if kind == "error" and not (refusals and text.startswith("Failed to load resource")):
            faults.append(text)

    def asked(request: Request) -> None:
        if not request.url.startswith((f"{url}/", "blob:", "data:")):
            faults.append(f"request to {request.url}")

    context.on("console", lambda message: said(message.type, message.text))
    context.on("weberror", lambda found: faults.append(str(found.error)))
    context.on("request", asked)
    return faults


def _need_chromium() -> None:
    if not shutil.which(CHROMIUM):
        pytest.skip(f"{CHROMIUM} is not installed: see requirements/debian.txt")
