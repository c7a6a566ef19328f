"""Detect text: where the lines of an image are."""
