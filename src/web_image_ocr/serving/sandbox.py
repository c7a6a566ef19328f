"""Confine a worker with a seccomp filter: allow only the system calls that recognition needs.

A worker enters it when its models are loaded. From then on it can compute, allocate memory and use
its open pipe. It cannot open files or sockets, start processes, or make memory executable. Calls
that are not listed fail with ENOSYS, which makes the C library fall back to older ones.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
import sys
from collections.abc import Iterator
from typing import NamedTuple

_LOAD, _MASK, _JUMP_IF_EQUAL, _RETURN = 0x20, 0x54, 0x15, 0x06  # <linux/bpf_common.h>
_NUMBER_OFFSET, _ARCHITECTURE_OFFSET, _ARGUMENTS_OFFSET = 0, 4, 16  # offsets in struct seccomp_data
_ALLOW, _KILL, _FAIL = 0x7FFF0000, 0x80000000, 0x00050000 | errno.ENOSYS
_SET_FILTER, _FLAG_TSYNC, _FLAG_SPEC_ALLOW = 1, 1, 4
_CLONE_THREAD, _PROT_EXEC, _PR_SET_NAME, _F_DUPFD_CLOEXEC = 0x10000, 4, 15, 1030


class Machine(NamedTuple):
    """Describe an architecture.

    Attributes:
        audit_arch: its ``AUDIT_ARCH_*`` number.
        seccomp: number of the seccomp(2) system call.
        column: its column in the tables of call numbers.
    """

    audit_arch: int
    seccomp: int
    column: int


MACHINES = {"x86_64": Machine(0xC000003E, 317, 0), "aarch64": Machine(0xC00000B7, 277, 1)}

# Call numbers on x86_64 and aarch64; None if the call does not exist there.
_ALLOWED: dict[str, tuple[int | None, int | None]] = {
    "futex": (202, 98),
    "read": (0, 63),
    "write": (1, 64),
    "readv": (19, 65),
    "writev": (20, 66),
    "madvise": (28, 233),
    "munmap": (11, 215),
    "mremap": (25, 216),
    "brk": (12, 214),
    "sched_yield": (24, 124),
    "clock_gettime": (228, 113),
    "clock_getres": (229, 114),
    "clock_nanosleep": (230, 115),
    "nanosleep": (35, 101),
    "gettimeofday": (96, 169),
    "time": (201, None),
    "getrandom": (318, 278),
    "getpid": (39, 172),
    "gettid": (186, 178),
    "getrusage": (98, 165),
    "getcpu": (309, 168),
    "sched_getaffinity": (204, 123),
    "sysinfo": (99, 179),
    "membarrier": (324, 283),
    "poll": (7, None),
    "ppoll": (271, 73),
    "close": (3, 57),
    "dup": (32, 23),
    "dup2": (33, None),
    "dup3": (292, 24),
    "fstat": (5, 80),
    "lseek": (8, 62),
    "set_robust_list": (273, 99),
    "rseq": (334, 293),
    "set_tid_address": (218, 96),
    "sigaltstack": (131, 132),
    "rt_sigaction": (13, 134),
    "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139),
    "restart_syscall": (219, 128),
    "exit": (60, 93),
    "exit_group": (231, 94),
}


class _Condition(NamedTuple):
    """Allow a call if an argument, masked, has a value."""

    numbers: tuple[int, int]
    argument: int
    mask: int
    value: int


def _conditions() -> list[_Condition]:
    all_bits = 0xFFFFFFFF
    return [
        _Condition((9, 222), 2, _PROT_EXEC, 0),  # mmap
        _Condition((10, 226), 2, _PROT_EXEC, 0),  # mprotect
        _Condition((56, 220), 0, _CLONE_THREAD, _CLONE_THREAD),  # clone; clone3 falls back to it
        _Condition((72, 25), 1, all_bits, _F_DUPFD_CLOEXEC),  # fcntl
        _Condition((157, 167), 0, all_bits, _PR_SET_NAME),  # prctl
        _Condition((234, 131), 0, all_bits, os.getpid()),  # tgkill, for abort()
    ]


def enter_sandbox() -> str:
    """Install the seccomp filter for all threads of this process, irrevocably.

    Requires ``no_new_privs`` (see `harden_process`).

    Returns:
        Why the filter is not available; empty if it is installed.
    """
    machine = MACHINES.get(platform.machine())
    if not sys.platform.startswith("linux") or machine is None or sys.maxsize < 2**32:
        return f"not supported on {sys.platform} {platform.machine()}"
    program = b"".join(_program(machine))
    instructions = ctypes.create_string_buffer(program)
    # struct sock_fprog: number of instructions, 8 bytes each, and their address.
    sock_fprog = ctypes.create_string_buffer(
        struct.pack("@HP", len(program) // 8, ctypes.addressof(instructions))
    )
    libc = ctypes.CDLL(None, use_errno=True)
    flags = _FLAG_TSYNC | _FLAG_SPEC_ALLOW
    if libc.syscall(machine.seccomp, _SET_FILTER, flags, sock_fprog) == 0:
        return ""
    return os.strerror(ctypes.get_errno() or errno.EAGAIN)


def _program(machine: Machine) -> Iterator[bytes]:
    """Yield the instructions of the BPF program."""
    yield _instruction(_LOAD, _ARCHITECTURE_OFFSET)
    yield _instruction(_JUMP_IF_EQUAL, machine.audit_arch, if_equal=1)
    yield _instruction(_RETURN, _KILL)  # a call with the numbers of another architecture
    yield _instruction(_LOAD, _NUMBER_OFFSET)
    for numbers in _ALLOWED.values():
        number = numbers[machine.column]
        if number is not None:
            yield _instruction(_JUMP_IF_EQUAL, number, if_not=1)
            yield _instruction(_RETURN, _ALLOW)
    for condition in _conditions():
        yield _instruction(_JUMP_IF_EQUAL, condition.numbers[machine.column], if_not=5)
        yield _instruction(_LOAD, _ARGUMENTS_OFFSET + 8 * condition.argument)  # low half
        yield _instruction(_MASK, condition.mask)
        yield _instruction(_JUMP_IF_EQUAL, condition.value, if_not=1)
        yield _instruction(_RETURN, _ALLOW)
        yield _instruction(_RETURN, _FAIL)
    yield _instruction(_RETURN, _FAIL)


def _instruction(code: int, operand: int, *, if_equal: int = 0, if_not: int = 0) -> bytes:
    """Return a ``struct sock_filter``; jump offsets count from the next instruction."""
    return struct.pack("@HBBI", code, if_equal, if_not, operand)
