"""How fast the pose stage is: its own cost an image, and beside one ultralytics call an image.

Run ``python tests/bench/bench_pose.py [--images N] [--threads N] [--rounds N] [--device cuda]``.
Yardstick and candidates take turns inside one process; a row gives medians and the ratio of
medians. The network has ultralytics' nano layout and random weights: its time does not depend on
what it has learned.
"""

from __future__ import annotations

import argparse
import platform
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from preprocess.pose.estimator import YoloEstimator, fit, network_input
from preprocess.pose.person_choice import CANDIDATE_LENGTH, choose
from preprocess.pose.yolo import import_ultralytics, load_network, open_estimator
from preprocess.settings import PoseSettings
from shared.console import Console

CROP_SIZE, POSE_SIZE, BATCH = (128, 64), (256, 128), 128
NUM_CELLS = 672
"""Candidates of a nano network at 256x128."""


def main() -> None:
    """Measure and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=256, help="crops of a measurement")
    parser.add_argument("--threads", type=int, default=2, help="torch's threads")
    parser.add_argument("--rounds", type=int, default=5, help="measurements of each candidate")
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    options = parser.parse_args()
    ultralytics = import_ultralytics(offline=True)
    torch.set_num_threads(options.threads)
    console = Console(quiet=True)
    console.result(
        f"{platform.machine()}, {options.threads} threads, torch {torch.__version__}, "
        f"ultralytics {ultralytics.__version__}, {options.device}"
    )
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (options.images, *CROP_SIZE, 3), np.uint8)
    own_cost(console, images, options.rounds, torch.device(options.device))
    end_to_end(console, images, options.rounds, options.device)


def own_cost(console: Console, images: np.ndarray, rounds: int, device: torch.device) -> None:
    """What everything but the network costs: its place is taken by ready candidates."""
    candidates = ready_candidates(device)
    settings = PoseSettings(batch=BATCH)
    estimator = YoloEstimator(
        lambda inputs: candidates[: len(inputs)],
        "stub",
        settings,
        device=device,
        half=device.type == "cuda",
        console=console,
    )
    place = fit(CROP_SIZE, POSE_SIZE)
    dtype = torch.float16 if device.type == "cuda" else torch.float32
    pixels = torch.from_numpy(images[:BATCH]).to(device)

    def resize_only() -> None:
        for _ in range(0, len(images), BATCH):
            network_input(pixels, place, dtype)

    def choice_only() -> None:
        for _ in range(0, len(images), BATCH):
            choose(candidates, place.area, settings.person_threshold)

    times = medians(
        {
            "all of it": lambda: estimator.estimate(images),
            "resize": resize_only,
            "choice": choice_only,
        },
        rounds,
        device,
    )
    rows = [(name, f"{1e3 * seconds / len(images):.3f}") for name, seconds in times.items()]
    console.table("cost beside the network (goal 0.06 on a GPU)", ("what", "ms an image"), rows)


def ready_candidates(device: torch.device) -> Tensor:
    """Candidates as a network gives them: of every image a cluster that is sure, the rest not."""
    generator = torch.Generator().manual_seed(0)
    candidates = torch.rand(BATCH, CANDIDATE_LENGTH, NUM_CELLS, generator=generator)
    candidates[:, 4] *= 0.1
    candidates[:, :4, :8] = torch.tensor([30.0, 20, 100, 240])[:, None]
    candidates[:, 4, :8] += 0.6
    return candidates.to(device)


def end_to_end(console: Console, images: np.ndarray, rounds: int, device: str) -> None:
    """One ultralytics call an image, our batches, and the bare network at the same size."""
    from ultralytics import YOLO

    with tempfile.TemporaryDirectory() as folder:
        path = nano_weights(Path(folder))
        settings = PoseSettings(pose_model=str(path), device=device, batch=BATCH)
        estimator = open_estimator(settings, console)
        network = load_network(path, torch.device(device), half=device == "cuda")
        predictor = YOLO(str(path), task="pose")
        few = [
            np.ascontiguousarray(image[..., ::-1]) for image in images[:: max(1, len(images) // 32)]
        ]
        place = fit(CROP_SIZE, POSE_SIZE)
        dtype = torch.float16 if device == "cuda" else torch.float32
        inputs = network_input(torch.from_numpy(images[:BATCH]).to(device), place, dtype)

        def calls(size: int | tuple[int, int]) -> None:
            for image in few:
                predictor.predict(image, imgsz=size, device=device, verbose=False)

        def bare() -> None:
            with torch.inference_mode():
                for _ in range(0, len(images), BATCH):
                    network(inputs)

        times = medians(
            {
                "ultralytics, a call an image, 640": partial(calls, 640),
                "ultralytics, a call an image, 256x128": partial(calls, POSE_SIZE),
                "ours, batches": lambda: estimator.estimate(images),
                "the bare network": bare,
            },
            rounds,
            torch.device(device),
        )
    rates = {
        name: (len(few) if "call" in name else len(images)) / seconds
        for name, seconds in times.items()
    }
    first = next(iter(rates.values()))
    rows = [(name, f"{rate:.0f}", f"{rate / first:.1f}") for name, rate in rates.items()]
    console.table("nano network, end to end (goal 8)", ("what", "images/s", "ratio"), rows)


def nano_weights(folder: Path) -> Path:
    """Write random weights in the layout of ultralytics' nano pose network."""
    from ultralytics.nn.tasks import PoseModel

    model = PoseModel("yolo11n-pose.yaml", nc=1, data_kpt_shape=[17, 3], verbose=False)
    path = folder / "nano.pt"
    torch.save({"model": model.half(), "train_args": {}}, path)
    return path


def medians(
    candidates: Mapping[str, Callable[[], object]], rounds: int, device: torch.device
) -> dict[str, float]:
    """Return the median seconds of each candidate; they take turns, after one round unmeasured."""
    seconds: dict[str, list[float]] = {name: [] for name in candidates}
    for _ in range(rounds + 1):
        for name, candidate in candidates.items():
            start = time.perf_counter()
            candidate()
            if device.type == "cuda":
                torch.cuda.synchronize()
            seconds[name].append(time.perf_counter() - start)
    return {name: statistics.median(times[1:]) for name, times in seconds.items()}


if __name__ == "__main__":
    main()
