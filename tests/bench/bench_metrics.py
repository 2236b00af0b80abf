"""SSIM and masks against scikit-image's loop on one core: interleaved, medians, ratios.

Run: ``python tests/bench/bench_metrics.py [--images 64] [--rounds 9]``
"""

from __future__ import annotations

import os

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"  # before NumPy and torch are imported: one core each

import argparse  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402
from collections.abc import Callable  # noqa: E402
from pathlib import Path  # noqa: E402

import numpy as np  # noqa: E402
import torch  # noqa: E402

sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parents[1])]

from scored_pictures import smooth_image, whole_joints  # noqa: E402
from skimage.draw import disk, polygon  # noqa: E402
from skimage.metrics import structural_similarity  # noqa: E402
from skimage.morphology import dilation, erosion  # noqa: E402

from train.metrics.masks import MASK_LIMBS, pose_masks  # noqa: E402
from train.metrics.protocols import SSIM_PROTOCOLS  # noqa: E402
from train.metrics.ssim import ssim_by_protocol  # noqa: E402

SIZE = (128, 64)
YARDSTICK_IMAGES = 8
GAUSSIAN = {"gaussian_weights": True, "use_sample_covariance": False}
OPTIONS = {
    "pose-gan": {**GAUSSIAN, "sigma": 1.5},
    "range255": {**GAUSSIAN, "sigma": 1.5},
    "pg2": {},
    "gfla": {"win_size": 51},
    "pidm": {**GAUSSIAN, "sigma": 1.2},
}


def skimage_ssim(generated: np.ndarray, real: np.ndarray, names: tuple[str, ...]) -> None:
    for ours, theirs in zip(generated, real, strict=True):
        for name in names:
            span = int(ours.max()) - int(ours.min()) if SSIM_PROTOCOLS[name].own_range else 255
            options = {"channel_axis": -1, "data_range": span, **OPTIONS[name]}
            structural_similarity(theirs, ours, **options)


def skimage_masks(joints: np.ndarray) -> None:
    square = np.ones((5, 5), bool)
    for pose in joints[..., ::-1]:
        mask = np.zeros(SIZE, bool)
        for start, end in MASK_LIMBS:
            along = pose[start] - pose[end]
            if not np.isnan(along).any() and along.any():
                normal = 4 * np.array([-along[1], along[0]]) / np.linalg.norm(along)
                sides = (normal, -normal)
                corners = [pose[start] + s for s in sides] + [pose[end] - s for s in sides]
                mask[polygon(*np.array(corners).T, shape=SIZE)] = True
        for point in pose[~np.isnan(pose).any(1)]:
            mask[disk(point, 4, shape=SIZE)] = True
        erosion(dilation(mask, square), square)


def seconds(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def compare(
    name: str, ours: Callable[[], object], theirs: Callable[[], object], images: int, rounds: int
) -> None:
    """Time both in turn and print milliseconds an image and the median of the rounds' ratios."""
    seconds(ours), seconds(theirs)
    times = np.array(
        [(seconds(ours) / images, seconds(theirs) / YARDSTICK_IMAGES) for _ in range(rounds)]
    )
    own, yardstick = 1000 * np.median(times, axis=0)
    ratio = np.median(times[:, 1] / times[:, 0])
    print(f"{name:24} {own:9.3f} {yardstick:11.3f} {ratio:7.1f} x")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=9)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    rng = np.random.default_rng(0)
    generated, real = (
        np.stack([smooth_image(rng, SIZE) for _ in range(arguments.images)]) for _ in range(2)
    )
    joints = whole_joints(rng, arguments.images, SIZE).clip(0, np.array(SIZE[::-1]) - 1.0)
    tensors = torch.from_numpy(generated), torch.from_numpy(real)
    few = generated[:YARDSTICK_IMAGES], real[:YARDSTICK_IMAGES]
    print(f"{'128 x 64, one core':24} {'ms/image':>9} {'skimage ms':>11} {'ratio':>9}")
    groups = {f"ssim/{name}": (name,) for name in SSIM_PROTOCOLS}
    for name, names in {**groups, "ssim, all five": tuple(SSIM_PROTOCOLS)}.items():
        compare(
            name,
            lambda names=names: ssim_by_protocol(*tensors, names),  # type: ignore[misc]
            lambda names=names: skimage_ssim(*few, names),  # type: ignore[misc]
            arguments.images,
            arguments.rounds,
        )
    compare(
        "masks",
        lambda: pose_masks(torch.from_numpy(joints), SIZE),
        lambda: skimage_masks(joints[:YARDSTICK_IMAGES]),
        arguments.images,
        arguments.rounds,
    )


if __name__ == "__main__":
    main()
