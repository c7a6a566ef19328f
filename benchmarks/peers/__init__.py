"""Adapters of other engines; each runs as a program in the Python of its engine.

They import nothing of this project but each other, so the project's pins do not bind theirs.
"""
