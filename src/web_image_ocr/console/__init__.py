"""The browser console: files for the browser, a client of the public API like any other."""

from web_image_ocr.console.routes import console_routes

__all__ = ["console_routes"]
