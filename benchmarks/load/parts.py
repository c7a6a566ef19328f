"""Run the parts of the benchmark; each answers one question about the server."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from benchmarks.latency.processes import cpu_seconds
from benchmarks.load.baseline import BaselineProcesses
from benchmarks.load.calls import (
    OK,
    Run,
    due_times,
    overhead_ms,
    quantiles_ms,
    summarize_calls,
    throughput,
)
from benchmarks.load.generator import Generator
from benchmarks.load.memory import MemoryWatch, process_tree
from benchmarks.load.server import Server, running_server

CONCURRENCIES = (1, 2, 4, 8, 16, 32)
AT_ONCE = 8
"""Concurrency where throughput is compared."""
SHARES = (0.5, 0.8, 1.0, 1.5, 3.0)
"""Arrival rates of the open loop, relative to capacity."""
OVERLOAD = 3.0
_ONE_CORE = {"ENGINE__THREADS": "1", "SERVING__MAX_WAITING_PER_WORKER": str(AT_ONCE)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """Hold what all parts share.

    Attributes:
        generator: Has the bodies of ``images``, followed by that of the 1 MB image.
        images: Image files, in the order they are sent.
        cores: Available cores; the server has as many workers.
        rounds: Alternations of server and baseline.
        laps: Passes over all images where latency without load is measured.
        seconds: Duration of each rate of the open loop.
        overload_s: Duration of the overload.
    """

    generator: Generator
    images: Sequence[bytes]
    cores: int
    rounds: int
    laps: int
    seconds: float
    overload_s: float

    @property
    def order(self) -> list[int]:
        """Return the index of every image once."""
        return list(range(len(self.images)))

    def read_all(self, server: Server, concurrency: int, laps: int = 1) -> Run:
        """Run a closed loop over all images."""
        return self.generator.closed(server.address, self.order * laps, concurrency)

    def throughput(self, run: Run) -> float:
        """Return images a second, corrected for the generator's CPU time."""
        return throughput(
            len(run.with_status(OK)),
            run.wall_s,
            generator_cpu_s=run.generator_cpu_s,
            cores=self.cores,
        )


def closed(bench: Bench) -> dict[str, Any]:
    """Measure throughput and latency by concurrency, and compare with the engine alone."""
    rows = []
    ratios = []
    with (
        running_server(bench.cores) as server,
        BaselineProcesses(bench.cores, bench.images) as baseline,
    ):
        bench.read_all(server, AT_ONCE)  # warm all workers
        baseline.run(bench.order, bench.cores)
        for _ in range(bench.rounds):
            ratios.append(_in_turn(bench, server, baseline))
            print(ratios[-1], flush=True)
        for concurrency in CONCURRENCIES:
            run = bench.read_all(server, concurrency)
            row = {"concurrency": concurrency, "per_second": round(bench.throughput(run), 3)}
            rows.append(row | summarize_calls(run))
            print(rows[-1], flush=True)
    return {
        "at_once": AT_ONCE,
        "server_to_bare": round(median(one["ratio"] for one in ratios), 4),
        "rounds": ratios,
        "by_concurrency": rows,
    }


def _in_turn(bench: Bench, server: Server, baseline: BaselineProcesses) -> dict[str, float]:
    """Send all images once to the baseline and once to the server."""
    started = _cpu_of(baseline.pids)
    bare_rate = len(bench.images) / baseline.run(bench.order, bench.cores)
    bare_cpu_s = _cpu_of(baseline.pids) - started
    started = _cpu_of(process_tree(server.pid))
    run = bench.read_all(server, AT_ONCE)
    server_cpu_s = _cpu_of(process_tree(server.pid)) - started
    rate = bench.throughput(run)
    return {
        "bare_per_second": round(bare_rate, 3),
        "server_per_second": round(rate, 3),
        "ratio": round(rate / bare_rate, 4),
        "bare_cpu_s": round(bare_cpu_s, 2),
        "server_cpu_s": round(server_cpu_s, 2),
        "generator_cpu_s": round(run.generator_cpu_s, 3),
    }


def _cpu_of(pids: Sequence[int]) -> float:
    return sum(map(cpu_seconds, pids))


