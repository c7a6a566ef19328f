"""The server under load: throughput, latency and refusals, beside the bare engine."""
