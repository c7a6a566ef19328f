from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from web_image_ocr.engine import runtimes
from web_image_ocr.engine.runtimes import openvino, runtime_named
from web_image_ocr.engine.runtimes.openvino import computes_bfloat16, filled_width
from web_image_ocr.primitives.errors import ErrorKind, ServiceError

IN_OWN_PROCESS = Path(__file__).with_name("with_openvino.py")


@pytest.mark.models
def test_openvino_in_a_process_of_its_own() -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(IN_OWN_PROCESS)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("width", "filled"), [(16, 32), (320, 320), (321, 384), (640, 640), (641, 768), (4096, 4096)]
)
def test_lines_are_filled_up_to_few_widths(width: int, filled: int) -> None:
    assert filled_width(width) == filled


def test_without_the_package_it_is_said_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtimes, "find_spec", lambda _: None)
    with pytest.raises(ServiceError, match="the package openvino is not installed") as caught:
        runtime_named("openvino")
    assert caught.value.kind is ErrorKind.CONFIGURATION_INVALID


@pytest.mark.parametrize(
    ("told", "computes"),
    [
        ("processor : 0\nflags : fpu avx512f avx512_bf16 sse\n", True),
        ("flags\t\t: fpu amx_tile amx_bf16\n", True),
        ("flags : fpu avx512f avx512_bf16x\n", False),
        ("Features : fp asimd\n", False),
        (None, False),
    ],
)
def test_the_processor_says_whether_it_has_bfloat16(
    told: str | None, computes: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    processor = tmp_path / "cpuinfo"
    if told is not None:
        processor.write_text(told)
    monkeypatch.setattr(openvino, "_PROCESSOR", processor)
    assert computes_bfloat16() is computes
