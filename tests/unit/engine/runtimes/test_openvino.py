from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from web_image_ocr.engine import runtimes
from web_image_ocr.engine.config import EngineConfig
from web_image_ocr.engine.models import load_models
from web_image_ocr.engine.runtimes import Tensor, openvino, runtime_named
from web_image_ocr.engine.runtimes.onnx import OnnxRuntime
from web_image_ocr.engine.runtimes.openvino import (
    OpenVinoRuntime,
    computes_bfloat16,
    filled_width,
)
from web_image_ocr.primitives.errors import ErrorKind, ServiceError

WIDTHS = (20, 21, 96, 321, 1300)


def noise(width: int) -> Tensor:
    return np.random.default_rng(width).uniform(-1, 1, (1, 3, 48, width)).astype(np.float32)


@pytest.mark.models
def test_numbers_of_32_bits_give_what_onnx_runtime_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openvino, "computes_bfloat16", lambda: False)
    file = load_models(EngineConfig()).recognition
    ours = OpenVinoRuntime().load(file).open(threads=1)
    theirs = OnnxRuntime().load(file).open(threads=1)
    for width in WIDTHS:
        np.testing.assert_allclose(ours.run(noise(width)), theirs.run(noise(width)), atol=2e-3)


@pytest.mark.models
def test_a_width_that_is_filled_up_gives_as_many_steps() -> None:
    file = load_models(EngineConfig()).recognition
    filled = OpenVinoRuntime().load(file, any_width=True).open(threads=1)
    theirs = OnnxRuntime().load(file).open(threads=1)
    for width in WIDTHS:
        assert filled.run(noise(width)).shape == theirs.run(noise(width)).shape


@pytest.mark.models
def test_runs_at_once_give_what_each_gives_alone() -> None:
    file = load_models(EngineConfig()).recognition
    session = OpenVinoRuntime().load(file, any_width=True).open(threads=1, at_once=2)
    alone = [session.run(noise(width)).copy() for width in WIDTHS]
    with ThreadPoolExecutor(4) as threads:
        at_once = list(threads.map(lambda width: session.run(noise(width)).copy(), WIDTHS))
    for one, other in zip(alone, at_once, strict=True):
        np.testing.assert_array_equal(other, one)


@pytest.mark.parametrize(
    ("width", "filled"), [(16, 32), (320, 320), (321, 384), (640, 640), (641, 768), (4096, 4096)]
)
def test_lines_are_filled_up_to_few_widths(width: int, filled: int) -> None:
    assert filled_width(width) == filled


def test_what_is_no_model_is_refused() -> None:
    with pytest.raises(ServiceError) as caught:
        OpenVinoRuntime().load(b"this is no model")
    assert caught.value.kind is ErrorKind.MODEL_UNAVAILABLE


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
