"""Adapt our own engine in float32: not a peer, but measured beside them."""

from __future__ import annotations

from benchmarks.latency.ours import OurEngine
from benchmarks.peers.protocol import serve

if __name__ == "__main__":
    serve(lambda: OurEngine("float32"))
