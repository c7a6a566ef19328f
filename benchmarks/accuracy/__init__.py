"""Measure how much text of real images each engine recognizes, side by side in one run."""
