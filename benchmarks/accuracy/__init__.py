"""Measure how much text of real images is read correctly, beside peers, in one run."""
