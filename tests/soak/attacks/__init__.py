"""Attack a running server, with bounded time and connections."""
