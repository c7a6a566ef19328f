from __future__ import annotations

import numpy as np
import pytest

from web_image_ocr.engine.onnx_file import flush_subnormals, metadata_of

FLOAT, INT64 = 1, 7


def field(number: int, content: bytes) -> bytes:
    assert len(content) < 128
    return bytes([number << 3 | 2, len(content)]) + content


def tensor(data_type: int, raw: bytes) -> bytes:
    return bytes([2 << 3 | 0, data_type]) + field(9, raw)


def model(*tensors: bytes) -> bytes:
    return bytes([1 << 3 | 0, 8]) + field(7, b"".join(field(5, part) for part in tensors))


def floats(*values: float) -> bytes:
    return np.array(values, dtype="<f4").tobytes()


def test_subnormal_weights_become_zero_and_others_stay() -> None:
    before = model(tensor(FLOAT, floats(1.0, 1e-40, -1e-45, -2.5, 0.0, 1.2e-38)))
    after = model(tensor(FLOAT, floats(1.0, 0.0, 0.0, -2.5, 0.0, 1.2e-38)))
    assert flush_subnormals(before) == after


def test_metadata_is_read_by_its_keys() -> None:
    lines, nothing = field(1, b"a") + field(2, b"1\n2"), field(1, b"b") + field(2, b"")
    told = model() + field(14, lines) + field(14, nothing)
    assert metadata_of(told) == {"a": "1\n2", "b": ""}
    assert metadata_of(model()) == {}


def test_tensors_that_are_no_floats_stay() -> None:
    before = model(tensor(INT64, np.array([3], dtype="<i8").tobytes()))
    assert flush_subnormals(before) == before


@pytest.mark.parametrize("junk", [b"\xff", b"\x3a\x7f", b"\x0b", b"\x3a\x05\x2a\x10abc"])
def test_bytes_that_are_no_model_are_refused(junk: bytes) -> None:
    with pytest.raises(ValueError, match="no ONNX model"):
        flush_subnormals(junk)
