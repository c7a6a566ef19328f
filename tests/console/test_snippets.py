"""The programs that the console offers, run as they stand; only the placeholders are filled in."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.console.conftest import Visiting
from tests.console.visitor import Visitor
from tests.console.words import LANGUAGES
from tests.servers import Server, Service
from tests.support.images import encode_image, text_image

pytestmark = [pytest.mark.server, pytest.mark.models]

NAME = 'it\'s "quoted" $(touch harmed) `x` 图.png'
"""A name that a careless program would take for more than a name."""
PICTURE = encode_image(text_image("COPIED"), "PNG")


@pytest.mark.parametrize("language", LANGUAGES)
def test_programs_for_a_server_with_credentials(
    visiting: Visiting, service: Service, tmp_path: Path, language: str
) -> None:
    (tmp_path / NAME).write_bytes(PICTURE)
    with visiting(signed_in=True, language=language) as visitor:
        visitor.enter()
        visitor.give((NAME, PICTURE))
        visitor.lines()
        visitor.tab("result.code")
        programs = _programs(visitor)
        assert all("YOUR-TOKEN" in program for program in programs[:2])
        visitor.page.get_by_label(visitor.say("code.with_token")).check()
        expect(visitor.page.locator("[role=tabpanel] pre").first).not_to_contain_text("YOUR-TOKEN")
        curl, requests, sdk = _programs(visitor)
    account = service.account
    sdk = sdk.replace("YOUR-ACCESS-KEY", account.access_key)
    sdk = sdk.replace("YOUR-SECRET-KEY", account.secret_key)
    _run_all(curl, requests, sdk, tmp_path)


@pytest.mark.parametrize("language", LANGUAGES)
def test_programs_for_a_server_without(
    visiting: Visiting, open_server: Server, tmp_path: Path, language: str
) -> None:
    (tmp_path / NAME).write_bytes(PICTURE)
    # The server allows one call a second, and another test may just have made one.
    with visiting(open_server.url, language=language, refusals=True) as visitor:
        visitor.give((NAME, PICTURE))
        visitor.lines()
        visitor.tab("result.code")
        expect(visitor.page.get_by_role("tabpanel")).to_contain_text(visitor.say("code.open"))
        curl, _requests, _sdk = _programs(visitor)
    assert "X-Auth-Token" not in curl
    # The server allows one call a second, and the console has just made one.
    done = _run(["bash", "-c", curl.replace("curl ", "curl -s --retry 5 ", 1)], tmp_path)
    assert "COPIED" in done


def test_programs_for_an_address(visiting: Visiting) -> None:
    """The address cannot be fetched by a test; the programs must hold it as it is."""
    url = "https://example.com/a'b\"c.png?x=1&y=$HOME"
    with visiting() as visitor:
        programs: list[str] = visitor.page.evaluate(
            """async (url) => {
                const script = document.querySelector("script[type=module]").src;
                const { asCurl, asRequests, asSdk } =
                    await import(new URL("picture/snippets.js", script));
                const call = {origin: location.origin, project: "p", token: "t", file: "", url,
                              fields: {detect_direction: true, extract_type: ["image_size"]}};
                return [asCurl(call), asRequests(call), asSdk(call)];
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


def _programs(visitor: Visitor) -> list[str]:
    pre = visitor.page.locator("[role=tabpanel] pre")
    expect(pre).to_have_count(3)
    return pre.all_text_contents()


def _run_all(curl: str, requests: str, sdk: str, folder: Path) -> None:
    assert "COPIED" in _run(["bash", "-c", curl.replace("curl ", "curl -s ", 1)], folder)
    assert _run([sys.executable, "-c", requests], folder).startswith("COPIED 0.9")
    assert _run([sys.executable, "-c", sdk], folder).startswith("COPIED 0.9")
    assert not (folder / "harmed").exists()


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
