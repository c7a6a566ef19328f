"""Measure the server under load: throughput, latency and refusals."""
