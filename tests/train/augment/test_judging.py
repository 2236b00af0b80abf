"""Distances from a person, and which pictures are kept."""

from __future__ import annotations

import numpy as np
from torch import Tensor

from train.augment.judging import Distances
from train.augment.table import chosen


class FirstPixel:
    """A stand-in for a judge: it sees the direction of the first pixel's colour."""

    sha256 = "5" * 64

    def __call__(self, images: Tensor) -> np.ndarray:
        colour = images[:, 0, 0].numpy().astype(np.float32)
        return np.asarray(colour / np.linalg.norm(colour, axis=1, keepdims=True))


def pictures(*colours: tuple[int, int, int]) -> np.ndarray:
    images = np.zeros((len(colours), 6, 4, 3), np.uint8)
    images[:] = np.array(colours, np.uint8)[:, None, None]
    return images


RED, GREEN, YELLOW = (255, 0, 0), (0, 255, 0), (255, 255, 0)


def test_the_distance_is_to_the_person_s_other_images() -> None:
    near = Distances(FirstPixel(), pictures(RED, YELLOW, GREEN), np.array([7, 7, 9]))  # type: ignore[arg-type]
    cosine = np.sqrt(0.5)
    # of person 7's first image: the other one alone counts, so that a copy of it is no proof
    found = near.of(pictures(RED, YELLOW, GREEN), np.array([0, 0, 0]))
    np.testing.assert_allclose(found, [1 - cosine, 0, 1 - cosine], atol=1e-6)
    # person 9 has one image, which has to do
    np.testing.assert_allclose(near.of(pictures(GREEN), np.array([2])), [0], atol=1e-6)


def test_the_mean_is_over_all_others() -> None:
    near = Distances(FirstPixel(), pictures(RED, GREEN, GREEN, RED), np.array([1, 1, 1, 1]))  # type: ignore[arg-type]
    np.testing.assert_allclose(near.of(pictures(GREEN), np.array([0])), [1 / 3], atol=1e-6)


def test_the_nearest_are_kept_and_of_equals_the_first() -> None:
    distances = np.array([0.5, 0.1, 0.3, 0.1, 0.9, 0.1])
    assert np.flatnonzero(chosen(distances, 0.5)).tolist() == [1, 3, 5]
    assert np.flatnonzero(chosen(distances, 1 / 3)).tolist() == [1, 3]
    assert np.flatnonzero(chosen(distances, 0.01)).tolist() == [1]
    assert chosen(np.full(4, np.nan), 1.0).all()
