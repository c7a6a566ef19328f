"""What the processor can do."""

from __future__ import annotations

from functools import cache
from pathlib import Path

_PROCESSOR = Path("/proc/cpuinfo")
# VNNI. Without it ONNX Runtime adds two products of 8 bits into 16, where they may not fit.
_INT8_PRODUCTS = frozenset({"avx512_vnni", "avx_vnni"})


@cache
def multiplies_int8(processor: Path = _PROCESSOR) -> bool:
    """Whether it adds up products of 8-bit numbers without loss; false where nothing says so.

    Args:
        processor: the file in which Linux says what it can do.
    """
    try:
        lines = processor.read_text(errors="replace").splitlines()
    except OSError:
        return False
    told = next((x.split() for x in lines if x.startswith("flags")), [])
    return not _INT8_PRODUCTS.isdisjoint(told)
