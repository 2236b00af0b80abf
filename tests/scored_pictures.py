"""Pictures to score: coloured people, folders in the field's result forms, weight files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from data_manifest.published_files import write_keypoints

HEIGHT, WIDTH = 128, 64


def smooth_image(rng: np.random.Generator, size: tuple[int, int] = (HEIGHT, WIDTH)) -> np.ndarray:
    """A picture of soft blobs, uint8 (height, width, 3)."""
    coarse = rng.integers(0, 256, (size[0] // 8 + 1, size[1] // 8 + 1, 3), dtype=np.uint8)
    picture = Image.fromarray(coarse).resize((size[1], size[0]), Image.Resampling.BICUBIC)
    return np.asarray(picture)


def person_image(rng: np.random.Generator, size: tuple[int, int] = (HEIGHT, WIDTH)) -> np.ndarray:
    """A flat figure before a flat ground: most windows see one colour, some see an edge."""
    image = np.empty((*size, 3), np.uint8)
    image[:] = rng.integers(0, 256, 3)
    for top, bottom, left, right in ((1, 4, 6, 10), (4, 9, 4, 12), (9, 15, 5, 11)):
        rows = slice(size[0] * top // 16, size[0] * bottom // 16)
        columns = slice(size[1] * left // 16, size[1] * right // 16)
        image[rows, columns] = rng.integers(0, 256, 3)
    return image


def whole_joints(
    rng: np.random.Generator, count: int, size: tuple[int, int], missing: float = 0.3
) -> np.ndarray:
    """Whole-pixel joints (count, 18, 2) in and a little around an image, some absent (NaN)."""
    joints = np.round(rng.uniform(-5, np.array(size[::-1]) + 5, (count, 18, 2)))
    joints[rng.random((count, 18)) < missing] = np.nan
    return joints


@dataclass(frozen=True)
class Results:
    """The same generated images in every form of the field.

    Attributes:
        sources, targets: Names without suffix.
        source, real, generated: uint8 (n, height, width, 3).
        joints: Target poses (n, 18, 2).
        folder: Holds ``real``, ``generated`` (by stem of the target), ``def-gan``, ``patn``,
            ``gfla`` and ``keypoints.csv``.
    """

    sources: tuple[str, ...]
    targets: tuple[str, ...]
    source: np.ndarray
    real: np.ndarray
    generated: np.ndarray
    joints: np.ndarray
    folder: Path


def make_results(
    folder: Path, count: int = 5, size: tuple[int, int] = (HEIGHT, WIDTH), seed: int = 3
) -> Results:
    """Write all forms of ``count`` pairs, without loss."""
    rng = np.random.default_rng(seed)
    sources = tuple(f"{i:04d}_c1s1_000451_03" for i in range(count))
    targets = tuple(f"{i:04d}_c2s1_000776_01" for i in range(count))
    source, real = (np.stack([smooth_image(rng, size) for _ in range(count)]) for _ in range(2))
    generated = (0.7 * real + 0.3 * source).astype(np.uint8)
    joints = np.clip(whole_joints(rng, count, size), 0, np.array(size[::-1]) - 1.0)
    for name in ("real", "generated", "def-gan", "patn", "gfla"):
        (folder / name).mkdir(parents=True)
    for i, (a, b) in enumerate(zip(sources, targets, strict=True)):
        pose = np.full_like(real[i], 9)
        save(folder / "real" / f"{b}.png", real[i])
        save(folder / "generated" / f"{b}.bmp", generated[i])
        three, five = (source[i], real[i], generated[i]), (source[i], pose, real[i], pose)
        save(folder / "def-gan" / f"{a}.jpg_{b}.jpg.png", *three)
        save(folder / "patn" / f"{a}.jpg___{b}.jpg_vis.png", *five, generated[i])
        save(folder / "gfla" / f"{a}_2_{b}_vis.png", generated[i])
    write_keypoints(folder / "keypoints.csv", tuple(f"{b}.jpg" for b in targets), joints)
    return Results(sources, targets, source, real, generated, joints, folder)


def save(path: Path, *panels: np.ndarray) -> Path:
    """Write panels side by side."""
    Image.fromarray(np.concatenate(panels, axis=1)).save(path)
    return path


def write_inception_2015(folder: Path) -> Path:
    """A weight file of the right form with random numbers, for IS and FID."""
    from torch_fidelity import feature_extractor_inceptionv3 as library

    class Bare(library.FeatureExtractorInceptionV3):
        def load_state_dict(self, *_: object, **__: object) -> None:  # type: ignore[override]
            """Keep the random weights."""

    torch.manual_seed(0)
    empty = folder / "empty.pth"
    torch.save({}, empty)
    network = Bare("inception-v3-compat", ["2048"], feature_extractor_weights_path=str(empty))
    empty.unlink()
    _enliven(network)
    path = folder / "weights-inception-2015-12-05-6726825d.pth"
    torch.save(network.state_dict(), path)
    return path


def write_inception_torchvision(folder: Path) -> Path:
    """A weight file of the right form with random numbers, for GFLA's FID."""
    from torchvision.models import inception_v3

    torch.manual_seed(1)
    network = inception_v3(weights=None, init_weights=False)
    _enliven(network)
    path = folder / "inception_v3_google-0cc3c7bd.pth"
    torch.save(network.state_dict(), path)
    return path


def write_alexnet(folder: Path) -> Path:
    """A weight file of the right form with random numbers, for LPIPS."""
    from torchvision.models import alexnet

    torch.manual_seed(2)
    network = alexnet(weights=None)
    state = {k: v for k, v in network.state_dict().items() if k.startswith("features.")}
    path = folder / "alexnet-owt-7be5be79.pth"
    torch.save(state, path)
    return path


def _enliven(network: torch.nn.Module) -> None:
    """Let signals survive ninety layers: random convolutions of torch's default die out."""
    for module in network.modules():
        if isinstance(module, torch.nn.Conv2d):
            torch.nn.init.kaiming_normal_(module.weight)
