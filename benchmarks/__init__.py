"""Measurements of accuracy, latency and load; not part of the installed package."""
