"""Which side of a pair each field of a batch shows."""

from __future__ import annotations

import pytest
import torch
from drawn_shards import random_arrays
from torch import Tensor

from train.data.batch import make_batch
from train.data.store import Samples, store_from

SIZE = (64, 48)


def some_samples() -> Samples:
    store = store_from([random_arrays(4, identities=(2, 3), size=SIZE)])
    return store.gather(torch.arange(store.num_pairs))


def gaussians(joints: Tensor, sigma: float) -> Tensor:
    """exp(-d^2 / 2 sigma^2), pixel by pixel; sigma counts at a height of 128."""
    height, width = SIZE
    y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    squares = (x - joints[..., 0, None, None]) ** 2 + (y - joints[..., 1, None, None]) ** 2
    return torch.exp(-squares / (2 * (sigma * height / 128) ** 2)).nan_to_num(0.0)


@pytest.mark.parametrize("side", ["source", "target"])
@pytest.mark.parametrize("sigma", [6.0, 2.5])
def test_each_side_s_heat_maps_show_its_own_joints(side: str, sigma: float) -> None:
    samples = some_samples()
    batch = make_batch(samples, None, sigma=sigma)
    expected = gaussians(getattr(samples, f"{side}_joints"), sigma)
    torch.testing.assert_close(getattr(batch, f"{side}_pose"), expected, rtol=1e-4, atol=1e-5)
    other = "target" if side == "source" else "source"
    assert not torch.allclose(getattr(batch, f"{other}_pose"), expected, atol=0.1)


@pytest.mark.parametrize("side", ["source", "target"])
def test_each_side_s_image_and_joints_are_its_own(side: str) -> None:
    samples = some_samples()
    batch = make_batch(samples, None, sigma=6.0)
    levels = (getattr(batch, f"{side}_image") + 1) * 127.5
    images = getattr(samples, f"{side}_images").permute(0, 3, 1, 2).float()
    torch.testing.assert_close(levels, images, rtol=0, atol=0.01)
    joints = getattr(batch, f"{side}_joints")
    torch.testing.assert_close(joints, getattr(samples, f"{side}_joints"), equal_nan=True)
