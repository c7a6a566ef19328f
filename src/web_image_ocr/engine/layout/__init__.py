"""Arrange lines: page orientation, rows and reading order."""
