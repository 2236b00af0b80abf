"""Learned offsets: zero at the start, one field a level, and moved as they say."""

from __future__ import annotations

import pytest
import torch
from guides import random_guidance

from train.nets.skips.flow import FlowSkip, PartFlowSkip
from train.nets.skips.parts import PartSkip
from train.settings.networks import GeneratorSettings

SIZE = (64, 32)


def settings_of(skips: str) -> GeneratorSettings:
    return GeneratorSettings(skips=skips, base_channels=2, image_size=SIZE)


def levels_of(settings: GeneratorSettings) -> list[torch.Tensor]:
    sizes = zip(settings.filters, settings.level_sizes, strict=True)
    return [torch.randn(2, channels, *size) for channels, size in sizes]


def test_flow_begins_with_features_where_they_are(rng):
    skip = FlowSkip(settings_of("flow"))
    levels = levels_of(skip.settings)
    skipped = skip(levels, skip.prepare(random_guidance(rng, SIZE)[1]))
    for given, got in zip(levels, skipped.levels, strict=True):
        torch.testing.assert_close(got, given, rtol=0, atol=1e-4)


def test_every_level_hands_on_its_offsets_for_the_loss(rng):
    skip = FlowSkip(settings_of("flow"))
    skipped = skip(levels_of(skip.settings), skip.prepare(random_guidance(rng, SIZE)[1]))
    shapes = {name: tuple(value.shape) for name, value in skipped.extras.items()}
    sizes = enumerate(skip.settings.level_sizes)
    assert shapes == {f"offsets_{level}": (2, 2, *size) for level, size in sizes}
    assert len(shapes) == 5


def test_an_offset_of_one_pixel_brings_the_neighbour(rng):
    skip = FlowSkip(settings_of("flow"))
    with torch.no_grad():
        for network in skip.offsets.levels:
            network.last.bias.copy_(torch.tensor([1.0, 0.0]))
    levels = levels_of(skip.settings)
    skipped = skip(levels, skip.prepare(random_guidance(rng, SIZE)[1]))
    for given, got in zip(levels, skipped.levels, strict=True):
        torch.testing.assert_close(got[..., :-1], given[..., 1:], rtol=0, atol=1e-4)
        assert not got[..., -1].any()


@pytest.mark.parametrize("what", ["source_pose", "target_pose", "features"])
def test_offsets_depend_on_the_features_and_on_both_poses(rng, what):
    skip = FlowSkip(settings_of("flow"))
    for network in skip.offsets.levels:
        torch.nn.init.normal_(network.last.weight, 0, 0.1)
    levels = [level.requires_grad_() for level in levels_of(skip.settings)]
    _, guidance = random_guidance(rng, SIZE)
    seen = guidance.source_pose if what == "source_pose" else guidance.target_pose
    seen.requires_grad_(what != "features")
    extras = skip(levels, skip.prepare(guidance)).extras
    for level, offsets in enumerate(extras.values()):
        wanted = levels[level] if what == "features" else seen
        (gradient,) = torch.autograd.grad(offsets.square().sum(), [wanted], retain_graph=True)
        assert gradient.any()


@pytest.mark.parametrize("fidelity", [False, True])
def test_parts_and_flow_begin_as_the_part_skips(rng, fidelity):
    settings = GeneratorSettings(
        skips="parts+flow", base_channels=2, image_size=SIZE, fidelity=fidelity
    )
    skip, parts = PartFlowSkip(settings), PartSkip(settings)
    _, guidance = random_guidance(rng, SIZE)
    levels = levels_of(settings)
    skipped = skip(levels, skip.prepare(guidance))
    expected = parts(levels, parts.prepare(guidance))
    for wanted, got in zip(expected.levels, skipped.levels, strict=True):
        torch.testing.assert_close(got, wanted, rtol=0, atol=1e-4)
    assert len(skipped.extras) == len(levels)
