"""What is measured of whom: subjects, unknown poses, masks of their own, constant images."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from scored_pictures import whole_joints
from torch import Tensor

from train.metrics.deep import Features
from train.metrics.masks import masked, pose_masks
from train.metrics.protocols import choose_scores
from train.scoring.measure import Measurements, Measurer, Networks
from train.scoring.plan import Plan
from train.scoring.reading import Chunk

CPU = torch.device("cpu")
SIZE = (24, 20)
COUNT = 7
KNOWN = np.array([True, False, True, True, False, True, True])


class Watching:
    """A stand-in for the InceptionV3 of 2015 that remembers what it was shown."""

    def __init__(self) -> None:
        self.seen: list[Tensor] = []

    def __call__(self, images: Tensor) -> Features:
        self.seen.append(images.clone())
        means = images.double().mean((1, 2)).numpy().astype(np.float32)
        return Features(means, means)


@pytest.fixture
def pictures(rng: np.random.Generator) -> np.ndarray:
    """Generated, real and source images: uint8 (3, 7, 24, 20, 3)."""
    return rng.integers(1, 256, (3, COUNT, *SIZE, 3), dtype=np.uint8)


@pytest.fixture
def joints(rng: np.random.Generator) -> np.ndarray:
    found = whole_joints(rng, COUNT, SIZE, missing=0.1)
    found[~KNOWN] = np.nan
    return found


def chunks(pictures: np.ndarray) -> Iterator[Chunk]:
    for first in (0, 4):
        generated, real, original = pictures[:, first : first + 4]
        yield Chunk(first, generated, real, original, {})


def measured(
    names: tuple[str, ...], pictures: np.ndarray, joints: np.ndarray | None = None
) -> tuple[Measurements, Watching]:
    plan, network = Plan(choose_scores(names), {}), Watching()
    networks = Networks(Plan((), {}), None, CPU, {"inception-2015": network})
    mean = np.full((*SIZE, 3), 100, np.uint8)
    known = KNOWN if joints is not None else np.zeros(COUNT, bool)
    measurer = Measurer(plan, networks, CPU, mean=mean, joints=joints, known=known)
    for chunk in chunks(pictures):
        measurer.add(chunk)
    return measurer.found, network


def test_each_subject_is_compared_with_the_real_images(pictures: np.ndarray) -> None:
    found, _ = measured(("l1",), pictures)
    generated, real, source = pictures.astype(np.float64)
    subjects = {"generated": generated, "real": real, "source": source, "mean": 100.0, "black": 0.0}
    assert list(found.values) == list(subjects)
    for name, images in subjects.items():
        expected = np.abs(images - real).mean((1, 2, 3)) / 255
        np.testing.assert_allclose(found.values[name]["l1/range1"], expected, rtol=1e-12)


def test_a_pair_without_a_pose_has_no_score_that_needs_one(
    pictures: np.ndarray, joints: np.ndarray
) -> None:
    found, _ = measured(("mask-ssim", "sharpness", "l1"), pictures, joints)
    for subject in ("generated", "real", "black"):
        values = found.values[subject]
        for key in ("mask-ssim/pose-gan", "sharpness/grey-gradient"):
            assert np.array_equal(np.isnan(values[key]), ~KNOWN), (subject, key)
        assert np.isfinite(values["l1/range1"]).all()
        over, under = found.sums[subject]["sharpness/grey-gradient"]
        assert np.array_equal(np.isnan(over), ~KNOWN) and np.array_equal(np.isnan(under), ~KNOWN)


def test_a_ratio_of_a_pair_is_its_first_sum_over_its_second(
    pictures: np.ndarray, joints: np.ndarray
) -> None:
    found, _ = measured(("sharpness",), pictures, joints)
    over, under = found.sums["generated"]["sharpness/grey-gradient"]
    np.testing.assert_array_equal(
        found.values["generated"]["sharpness/grey-gradient"], over / under
    )
    np.testing.assert_allclose(found.values["real"]["sharpness/grey-gradient"][KNOWN], 1)


def test_plain_sets_see_every_image_and_constant_ones_once(pictures: np.ndarray) -> None:
    found, network = measured(("is",), pictures)
    key = "is/torchmetrics"
    for subject, images in zip(("generated", "real", "source"), pictures, strict=True):
        expected = images.astype(np.float64).mean((1, 2))
        np.testing.assert_allclose(found.features_of(subject, key), expected, rtol=1e-6)
    for subject, level in (("mean", 100), ("black", 0)):
        np.testing.assert_array_equal(found.features_of(subject, key), [[level] * 3])
    assert sum(len(images) for images in network.seen) == 3 * COUNT + 2


def test_masked_sets_see_the_people_of_known_poses_alone(
    pictures: np.ndarray, joints: np.ndarray
) -> None:
    found, _ = measured(("mask-is",), pictures, joints)
    masks = pose_masks(torch.from_numpy(joints), SIZE)
    assert masks[torch.from_numpy(KNOWN)].any((1, 2)).all()
    real = torch.from_numpy(pictures[1])
    subjects = {"generated": torch.from_numpy(pictures[0]), "real": real}
    subjects["mean"] = torch.full_like(real, 100)
    for subject, images in subjects.items():
        people = masked(images, masks)[torch.from_numpy(KNOWN)]
        expected = people.double().mean((1, 2)).numpy()
        features = found.features_of(subject, "mask-is/torchmetrics")
        np.testing.assert_allclose(features, expected, rtol=1e-6)


def test_networks_that_nothing_needs_are_not_looked_for(tmp_path: Path) -> None:
    assert Networks(Plan(choose_scores(("l1",)), {}), tmp_path, CPU).hashes == {}
