"""Measure the server under load: throughput, latency and rejections, beside the engine alone."""
