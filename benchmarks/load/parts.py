"""Define the parts of the benchmark; each answers a question about the server."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from benchmarks.latency.processes import cpu_seconds
from benchmarks.load.bare import BareProcesses
from benchmarks.load.calls import OK, Run, answers, due_times, overhead_ms, quantiles_ms, throughput
from benchmarks.load.generator import Generator
from benchmarks.load.memory import MemoryWatch, process_tree
from benchmarks.load.server import Server, running_server

CONCURRENCIES = (1, 2, 4, 8, 16, 32)
AT_ONCE = 8
"""Calls at once where throughput is compared."""
SHARES = (0.5, 0.8, 1.0, 1.5, 3.0)
"""Arrival rates of the open loop, in parts of the capacity."""
OVERLOAD = 3.0
_ONE_CORE = {"ENGINE__THREADS": "1", "SERVING__MAX_WAITING_PER_WORKER": str(AT_ONCE)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """Hold what every part needs.

    Attributes:
        generator: has the bodies of ``pictures``, and after them that of the image of 1 MB.
        pictures: files, in the order they are sent.
        cores: of this machine that may be used; the server has as many workers.
        rounds: how often server and bare processes take turns.
        laps: how often all images are sent where latency alone on the machine is measured.
        seconds: how long each rate of the open loop lasts.
        overload_s: how long the overload lasts.
    """

    generator: Generator
    pictures: Sequence[bytes]
    cores: int
    rounds: int
    laps: int
    seconds: float
    overload_s: float

    @property
    def order(self) -> list[int]:
        """Return the order that sends every image once."""
        return list(range(len(self.pictures)))

    def read_all(self, server: Server, concurrency: int, laps: int = 1) -> Run:
        """Run a closed loop over all images."""
        return self.generator.closed(server.address, self.order * laps, concurrency)

    def throughput(self, run: Run) -> float:
        """Return images a second, less the generator's CPU time."""
        return throughput(
            len(run.with_status(OK)),
            run.wall_s,
            generator_cpu_s=run.generator_cpu_s,
            cores=self.cores,
        )


def closed(bench: Bench) -> dict[str, Any]:
    """Throughput and latency by calls at once, and throughput against the bare engine."""
    rows = []
    ratios = []
    with (
        running_server(bench.cores) as server,
        BareProcesses(bench.cores, bench.pictures) as bare,
    ):
        bench.read_all(server, AT_ONCE)  # every worker has read once
        bare.run(bench.order, bench.cores)
        for _ in range(bench.rounds):
            ratios.append(_in_turn(bench, server, bare))
            print(ratios[-1], flush=True)
        for concurrency in CONCURRENCIES:
            run = bench.read_all(server, concurrency)
            row = {"concurrency": concurrency, "per_second": round(bench.throughput(run), 3)}
            rows.append(row | answers(run))
            print(rows[-1], flush=True)
    return {
        "at_once": AT_ONCE,
        "server_to_bare": round(median(one["ratio"] for one in ratios), 4),
        "rounds": ratios,
        "by_concurrency": rows,
    }


def _in_turn(bench: Bench, server: Server, bare: BareProcesses) -> dict[str, float]:
    """Run all images once on the bare processes and once on the server."""
    started = _cpu_of(bare.pids)
    bare_rate = len(bench.pictures) / bare.run(bench.order, bench.cores)
    bare_cpu_s = _cpu_of(bare.pids) - started
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
    """Measure the server's overhead for one call with an image of 1 MB."""
    large = len(bench.pictures)
    with running_server(bench.cores) as server:
        bench.generator.closed(server.address, [large] * (bench.cores + 1), 1)
        run = bench.generator.closed(server.address, [large] * bench.rounds * 10, 1)
    calls = run.with_status(OK)
    stages = {
        name: round(median(one.stages_ms[name] for one in calls), 2) for name in calls[0].stages_ms
    }
    overhead = median(overhead_ms(one) for one in calls)
    seen = median(overhead_ms(one) + 1000 * one.latency - one.stages_ms["total"] for one in calls)
    return {
        "calls": len(calls),
        "median_stages_ms": stages,
        "overhead_ms": round(overhead, 2),
        "overhead_seen_by_client_ms": round(seen, 2),
        "overhead_share": round(overhead / stages["total"], 4),
    }


def workers(bench: Bench) -> dict[str, Any]:
    """Throughput gained from one worker to two, of the server and of bare processes.

    Every job has one core: the engine of the servers is set to one thread, as a worker alone
    would use all cores. With one worker the generator computes on the core that is left, so
    nothing is taken off; with two its CPU time is.
    """
    rounds = []
    with (
        running_server(1, **_ONE_CORE) as one,
        running_server(2, **_ONE_CORE) as two,
        BareProcesses(2, bench.pictures) as bare,
    ):
        for server in (one, two):
            bench.read_all(server, AT_ONCE)
        bare.run(bench.order, 2)
        for _ in range(bench.rounds):
            with_one = bench.read_all(one, AT_ONCE)
            bare_one_s = bare.run(bench.order, 1)
            with_two = bench.read_all(two, AT_ONCE)
            bare_two_s = bare.run(bench.order, 2)
            server_gain = bench.throughput(with_two) * with_one.wall_s / len(bench.pictures)
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
    """Latency and refusals at constant arrival rates, in parts of the capacity."""
    rows = []
    with running_server(bench.cores) as server:
        capacity = _capacity(bench, server)
        for share in SHARES:
            due = due_times(share * capacity, bench.seconds)
            run = bench.generator.scheduled(server.address, bench.order, due)
            rows.append({"share": share, "per_second": round(share * capacity, 3)} | answers(run))
            print(rows[-1], flush=True)
    return {"capacity_per_second": round(capacity, 3), "seconds": bench.seconds, "rates": rows}


def overload(bench: Bench) -> dict[str, Any]:
    """Three times the capacity: what accepted calls wait, who is refused, how memory grows."""
    with running_server(bench.cores) as server:
        capacity = _capacity(bench, server)
        alone = bench.read_all(server, 1, bench.laps)
        due = due_times(OVERLOAD * capacity, bench.overload_s)
        with MemoryWatch(server.pid) as memory:
            run = bench.generator.scheduled(server.address, bench.order, due)
    alone_ms = quantiles_ms([one.latency for one in alone.with_status(OK)])
    found = answers(run)
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
    """Return images a second with eight calls at once, all workers warm."""
    bench.read_all(server, AT_ONCE)
    return bench.throughput(bench.read_all(server, AT_ONCE))


PARTS: Mapping[str, Callable[[Bench], dict[str, Any]]] = {
    "closed": closed,
    "call": call,
    "workers": workers,
    "open": open_loop,
    "overload": overload,
}
"""By the names that the command line knows."""
