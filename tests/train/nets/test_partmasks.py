"""Masks against shared.geometry's test of points in quads, at every level."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from naive_warp import naive_level_transforms, naive_masks
from poses import random_poses, standing_pose
from twin_geometry import scale_quads, scale_transforms

from shared.affine import pair_transforms
from shared.errors import UsageError
from shared.geometry import mask_quads, points_in_quads, valid_poses
from train.nets.partmasks import level_factor, part_masks
from train.nets.warp_plan import level_transforms

SIZE = (128, 64)


def centres(size: tuple[int, int]) -> np.ndarray:
    y, x = np.mgrid[: size[0], : size[1]]
    return np.stack([x, y], axis=-1).reshape(-1, 2)


@pytest.mark.parametrize("factor", [1, 2, 4, 8])
def test_equals_the_quads_of_geometry_on_the_scaled_map(rng, factor):
    quads = mask_quads(random_poses(rng, 20), SIZE)
    level = (SIZE[0] // factor, SIZE[1] // factor)
    expected = points_in_quads(scale_quads(quads.astype(float), factor), centres(level))
    got = part_masks(torch.tensor(quads), SIZE, level)
    np.testing.assert_array_equal(got.flatten(2).numpy(), expected)


def test_equals_the_cross_products_with_points_on_borders(rng):
    quads = torch.tensor(rng.integers(-3, 24, (4, 10, 1, 2)), dtype=torch.float32)
    corners = torch.tensor([[0.0, 0], [7, 0], [7, 5], [0, 5]])
    quads = quads + torch.cat([corners, corners.flip(0)]).view(2, 4, 2)[[0, 1] * 5]
    for level in ((24, 16), (12, 8)):
        got = part_masks(quads, (24, 16), level)
        assert torch.equal(got, naive_masks(quads, (24, 16), level))
        assert got.any()


def test_the_torso_covers_the_whole_map_and_an_absent_part_nothing():
    quads = torch.tensor(mask_quads(np.full((1, 18, 2), np.nan), SIZE))
    for factor in (1, 2, 4, 8):
        masks = part_masks(quads, SIZE, (128 // factor, 64 // factor))
        assert masks[0, 0].all() and not masks[0, 1:].any()


def test_a_standing_person_has_all_ten_parts():
    quads = torch.tensor(mask_quads(standing_pose()[None], SIZE))
    masks = part_masks(quads, SIZE, SIZE)[0]
    assert masks.flatten(1).any(dim=1).all()
    assert masks[1, 14, 32] and not masks[1, 60, 32]


@pytest.mark.parametrize("factor", [1, 2, 4, 8])
def test_level_transforms_equal_those_of_geometry(rng, factor):
    poses = random_poses(rng, 60, missing=0.05)
    poses = poses[valid_poses(poses)]
    transforms, _ = pair_transforms(poses[:10], poses[10:20])
    got = level_transforms(torch.tensor(transforms), factor)
    np.testing.assert_allclose(got.numpy(), scale_transforms(transforms, factor), rtol=1e-12)
    naive = naive_level_transforms(torch.tensor(transforms), factor, fidelity=False)
    torch.testing.assert_close(got, naive, rtol=1e-9, atol=1e-9)


def test_with_fidelity_the_translation_is_only_divided():
    transforms = torch.tensor([[2.0, 0.5, 8.0], [0.0, 3.0, -16.0]])
    got = level_transforms(transforms, 4, fidelity=True)
    assert got.tolist() == [[2.0, 0.5, 2.0], [0.0, 3.0, -4.0]]


@pytest.mark.parametrize("level", [(64, 64), (100, 50), (43, 21), (256, 128), (0, 0)])
def test_a_level_that_does_not_divide_the_image_is_refused(level):
    with pytest.raises(UsageError, match="feature map"):
        level_factor(SIZE, level)


@pytest.mark.parametrize("factor", [1, 2, 4, 8])
def test_with_fidelity_masks_are_the_images_sampled_at_every_sth_pixel(rng, factor):
    quads = torch.tensor(mask_quads(random_poses(rng, 12), SIZE))
    whole = part_masks(quads, SIZE, SIZE, fidelity=True)
    got = part_masks(quads, SIZE, (SIZE[0] // factor, SIZE[1] // factor), fidelity=True)
    assert torch.equal(got, whole[..., ::factor, ::factor])
    assert torch.equal(got, naive_masks(quads, SIZE, got.shape[2:], fidelity=True))
    smooth = part_masks(quads, SIZE, SIZE)
    assert torch.equal(whole[:, 2:], smooth[:, 2:]) and torch.equal(whole[:, 0], smooth[:, 0])


def test_with_fidelity_a_head_is_cut_to_whole_pixels_without_its_far_edge():
    quads = torch.full((4, 10, 4, 2), torch.nan)
    square = torch.tensor([[-1.0, -1], [1, -1], [1, 1], [-1, 1]])
    for sample, (centre, half) in enumerate(
        [((20.8, 33.2), 5.9), ((20.0, 33.0), 5.0), ((9, 9), 0.9)]
    ):
        quads[sample, 1] = torch.tensor(centre) + half * square
    masks = part_masks(quads, SIZE, SIZE, fidelity=True)[:, 1]
    for sample in (0, 1):
        rows, columns = masks[sample].nonzero().unbind(1)
        assert (columns.min(), columns.max()) == (15, 24)
        assert (rows.min(), rows.max()) == (28, 37)
        assert masks[sample].sum() == 100
    assert not masks[2:].any()
