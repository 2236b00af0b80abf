"""SSIM inside and outside of masks against scikit-image's whole map."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scored_pictures import person_image, smooth_image
from skimage.metrics import structural_similarity

from shared.errors import UsageError
from train.metrics.ssim import ssim, ssim_by_place


def map_of(generated: np.ndarray, real: np.ndarray) -> np.ndarray:
    """The map of the protocol ``pose-gan``, only where the window lies inside the image."""
    _, found = structural_similarity(
        real,
        generated,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
        data_range=int(generated.max()) - int(generated.min()),
        channel_axis=-1,
        full=True,
    )
    return np.asarray(found)[5:-5, 5:-5].mean(2)


def test_both_sides_equal_skimage(rng: np.random.Generator) -> None:
    size = (40, 27)
    real = np.stack([smooth_image(rng, size) for _ in range(3)])
    generated = np.stack([person_image(rng, size) for _ in range(3)])
    masks = rng.random((3, *size)) < 0.3
    found = ssim_by_place(*(torch.from_numpy(a) for a in (generated, real, masks)))
    for row in range(3):
        whole, inside = map_of(generated[row], real[row]), masks[row, 5:-5, 5:-5]
        assert float(found[0][row]) == pytest.approx(whole[inside].mean(), abs=1e-9)
        assert float(found[1][row]) == pytest.approx(whole[~inside].mean(), abs=1e-9)


def test_the_sides_weighted_by_their_pixels_are_the_whole(rng: np.random.Generator) -> None:
    images = [torch.tensor(smooth_image(rng, (30, 24)))[None] for _ in range(2)]
    masks = torch.zeros(1, 30, 24, dtype=torch.bool)
    masks[:, 6:20, 7:15] = True
    inside, outside = ssim_by_place(*images, masks)
    share = masks[:, 5:-5, 5:-5].double().mean()
    whole = share * inside + (1 - share) * outside
    torch.testing.assert_close(whole, ssim(*images), rtol=0, atol=1e-12)


def test_a_side_without_a_pixel_has_no_score(rng: np.random.Generator) -> None:
    image = torch.tensor(smooth_image(rng, (20, 16)))[None]
    inside, outside = ssim_by_place(image, image, torch.zeros(1, 20, 16, dtype=torch.bool))
    assert torch.isnan(inside).all() and float(outside) == pytest.approx(1)


def test_masks_of_another_size_are_refused() -> None:
    image = torch.zeros(1, 20, 16, 3, dtype=torch.uint8)
    with pytest.raises(UsageError) as refused:
        ssim_by_place(image, image, torch.zeros(1, 16, 20, dtype=torch.bool))
    assert refused.value.message == (
        "masks: expected shape (1, 20, 16), found (1, 16, 20); draw them anew"
    )


def test_images_smaller_than_the_window_are_refused_in_the_protocol_s_name() -> None:
    image = torch.zeros(1, 20, 10, 3, dtype=torch.uint8)
    with pytest.raises(UsageError) as refused:
        ssim_by_place(image, image, torch.zeros(1, 20, 10, dtype=torch.bool), "range255")
    assert refused.value.message == (
        "SSIM range255: expected images of at least 11 x 11 pixels, its window, "
        "found 20 x 10 (height x width); leave this protocol out"
    )
