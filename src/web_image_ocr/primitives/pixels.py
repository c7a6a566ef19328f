"""The pixel array that pictures are handed over in."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]
"""(H, W, 3) uint8, RGB, upright as a viewer shows it, C-contiguous."""
