"""What all tests share."""

from __future__ import annotations

from hypothesis import settings

# How long an example takes depends on what else the machine does; hanging is pytest's timeout.
settings.register_profile("web-image-ocr", deadline=None)
settings.load_profile("web-image-ocr")
