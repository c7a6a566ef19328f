"""Implement the command ``web-image-ocr``: what a person types and reads."""
