"""The flow of the parts: how it is bounded and enlarged, and where it moves their samples."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from guides import random_guidance
from scipy.ndimage import map_coordinates
from torch import Tensor

from shared.skeleton import NUM_PARTS
from train.nets.generators import make_generator
from train.nets.layer_generator import LayerGenerator
from train.nets.layer_stack import LayerStack, layer_stack
from train.nets.layers import Selection, colours_of, composed, pasted
from train.nets.part_flow import FARTHEST, PartFlow, enlarged_flow, moved_parts
from train.nets.resolution import enlarged
from train.nets.stable_maps import stable_maps
from train.settings.networks import GeneratorSettings

SIZE = (64, 48)


def given(seed: int = 0) -> tuple[Tensor, LayerStack, Tensor]:
    images, guidance = random_guidance(np.random.default_rng(seed), SIZE)
    source, target = guidance.source_joints, guidance.target_joints
    stack = layer_stack(images, source, target, *stable_maps(source, target), image_size=SIZE)
    return images, stack, guidance.target_pose


def generator(**settings: object) -> LayerGenerator:
    torch.manual_seed(0)
    size = {"base_channels": 4, "image_size": SIZE}
    made = make_generator(GeneratorSettings(skips="layers", **size, **settings))  # type: ignore[arg-type]
    assert isinstance(made, LayerGenerator)
    return made


def flow_of(stack: LayerStack, seed: int = 1) -> Tensor:
    """A random smooth flow of a stack's size, of up to an eighth of the image."""
    coarse = torch.rand(2, NUM_PARTS, 2, 4, 3, generator=torch.Generator().manual_seed(seed))
    return enlarged_flow(0.5 * coarse - 0.25, stack.size)


def test_parts_are_sampled_where_the_flow_says() -> None:
    images, stack, _ = given()
    flow = flow_of(stack)
    found = moved_parts(stack, flow)
    height, width = SIZE
    for sample, part, channel in np.ndindex(2, NUM_PARTS, 3):
        x, y = (stack.grid[sample, part].movedim(-1, 0) + flow[sample, part]).double().numpy()
        places = (((y + 1) * height - 1) / 2, ((x + 1) * width - 1) / 2)
        picture = images[sample, channel].double().numpy()
        expected = map_coordinates(picture, places, order=1, mode="nearest")
        np.testing.assert_allclose(found[sample, part, channel].numpy(), expected, atol=1e-3)


def test_no_flow_leaves_the_layers_as_they_are() -> None:
    _, stack, _ = given(2)
    still = torch.zeros(2, NUM_PARTS, 2, *SIZE)
    torch.testing.assert_close(moved_parts(stack, still), stack.colours[:, :NUM_PARTS])
    logits, colour = torch.randn(2, NUM_PARTS + 2, *SIZE), torch.rand(2, 3, *SIZE)
    plain = Selection(logits=logits, colour=colour)
    assert colours_of(stack, plain) is stack.colours
    same = Selection(logits=logits, colour=colour, flow=still)
    torch.testing.assert_close(composed(stack, same), composed(stack, plain))


def test_the_background_never_moves_and_the_pasted_picture_has_the_flow_too() -> None:
    _, stack, _ = given(3)
    logits, colour = torch.randn(2, NUM_PARTS + 2, *SIZE), torch.rand(2, 3, *SIZE)
    moving = Selection(logits=logits, colour=colour, flow=flow_of(stack))
    colours = colours_of(stack, moving)
    assert torch.equal(colours[:, NUM_PARTS], stack.colours[:, NUM_PARTS])
    assert not torch.allclose(colours[:, :NUM_PARTS], stack.colours[:, :NUM_PARTS], atol=0.1)
    person, background = torch.ones(2, 1, *SIZE), stack.colours[:, -1]
    drawn = pasted(stack, moving, person, background)
    torch.testing.assert_close(drawn, composed(stack, moving))


@pytest.mark.parametrize("size", [(64, 48), (128, 64), (64, 96)])
def test_no_pixel_moves_farther_than_a_sixteenth_of_the_height(size: tuple[int, int]) -> None:
    torch.manual_seed(4)
    net = PartFlow(8)
    features = torch.randn(2, 8, size[0] // 4, size[1] // 4)
    first = net(features, size)
    assert first.shape == (2, NUM_PARTS, 2, *size) and first.dtype == torch.float32
    in_pixels = torch.tensor([size[1] / 2, size[0] / 2]).view(1, 1, 2, 1, 1)
    assert 0 < (first * in_pixels).abs().max() < 0.1
    torch.nn.init.normal_(net.convolution.weight, std=1e3)
    farthest = (net(features, size) * in_pixels).abs().amax(dim=(0, 1, 3, 4))
    torch.testing.assert_close(farthest, torch.full((2,), FARTHEST * size[0]))


def test_a_flow_is_enlarged_bilinearly_by_any_way() -> None:
    flow = torch.randn(2, NUM_PARTS, 2, 16, 12)
    for size in ((64, 48), (100, 31), (16, 12)):
        expected = F.interpolate(flow.flatten(1, 2), size=size, mode="bilinear")
        found = enlarged_flow(flow, size)
        torch.testing.assert_close(found.flatten(1, 2), expected, atol=1e-5, rtol=1e-5)
    with torch.inference_mode():
        enlarged_flow(flow, (40, 40))
    again = flow.clone().requires_grad_()
    enlarged_flow(again, (40, 40)).sum().backward()  # what was made above serves a gradient too
    assert again.grad is not None and again.grad.any()


def test_the_selection_takes_its_flow_to_another_size() -> None:
    images, stack, pose = given(5)
    net = generator(part_flow=True).network
    selection = net(stack, images, pose)
    assert selection.flow is not None and selection.flow.shape == (2, NUM_PARTS, 2, *SIZE)
    larger = enlarged(selection, (128, 96)).flow
    assert larger is not None
    assert torch.equal(larger, enlarged_flow(selection.flow, (128, 96)))
    assert generator().network(stack, images, pose).flow is None


def test_every_parameter_of_the_flow_gets_a_gradient_and_it_can_be_learned() -> None:
    """Where the target is the source moved by three pixels, the flow finds these pixels."""
    images, guidance = random_guidance(np.random.default_rng(6), SIZE)
    smooth = F.interpolate(images[..., ::8, ::8], size=SIZE, mode="bilinear")
    net = generator(part_flow=True)
    net(smooth, guidance).image.square().mean().backward()
    assert all(p.grad is not None and p.grad.any() for p in net.parameters())
    source = guidance.target_joints  # the same pose: each part's affine is the identity
    stack = layer_stack(smooth, source, source, *stable_maps(source, source), image_size=SIZE)
    target = torch.roll(smooth, 3, dims=3)
    flow = PartFlow(8)
    features = torch.randn(2, 8, 16, 12)
    optimizer = torch.optim.Adam(flow.parameters(), lr=0.1)
    inside = (slice(None), slice(None), slice(None), slice(None), slice(8, -8))
    for _ in range(60):
        optimizer.zero_grad()
        error = (moved_parts(stack, flow(features, SIZE)) - target[:, None])[inside]
        error.square().mean().backward()
        optimizer.step()
    pixels = flow(features, SIZE)[:, :, 0][..., 12:-12].detach() * SIZE[1] / 2
    assert pixels.median() == pytest.approx(-3, abs=0.5)
