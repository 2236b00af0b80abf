"""How fast, and in how much memory, the part warp and the nearest-neighbour loss run.

Run ``python tests/bench/bench_nets.py [--batch N] [--threads N] [--rounds N] [--device cuda]``.
Yardstick and candidates take turns inside one process; a row gives medians and the ratio of
medians. Memory is the peak of what a forward and a backward pass allocate beyond their inputs.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.profiler import ProfilerActivity, profile

from shared.affine import pair_transforms
from shared.console import Console
from shared.geometry import mask_quads, valid_poses
from train.losses.nearest import nearest_neighbour_loss
from train.nets.fixed_plan import build_fixed_plan
from train.nets.warp import build_warp_plan, warp_parts
from train.settings.networks import Sampling

# The oracles are the tests'. The root comes first, or its packages would be taken from tests/.
REPOSITORY = Path(__file__).resolve().parents[2]
sys.path += [str(REPOSITORY), str(REPOSITORY / "tests")]
from naive_warp import naive_grid, naive_level_transforms, naive_masks  # noqa: E402
from poses import random_poses  # noqa: E402

IMAGE_SIZE = (128, 64)
LEVELS = ((64, 128, 64), (128, 64, 32), (256, 32, 16), (512, 16, 8))
MIB = 2**20


def main() -> None:
    """Measure and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batch", type=int, default=4, help="samples of a warp")
    parser.add_argument("--threads", type=int, default=2, help="torch's threads")
    parser.add_argument("--rounds", type=int, default=9, help="measurements of each candidate")
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    device = torch.device(options.device)
    console = Console()
    console.result(f"{platform.machine()}, {options.threads} threads, torch {torch.__version__}")
    for sampling in ("nearest", "bilinear"):
        warp_table(console, sampling, options.batch, options.rounds, device)
    for window in (3, 5):
        nearest_table(console, window, options.rounds, device)


def warp_table(
    console: Console, sampling: Sampling, batch: int, rounds: int, device: torch.device
) -> None:
    """Compare warps of all four levels, forward and backward, plans and masks included."""
    parts, joints_per_pixel = people(batch, device)
    maps = [torch.randn(batch, *level, device=device) for level in LEVELS]
    gradients = [torch.randn_like(one) for one in maps]
    last = [one.contiguous(memory_format=torch.channels_last) for one in maps]
    last_gradients = [one.contiguous(memory_format=torch.channels_last) for one in gradients]
    passes = {
        "ten maps (grid_sample)": partial(naive_pass, maps, gradients, parts, sampling),
        "sparse, NCHW": partial(sparse_pass, maps, gradients, parts, sampling),
        "sparse, channels_last": partial(sparse_pass, last, last_gradients, parts, sampling),
        "its plans alone": partial(plans, maps, parts, sampling),
        "fixed shape, channels_last": partial(fixed_pass, last, last_gradients, parts, sampling),
    }
    per_map = maps[0].numel() * maps[0].element_size()
    first = (maps[:1], gradients[:1], parts, sampling)
    last_first = (last[:1], last_gradients[:1], parts, sampling)
    memory = {
        "ten maps (grid_sample)": peak_bytes(partial(naive_pass, *first)) / per_map,
        "sparse, NCHW": peak_bytes(partial(sparse_pass, *first)) / per_map,
        "sparse, channels_last": peak_bytes(partial(sparse_pass, *last_first)) / per_map,
    }
    title = f"part warp, {sampling}, batch {batch}, {joints_per_pixel:.2f} active masks a pixel"
    columns = ["", "ms/sample", "times as fast", "feature maps of memory (level 1)"]
    rows = timed(passes, rounds, device, batch)
    console.table(title, columns, [(*row, f"{memory.get(row[0], 0):.1f}") for row in rows])


def nearest_table(console: Console, window: int, rounds: int, device: torch.device) -> None:
    """Compare losses on one sample of block1_conv2: 64 channels at 128 x 64."""
    generated, real = torch.randn(2, 1, *LEVELS[0], device=device).unbind(0)
    last = partial(Tensor.contiguous, memory_format=torch.channels_last)
    passes = {
        "stack of shifts": partial(loss_pass, stacked_loss, generated, real, window),
        "running, NCHW": partial(loss_pass, nearest_neighbour_loss, generated, real, window),
        "running, channels_last": partial(
            loss_pass, nearest_neighbour_loss, last(generated), last(real), window
        ),
    }
    memory = {name: peak_bytes(one) / MIB for name, one in passes.items()}
    rows = timed(passes, rounds, device)
    title = f"nearest-neighbour loss, {window} x {window}, 64 channels at 128 x 64"
    columns = ["", "ms", "times as fast", "MiB"]
    console.table(title, columns, [(*row, f"{memory[row[0]]:.1f}") for row in rows])


