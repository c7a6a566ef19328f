"""Mutate valid inputs; the same random numbers give the same inputs."""

from __future__ import annotations

import random
from collections.abc import Sequence

_BOUNDARIES = (
    *(b"\0", b"\1", b"\x7f", b"\x80", b"\xfe", b"\xff"),
    *(b"\xff\xff", b"\0\0", b"\x7f\xff", b"\xff\x7f", b"\0\x80"),
    *(b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x7f\xff\xff\xff", b"\xff\xff\xff\x7f", b"\0\0\0\x80"),
)
"""Boundary values of counts, sizes and offsets."""

_HEAD_BYTES = 96
"""Half of all mutations hit the first bytes, because headers are most sensitive."""

_MAX_BYTES = 16_384
"""Longest input in bytes; longer inputs take time and find nothing new."""


def mutate(rng: random.Random, seeds: Sequence[bytes], tokens: Sequence[bytes]) -> bytes:
    """Return one of the seeds with up to six mutations, or, rarely, random bytes.

    Args:
        rng: source of all random choices.
        seeds: valid inputs, at least one.
        tokens: words of the input language; may be empty.
    """
    if rng.random() < 0.01:
        return rng.randbytes(rng.randrange(200))
    data = rng.choice(seeds)
    for _ in range(rng.choice((0, 1, 1, 1, 2, 2, 3, 6))):
        data = _mutate_once(rng, data, seeds, tokens)
    return data[:_MAX_BYTES]


def _mutate_once(
    rng: random.Random, data: bytes, seeds: Sequence[bytes], tokens: Sequence[bytes]
) -> bytes:
    stop = min(len(data), _HEAD_BYTES) if rng.random() < 0.5 else len(data)
    start = rng.randrange(stop or 1)
    end = min(len(data), start + rng.choice((1, 1, 2, 4, 8, 40)))
    kinds = (
        "bit",
        "byte",
        "number",
        "insert",
        "delete",
        "truncate",
        "repeat",
        "splice",
        "token",
        "token",
    )
    match rng.choice(kinds):
        case "bit" if start < len(data):
            return data[:start] + bytes((data[start] ^ 1 << rng.randrange(8),)) + data[start + 1 :]
        case "byte":
            return data[:start] + rng.randbytes(end - start) + data[end:]
        case "number":
            number = rng.choice(_BOUNDARIES)
            return data[:start] + number + data[start + len(number) :]
        case "insert":
            return data[:start] + rng.randbytes(rng.randrange(1, 9)) + data[start:]
        case "delete":
            return data[:start] + data[end:]
        case "truncate":
            return data[:start]
        case "repeat":
            return data[:end] + data[start:end] * rng.choice((1, 2, 30)) + data[end:]
        case "splice":
            other = rng.choice(seeds)
            return data[:start] + other[rng.randrange(len(other) or 1) :]
        case _ if tokens:
            token = rng.choice(tokens)
            return data[:start] + token + data[rng.choice((start, end, start + len(token))) :]
    return data
