"""The learned affine: it begins as the identity, and one affine holds at every level."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from guides import random_guidance

from shared.errors import UsageError
from train.nets.skips.stn import StnSkip
from train.settings.networks import GeneratorSettings

SIZE = (64, 32)


@pytest.fixture
def skip():
    return StnSkip(GeneratorSettings(skips="stn", base_channels=2, image_size=SIZE))


def levels_of(skip: StnSkip) -> list[torch.Tensor]:
    return [torch.randn(2, 3, *size) for size in skip.settings.level_sizes]


def test_it_begins_as_the_identity(skip, rng):
    _, guidance = random_guidance(rng, SIZE)
    levels = levels_of(skip)
    skipped = skip(levels, skip.prepare(guidance))
    for given, got in zip(levels, skipped.levels, strict=True):
        torch.testing.assert_close(got, given, rtol=0, atol=1e-4)


def test_a_shift_by_a_quarter_image_is_one_at_every_level(skip, rng):
    _, guidance = random_guidance(rng, SIZE)
    with torch.no_grad():
        skip.layers[-1].bias[2] = 0.5
    levels = levels_of(skip)
    skipped = skip(levels, skip.prepare(guidance))
    for given, got in zip(levels[:4], skipped.levels, strict=False):
        quarter = given.shape[3] // 4
        torch.testing.assert_close(got[..., :-quarter], given[..., quarter:], rtol=0, atol=1e-4)
        assert not got[..., -quarter + 1 :].any() or quarter == 1
    assert skipped.levels[4] is levels[4]


def test_the_network_has_the_methods_sizes(skip):
    shapes = [tuple(layer.weight.shape) for layer in skip.layers[::2]]
    assert shapes == [(64, 72), (32, 64), (6, 32)]


def test_convention_places_run_from_minus_one_to_one_and_absent_joints_stand_at_minus_two(
    skip, rng
):
    _, guidance = random_guidance(rng, SIZE)
    source = guidance.source_joints.clone()
    source[0, 0] = torch.tensor([-0.5, 63.5])
    source[0, 1] = torch.nan
    source[0, 2] = torch.tensor([5.0, torch.nan])
    seen = skip.prepare(dataclasses.replace(guidance, source_joints=source))
    assert seen.shape == (2, 72) and torch.isfinite(seen).all()
    expected = torch.tensor([-1.0, 1.0, -2.0, -2.0, -2.0, -2.0])
    torch.testing.assert_close(seen[0, :6], expected)
    middle = torch.tensor([15.5, 31.5]).expand(2, 18, 2)
    seen = skip.prepare(dataclasses.replace(guidance, target_joints=middle))
    assert not seen[:, 36:].any()


def test_guidance_of_another_size_is_refused(skip, rng):
    _, guidance = random_guidance(rng, (32, 64))
    with pytest.raises(UsageError, match="skips stn: expected guidance for images of"):
        skip.prepare(guidance)
