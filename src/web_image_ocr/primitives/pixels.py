"""Define the array type of decoded images."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]
"""(H, W, 3) uint8, RGB, upright as displayed, C-contiguous."""
