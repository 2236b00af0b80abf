"""Sharpness against loops over pixels, and what it says of blur."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scored_pictures import smooth_image

from shared.errors import UsageError
from train.metrics.compared import Compared
from train.metrics.sharpness import edge_strength, edges_of_pairs


def by_loops(image: np.ndarray, mask: np.ndarray) -> float:
    """The definition, pixel by pixel."""
    height, width = mask.shape

    def grey(y: int, x: int) -> float:
        red, green, blue = (float(value) for value in image[y, x])
        return 0.299 * red + 0.587 * green + 0.114 * blue

    found = [
        math.hypot((grey(y, x + 1) - grey(y, x - 1)) / 2, (grey(y + 1, x) - grey(y - 1, x)) / 2)
        for y in range(1, height - 1)
        for x in range(1, width - 1)
        if mask[y, x]
    ]
    return sum(found) / len(found) if found else 0.0


def test_it_equals_loops_over_pixels(rng: np.random.Generator) -> None:
    images = rng.integers(0, 256, (3, 13, 9, 3), dtype=np.uint8)
    masks = rng.random((3, 13, 9)) < 0.4
    masks[2] = False
    masks[2, 0] = True  # the border has no gradient
    found = edge_strength(torch.from_numpy(images), torch.from_numpy(masks))
    expected = [by_loops(image, mask) for image, mask in zip(images, masks, strict=True)]
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-12)
    assert expected[2] == 0


def test_convention_a_slope_of_grey_has_its_steepness_whatever_its_direction() -> None:
    down, right = np.mgrid[:12, :20]
    mask = torch.ones(1, 12, 20, dtype=torch.bool)
    for slope in (3 * right, 3 * down):
        image = torch.from_numpy(np.repeat(slope[None, ..., None], 3, 3).astype(np.uint8))
        assert float(edge_strength(image, mask)) == pytest.approx(3)


def test_blur_lowers_it_and_the_real_picture_has_its_own(rng: np.random.Generator) -> None:
    real = torch.from_numpy(np.stack([smooth_image(rng, (32, 20)) for _ in range(2)]))
    pixels = real.permute(0, 3, 1, 2).float()
    blurred = (
        torch.nn.functional.avg_pool2d(pixels, 5, 1, 2, count_include_pad=False)
        .permute(0, 2, 3, 1)
        .byte()
    )
    masks = torch.ones(2, 32, 20, dtype=torch.bool)
    own, asked = edges_of_pairs(Compared(images=blurred, real=real, masks=masks), "")
    assert (own < 0.9 * asked).all() and torch.equal(asked, edge_strength(real, masks))


def test_masks_of_another_size_are_refused() -> None:
    images = torch.zeros(1, 8, 6, 3, dtype=torch.uint8)
    with pytest.raises(UsageError, match="masks"):
        edge_strength(images, torch.ones(1, 6, 8, dtype=torch.bool))