def call(bench: Bench) -> dict[str, Any]:
    """Measure the server's overhead beside decoding and engine for one call with a 1 MB image."""
    large = len(bench.images)
    with running_server(bench.cores) as server:
        bench.generator.closed(server.address, [large] * (bench.cores + 1), 1)
        run = bench.generator.closed(server.address, [large] * bench.rounds * 10, 1)
    calls = run.with_status(OK)
    stages = {
        name: round(median(one.stages_ms[name] for one in calls), 2) for name in calls[0].stages_ms
    }
    overhead = median(overhead_ms(one) for one in calls)
    client_overhead = median(
        overhead_ms(one) + 1000 * one.latency - one.stages_ms["total"] for one in calls
    )
    return {
        "calls": len(calls),
        "median_stages_ms": stages,
        "overhead_ms": round(overhead, 2),
        "overhead_seen_by_client_ms": round(client_overhead, 2),
        "overhead_share": round(overhead / stages["total"], 4),
    }


def workers(bench: Bench) -> dict[str, Any]:
    """Measure the speedup from one worker to two, of the server and of the baseline.

    Every job has one core: servers run with one engine thread, as a single worker would use all
    cores. With one worker the generator has a free core, so only the run with two workers is
    corrected for its CPU time.
    """
    rounds = []
    with (
        running_server(1, **_ONE_CORE) as one,
        running_server(2, **_ONE_CORE) as two,
        BaselineProcesses(2, bench.images) as baseline,
    ):
        for server in (one, two):
            bench.read_all(server, AT_ONCE)
        baseline.run(bench.order, 2)
        for _ in range(bench.rounds):
            with_one = bench.read_all(one, AT_ONCE)
            bare_one_s = baseline.run(bench.order, 1)
            with_two = bench.read_all(two, AT_ONCE)
            bare_two_s = baseline.run(bench.order, 2)
            server_gain = bench.throughput(with_two) * with_one.wall_s / len(bench.images)
            bare_gain = bare_one_s / bare_two_s
            rounds.append(
                {
                    "server_gain": round(server_gain, 4),
                    "bare_gain": round(bare_gain, 4),
                    "ratio": round(server_gain / bare_gain, 4),
                }
            )
            print(rounds[-1], flush=True)
    return {"gain_to_bare": round(median(one["ratio"] for one in rounds), 4), "rounds": rounds}


def open_loop(bench: Bench) -> dict[str, Any]:
    """Measure latency and rejections at constant arrival rates relative to capacity."""
    rows = []
    with running_server(bench.cores) as server:
        capacity = _capacity(bench, server)
        for share in SHARES:
            due = due_times(share * capacity, bench.seconds)
            run = bench.generator.scheduled(server.address, bench.order, due)
            rows.append(
                {"share": share, "per_second": round(share * capacity, 3)} | summarize_calls(run)
            )
            print(rows[-1], flush=True)
    return {"capacity_per_second": round(capacity, 3), "seconds": bench.seconds, "rates": rows}


def overload(bench: Bench) -> dict[str, Any]:
    """Send three times the capacity: measure latency, rejections and memory growth."""
    with running_server(bench.cores) as server:
        capacity = _capacity(bench, server)
        alone = bench.read_all(server, 1, bench.laps)
        due = due_times(OVERLOAD * capacity, bench.overload_s)
        with MemoryWatch(server.pid) as memory:
            run = bench.generator.scheduled(server.address, bench.order, due)
    alone_ms = quantiles_ms([one.latency for one in alone.with_status(OK)])
    found = summarize_calls(run)
    half = len(memory.mib) // 2
    return {
        "capacity_per_second": round(capacity, 3),
        "seconds": bench.overload_s,
        "wall_s": round(run.wall_s, 1),
        "alone_ms": alone_ms,
        **found,
        "accepted_per_second": round(found["accepted"] / run.wall_s, 3),
        "p99_to_alone": round(found["accepted_ms"]["p99"] / alone_ms["p99"], 3),
        "memory_mib": {
            "start": memory.mib[0],
            "most_of_first_half": max(memory.mib[:half]),
            "most_of_second_half": max(memory.mib[half:]),
        },
    }


def _capacity(bench: Bench, server: Server) -> float:
    """Return images a second with eight concurrent calls and warm workers."""
    bench.read_all(server, AT_ONCE)
    return bench.throughput(bench.read_all(server, AT_ONCE))


PARTS: Mapping[str, Callable[[Bench], dict[str, Any]]] = {
    "closed": closed,
    "call": call,
    "workers": workers,
    "open": open_loop,
    "overload": overload,
}
"""Parts by command-line name."""
