"""The full skips: one affine of torso and knees moves the whole of the first levels."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from guides import random_guidance

from train.nets.body_fit import body_transforms
from train.nets.sampling import pixel_grid
from train.nets.skips.full import FullSkip
from train.nets.skips.parts import WARPED_LEVELS
from train.nets.warp_plan import level_transforms
from train.settings.networks import GeneratorSettings


def nearest(maps: torch.Tensor, matrix: torch.Tensor) -> torch.Tensor:
    """A map sampled at the nearest pixel, zero outside."""
    height, width = maps.shape[1:]
    grid = pixel_grid((height, width), maps.device).double()
    x, y = (grid @ matrix[:, :2].T + matrix[:, 2] + 0.5).floor().long().unbind(-1)
    inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
    return maps[:, y.clamp(0, height - 1), x.clamp(0, width - 1)] * inside


@pytest.mark.parametrize("fidelity", [False, True])
def test_every_pixel_comes_from_where_the_affine_says(rng, fidelity):
    settings = GeneratorSettings(
        skips="full", base_channels=2, image_size=(64, 32), fidelity=fidelity
    )
    _, guidance = random_guidance(rng, (64, 32))
    skip = FullSkip(settings)
    levels = [torch.randn(2, 3, *size) for size in settings.level_sizes]
    skipped = skip(levels, skip.prepare(guidance))
    transforms, good = body_transforms(guidance.source_joints, guidance.target_joints)
    assert good.all() and not skipped.extras
    for level in range(WARPED_LEVELS):
        factor = 2**level
        matrices = level_transforms(transforms.float(), factor, fidelity=fidelity)
        expected = torch.stack(
            [nearest(maps, each) for maps, each in zip(levels[level], matrices, strict=True)]
        )
        torch.testing.assert_close(skipped.levels[level], expected, rtol=0, atol=0)
        assert (skipped.levels[level] < 0).any(), "no zero takes part in the maximum"
    assert skipped.levels[4] is levels[4]


def test_a_pair_without_a_fit_brings_nothing(rng):
    settings = GeneratorSettings(skips="full", base_channels=2, image_size=(64, 32))
    _, guidance = random_guidance(rng, (64, 32))
    flat = guidance.source_joints.clone()
    flat[0, :, 0] = 10
    skip = FullSkip(settings)
    levels = [torch.randn(2, 3, *size) for size in settings.level_sizes]
    prepared = skip.prepare(dataclasses.replace(guidance, source_joints=flat))
    for level in skip(levels, prepared).levels[:WARPED_LEVELS]:
        assert not level[0].any() and level[1].any()
