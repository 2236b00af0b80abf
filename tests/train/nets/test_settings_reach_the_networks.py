"""What the settings say of a network is what the network does, each setting seen directly."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from guides import random_guidance
from torch import Tensor, nn

from train.nets.blocks import Down, Up
from train.nets.discriminator import Discriminator
from train.nets.generator import Generator
from train.nets.norm import LayerScalarNorm
from train.nets.skips.parts import PartSkip
from train.nets.warp import build_warp_plan, warp_parts
from train.settings.networks import DiscriminatorSettings, GeneratorSettings

SIZE = (64, 48)


def generator_of(**settings: Any) -> Generator:
    torch.manual_seed(0)
    return Generator(GeneratorSettings(image_size=SIZE, base_channels=2, **settings))


def inputs_of(module: nn.Module) -> list[Tensor]:
    """Every tensor that a module is called with, filled when it is."""
    found: list[Tensor] = []
    module.register_forward_pre_hook(lambda _, given: found.append(given[0]))
    return found


@pytest.mark.parametrize("skips", ["parts", "none"])
def test_each_encoder_sees_what_belongs_to_it(rng, skips):
    generator = generator_of(skips=skips)
    images, guidance = random_guidance(rng, SIZE)
    seen = inputs_of(generator.appearance.first)
    if generator.pose is not None:
        other = inputs_of(generator.pose.first)
    generator(images, guidance)
    wanted = [images, guidance.source_pose]
    if skips == "none":
        wanted.append(guidance.target_pose)
    else:
        assert torch.equal(other[0], guidance.target_pose)
    assert torch.equal(seen[0], torch.cat(wanted, dim=1))
    assert not torch.equal(guidance.source_pose, guidance.target_pose)


@pytest.mark.parametrize("sampling", ["nearest", "bilinear"])
@pytest.mark.parametrize("fidelity", [False, True])
def test_sampling_and_fidelity_reach_every_warped_level(rng, sampling, fidelity):
    images, guidance = random_guidance(rng, SIZE)
    generator = generator_of(sampling=sampling, fidelity=fidelity)
    levels = generator.appearance(torch.cat((images, guidance.source_pose), dim=1))
    skipped = generator.skip(levels, generator.prepare(guidance)).levels
    for level in range(4):
        ours, others = [], []
        for way in ("nearest", "bilinear"):
            for exact in (False, True):
                plan = build_warp_plan(
                    guidance.transforms, guidance.status, guidance.quads, SIZE,
                    generator.settings.level_sizes[level], sampling=way, fidelity=exact,
                )  # fmt: skip
                warped = warp_parts(levels[level], plan, "max")
                (ours if (way, exact) == (sampling, fidelity) else others).append(warped)
        assert torch.equal(skipped[level], ours[0])
        assert not any(torch.equal(ours[0], other) for other in others)


def test_the_aggregation_reaches_the_warp(rng):
    images, guidance = random_guidance(rng, SIZE)
    drawn = [
        generator_of(aggregation=name).eval()(images, guidance).image for name in ("max", "mean")
    ]
    assert not torch.allclose(*drawn)
    for name in ("max", "mean"):
        skip = PartSkip(GeneratorSettings(image_size=SIZE, aggregation=name))
        levels = [torch.randn(2, 3, *size) for size in skip.settings.level_sizes]
        plans = skip.prepare(guidance)
        expected = warp_parts(levels[0], plans[0], name)
        assert torch.equal(skip(levels, plans).levels[0], expected)


def test_the_first_three_blocks_of_the_decoder_drop_half():
    for size, blocks in (((64, 48), 4), ((256, 256), 6)):
        decoder = Generator(GeneratorSettings(image_size=size, base_channels=1)).decoder
        dropped = [getattr(block.dropout, "p", 0.0) for block in decoder.blocks]
        assert dropped == [0.5, 0.5, 0.5] + [0.0] * (blocks - 3)


def test_dropout_reaches_the_images_of_training_alone(rng):
    images, guidance = random_guidance(rng, SIZE)
    generator = generator_of()
    assert not torch.equal(*(generator(images, guidance).image for _ in range(2)))
    generator.eval()
    assert torch.equal(*(generator(images, guidance).image for _ in range(2)))


@pytest.mark.parametrize("norm", ["layer-scalar", "instance"])
def test_every_block_has_the_norm_of_the_settings_but_the_last_of_a_way_down(norm):
    kind = {"layer-scalar": LayerScalarNorm, "instance": nn.InstanceNorm2d}[norm]
    generator = generator_of(norm=norm)
    judge = Discriminator(DiscriminatorSettings(base_channels=2, norm=norm))
    assert generator.pose is not None
    ways_down = [generator.appearance.blocks, generator.pose.blocks, judge.layers[1:]]
    for blocks in ways_down:
        kinds = [type(block.norm) for block in blocks]
        assert kinds == [kind] * (len(kinds) - 1) + [nn.Identity]
    assert [type(block.norm) for block in generator.decoder.blocks] == [kind] * 4


def test_filters_double_up_to_eight_times_the_first():
    generator = Generator(GeneratorSettings(image_size=(256, 256), base_channels=2))
    found = [block.convolution.out_channels for block in generator.appearance.blocks]
    assert found == [4, 8, 16, 16, 16, 16]
    judge = Discriminator(DiscriminatorSettings(base_channels=3))
    assert [judge.layers[0].out_channels] + [
        block.convolution.out_channels for block in judge.layers[1:]
    ] == [3, 6, 12, 24, 1]


def test_a_block_down_is_leaky_relu_convolution_norm():
    down = Down(1, 1, None)
    nn.init.ones_(down.convolution.weight)
    x = torch.full((1, 1, 4, 4), -1.0)
    torch.testing.assert_close(down(x), torch.full((1, 1, 2, 2), -0.2 * 9))


def test_a_block_up_is_relu_convolution_norm_dropout():
    up = Up(1, 2, "layer-scalar", 0.0)
    with torch.no_grad():
        x = torch.randn(1, 1, 4, 3)
        plain = up.convolution(x.relu())
        expected = (plain - plain.mean()) / (plain.std(unbiased=False) + 1e-3)
        torch.testing.assert_close(up(x), expected, rtol=1e-4, atol=1e-5)
    assert isinstance(up.dropout, nn.Identity)


def test_the_decoder_ends_in_relu_convolution_tanh(rng):
    generator = generator_of().eval()
    images, guidance = random_guidance(rng, SIZE)
    last: list[Tensor] = []
    generator.decoder.last.register_forward_hook(lambda _, given, out: last.extend((given[0], out)))
    drawn = generator(images, guidance).image
    assert (last[0] >= 0).all() and (last[0] == 0).any()
    assert torch.equal(drawn, last[1].tanh())


def test_the_decoder_joins_what_came_up_with_appearance_then_pose(rng):
    generator = generator_of().eval()
    images, guidance = random_guidance(rng, SIZE)
    joined = inputs_of(generator.decoder.blocks[1])
    first: list[Tensor] = []
    generator.decoder.blocks[0].register_forward_hook(lambda _, __, out: first.append(out))
    generator(images, guidance)
    assert generator.pose is not None
    appearance = generator.appearance(torch.cat((images, guidance.source_pose), dim=1))
    appearance = generator.skip(appearance, generator.prepare(guidance)).levels
    pose = generator.pose(guidance.target_pose)
    wanted = torch.cat((first[0], appearance[-2], pose[-2]), dim=1)
    torch.testing.assert_close(joined[0], wanted)
