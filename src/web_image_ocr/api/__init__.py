"""Serve the HTTP API: routes, limits, wire formats. Only this package uses the web framework."""
