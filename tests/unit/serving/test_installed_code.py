from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import web_image_ocr
from web_image_ocr.serving import installed_code as installed_code_module
from web_image_ocr.serving.installed_code import CodeChangedError, InstalledCode, fingerprint


@pytest.fixture
def package(tmp_path: Path) -> Path:
    folder = tmp_path / "package"
    (folder / "inner").mkdir(parents=True)
    (folder / "__init__.py").write_text("A = 1\n")
    (folder / "inner" / "module.py").write_text("B = 1\n")
    return folder


def test_the_fingerprint_depends_on_contents_only(package: Path, tmp_path: Path) -> None:
    before = fingerprint(package)
    assert before.startswith(f"{web_image_ocr.__version__}+")
    assert fingerprint(shutil.copytree(package, tmp_path / "copy")) == before
    (package / "__init__.py").touch()
    (package / "inner" / "module.pyc").write_bytes(b"compiled")
    assert fingerprint(package) == before


def test_every_change_is_detected(package: Path) -> None:
    seen = {fingerprint(package)}
    module = package / "inner" / "module.py"
    module.write_text("B = 2\n")
    seen.add(fingerprint(package))
    module.rename(package / "inner" / "renamed.py")
    seen.add(fingerprint(package))
    (package / "more.py").touch()
    seen.add(fingerprint(package))
    (package / "__init__.py").unlink()
    seen.add(fingerprint(package))
    assert len(seen) == 5


def test_changed_code_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    installed = InstalledCode()
    installed.check()
    installed.check(installed.at_start)
    with pytest.raises(CodeChangedError, match="restart the server") as caught:
        installed.check("0.0.0+0")
    assert caught.value.installed == "0.0.0+0"
    monkeypatch.setattr(installed_code_module, "fingerprint", lambda: "0.0.0+1")
    with pytest.raises(CodeChangedError):
        installed.check()
