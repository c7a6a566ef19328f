"""From the engine's page to the contract's JSON: the only place that knows both."""

from __future__ import annotations

from collections.abc import Collection

from web_image_ocr.engine.page import Page, TextLine


def encode_page(page: Page, extract: Collection[str] = ()) -> dict[str, object]:
    """The body of a successful answer, ready for JSON.

    Args:
        page: what was read.
        extract: the values of ``extract_type``. ``image_size`` adds the picture's size;
            ``contact_info`` adds nothing yet.

    Returns:
        ``{"result": {…}}``: integer coordinates inside the picture (0 to width − 1, 0 to
        height − 1), confidences with four decimals.
    """
    extracted: dict[str, object] = {}
    if "image_size" in extract:
        extracted["image_size"] = {"width": page.width, "height": page.height}
    return {
        "result": {
            "words_block_count": len(page.lines),
            "words_block_list": [_encode_line(line, page) for line in page.lines],
            "extracted_data": extracted,
        }
    }


def _encode_line(line: TextLine, page: Page) -> dict[str, object]:
    return {
        "words": line.text,
        "confidence": round(min(max(line.confidence, 0.0), 1.0), 4),
        "location": [[_pixel(x, page.width), _pixel(y, page.height)] for x, y in line.quad],
    }


def _pixel(value: float, size: int) -> int:
    """The nearest pixel of 0 … size - 1."""
    return min(max(round(value), 0), size - 1)
