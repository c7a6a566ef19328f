"""Check that nothing leaves the machine, and nothing is written outside the data folder.

Library, command and server run with an empty ``HOME`` and an empty folder for temporary files. Both
must be empty afterwards. Where strace is installed, it records every socket and every file opened
for writing, in the server and its workers.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from tests.support import servers
from tests.support.images import encode_image, text_image, to_base64
from web_image_ocr.primitives.onnxruntime_telemetry import SWITCH

pytestmark = [pytest.mark.server, pytest.mark.models]

_LIBRARY = """
import sys
from pathlib import Path
from web_image_ocr import Engine
from web_image_ocr.images import ImageLimits, decode
image = decode(Path(sys.argv[1]).read_bytes(), ImageLimits.for_edition("2021"))
print(Engine().recognize(image.pixels).lines[0].text)
"""
_INTERNET = re.compile(r"\{sa_family=AF_INET6?, .*?\}")
_LOOPBACK = re.compile(r'inet_addr\("127\.|"::1"|inet_addr\("0\.0\.0\.0"\)')
_DNS = re.compile(r"_port=htons\(53\)")
_OPENED_TO_WRITE = re.compile(r'open(?:at)?\([^"]*"([^"]+)", [^)]*O_(?:WRONLY|RDWR|CREAT)\b.* = \d')
_ENDED = re.compile(r"\+\+\+ (exited|killed)")
_HARMLESS = ("/dev/null", "/dev/tty", "/proc/")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty folder for home and temporary files; the switch is not inherited."""
    home = tmp_path / "home"
    home.mkdir()
    for name in ("HOME", "TMPDIR"):
        monkeypatch.setenv(name, str(home))
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    for name in (SWITCH, "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    return home


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """Return an image file with text."""
    path = tmp_path / "image.png"
    path.write_bytes(encode_image(text_image("Silence")))
    return path


def _recognize_by_library(image: Path, prefix: tuple[str, ...]) -> None:
    command = [*prefix, sys.executable, "-c", _LIBRARY, str(image)]
    assert "Silence" in subprocess.check_output(command, text=True, timeout=120)


def _recognize_by_command(image: Path, prefix: tuple[str, ...]) -> None:
    command = [*prefix, *servers.COMMAND, "recognize", str(image)]
    assert "Silence" in subprocess.check_output(command, text=True, timeout=120)


def _serve(image: Path, prefix: tuple[str, ...]) -> None:
    command = servers.COMMAND
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(servers, "COMMAND", (*prefix, *command))
        with servers.running_server(image.parent / "data", "--no-auth") as server:
            answer = httpx.post(
                f"{server.url}/v2/{'0' * 32}/ocr/web-image",
                json={"image": to_base64(image.read_bytes())},
                timeout=60,
            )
            assert "Silence" in answer.text


def _recorded(trace: Path) -> list[str]:
    """Return what strace wrote, once it has seen the last traced process end."""
    end = time.monotonic() + 30
    while True:
        calls = trace.read_text(encoding="utf-8", errors="replace").splitlines()
        if calls and _ENDED.search(calls[-1]):
            return calls
        assert time.monotonic() < end, "strace does not end"
        time.sleep(0.1)


_USES = pytest.mark.parametrize("use", [_recognize_by_library, _recognize_by_command, _serve])


@_USES
def test_home_stays_empty(
    use: Callable[[Path, tuple[str, ...]], None], home: Path, image: Path
) -> None:
    use(image, ())
    assert list(home.rglob("*")) == []


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
@_USES
def test_no_socket_beyond_loopback_and_no_file_elsewhere(
    use: Callable[[Path, tuple[str, ...]], None], home: Path, image: Path
) -> None:
    trace = image.parent / "trace"
    # -D: the traced process is the child, so signals reach it.
    use(image, ("strace", "-D", "-f", "-s", "4096", "-o", str(trace),
                "-e", "trace=network,open,openat"))  # fmt: skip
    calls = _recorded(trace)
    addresses = [found for call in calls for found in _INTERNET.findall(call)]
    assert [a for a in addresses if not _LOOPBACK.search(a) or _DNS.search(a)] == []
    written = {path for call in calls for path in _OPENED_TO_WRITE.findall(call)}
    assert {p for p in written if not p.startswith((*_HARMLESS, str(image.parent)))} == set()
    assert list(home.rglob("*")) == []
