"""Shared test helpers: images, TLS certificates, an S3 server."""
