"""Decode images sent as Base64 text in a JSON body."""

from __future__ import annotations

import binascii

import pybase64

from web_image_ocr.images.config import BASE64_TEXT_LIMIT
from web_image_ocr.primitives.errors import ErrorKind, ServiceError


def decode_base64(text: str | bytes) -> bytes:
    """Return the bytes encoded in a Base64 text.

    Line breaks and missing padding are accepted. Any other character outside the standard
    alphabet is refused, and so are a ``data:`` prefix and the URL-safe alphabet.

    Raises:
        ServiceError: ``IMAGE_TEXT_TOO_LONG`` above ``BASE64_TEXT_LIMIT`` characters, line
            breaks included; ``FORMAT_UNSUPPORTED`` when the text is not Base64.
    """
    if len(text) > BASE64_TEXT_LIMIT:
        raise ServiceError(
            ErrorKind.IMAGE_TEXT_TOO_LONG,
            f"the Base64 text has {len(text)} characters, more than {BASE64_TEXT_LIMIT}",
        )
    try:
        symbols = text.encode("ascii") if isinstance(text, str) else text
        if b"\n" in symbols or b"\r" in symbols:
            symbols = symbols.translate(None, b"\r\n")
        return pybase64.b64decode(symbols + b"=" * (-len(symbols) % 4), validate=True)
    except (UnicodeEncodeError, binascii.Error) as error:
        raise ServiceError(ErrorKind.FORMAT_UNSUPPORTED, "the text is not Base64") from error
