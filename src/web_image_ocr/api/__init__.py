"""Serve the HTTP API: routes, limits, wire formats. Only this package uses the web framework."""

from __future__ import annotations

from web_image_ocr.api.app import create_app
from web_image_ocr.api.config import ApiConfig
from web_image_ocr.api.dependencies import Dependencies

__all__ = ["ApiConfig", "Dependencies", "create_app"]
