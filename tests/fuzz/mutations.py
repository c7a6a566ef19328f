"""Inputs made from good ones by small damage; the same numbers give the same inputs."""

from __future__ import annotations

import random
from collections.abc import Sequence

_NUMBERS = (
    *(b"\0", b"\1", b"\x7f", b"\x80", b"\xfe", b"\xff"),
    *(b"\xff\xff", b"\0\0", b"\x7f\xff", b"\xff\x7f", b"\0\x80"),
    *(b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x7f\xff\xff\xff", b"\xff\xff\xff\x7f", b"\0\0\0\x80"),
)
"""Where counts, sizes and offsets turn over."""

_HEAD = 96
"""Bytes in which half of all damage falls: headers are where it does most."""

_LONGEST = 16_384
"""Bytes of an input; more of the same finds nothing new and takes longer."""


def damaged(chance: random.Random, seeds: Sequence[bytes], tokens: Sequence[bytes]) -> bytes:
    """One of the seeds with one to six changes; now and then untouched or pure noise.

    Args:
        chance: decides everything.
        seeds: good inputs, at least one.
        tokens: words of the language that the inputs are written in; may be empty.
    """
    if chance.random() < 0.01:
        return chance.randbytes(chance.randrange(200))
    data = chance.choice(seeds)
    for _ in range(chance.choice((0, 1, 1, 1, 2, 2, 3, 6))):
        data = _changed(chance, data, seeds, tokens)
    return data[:_LONGEST]


def _changed(
    chance: random.Random, data: bytes, seeds: Sequence[bytes], tokens: Sequence[bytes]
) -> bytes:
    reach = min(len(data), _HEAD) if chance.random() < 0.5 else len(data)
    at = chance.randrange(reach or 1)
    end = min(len(data), at + chance.choice((1, 1, 2, 4, 8, 40)))
    kinds = ("bit", "byte", "number", "add", "drop", "cut", "again", "splice", "token", "token")
    match chance.choice(kinds):
        case "bit" if at < len(data):
            return data[:at] + bytes((data[at] ^ 1 << chance.randrange(8),)) + data[at + 1 :]
        case "byte":
            return data[:at] + chance.randbytes(end - at) + data[end:]
        case "number":
            number = chance.choice(_NUMBERS)
            return data[:at] + number + data[at + len(number) :]
        case "add":
            return data[:at] + chance.randbytes(chance.randrange(1, 9)) + data[at:]
        case "drop":
            return data[:at] + data[end:]
        case "cut":
            return data[:at]
        case "again":
            return data[:end] + data[at:end] * chance.choice((1, 2, 30)) + data[end:]
        case "splice":
            other = chance.choice(seeds)
            return data[:at] + other[chance.randrange(len(other) or 1) :]
        case _ if tokens:
            token = chance.choice(tokens)
            return data[:at] + token + data[chance.choice((at, end, at + len(token))) :]
    return data
