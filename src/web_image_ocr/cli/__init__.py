"""The command ``web-image-ocr``: serve, recognize, admin."""
