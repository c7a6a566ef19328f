"""Adapt other OCR engines to the benchmarks; each adapter runs in its engine's environment.

Adapters import only each other from this project, so its pinned versions do not bind theirs.
"""
