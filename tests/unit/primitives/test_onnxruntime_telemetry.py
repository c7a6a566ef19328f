import os
import subprocess
import sys
import warnings
from types import ModuleType

import pytest

from web_image_ocr.primitives.onnxruntime_telemetry import SWITCH, disable_onnxruntime_telemetry


@pytest.fixture(autouse=True)
def not_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Simulate a new process, without the library and the switch."""
    monkeypatch.delitem(sys.modules, "onnxruntime", raising=False)
    monkeypatch.delenv(SWITCH, raising=False)


def test_the_switch_is_set() -> None:
    disable_onnxruntime_telemetry()
    assert os.environ[SWITCH] == "1"


def test_a_switch_that_allows_telemetry_is_overridden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SWITCH, "0")
    disable_onnxruntime_telemetry()
    assert os.environ[SWITCH] == "1"


def test_a_library_imported_too_early_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", ModuleType("onnxruntime"))
    with pytest.warns(RuntimeWarning, match="import web_image_ocr first"):
        disable_onnxruntime_telemetry()


def test_an_early_import_without_telemetry_is_not_reported(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(SWITCH, "1")
    monkeypatch.setitem(sys.modules, "onnxruntime", ModuleType("onnxruntime"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        disable_onnxruntime_telemetry()


@pytest.mark.parametrize(
    "module", ["web_image_ocr", "web_image_ocr.serving.worker", "benchmarks", "benchmarks.peers"]
)
def test_importing_any_part_sets_it(module: str) -> None:
    program = f"import os, {module}; print(os.environ['{SWITCH}'])"
    environment = {name: value for name, value in os.environ.items() if name != SWITCH}
    printed = subprocess.check_output([sys.executable, "-c", program], env=environment, text=True)
    assert printed.strip() == "1"
