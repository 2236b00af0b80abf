from __future__ import annotations

import numpy as np
import pytest
from drawn_shards import random_arrays
from scipy.ndimage import map_coordinates

from data_manifest.inspection.warping import sample, warp_parts
from shared.affine import NO_TRANSFORM
from shared.geometry import points_in_quads


def test_sampling_equals_scipy_with_zeros_around(rng: np.random.Generator):
    image = rng.integers(0, 256, (9, 14, 3), dtype=np.uint8)
    places = rng.uniform(-3, 17, (500, 2))
    padded = np.pad(image, ((1, 1), (1, 1), (0, 0))).astype(float)
    expected = np.stack(
        [
            map_coordinates(padded[..., c], places[:, ::-1].T + 1, order=1, mode="constant")
            for c in range(3)
        ],
        axis=-1,
    )
    inside = ((places > -1) & (places < [14, 9])).all(axis=1)
    np.testing.assert_allclose(sample(image, places)[inside], expected[inside], atol=1e-9)
    np.testing.assert_array_equal(sample(image, places)[~inside], 0)


def identity_warp(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    image = rng.integers(0, 256, (12, 7, 3), dtype=np.uint8)
    quads = np.full((10, 4, 2), np.nan, np.float32)
    quads[0] = [[-0.5, -0.5], [6.5, -0.5], [6.5, 11.5], [-0.5, 11.5]]
    transforms = np.tile(NO_TRANSFORM, (10, 1, 1)).astype(np.float32)
    transforms[0] = [[1, 0, 0], [0, 1, 0]]
    return image, quads, transforms


@pytest.mark.parametrize("combine", ["max", "over"])
def test_the_identity_on_the_whole_image_gives_the_image(rng: np.random.Generator, combine):
    image, quads, transforms = identity_warp(rng)
    np.testing.assert_array_equal(warp_parts(image, quads, transforms, combine), image)


def test_convention_transforms_lead_from_target_to_source(rng: np.random.Generator):
    image, quads, transforms = identity_warp(rng)
    transforms[0, :, 2] = [2, 3]
    warped = warp_parts(image, quads, transforms)
    np.testing.assert_array_equal(warped[:-3, :-2], image[3:, 2:])
    assert not warped[-3:].any() and not warped[:, -2:].any()


@pytest.mark.parametrize("combine", ["max", "over"])
def test_overlapping_parts_are_combined_as_asked(rng: np.random.Generator, combine):
    image, quads, transforms = identity_warp(rng)
    quads[4] = quads[0]
    transforms[4] = [[1, 0, 1], [0, 1, 0]]
    moved = np.zeros_like(image)
    moved[:, :-1] = image[:, 1:]
    expected = np.maximum(image, moved)
    if combine == "over":
        expected = np.concatenate([moved[:, :-1], image[:, -1:]], axis=1)
    np.testing.assert_array_equal(warp_parts(image, quads, transforms, combine), expected)


def test_a_warped_figure_is_nearer_to_the_target_than_the_source_is():
    arrays = random_arrays(3, identities=tuple(range(2, 7)), size=(128, 64))
    before, after = [], []
    for pair, (source, target) in enumerate(arrays.pairs):
        warped = warp_parts(
            arrays.images[source], arrays.quads[target], arrays.transforms[pair], "over"
        )
        y, x = np.mgrid[:128, :64].reshape(2, -1)
        limbs = points_in_quads(arrays.quads[target][2:], np.stack([x, y], -1).astype(float))
        body = (limbs & (arrays.status[pair][2:, None] > 0)).any(axis=0).reshape(128, 64)
        wanted = arrays.images[target][body].astype(float)
        before.append(np.abs(arrays.images[source][body] - wanted).mean())
        after.append(np.abs(warped[body] - wanted).mean())
    assert np.mean(after) < 0.8 * np.mean(before)
    assert (np.array(after) < np.array(before)).mean() > 0.7
