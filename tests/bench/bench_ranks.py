"""The efficiency of several processes: two ranks on gloo, one thread each, beside one process.

Both are measured in turns in the same two processes, on drawn samples and random networks: first
the first rank trains alone while the other one waits, then both train together. Two tables: every
rank has a whole batch, and both share one. Two ranks are measured. More are counted: a step of the
alone process, and a message of twice (n - 1) / n of the gradients at the speed of two. It asserts
nothing. On a loaded machine, or on one core, the figures say how loaded it is.

    python tests/bench/bench_ranks.py [--preset demo] [--batch 8] [--seconds 5] [--turns 3]
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import platform
import statistics
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import torch
import torch.distributed as dist

from shared.console import Console
from shared.stopping import StopRequest
from train.launch import Launch
from train.meeting import Meeting
from train.settings.presets import PRESETS
from train.settings.run import RunSettings
from train.step import train_step
from train.world import OneProcess, World

# The root comes first, or its packages would be taken from tests/.
REPOSITORY = Path(__file__).resolve().parents[2]
sys.path += [str(REPOSITORY), str(REPOSITORY / "tests"), str(REPOSITORY / "tests" / "bench")]
from bench_train import Bench  # noqa: E402

CPU = torch.device("cpu")
COUNTED = (4, 8)


class Rank:
    """One rank of the bench, with networks for a batch of its own.

    Args:
        world: It and the other one.
        given: Preset, batch, seconds and turns.
    """

    def __init__(self, world: World, given: argparse.Namespace) -> None:
        self.world = world
        self.given = given
        self.benches = {
            size: Bench(given.preset, size, "pixels", CPU)
            for size in (given.batch, given.batch // 2)
        }
        self.grads = sum(
            parameter.numel() * parameter.element_size()
            for network in (self.benches[given.batch].state.generator,
                            self.benches[given.batch].state.discriminator)
            for parameter in network.parameters()
        )  # fmt: skip

    def step_s(self, size: int, world: World, seconds: float) -> float:
        """Seconds of a step in which this rank has so many samples; all ranks take as many."""
        bench, steps, begin = self.benches[size], 0, time.perf_counter()
        while steps == 0 or world.all_true(time.perf_counter() - begin < seconds):
            train_step(bench.state, bench.objective, bench.draw, world)
            steps += 1
        return (time.perf_counter() - begin) / steps

    def message_s(self) -> float:
        """Seconds in which all gradients are averaged, nothing else being done."""
        networks = [self.benches[self.given.batch].state.generator]
        networks.append(self.benches[self.given.batch].state.discriminator)
        times = []
        for _ in range(5):
            self.world.any_true(False)
            begin = time.perf_counter()
            for network in networks:
                self.world.average_gradients(network.parameters())
            times.append(time.perf_counter() - begin)
        return statistics.median(times)

    def measure(self) -> dict[str, float]:
        """Medians over turns: seconds of a step alone and together, and of a message."""
        whole, half = self.given.batch, self.given.batch // 2
        kinds = {"alone": whole, "both, a batch each": whole, "both, sharing one": half}
        found: dict[str, list[float]] = {name: [] for name in kinds}
        for size in (whole, half):  # the first steps are slower
            self.step_s(size, self.world, 0.0)
        for _ in range(self.given.turns):
            for name, size in kinds.items():
                self.world.any_true(False)  # begin together; the other one waits here meanwhile
                if name != "alone":
                    found[name].append(self.step_s(size, self.world, self.given.seconds))
                elif self.world.is_first:
                    found[name].append(self.step_s(size, OneProcess(CPU), self.given.seconds))
        message = self.message_s()
        return {name: statistics.median(times) for name, times in found.items() if times} | {
            "message": message,
            "bytes": float(self.grads),
        }


def be_rank(rank: int, port: int, given: argparse.Namespace, out: str) -> None:
    """Meet the other rank, measure, and let the first write what came of it."""
    torch.set_num_threads(1)
    launch = Launch(rank=rank, size=2, local_rank=rank, local_size=2, is_launched=True)
    store = dist.TCPStore("127.0.0.1", port, None, False)
    with ExitStack() as held:
        meeting = Meeting(store, launch)
        world = held.enter_context(meeting.world(RunSettings(device="cpu"), StopRequest()))
        found = Rank(world, given).measure()
        if world.is_first:
            Path(out).write_text(json.dumps(found))


def rows(found: dict[str, float], batch: int) -> list[tuple[object, ...]]:
    """The table: processes, samples in a batch of all, seconds of a step, samples/s, efficiency."""
    alone, message = found["alone"], found["message"]
    speed = batch / alone

    def row(what: str, count: int, size: int, step_s: float) -> tuple[object, ...]:
        samples = size / step_s
        share = f"{100 * samples / (count * speed):.0f} %"
        return (what, size, f"{1000 * step_s:,.0f}", f"{samples:,.2f}", share)

    table = [
        row("1 process", 1, batch, alone),
        row("2 ranks, a batch each", 2, 2 * batch, found["both, a batch each"]),
        row("2 ranks, sharing one", 2, batch, found["both, sharing one"]),
    ]
    for count in COUNTED:
        step_s = alone + message * 2 * (count - 1) / count
        table.append(row(f"{count} ranks, a batch each (counted)", count, count * batch, step_s))
    return table


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--preset", choices=list(PRESETS), default="demo")
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--turns", type=int, default=3)
    given = parser.parse_args()
    store = dist.TCPStore("127.0.0.1", 0, None, True, wait_for_workers=False)
    context = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as folder:
        out = str(Path(folder) / "found.json")
        ranks = [
            context.Process(target=be_rank, args=(rank, store.port, given, out))
            for rank in range(2)
        ]
        for rank in ranks:
            rank.start()
        for rank in ranks:
            rank.join()
        found = json.loads(Path(out).read_text())
    load, cores = os.getloadavg()[0], os.cpu_count()
    title = (
        f"preset {given.preset}, pixels, one thread a process, {platform.machine()}, "
        f"{cores} cores, load {load:.1f}; gradients {found['bytes'] / 2**20:.1f} MiB in "
        f"{1000 * found['message']:.0f} ms"
    )
    head = ("processes", "samples a step", "ms a step", "samples/s", "efficiency")
    Console().table(title, head, rows(found, given.batch))


if __name__ == "__main__":
    main()
