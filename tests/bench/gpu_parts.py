"""The parts of ``bench_gpu.py``: what each measures and how long it may take."""

from __future__ import annotations

import json
import os
import platform
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from bench_train import Bench, synchronised
from torch.utils.flop_counter import FlopCounterMode

from train.nets.fixed_plan import build_fixed_plan
from train.nets.warp import build_warp_plan, warp_parts
from train.settings.presets import PRESETS
from train.step import mixed_precision

ASKED = ("full", "demo", "best")
TRAINED = ("full", "best")
IMAGES_PER_IDENTITY = 12
TEST_PAIRS = 2_000


class Parts:
    """All parts, in order.

    Args:
        device: What is measured.
        budget: The time there is.
        results: Where what was found goes.
        work: A folder for shards and runs.
        call: Runs a program for so many seconds at most.
    """

    def __init__(
        self, device: torch.device, budget: Any, results: Any, work: Path, call: Callable[..., None]
    ) -> None:
        self._device, self._budget, self._results = device, budget, results
        self._work, self._call = work, call
        self._small = device.type == "cpu"
        self._batches = (4,) if self._small else (4, 16, 64, 256)
        self._presets = [name for name in ASKED if name in PRESETS]

    def run(self) -> None:
        """Run them; each is guarded."""
        run = self._results.run
        machine = run("machine", self._machine) or {}
        run("tests", self._tests)
        shards = run("market", self._market)
        for preset in self._presets:
            for batch in self._batches:
                if self._budget.left > (30 if self._small else 200):
                    run(f"speed {preset} {batch}", self._speed(preset, batch, machine))
        run("plans", self._plans)
        if shards is None:
            return
        runs = {}
        trained = [name for name in TRAINED if name in PRESETS]
        for number, preset in enumerate(trained):
            left = self._budget.left - self._scoring_s
            seconds = left / (len(trained) - number) - 15
            out = run(f"train {preset}", self._train(preset, Path(shards["shards"]), seconds))
            runs |= {} if out is None else {preset: Path(out["run"])}
        if runs:
            run("scores", self._scores(runs, Path(shards["shards"])))

    @property
    def _scoring_s(self) -> float:
        return 25.0 if self._small else 60.0

    def _machine(self) -> dict[str, Any]:
        device = self._device
        name = platform.machine() if self._small else torch.cuda.get_device_name()
        side = 512 if self._small else 8192
        rates = {}
        for dtype in (torch.bfloat16, torch.float32):
            a, b = (torch.randn(side, side, device=device, dtype=dtype) for _ in range(2))
            seconds = self._seconds(lambda a=a, b=b: a @ b, 1.0)
            rates[f"{str(dtype)[6:]}_tflops"] = round(2 * side**3 / seconds / 1e12, 3)
        found = {"device": name, "cores": os.cpu_count(), "torch": torch.__version__, **rates}
        print(found, flush=True)
        return {**found, "python": platform.python_version()}

    def _seconds(self, action: Callable[[], Any], seconds: float) -> float:
        """Time an action: repeated for so long, after two times that do not count."""
        for _ in range(2):
            action()
        count, begin = 0, synchronised(self._device)
        while time.perf_counter() - begin < seconds:
            for _ in range(4):
                action()
            count += 4
        return (synchronised(self._device) - begin) / count

    def _tests(self) -> dict[str, Any]:
        report = self._results.folder / "gpu-tests.txt"
        only = ["-k", "nearest or plan"] if self._small else []
        command = [
            sys.executable, "-m", "pytest", "-q", "-m", "gpu", "-o", "addopts=", "--tb=short",
            "--import-mode=importlib", "-W", "default::pytest.PytestConfigWarning", "-rfE",
            "-p", "no:cacheprovider", *only, "tests/train/gpu",
        ]  # fmt: skip
        # Whatever plugins a machine has, none of them takes part.
        place = {"POSEGAN_GPU_TESTS": self._device.type, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
        try:
            self._call(
                command,
                self._budget.at_most(self._budget.seconds / 4 if self._small else 150),
                report,
                **place,
            )
        finally:
            print(report.read_text(errors="replace")[-1500:], flush=True)
        return {"report": report.name, "last_line": report.read_text().strip().splitlines()[-1]}

    def _command(self, module: str, function: str, *arguments: object) -> list[str]:
        code = f"from {module} import {function} as f; f(prog_name={function!r})"
        return [sys.executable, "-c", code, *map(str, arguments)]

    def _market(self) -> dict[str, Any]:
        """Draw as many people as the cores draw in half of the time, and prepare them."""
        limit = self._budget.at_most(self._budget.seconds / 3 if self._small else 90)
        cores, people = os.cpu_count() or 1, 4
        if not self._small:
            rate = self._pictures_per_s()
            people = int(0.45 * limit * rate * cores / 1.6 / IMAGES_PER_IDENTITY)
            people = max(16, min(1_500, people))
        begin = time.monotonic()
        market, shards = self._work / "market", self._work / "shards"
        draw = ("preprocess.commands.draw_market", "draw_market", "--out", market)
        self._logged("draw", limit, *draw, "--identities", people, "--workers", cores)
        drawn = time.monotonic() - begin
        points = [
            x for s in ("train", "test") for x in ("--keypoints", market / f"keypoints-{s}.csv")
        ]
        prepare = ("preprocess.commands.prep_market", "prep_market", "--src", market)
        more = ("--out", shards, "--num-test-pairs", TEST_PAIRS, *points)
        self._logged("prepare", limit - drawn, *prepare, *more)
        took = time.monotonic() - begin
        print(f"{people} people drawn in {drawn:.0f} s, with shards {took:.0f} s", flush=True)
        return {"people": people, "draw_s": drawn, "all_s": took, "shards": shards, "src": market}

    def _pictures_per_s(self) -> float:
        """What one process draws, its start and all that is done once included twice over."""
        times = []
        for people in (4, 12):
            out, begin = self._work / f"sample-{people}", time.monotonic()
            draw = ("preprocess.commands.draw_market", "draw_market", "--out", out)
            self._logged("sample", 60, *draw, "--identities", people, "--workers", 1)
            times.append(time.monotonic() - begin)
        return 8 * IMAGES_PER_IDENTITY / max(0.1, times[1] - times[0])

    def _logged(self, name: str, seconds: float, *command: Any) -> None:
        self._call(self._command(*command), seconds, self._work / f"{name}.txt")

    def _speed(self, preset: str, batch: int, machine: dict[str, Any]) -> Callable[[], Any]:
        def measure() -> dict[str, Any]:
            bench = Bench(preset, batch, "pixels", self._device, channels=self._channels)
            with FlopCounterMode(display=False) as counter:
                bench.step()
            flops = counter.get_total_flops() / batch
            speed, wait = bench.samples_per_s(self._budget.at_most(1.0 if self._small else 2.5))
            peak = machine.get("bfloat16_tflops" if not self._small else "float32_tflops", 0)
            share = flops * speed / (peak * 1e12) if peak else None
            found = {
                "samples_per_s": round(speed, 1),
                "gflop_a_sample": round(flops / 1e9, 2),
                "share_of_matrix_rate": share and round(share, 4),
                "data_wait": round(wait, 4),
            }
            if not self._small:
                found["memory_gib"] = round(torch.cuda.max_memory_allocated() / 2**30, 2)
                torch.cuda.reset_peak_memory_stats()
            print(found, flush=True)
            return found

        return measure

    @property
    def _channels(self) -> int | None:
        return 16 if self._small else None

    def _plans(self) -> dict[str, Any]:
        """Compare the plan of ten rows a pixel with the sparse one: build, forward, backward."""
        found = {}
        for size in (self._batches[0], self._batches[-1] if self._small else 64):
            bench = Bench("full", size, "pixels", self._device, channels=self._channels)
            guidance, settings = bench.draw().guidance, bench.settings.generator
            for name, build in (("fixed", build_fixed_plan), ("sparse", build_warp_plan)):

                def both(build: Any = build, guidance: Any = guidance, s: Any = settings) -> None:
                    for level, channels in zip(s.level_sizes[:4], s.filters, strict=False):
                        plan = build(
                            guidance.transforms, guidance.status, guidance.quads,
                            s.padded_size, level, fidelity=True,
                        )  # fmt: skip
                        maps = torch.ones(
                            (len(guidance), channels, *level), device=self._device,
                            dtype=torch.float32 if self._small else torch.bfloat16,
                        ).contiguous(memory_format=torch.channels_last)  # fmt: skip
                        with mixed_precision(self._device):
                            warp_parts(maps.requires_grad_(), plan).sum().backward()

                seconds = self._seconds(both, 1.0)
                found[f"{name} {size}"] = {"ms_a_sample": round(1000 * seconds / size, 4)}
        print(found, flush=True)
        return found

    def _train(self, preset: str, shards: Path, seconds: float) -> Callable[[], Any]:
        def train() -> dict[str, Any]:
            if seconds < 3:
                raise TimeoutError("no time is left for it")
            out = self._work / "runs" / preset
            flags = ["--channels", self._channels] if self._small else ["--batch", 16]
            self._logged(
                f"train-{preset}", seconds + 60, "train.commands.train_gan", "train_gan",
                "--shards", shards, "--preset", preset, "--features", "pixels",
                "--device", self._device.type, "--out", out, "--max-images", 100_000_000,
                "--max-hours", f"{seconds / 3600:.6f}", *flags,
            )  # fmt: skip
            sheets = sorted((out / "sheets").glob("*.png"))
            shutil.copy(sheets[-1], self._results.folder / f"gpu-{preset}.png")
            log = [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]
            print(log[-1], flush=True)
            return {"run": out, "asked_s": seconds, "log": log[-3:]}

        return train

    def _scores(self, runs: dict[str, Path], shards: Path) -> Callable[[], Any]:
        def score() -> dict[str, Any]:
            found = {}
            limit = 8 if self._small else TEST_PAIRS
            for preset, folder in runs.items():
                out, left = self._work / f"scores-{preset}", self._budget.left
                self._logged(
                    f"scores-{preset}", max(10, left), "train.commands.eval_gan", "eval_gan",
                    "--run", folder, "--shards", shards, "--limit", limit, "--out", out,
                    "--device", self._device.type,
                )  # fmt: skip
                found[preset] = (out / "table.md").read_text()
                print(preset, found[preset], sep="\n", flush=True)
            return found

        return score
