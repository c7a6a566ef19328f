"""Aggregate durations in a logarithmic histogram.

A bucket is a quarter of an octave wide, so a percentile has an error of at most 9.1 % between 1 ms
and 17 minutes. Durations outside this range count in the first or last bucket.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

_BUCKETS_PER_OCTAVE = 4
_LAST_BUCKET = 80


def bucket_of(seconds: float) -> int:
    """Return the bucket of a duration, 0 to 80."""
    milliseconds = max(1.0, seconds * 1000)
    return min(_LAST_BUCKET, int(_BUCKETS_PER_OCTAVE * math.log2(milliseconds)))


def percentile(calls: Mapping[int, int], share: float) -> float | None:
    """Return a percentile of the durations in milliseconds; None without calls.

    Args:
        calls: number of calls by bucket.
        share: fraction of the calls, above 0 to 1.
    """
    wanted = math.ceil(share * sum(calls.values()))
    seen = 0
    for bucket in sorted(calls):
        seen += calls[bucket]
        if 0 < wanted <= seen:
            return 2 ** ((bucket + 0.5) / _BUCKETS_PER_OCTAVE)
    return None
