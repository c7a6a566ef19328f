from __future__ import annotations

import numpy as np
import pytest

from benchmarks.latency.flop import count_flop, operator_flop


@pytest.mark.parametrize(
    ("operator", "inputs", "output", "expected"),
    [
        ("Conv", [[1, 3, 8, 8], [16, 3, 3, 3], [16]], [1, 16, 8, 8], 2 * 16 * 64 * 27),
        ("Conv", [[1, 16, 8, 8], [16, 1, 3, 3]], [1, 16, 4, 4], 2 * 16 * 16 * 9),  # depthwise
        ("ConvTranspose", [[1, 24, 5, 5], [24, 8, 2, 2]], [1, 8, 10, 10], 2 * 24 * 25 * 32),
        ("MatMul", [[2, 40, 120], [120, 360]], [2, 40, 360], 2 * 2 * 40 * 120 * 360),
        ("DynamicQuantizeMatMul", [[1, 6, 9, 96], [96, 192]], [1, 6, 9, 192], 2 * 54 * 96 * 192),
        ("Gemm", [[5, 7], [7, 3]], [5, 3], 2 * 5 * 7 * 3),
        ("Gemm", [[7, 5], [7, 3]], [5, 3], 2 * 5 * 7 * 3),  # the first one transposed
        ("Add", [[1, 16, 8, 8], [16]], [1, 16, 8, 8], 0),
    ],
)
def test_two_operations_for_each_product_that_is_summed(
    operator: str, inputs: list[list[int]], output: list[int], expected: int
) -> None:
    assert operator_flop(operator, inputs, output) == expected


def message(field: int, *content: bytes) -> bytes:
    """Encode a length-delimited Protocol Buffers field."""
    joined = b"".join(content)
    assert len(joined) < 1 << 14
    return bytes([field << 3 | 2, len(joined) & 127 | 128, len(joined) >> 7]) + joined


def number(field: int, value: int) -> bytes:
    return bytes([field << 3, value])


def floats(name: bytes, *sides: int) -> bytes:
    """Encode a ValueInfoProto."""
    shape = message(2, *(message(1, number(1, side)) for side in sides))
    return message(1, name) + message(2, message(1, number(1, 1), shape))


def product_model() -> bytes:
    """Encode the ONNX model ``y = relu(x @ w)`` with x (1, 4, 3) and w (3, 2)."""
    weights = np.ones((3, 2), "<f4").tobytes()
    graph = message(
        7,
        message(1, message(1, b"x"), message(1, b"w"), message(2, b"m"), message(4, b"MatMul")),
        message(1, message(1, b"m"), message(2, b"y"), message(4, b"Relu")),
        message(2, b"graph"),
        message(5, number(1, 3), number(1, 2), number(2, 1), message(8, b"w"), message(9, weights)),
        message(11, floats(b"x", 1, 4, 3)),
        message(12, floats(b"y", 1, 4, 2)),
    )
    return number(1, 8) + graph + message(8, number(2, 13))


def test_a_run_counts_what_the_runtime_ran() -> None:
    assert count_flop(product_model(), np.ones((1, 4, 3), np.float32)) == 2 * 4 * 3 * 2
