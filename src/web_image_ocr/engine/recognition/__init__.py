"""Recognize text: what a line says, and how confident the model is."""
