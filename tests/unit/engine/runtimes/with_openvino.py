"""Tests that load OpenVINO: `test_openvino` runs them in a process of their own.

A fault of the library, or its threads, would touch all other tests there.
"""

from __future__ import annotations

import gc
import os
import signal
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from tests.golden import fonts, results
from tests.golden.pictures import CASES
from web_image_ocr import Engine
from web_image_ocr.engine.config import EngineConfig
from web_image_ocr.engine.models import load_models
from web_image_ocr.engine.runtimes import Tensor, openvino
from web_image_ocr.engine.runtimes.onnx import OnnxRuntime
from web_image_ocr.engine.runtimes.openvino import OpenVinoRuntime
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


def test_what_is_no_model_is_refused() -> None:
    with pytest.raises(ServiceError) as caught:
        OpenVinoRuntime().load(b"this is no model")
    assert caught.value.kind is ErrorKind.MODEL_UNAVAILABLE


@pytest.mark.skipif(bool(fonts.missing()), reason="fonts are missing")
@pytest.mark.models
def test_what_was_drawn_is_read() -> None:
    engine = Engine(EngineConfig(runtime="openvino", threads=2))
    for case in CASES.values():
        board = case.draw()
        found = [line.text for line in results.read(engine, board, case)]
        assert results.share_right(board.lines, found) >= case.right, found


@pytest.mark.models
def test_a_signal_after_an_engine_is_gone_is_handled() -> None:
    engine = Engine(EngineConfig(runtime="openvino"))
    del engine
    gc.collect()
    handled: list[int] = []
    before = signal.signal(signal.SIGUSR1, lambda number, _: handled.append(number))
    os.kill(os.getpid(), signal.SIGUSR1)
    signal.signal(signal.SIGUSR1, before)
    assert handled == [signal.SIGUSR1]
