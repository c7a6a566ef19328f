"""Test identity in a program that does not configure logging."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

_PROGRAM = """
import sys
from pathlib import Path
from web_image_ocr.identity import Identity, IdentityConfig, PasswordLogin, Reference
from web_image_ocr.primitives.errors import ServiceError

identity = Identity(IdentityConfig(), Path(sys.argv[1]))
account = identity.initialize(password="correct horse battery")
for password in ("correct horse battery", "wrong horse battery"):
    login = PasswordLogin(
        user=Reference(name="admin"), domain=Reference(name="default"), password=password
    )
    try:
        identity.sign_in.log_in(login, "192.0.2.1")
    except ServiceError:
        pass
identity.close()
"""


def test_audit_records_are_not_printed(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, tmp_path / "data"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert (done.stdout, done.stderr) == ("", "")


def test_audit_records_go_to_the_standard_logging(tmp_path: Path) -> None:
    configured = "import logging; logging.basicConfig(level='INFO', stream=sys.stdout)"
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; {configured}\n{_PROGRAM}", tmp_path / "data"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert [line.count("web_image_ocr.audit") for line in done.stdout.splitlines()].count(1) == 3
    assert "sign_in_failed" in done.stdout
