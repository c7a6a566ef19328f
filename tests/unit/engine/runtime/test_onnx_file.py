from __future__ import annotations

import numpy as np
import pytest
from onnx import ModelProto, TensorProto, helper, numpy_helper

from web_image_ocr.engine.runtime.onnx_file import flush_subnormals, parse_model, read_metadata


def model(*tensors: TensorProto) -> ModelProto:
    value = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1])
    node = helper.make_node("Identity", ["x"], ["y"])
    return helper.make_model(helper.make_graph([node], "g", [value], [value], tensors))


def test_subnormal_weights_become_zero_and_others_stay() -> None:
    before = np.array([[1.0, 1e-40, -1e-45], [-2.5, 0.0, 1.2e-38]], np.float32)
    changed = model(
        numpy_helper.from_array(before, "w"),
        helper.make_tensor("not_raw", TensorProto.FLOAT, [2], [1e-40, 3.0]),
    )
    flush_subnormals(changed)
    first, second = map(numpy_helper.to_array, changed.graph.initializer)
    np.testing.assert_array_equal(first, [[1.0, 0.0, 0.0], [-2.5, 0.0, np.float32(1.2e-38)]])
    np.testing.assert_array_equal(second, [0.0, 3.0])
    assert [tensor.name for tensor in changed.graph.initializer] == ["w", "not_raw"]


def test_tensors_without_subnormals_and_of_other_types_stay() -> None:
    tensors = [
        numpy_helper.from_array(np.array([3], np.int64), "i"),
        numpy_helper.from_array(np.array([1.0, 0.0], np.float32), "f"),
    ]
    changed, before = model(*tensors), model(*tensors)
    flush_subnormals(changed)
    assert changed == before


def test_metadata_is_a_mapping() -> None:
    onnx_model = model()
    helper.set_model_props(onnx_model, {"a": "1\n2", "b": ""})
    assert read_metadata(parse_model(onnx_model.SerializeToString())) == {"a": "1\n2", "b": ""}
    assert read_metadata(model()) == {}


@pytest.mark.parametrize(
    "junk", [b"", b"\xff", b"\x3a\x7f", b"\x0b", b"\x3a\x05\x2a\x10abc", b"this is no model"]
)
def test_bytes_that_are_not_a_model_are_refused(junk: bytes) -> None:
    with pytest.raises(ValueError, match="not an ONNX model"):
        parse_model(junk)


def test_a_truncated_file_is_refused() -> None:
    whole = model(numpy_helper.from_array(np.ones(100, np.float32), "w")).SerializeToString()
    with pytest.raises(ValueError, match="truncated"):
        parse_model(whole[:-50])
