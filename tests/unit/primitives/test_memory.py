from __future__ import annotations

import mmap
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.hidepid import hidepid_command
from web_image_ocr.primitives.memory import ResidentMemory

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
    ResidentMemory, release_freed_memory, keep_freed_memory,
)
assert keep_freed_memory()
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
size = 64 << 20
block = ctypes.c_void_p(libc.malloc(ctypes.c_size_t(size)))
ctypes.memset(block, 1, size)
libc.free(block)
memory = ResidentMemory(os.getpid())
before = memory.bytes()
release_freed_memory()
print(before - memory.bytes())
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc only")
def test_kept_memory_can_be_handed_back() -> None:
    given = int(subprocess.check_output([sys.executable, "-c", HANDED_BACK]))
    assert given >= 60 << 20


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc only")
def test_memory_of_a_process_is_what_it_holds() -> None:
    size = 32 << 20
    with mmap.mmap(-1, size) as held:  # new pages: freed ones may still be resident
        memory = ResidentMemory(os.getpid())
        before = memory.bytes() or 0
        for page in range(0, size, mmap.PAGESIZE):
            held[page] = 1
        assert (memory.bytes() or 0) - before >= size // 2
        memory.close()


def test_the_size_of_a_process_that_is_gone_is_unknown() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        memory = ResidentMemory(process.pid)
        process.kill()
    assert memory.bytes() is None
    memory.close()
    assert ResidentMemory(process.pid).bytes() is None


def test_without_proc_the_size_is_unknown(tmp_path: Path) -> None:
    memory = ResidentMemory(os.getpid(), tmp_path)
    assert memory.bytes() is None
    memory.close()


HIDDEN = r"""
import os, subprocess, sys
from pathlib import Path
from web_image_ocr.primitives.memory import ResidentMemory
hides = "\n".join((
    "import ctypes",
    "held = b'x' * (100 << 20)",
    "input()",
    "ctypes.CDLL(None).prctl(4, 0, 0, 0, 0)",  # PR_SET_DUMPABLE
    "print('hidden', flush=True)",
    "input()",
))
pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
child = subprocess.Popen([sys.executable, "-c", hides], **pipes)
memory = ResidentMemory(child.pid)
child.stdin.write("\n")
child.stdin.flush()
child.stdout.readline()
print(Path(f"/proc/{child.pid}").exists(), memory.bytes() >> 20)
print(ResidentMemory(child.pid).bytes())
child.kill()
child.wait()
print(memory.bytes())
"""


def test_the_size_is_read_where_other_processes_are_hidden() -> None:
    command = hidepid_command([sys.executable, "-c", HIDDEN])
    said = subprocess.check_output(command, text=True).split()
    assert said[0] == "False", "hidepid is not in force"
    assert int(said[1]) >= 100
    assert said[2:] == ["None", "None"]
