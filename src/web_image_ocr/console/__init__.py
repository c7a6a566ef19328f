"""Serve the browser console, a client of the public API."""

from web_image_ocr.console.routes import console_routes

__all__ = ["console_routes"]
