"""Attacks on a running server, each bounded in time and connections."""
