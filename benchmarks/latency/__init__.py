"""Measure the time and memory of our engine and its peers in one run."""
