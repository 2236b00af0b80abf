"""Samples a second of whole training steps, and where their time goes.

Drawn samples, random networks; the feature losses see pixels, or VGG-19 with random weights
(``--features vgg``), which costs what the real ones cost. It prints tables and asserts nothing.

    python tests/bench/bench_train.py [--preset full] [--batch 4 16 64] [--device cuda]
"""

from __future__ import annotations

import argparse
import platform
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch

from shared.console import Console
from train.data.batch import Batch, make_batch
from train.data.feed import DeviceFeed
from train.data.order import Order, Share
from train.data.store import Store, store_from
from train.losses.objective import Objective, make_objective
from train.losses.vgg import VggFeatures
from train.settings.presets import PRESETS, resolve
from train.state import TrainState
from train.step import generate, mixed_precision, train_step

# The root comes first, or its packages would be taken from tests/.
REPOSITORY = Path(__file__).resolve().parents[2]
sys.path += [str(REPOSITORY), str(REPOSITORY / "tests")]
from drawn_shards import random_arrays  # noqa: E402

SIZE = (128, 64)
_NETWORKS = ("generator", "discriminator")


def synchronised(device: torch.device) -> float:
    """The time when the device has done all that was asked of it."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter()


class Bench:
    """One preset at one batch size."""

    def __init__(
        self,
        preset: str,
        batch: int,
        features: str,
        device: torch.device,
        *,
        channels: int | None = None,
    ) -> None:
        layers = [{"generator": {"image_size": SIZE}}, {"data": {"batch": batch}}]
        if channels:
            layers += [{name: {"base_channels": channels}} for name in _NETWORKS]
        self.settings = resolve(preset, *layers, {"loss": {"features": "pixels"}})
        self.device = device
        self.state = TrainState(self.settings, device)
        self.objective = self._objective(features)
        store: Store = store_from([random_arrays(1, identities=(2, 3, 4), size=SIZE)])
        order = Order((store.num_pairs,), seed=0, mirror=self.settings.data.mirror)
        self.feed = DeviceFeed(store.to(device), Share(order, batch), first=0)
        self.waited = 0.0

    def _objective(self, features: str) -> Objective:
        loss = self.settings.loss
        if features == "pixels" or not loss.needs_features:
            return make_objective(loss, None, self.device)
        layers = (*loss.perceptual_layers, loss.nearest_layer)
        used = layers if loss.nearest_weight else layers[:-1]
        return Objective(loss, VggFeatures(None, used, loss.feature_scale).to(self.device))

    def draw(self) -> Batch:
        begin = time.perf_counter()
        drawn = self.feed.draw()
        self.waited += time.perf_counter() - begin
        poses = self.settings.generator.drawn_poses
        return make_batch(drawn.samples, drawn.mirrored, sigma=6.0, poses=poses)

    def step(self) -> None:
        train_step(self.state, self.objective, self.draw)

    def samples_per_s(self, seconds: float) -> tuple[float, float]:
        """Measure the speed of whole steps and the share of it spent waiting for samples."""
        for _ in range(2):
            self.step()
        self.waited, steps = 0.0, 0
        begin = synchronised(self.device)
        while time.perf_counter() - begin < seconds:
            self.step()
            steps += 1
        passed = synchronised(self.device) - begin
        return steps * self.settings.data.batch / passed, self.waited / passed

    def phases(self) -> dict[str, Callable[[], object]]:
        """Parts of a step that can be timed alone."""
        batch, state = self.draw(), self.state
        images = generate(state.generator, batch).detach().requires_grad_()

        def judged() -> torch.Tensor:
            with mixed_precision(self.device):
                return state.discriminator(images, batch.source_image, batch.guidance).float()

        def losses() -> torch.Tensor:
            terms = self.objective.generator(judged(), images, batch.target_image)
            return torch.stack(list(terms.values())).sum()

        return {
            "draw a batch, heat maps": self.draw,
            "plan the warps": lambda: state.generator.prepare(batch.guidance),
            "generator forward": lambda: generate(state.generator, batch),
            "generator forward, backward": lambda: (
                generate(state.generator, batch).sum().backward()
            ),
            "discriminator forward, backward": lambda: judged().sum().backward(),
            "generator's losses, backward to the image": lambda: losses().backward(),
            "average of the weights": lambda: state.update_average(1),
            "whole step": self.step,
        }

    def milliseconds(self, action: Callable[[], object], repeats: int = 3) -> float:
        action()
        begin = synchronised(self.device)
        for _ in range(repeats):
            action()
        return 1000 * (synchronised(self.device) - begin) / repeats


def main() -> None:
    """Measure and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--preset", choices=list(PRESETS), default="demo")
    parser.add_argument("--batch", type=int, nargs="+", default=[4, 8])
    parser.add_argument("--features", choices=["pixels", "vgg"], default="pixels")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=3.0)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    device, console = torch.device(given.device), Console()
    name = torch.cuda.get_device_name() if device.type == "cuda" else platform.machine()
    where = f"preset {given.preset}, features {given.features} (random), {name}, {SIZE}"
    rows = []
    for size in given.batch:
        bench = Bench(given.preset, size, given.features, device)
        speed, wait = bench.samples_per_s(given.seconds)
        rows.append((size, f"{speed:,.1f}", f"{100 * wait:.2f} %"))
    console.table(where, ("batch", "samples/s", "data wait"), rows)
    parts = [(k, f"{bench.milliseconds(v):,.1f}") for k, v in bench.phases().items()]
    console.table(f"where the time goes, batch {size}", ("part", "ms"), parts)


if __name__ == "__main__":
    main()
