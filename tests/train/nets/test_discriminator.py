"""Sizes, parameters and gradients of the discriminator."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from guides import random_guidance

from shared.errors import UsageError
from train.nets.discriminator import Discriminator
from train.settings.networks import DiscriminatorSettings


def judged(discriminator: Discriminator, size: tuple[int, int]) -> torch.Tensor:
    rng = np.random.default_rng(0)
    images, guidance = random_guidance(rng, size)
    return discriminator(images.flip(0), images, guidance)


def test_three_judgements_at_128_x_64():
    assert judged(Discriminator(DiscriminatorSettings()), (128, 64)).shape == (2, 1, 3, 1)


def test_the_authors_order_is_source_source_pose_image_target_pose():
    discriminator = Discriminator(DiscriminatorSettings(base_channels=2))
    seen = []
    discriminator.layers[0].register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    images, guidance = random_guidance(np.random.default_rng(0), (64, 48))
    discriminator(images.flip(0), images, guidance)
    parts = seen[0].split((3, 18, 3, 18), dim=1)
    expected = (images, guidance.source_pose, images.flip(0), guidance.target_pose)
    for part, wanted in zip(parts, expected, strict=True):
        assert torch.equal(part, wanted)


def test_maps_shrink_as_the_paper_says():
    discriminator = Discriminator(DiscriminatorSettings(base_channels=2))
    sizes = []
    for layer in discriminator.layers:
        layer.register_forward_hook(lambda _, __, out: sizes.append(tuple(out.shape[2:])))
    judged(discriminator, (128, 64))
    assert sizes == [(63, 31), (31, 15), (15, 7), (7, 3), (3, 1)]


def test_parameters():
    discriminator = Discriminator(DiscriminatorSettings())
    steps = [(64, 128), (128, 256), (256, 512), (512, 1)]
    expected = 16 * 42 * 64 + 64 + sum(16 * a * b for a, b in steps) + 3 * 2
    assert sum(p.numel() for p in discriminator.parameters()) == expected


@pytest.mark.parametrize("norm", ["layer-scalar", "instance"])
def test_every_parameter_and_every_input_receives_a_gradient(norm):
    discriminator = Discriminator(DiscriminatorSettings(base_channels=4, norm=norm))
    given = [torch.randn(2, n, 128, 64, requires_grad=True) for n in (3, 3, 18, 18)]
    _, guidance = random_guidance(np.random.default_rng(0), (128, 64))
    guidance = dataclasses.replace(guidance, source_pose=given[2], target_pose=given[3])
    discriminator(*given[:2], guidance).square().sum().backward()
    for parameter in (*given, *discriminator.parameters()):
        assert parameter.grad is not None and parameter.grad.any()


@pytest.mark.parametrize("wrong", [{"kind": "twins"}, {"norm": "batch"}, {"base_channels": 0}])
def test_wrong_settings_are_refused_by_name(wrong):
    with pytest.raises(UsageError, match=next(iter(wrong)).removeprefix("base_")):
        DiscriminatorSettings(**wrong)


def test_the_smallest_images_give_one_judgement_and_smaller_ones_are_refused():
    discriminator = Discriminator(DiscriminatorSettings(base_channels=2))
    assert judged(discriminator, (64, 34)).shape[2:] == (1, 1)
    with pytest.raises(UsageError, match="found 64 x 33"):
        judged(discriminator, (64, 33))
