from __future__ import annotations

from pathlib import Path

import pytest

from web_image_ocr.primitives.processor import multiplies_int8


@pytest.mark.parametrize(
    ("told", "multiplies"),
    [
        ("processor : 0\nflags : fpu avx512f avx512_vnni sse\n", True),
        ("flags\t\t: fpu avx2 avx_vnni\n", True),
        ("flags : fpu avx2 avx512f avx512_vnnix\n", False),
        ("Features : fp asimd asimddp\n", False),
        ("", False),
    ],
)
def test_the_processor_says_what_it_can(told: str, multiplies: bool, tmp_path: Path) -> None:
    processor = tmp_path / "cpuinfo"
    processor.write_text(told)
    assert multiplies_int8(processor) is multiplies


def test_where_nothing_says_so_it_cannot(tmp_path: Path) -> None:
    assert not multiplies_int8(tmp_path / "absent")
