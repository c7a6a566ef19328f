from __future__ import annotations

import mmap
import os
import resource
import subprocess
import sys

import pytest

from web_image_ocr.primitives.memory import resident_bytes

# Memory taken, written, freed, and the same again: the pages zeroed the second time.
ZEROED_AGAIN = """
import ctypes, resource, sys
from web_image_ocr.primitives.memory import keep_freed_memory
if sys.argv[1] == "kept":
    assert keep_freed_memory()
libc = ctypes.CDLL(None)
libc.prctl(41, 1, 0, 0, 0)  # PR_SET_THP_DISABLE: pages of 4 KiB, as they are counted
libc.malloc.restype = ctypes.c_void_p
size = int(sys.argv[2]) << 20
for _ in range(2):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    block = ctypes.c_void_p(libc.malloc(ctypes.c_size_t(size)))
    ctypes.memset(block, 1, size)
    libc.free(block)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def zeroed_again(how: str, mib: int) -> int:
    command = [sys.executable, "-c", ZEROED_AGAIN, how, str(mib)]
    return int(subprocess.check_output(command)) * resource.getpagesize() >> 20


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc only")
def test_freed_memory_is_taken_again_without_the_system() -> None:
    assert zeroed_again("default", 64) >= 60
    assert zeroed_again("kept", 64) == 0


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc only")
def test_of_more_than_is_kept_only_the_rest_goes_back() -> None:
    assert 0 < zeroed_again("kept", 320) <= 320 - 256 + 1


HANDED_BACK = """
import ctypes, os
from web_image_ocr.primitives.memory import (
    hand_back_freed_memory, keep_freed_memory, resident_bytes,
)
assert keep_freed_memory()
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
size = 64 << 20
block = ctypes.c_void_p(libc.malloc(ctypes.c_size_t(size)))
ctypes.memset(block, 1, size)
libc.free(block)
before = resident_bytes(os.getpid())
hand_back_freed_memory()
print(before - resident_bytes(os.getpid()))
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc only")
def test_kept_memory_can_be_handed_back() -> None:
    given = int(subprocess.check_output([sys.executable, "-c", HANDED_BACK]))
    assert given >= 60 << 20


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc only")
def test_memory_of_a_process_is_what_it_holds() -> None:
    size = 32 << 20
    with mmap.mmap(-1, size) as held:  # pages of its own: freed ones may still be resident
        before = resident_bytes(os.getpid())
        for page in range(0, size, mmap.PAGESIZE):
            held[page] = 1
        assert resident_bytes(os.getpid()) - before >= size // 2


def test_a_process_that_is_gone_holds_nothing() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    assert resident_bytes(process.pid) == 0
