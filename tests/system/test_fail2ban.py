"""Find failed sign-ins in the log of a server with the fail2ban example."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.servers import running_service, sign_in

DEPLOY = Path(__file__).parents[2] / "deploy" / "fail2ban"
FILTER = DEPLOY / "filter.d" / "web-image-ocr.conf"

pytestmark = [
    pytest.mark.server,
    pytest.mark.skipif(shutil.which("fail2ban-regex") is None, reason="fail2ban is not installed"),
]


def addresses(log: Path) -> list[str]:
    """Return the client of each line that the filter finds."""
    done = subprocess.run(
        ["fail2ban-regex", "--out", "ip", str(log), str(FILTER)],  # noqa: S607
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return done.stdout.split()


def test_failed_sign_ins_of_a_server_are_found_with_their_client(tmp_path: Path) -> None:
    with running_service(
        tmp_path, environment={"WEB_IMAGE_OCR_SERVER__TRUSTED_PROXIES": "127.0.0.1"}
    ) as service:
        for client in ("192.0.2.7", "2001:db8::1", "192.0.2.7"):
            service.client.headers["X-Forwarded-For"] = client
            answer = sign_in(service.client, service.account, password="a-wrong-password")
            assert answer.status_code == 401
        assert sign_in(service.client, service.account).status_code == 201
    assert addresses(service.server.log) == ["192.0.2.7", "2001:db8::/64", "192.0.2.7"]


def test_other_lines_are_not_found(tmp_path: Path) -> None:
    log = tmp_path / "log"
    lines = (
        '{"outcome": "success", "client": "192.0.2.7", "actor": "a", "target": "a", '
        '"event": "signed_in", "level": "info", "logger": "web_image_ocr.audit", '
        '"timestamp": "2026-01-03T09:05:22.123456Z"}\n'
        '{"route": "\\"client\\": \\"192.0.2.7\\"", "event": "call", "level": "info", '
        '"logger": "web_image_ocr.api", "timestamp": "2026-01-03T09:05:22.123456Z"}\n'
    )
    log.write_text(lines)
    assert addresses(log) == []


def test_fail2ban_accepts_the_jail(tmp_path: Path) -> None:
    configuration = tmp_path / "fail2ban"
    shutil.copytree("/etc/fail2ban", configuration)
    shutil.copytree(DEPLOY, configuration, dirs_exist_ok=True)
    done = subprocess.run(
        ["fail2ban-client", "-c", str(configuration), "--dump"],  # noqa: S607
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert "['set', 'web-image-ocr', 'maxretry', 20]" in done.stdout
