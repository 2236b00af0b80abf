"""Sizes, parameters and gradients of the generator."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from guides import random_guidance
from torch.utils.flop_counter import FlopCounterMode

from shared.errors import UsageError
from shared.settings import build
from train.nets.generator import Generator
from train.nets.kinds import SKIPS
from train.settings.networks import GeneratorSettings


def num_parameters(module: torch.nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


def nudge(module: torch.nn.Module) -> None:
    """Move what begins at zero, behind which no gradient flows yet."""
    with torch.no_grad():
        for parameter in module.parameters():
            if not parameter.any():
                parameter.normal_(0, 0.05)


def conv(kernel: int, before: int, after: int) -> int:
    return kernel * kernel * before * after


@pytest.mark.long
def test_parameters_of_the_paper_at_128_x_64():
    generator = Generator(GeneratorSettings())
    steps = [(64, 128), (128, 256), (256, 512), (512, 512), (512, 512)]
    blocks = sum(conv(4, a, b) for a, b in steps) + 4 * 2  # gain and bias of four norms
    appearance = conv(3, 21, 64) + 64 + blocks
    pose = conv(3, 18, 64) + 64 + blocks
    ups = [(1024, 512), (512 + 1024, 512), (512 + 1024, 512), (512 + 512, 256), (256 + 256, 128)]
    decoder = sum(conv(4, a, b) for a, b in ups) + 5 * 2 + conv(3, 128 + 128, 3) + 3

    assert num_parameters(generator.appearance) == appearance
    assert num_parameters(generator.pose) == pose
    assert num_parameters(generator.decoder) == decoder
    assert num_parameters(generator) == appearance + pose + decoder == 61_109_085
    assert [round(n / 1e6, 2) for n in (appearance, pose)] == [11.15, 11.15]
    assert round(decoder / 1e6, 1) == 38.8


@pytest.mark.long
def test_work_of_a_forward_pass_at_128_x_64(rng):
    generator = Generator(GeneratorSettings()).eval()
    images, guidance = random_guidance(rng, (128, 64), batch=1)
    prepared = generator.prepare(guidance)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        generator(images, guidance, prepared)
    assert round(counter.get_total_flops() / 1e9, 1) == 17.1


def test_parameters_of_the_baseline():
    generator = Generator(GeneratorSettings(skips="none"))
    assert generator.pose is None
    assert generator.appearance.first.in_channels == 3 + 18 + 18
    ups = [(512, 512), (1024, 512), (1024, 512), (512 + 256, 256), (256 + 128, 128)]
    decoder = sum(conv(4, a, b) for a, b in ups) + 5 * 2 + conv(3, 128 + 64, 3) + 3
    assert num_parameters(generator.decoder) == decoder


def test_one_more_level_at_256():
    settings = GeneratorSettings(image_size=(256, 256))
    assert settings.filters == (64, 128, 256, 512, 512, 512, 512)
    assert GeneratorSettings().filters == (64, 128, 256, 512, 512, 512)
    assert GeneratorSettings().level_sizes[-1] == (4, 2)


@pytest.mark.parametrize("skips", list(SKIPS))
@pytest.mark.parametrize("norm", ["layer-scalar", "instance"])
@pytest.mark.parametrize("size", [(128, 64), (64, 32), (32, 64), (96, 48), (16, 8)])
def test_gives_images_between_minus_one_and_one(rng, size, norm, skips):
    settings = GeneratorSettings(image_size=size, norm=norm, skips=skips, base_channels=4)
    generator = Generator(settings)
    images, guidance = random_guidance(rng, size)
    image = generator(images, guidance).image
    assert image.shape == (2, 3, *size)
    assert image.abs().max() <= 1


@pytest.mark.parametrize("aggregation", ["max", "mean"])
@pytest.mark.parametrize("sampling", ["nearest", "bilinear"])
@pytest.mark.parametrize("norm", ["layer-scalar", "instance"])
@pytest.mark.parametrize("skips", list(SKIPS))
def test_every_parameter_receives_a_gradient(rng, skips, norm, sampling, aggregation):
    size = (64, 32)
    settings = GeneratorSettings(
        skips=skips,
        norm=norm,
        sampling=sampling,
        aggregation=aggregation,
        base_channels=4,
        image_size=size,
    )
    generator = Generator(settings)
    nudge(generator.skip)
    images, guidance = random_guidance(rng, size)
    generator(images, guidance).image.square().sum().backward()
    for name, parameter in generator.named_parameters():
        assert parameter.grad is not None and parameter.grad.any(), name


def test_the_source_moves_into_the_target_pose(rng):
    """What the generator draws depends on the source where the transforms point, not elsewhere."""
    size = (64, 32)
    generator = Generator(GeneratorSettings(base_channels=4, image_size=size, norm="instance"))
    images, guidance = random_guidance(rng, size)
    moved = guidance.transforms.clone()
    moved[..., 0, 2] += 8
    one = generator(images, guidance).image
    other = generator(images, dataclasses.replace(guidance, transforms=moved)).image
    assert not torch.allclose(one, other)


@pytest.mark.parametrize("skips", list(SKIPS))
def test_what_is_prepared_once_serves_every_pass_with_the_same_bits(rng, skips):
    settings = GeneratorSettings(base_channels=4, image_size=(64, 32), skips=skips)
    generator = Generator(settings).eval()
    images, guidance = random_guidance(rng, (64, 32))
    prepared = generator.prepare(guidance)
    first = generator(images, guidance).image
    for _ in range(2):
        assert torch.equal(first, generator(images, guidance, prepared).image)


def test_channels_last_gives_the_same_images(rng):
    generator = Generator(GeneratorSettings(base_channels=8, image_size=(64, 32))).eval()
    images, guidance = random_guidance(rng, (64, 32))
    last = {"memory_format": torch.channels_last}
    in_last = dataclasses.replace(
        guidance,
        source_pose=guidance.source_pose.contiguous(**last),
        target_pose=guidance.target_pose.contiguous(**last),
    )
    plain = generator(images, guidance).image
    generator.to(**last)
    found = generator(images.contiguous(**last), in_last).image
    torch.testing.assert_close(plain, found, rtol=1e-3, atol=1e-4)


def test_bfloat16_autocast_stays_close(rng):
    generator = Generator(GeneratorSettings(base_channels=8, image_size=(64, 32))).eval()
    images, guidance = random_guidance(rng, (64, 32))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        half = generator(images, guidance).float().image
        half.square().sum().backward()
    assert half.dtype == torch.float32
    assert (half - generator(images, guidance).image).abs().mean() < 0.02
    assert all(torch.isfinite(p.grad).all() for p in generator.parameters())


@pytest.mark.parametrize("skips", ["parts", "none"])
def test_names_of_the_weights_are_those_of_version_0_1(skips):
    generator = Generator(GeneratorSettings(base_channels=4, image_size=(64, 32), skips=skips))
    rooms = {name.split(".")[0] for name in generator.state_dict()}
    assert rooms == {"appearance", "decoder"} | ({"pose"} if skips == "parts" else set())


def test_convolutions_start_as_glorots_uniform():
    torch.manual_seed(3)
    generator = Generator(GeneratorSettings(base_channels=16))
    weight = generator.decoder.blocks[1].convolution.weight.detach()
    bound = (6 / (16 * (weight.shape[0] + weight.shape[1]))) ** 0.5
    assert weight.abs().max().item() == pytest.approx(bound, rel=1e-3)
    assert weight.std().item() == pytest.approx(bound / 3**0.5, rel=0.01)


@pytest.mark.parametrize(
    ("size", "padded"),
    [
        ((256, 176), (256, 192)),
        ((256, 256), (256, 256)),
        ((128, 64), (128, 64)),
        ((128, 48), (128, 64)),
        ((120, 64), (128, 64)),
    ],
)
def test_sizes_that_do_not_halve_to_the_last_level_are_padded_inside(size, padded):
    settings = GeneratorSettings(image_size=size)
    assert settings.padded_size == padded == settings.level_sizes[0]
    last = 2 ** (settings.num_levels - 1)
    assert settings.level_sizes[-1] == (padded[0] // last, padded[1] // last)


@pytest.mark.parametrize("skips", list(SKIPS))
@pytest.mark.parametrize("size", [(64, 44), (60, 32)])
def test_a_padded_image_is_drawn_at_its_own_size(rng, size, skips):
    settings = GeneratorSettings(image_size=size, skips=skips, base_channels=2)
    generator = Generator(settings).eval()
    images, guidance = random_guidance(rng, size)
    image = generator(images, guidance, generator.prepare(guidance)).image
    assert image.shape == (2, 3, *size)
    assert torch.equal(image, generator(images, guidance).image)


def test_padding_repeats_the_edge_and_moves_no_coordinate(rng):
    """A generator at the padded size draws the same from images that are padded by hand."""
    small = GeneratorSettings(image_size=(64, 44), base_channels=2)
    large = dataclasses.replace(small, image_size=(64, 48))
    generator, other = Generator(small).eval(), Generator(large).eval()
    other.load_state_dict(generator.state_dict())
    images, guidance = random_guidance(rng, (64, 44))
    edge = [
        torch.cat([m, m[..., -1:].expand(-1, -1, -1, 4)], dim=3)
        for m in (images, guidance.source_pose, guidance.target_pose)
    ]
    by_hand = dataclasses.replace(guidance, source_pose=edge[1], target_pose=edge[2])
    expected = other(edge[0], by_hand).image[..., :44]
    torch.testing.assert_close(generator(images, guidance).image, expected, rtol=0, atol=0)


@pytest.mark.parametrize("size", [(4, 4), (7, 2), (0, 0), (-8, 8)])
def test_a_tiny_image_is_refused(size):
    with pytest.raises(UsageError, match="image_size"):
        GeneratorSettings(image_size=size)


@pytest.mark.parametrize(
    "wrong", [{"skips": "whole"}, {"aggregation": "sum"}, {"norm": "batch"}, {"base_channels": 0}]
)
def test_wrong_settings_are_refused_by_name(wrong):
    with pytest.raises(UsageError, match=next(iter(wrong)).removeprefix("base_")):
        GeneratorSettings(**wrong)


def test_settings_build_from_plain_values():
    settings = build(GeneratorSettings, {"image-size": [64, 32], "skips": "none"})
    assert settings.image_size == (64, 32)


def test_images_of_another_size_are_refused(rng):
    generator = Generator(GeneratorSettings(base_channels=4, image_size=(64, 32)))
    with pytest.raises(UsageError, match="generator: expected images of"):
        generator(*random_guidance(rng, (32, 64)))
