"""Run the programs that the console shows, with only the placeholders replaced."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.console.conftest import OpenConsole
from tests.console.console_page import ConsolePage
from tests.console.texts import LANGUAGES
from tests.support.images import encode_image, text_image
from tests.support.servers import Server, Service

pytestmark = [pytest.mark.server, pytest.mark.models]

NAME = 'it\'s "quoted" $(touch injected) `x` 图.png'
"""A file name with characters that need quoting."""
IMAGE = encode_image(text_image("COPIED"), "PNG")


@pytest.mark.parametrize("language", LANGUAGES)
def test_programs_with_authentication(
    open_console: OpenConsole, service: Service, tmp_path: Path, language: str
) -> None:
    (tmp_path / NAME).write_bytes(IMAGE)
    with open_console(signed_in=True, language=language) as console:
        console.sign_in_and_open()
        console.upload((NAME, IMAGE))
        console.lines()
        console.select_tab("result.code")
        programs = _programs(console)
        assert all("YOUR-TOKEN" in program for program in programs[:2])
        console.page.get_by_label(console.text("code.with_token")).check()
        expect(console.page.locator("[role=tabpanel] pre").first).not_to_contain_text("YOUR-TOKEN")
        curl, requests, sdk = _programs(console)
    account = service.account
    sdk = sdk.replace("YOUR-ACCESS-KEY", account.access_key)
    sdk = sdk.replace("YOUR-SECRET-KEY", account.secret_key)
    _run_all(curl, requests, sdk, tmp_path)


@pytest.mark.parametrize("language", LANGUAGES)
def test_programs_without_authentication(
    open_console: OpenConsole, open_server: Server, tmp_path: Path, language: str
) -> None:
    (tmp_path / NAME).write_bytes(IMAGE)
    # The rate limit is one call a second, and another test may just have made one.
    with open_console(open_server.url, language=language, refusals=True) as console:
        console.upload((NAME, IMAGE))
        console.lines()
        console.select_tab("result.code")
        expect(console.page.get_by_role("tabpanel")).to_contain_text(console.text("code.open"))
        curl, _requests, _sdk = _programs(console)
    assert "X-Auth-Token" not in curl
    # The rate limit is one call a second, and the console has just made one.
    done = _run(["bash", "-c", curl.replace("curl ", "curl -s --retry 5 ", 1)], tmp_path)
    assert "COPIED" in done


def test_programs_for_a_url(open_console: OpenConsole) -> None:
    """Tests cannot fetch the URL; check that the programs contain it unchanged."""
    url = "https://example.com/a'b\"c.png?x=1&y=$HOME"
    with open_console() as console:
        programs: list[str] = console.page.evaluate(
            """async (url) => {
                const script = document.querySelector("script[type=module]").src;
                const { toCurl, toRequests, toSdk } =
                    await import(new URL("image/snippets.js", script));
                const call = {origin: location.origin, project: "p", token: "t", file: "", url,
                              fields: {detect_direction: true, extract_type: ["image_size"]}};
                return [toCurl(call), toRequests(call), toSdk(call)];
            }""",
            url,
        )
    shown = _run(["bash", "-c", f"curl() {{ printf '%s\\0' \"$@\"; }}; {programs[0]}"], Path.cwd())
    body = json.loads(shown.split("\0")[-2])
    assert body == {"url": url, "detect_direction": True, "extract_type": ["image_size"]}
    for program in programs[1:]:
        constants = {
            node.value for node in ast.walk(ast.parse(program)) if isinstance(node, ast.Constant)
        }
        assert url in constants


def _programs(console: ConsolePage) -> list[str]:
    pre = console.page.locator("[role=tabpanel] pre")
    expect(pre).to_have_count(3)
    return pre.all_text_contents()


def _run_all(curl: str, requests: str, sdk: str, folder: Path) -> None:
    assert "COPIED" in _run(["bash", "-c", curl.replace("curl ", "curl -s ", 1)], folder)
    assert _run([sys.executable, "-c", requests], folder).startswith("COPIED 0.9")
    assert _run([sys.executable, "-c", sdk], folder).startswith("COPIED 0.9")
    assert not (folder / "injected").exists()


def _run(command: list[str], folder: Path) -> str:
    done = subprocess.run(
        command,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "NO_PROXY": "127.0.0.1"},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
