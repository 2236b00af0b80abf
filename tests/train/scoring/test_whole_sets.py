"""Scores over more pairs than one chunk holds, and FID against a set of real images of its own."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from commands import call
from scipy.linalg import sqrtm
from scored_pictures import make_results, save, smooth_image

from shared.console import Console
from shared.input_file import InputFile
from train.metrics.deep import NETWORKS
from train.metrics.masks import mask_ssim, pose_masks
from train.metrics.weights import WEIGHT_FILES
from train.scoring.evaluate import CHUNK_PAIRS, EvalSettings, score

QUIET = Console(quiet=True)


@pytest.mark.long
def test_every_pair_beyond_the_first_chunk_is_scored_with_its_own_mask(tmp_path: Path) -> None:
    count = CHUNK_PAIRS + 5
    results = make_results(tmp_path / "results", count=count, size=(32, 24))
    settings = EvalSettings(
        generated=results.folder / "generated",
        real=results.folder / "real",
        keypoints=results.folder / "keypoints.csv",
        protocols=("mask-ssim", "l1"),
        out=tmp_path / "out",
    )
    report = score(settings, QUIET)
    pairs = pd.read_csv(tmp_path / "out" / "pairs.csv").set_index("target")
    assert len(pairs) == report["pairs"] == count
    for row, target in enumerate(results.targets):
        images = (torch.from_numpy(x[row : row + 1]) for x in (results.generated, results.real))
        masks = pose_masks(torch.from_numpy(results.joints[row : row + 1]), (32, 24))
        expected = float(mask_ssim(*images, masks)[0])
        found = pairs[pairs.index.str.startswith(target)].iloc[0]
        assert found["mask-ssim/pose-gan"] == pytest.approx(expected, abs=1e-9), row
        gap = np.abs(results.generated[row].astype(float) - results.real[row]).mean() / 255
        assert found["l1/range1"] == pytest.approx(gap, abs=1e-7)


class Means:
    """A stand-in for a network: an image's features are the means of its quarters and channels."""

    def __init__(self, file: InputFile, device: torch.device) -> None:
        assert file.path.is_file()

    def __call__(self, images: torch.Tensor) -> np.ndarray:
        return features_of(images.cpu().numpy())


def features_of(images: np.ndarray) -> np.ndarray:
    height, width = images.shape[1] // 2, images.shape[2] // 2
    corners = [images[:, y : y + height, x : x + width] for y in (0, height) for x in (0, width)]
    return np.concatenate([c.mean(axis=(1, 2)) for c in corners], axis=1).astype(np.float32)


def distance(first: np.ndarray, second: np.ndarray) -> float:
    """The Fréchet distance as it is written, with a matrix root."""
    shift = first.mean(0) - second.mean(0)
    one, other = (np.cov(x.astype(np.float64), rowvar=False) for x in (first, second))
    return float(shift @ shift + np.trace(one + other - 2 * sqrtm(one @ other).real))


def test_fid_compares_with_the_images_that_fid_real_names(
    tmp_path: Path, rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(NETWORKS, "inception-torchvision", Means)
    weights, train_images = tmp_path / "weights", tmp_path / "bounding_box_train"
    weights.mkdir()
    train_images.mkdir()
    (weights / WEIGHT_FILES["inception-torchvision"].name).touch()
    results = make_results(tmp_path / "results", count=30, size=(32, 24))
    reference = np.stack([smooth_image(rng, (32, 24)) // 2 + 90 for _ in range(70)])
    for number, image in enumerate(reference):
        save(train_images / f"{number:02d}.png", image)

    files: dict[str, Any] = {}

    def fid(name: str, *more: object) -> dict[str, Any]:
        arguments = ("--generated", results.folder / "generated", "--real", results.folder / "real")
        arguments += ("--weights-dir", weights, "--protocols", "fid/gfla", "--force", "--quiet")
        result = call("eval-gan", *arguments, "--out", tmp_path / name, *more)
        assert result.exit_code == 0, result.output
        report = json.loads((tmp_path / name / "metrics.json").read_text())
        files.update(report["files"])
        entry: dict[str, Any] = report["fid"]["gfla"]
        return entry

    ours = features_of(results.generated)
    own = fid("own")
    assert own["value"] == pytest.approx(distance(ours, features_of(results.real)), rel=1e-4)
    assert own["reference"] == 30
    other = fid("other", "--fid-real", train_images)
    assert other["value"] == pytest.approx(distance(ours, features_of(reference)), rel=1e-4)
    assert other["reference"] == 70
    assert abs(own["value"] - other["value"]) > 10
    lines = [
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n"
        for path in sorted(train_images.iterdir())
    ]
    whole = hashlib.sha256("".join(lines).encode()).hexdigest()
    assert files["fid_real"] == {"count": 70, "sha256": whole}
