"""Measure short, odd and unknown text, on images drawn with a seed."""
