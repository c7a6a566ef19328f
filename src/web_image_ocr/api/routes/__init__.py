"""Routes, one module for each group of paths."""
