"""How long calls took, as counts in buckets that can be added up.

A bucket is a quarter of an octave wide, so a percentile that is read from it is off by 9.1 % at
most, between 1 ms and 17 minutes; what is beyond counts as the nearest of them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

_PER_OCTAVE = 4
_LAST = 80


def bucket_of(seconds: float) -> int:
    """The bucket of a duration, 0 to 80."""
    milliseconds = max(1.0, seconds * 1000)
    return min(_LAST, int(_PER_OCTAVE * math.log2(milliseconds)))


def percentile(calls: Mapping[int, int], share: float) -> float | None:
    """Milliseconds within which this share of the calls ended; None without calls.

    Args:
        calls: how many, by bucket.
        share: above 0, at most 1.
    """
    wanted = math.ceil(share * sum(calls.values()))
    seen = 0
    for bucket in sorted(calls):
        seen += calls[bucket]
        if 0 < wanted <= seen:
            return 2 ** ((bucket + 0.5) / _PER_OCTAVE)
    return None