def people(batch: int, device: torch.device) -> tuple[tuple[Tensor, ...], float]:
    """Return transforms, status and quads of random pairs, and the mean number of masks a pixel."""
    poses = random_poses(np.random.default_rng(0), 20 * batch)
    poses = poses[valid_poses(poses)][: 2 * batch]
    transforms, status = pair_transforms(poses[:batch], poses[batch:])
    quads = torch.tensor(mask_quads(poses[batch:], IMAGE_SIZE))
    covered = naive_masks(quads, IMAGE_SIZE, IMAGE_SIZE).sum(dim=1).float().mean().item()
    parts = (torch.tensor(transforms).float(), torch.tensor(status), quads)
    return tuple(part.to(device) for part in parts), covered


def naive_pass(
    maps: list[Tensor], gradients: list[Tensor], parts: tuple[Tensor, ...], sampling: str
) -> None:
    """Tile ten times, sample, mask, take the maximum; its masks are drawn here as well."""
    transforms, _, quads = parts
    for one, gradient in zip(maps, gradients, strict=True):
        batch, channels, height, width = one.shape
        matrices = naive_level_transforms(transforms.cpu(), IMAGE_SIZE[0] / height, fidelity=True)
        grid = naive_grid(matrices, (height, width)).float().to(one.device)
        masks = naive_masks(quads.cpu(), IMAGE_SIZE, (height, width)).to(one.device)
        features = one.detach().requires_grad_()
        tiled = features[:, None].expand(-1, 10, -1, -1, -1).reshape(-1, channels, height, width)
        warped = F.grid_sample(tiled, grid.flatten(0, 1), mode=sampling, align_corners=True)
        masked = warped.view(batch, 10, channels, height, width) * masks[:, :, None]
        masked.max(dim=1).values.backward(gradient)


def plans(maps: list[Tensor], parts: tuple[Tensor, ...], sampling: Sampling) -> None:
    """Build the plans of all levels."""
    for one in maps:
        build_warp_plan(*parts, IMAGE_SIZE, one.shape[2:], sampling=sampling, fidelity=True)


def sparse_pass(
    maps: list[Tensor], gradients: list[Tensor], parts: tuple[Tensor, ...], sampling: Sampling
) -> None:
    """Build the plans and warp by them."""
    for one, gradient in zip(maps, gradients, strict=True):
        features = one.detach().requires_grad_()
        size = (one.shape[2], one.shape[3])
        plan = build_warp_plan(*parts, IMAGE_SIZE, size, sampling=sampling, fidelity=True)
        warp_parts(features, plan).backward(gradient)


def fixed_pass(
    maps: list[Tensor], gradients: list[Tensor], parts: tuple[Tensor, ...], sampling: Sampling
) -> None:
    """Build the plans of fixed shape, which a CUDA device takes, and warp by them."""
    for one, gradient in zip(maps, gradients, strict=True):
        features = one.detach().requires_grad_()
        size = (one.shape[2], one.shape[3])
        plan = build_fixed_plan(*parts, IMAGE_SIZE, size, sampling=sampling, fidelity=True)
        warp_parts(features, plan).backward(gradient)


def stacked_loss(generated: Tensor, real: Tensor, window: int) -> Tensor:
    """The field's way: all shifts side by side."""
    height, width = generated.shape[2:]
    padded = F.pad(real, (window // 2,) * 4, value=1e6)
    shifts = [
        padded[:, :, y : y + height, x : x + width] for y in range(window) for x in range(window)
    ]
    return (generated[None] - torch.stack(shifts)).abs().sum(dim=2).min(dim=0).values.mean()


def loss_pass(
    loss: Callable[[Tensor, Tensor, int], Tensor], generated: Tensor, real: Tensor, window: int
) -> None:
    """Run a loss forward and backward."""
    loss(generated.detach().requires_grad_(), real, window).backward()


def timed(
    passes: Mapping[str, Callable[[], None]], rounds: int, device: torch.device, per: int = 1
) -> list[tuple[str, str, str]]:
    """Let the candidates take turns; give name, median in ms and ratio to the first one."""
    seconds: dict[str, list[float]] = {name: [] for name in passes}
    for turn in range(rounds + 1):
        for name, one in passes.items():
            start = time.perf_counter()
            one()
            if device.type == "cuda":
                torch.cuda.synchronize()
            if turn:  # the first one warms up
                seconds[name].append(time.perf_counter() - start)
    medians = {name: statistics.median(times) for name, times in seconds.items()}
    yardstick = next(iter(medians.values()))
    return [
        (name, f"{1e3 * median / per:.2f}", f"{yardstick / median:.1f}")
        for name, median in medians.items()
    ]


def peak_bytes(one: Callable[[], None]) -> int:
    """Return the largest sum of bytes that a pass holds at a time beyond what was there before."""
    one()
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiler:
        one()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "trace.json"
        profiler.export_chrome_trace(str(path))
        events = json.loads(path.read_text())["traceEvents"]
    changes = [event for event in events if event["name"] == "[memory]"]
    held = peak = 0
    for event in sorted(changes, key=lambda event: event["ts"]):
        held += event["args"]["Bytes"]
        peak = max(peak, held)
    return peak


if __name__ == "__main__":
    main()
