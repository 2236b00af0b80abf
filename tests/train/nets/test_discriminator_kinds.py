"""Discriminators that look at source and target apart: what they see, their sizes, gradients."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from guides import random_guidance

from shared.errors import UsageError
from train.nets.kinds import make_discriminator
from train.nets.patch_discriminator import PatchDiscriminator
from train.nets.siamese_discriminator import SiameseDiscriminator
from train.nets.warp import build_warp_plan, warp_parts
from train.nets.warp_discriminator import WarpDiscriminator
from train.settings.networks import DiscriminatorSettings

KINDS = ["siamese", "warp"]


def network(kind: str, base: int = 2) -> torch.nn.Module:
    return make_discriminator(DiscriminatorSettings(kind=kind, base_channels=base))


@pytest.fixture
def given():
    images, guidance = random_guidance(np.random.default_rng(0), (128, 64))
    return images.flip(0), images, guidance


@pytest.mark.parametrize(("kind", "judgements"), [("siamese", (3, 1)), ("warp", (4, 2))])
def test_judgements_at_128_x_64(given, kind, judgements):
    assert network(kind)(*given).shape == (2, 1, *judgements)


@pytest.mark.parametrize("norm", ["layer-scalar", "instance"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_parameter_and_every_input_receives_a_gradient(given, kind, norm):
    settings = DiscriminatorSettings(kind=kind, base_channels=4, norm=norm)
    discriminator = make_discriminator(settings)
    seen = [torch.randn(2, n, 128, 64, requires_grad=True) for n in (3, 3, 18, 18)]
    guidance = dataclasses.replace(given[2], source_pose=seen[2], target_pose=seen[3])
    discriminator(*seen[:2], guidance).square().sum().backward()
    for parameter in (*seen, *discriminator.parameters()):
        assert parameter.grad is not None and parameter.grad.any()


def test_siamese_sees_source_and_target_with_the_same_weights(given):
    discriminator = network("siamese")
    assert isinstance(discriminator, SiameseDiscriminator)
    seen = []
    discriminator.trunk[0].register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    image, source_image, guidance = given
    discriminator(image, source_image, guidance)
    expected = [(source_image, guidance.source_pose), (image, guidance.target_pose)]
    for got, wanted in zip(seen, expected, strict=True):
        assert torch.equal(got, torch.cat(wanted, dim=1))


def test_siamese_tells_source_from_target(given):
    image, source_image, guidance = given
    turned = dataclasses.replace(
        guidance, source_pose=guidance.target_pose, target_pose=guidance.source_pose
    )
    discriminator = network("siamese")
    one, other = discriminator(*given), discriminator(source_image, image, turned)
    assert not torch.allclose(one, other)


def test_warp_judges_by_where_the_transforms_lead(given):
    image, source_image, guidance = given
    discriminator = network("warp")
    assert isinstance(discriminator, WarpDiscriminator)
    away = dataclasses.replace(guidance, status=torch.zeros_like(guidance.status))
    assert not torch.allclose(discriminator(*given), discriminator(image, source_image, away))
    # Without any transform nothing of the source is seen.
    assert torch.equal(
        discriminator(image, source_image, away), discriminator(image, -source_image, away)
    )


@pytest.mark.parametrize("kind", KINDS)
def test_small_images_are_refused_and_a_repeated_batch_is_judged_alike(given, kind):
    discriminator = network(kind)
    images, guidance = random_guidance(np.random.default_rng(0), (64, 32))
    with pytest.raises(UsageError, match="found 64 x 32"):
        discriminator(images, images, guidance)
    image, source_image, guidance = given
    both = discriminator(
        torch.cat([image, source_image]), source_image.repeat(2, 1, 1, 1), guidance.repeated(2)
    )
    torch.testing.assert_close(both[:2], discriminator(*given), rtol=1e-4, atol=1e-5)


def seen_by(layer: torch.nn.Module) -> list[torch.Tensor]:
    seen: list[torch.Tensor] = []
    layer.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    return seen


def test_siamese_joins_the_source_s_features_before_the_target_s(given):
    discriminator = network("siamese")
    seen = seen_by(discriminator.last)
    image, source_image, guidance = given
    discriminator(image, source_image, guidance)
    source = discriminator.trunk(torch.cat([source_image, guidance.source_pose], dim=1))
    target = discriminator.trunk(torch.cat([image, guidance.target_pose], dim=1))
    torch.testing.assert_close(seen[0], torch.cat([source, target], dim=1))


def test_warp_joins_the_bilinear_warp_of_the_source_before_the_target(given):
    discriminator = network("warp")
    seen = seen_by(discriminator.layers[0])
    image, source_image, guidance = given
    discriminator(image, source_image, guidance)
    source = discriminator.source(torch.cat([source_image, guidance.source_pose], dim=1))
    target = discriminator.target(torch.cat([image, guidance.target_pose], dim=1))
    parts = guidance.transforms, guidance.status, guidance.quads
    plan = build_warp_plan(*parts, (128, 64), (64, 32), sampling="bilinear")
    warped = warp_parts(source, plan)
    torch.testing.assert_close(seen[0], torch.cat([warped, target], dim=1))
    nearest = build_warp_plan(*parts, (128, 64), (64, 32), sampling="nearest")
    assert not torch.allclose(warped, warp_parts(source, nearest))


def test_patch_sees_the_image_and_the_target_s_pose_at_half_size(given):
    discriminator = network("patch", base=4).eval()
    assert isinstance(discriminator, PatchDiscriminator)
    seen = seen_by(discriminator.layers[0])
    image, source_image, guidance = given
    discriminator(image, source_image, guidance)
    pose = torch.nn.functional.avg_pool2d(guidance.target_pose, 2)
    expected = torch.cat([torch.nn.functional.pixel_unshuffle(image, 2), pose], dim=1)
    torch.testing.assert_close(seen[0], expected)
    levels = discriminator.levels(image, guidance)
    assert [tuple(level.shape[1:]) for level in levels] == [(4, 32, 16), (8, 16, 8), (8, 16, 8)]
    first = discriminator.layers[0](expected)
    torch.testing.assert_close(levels[0], first.where(first > 0, 0.2 * first))
