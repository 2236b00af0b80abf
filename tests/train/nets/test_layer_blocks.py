"""What a network of layers can have besides: warped features, a colour branch, and less to know."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from guides import random_guidance
from torch import Tensor

from shared.skeleton import NUM_PARTS
from train.nets.generators import make_generator
from train.nets.layer_blocks import OwnColour, WarpedFeatures
from train.nets.layer_generator import LayerGenerator
from train.nets.layer_stack import LayerStack, layer_stack, without_silhouette
from train.nets.layers import LayerNetwork, composed, pasted, shares
from train.nets.resolution import enlarged
from train.nets.stable_maps import stable_maps
from train.settings.networks import GeneratorSettings

SIZE = (64, 48)


def given(seed: int = 0, *, same_pose: bool = False) -> tuple[Tensor, LayerStack, Tensor]:
    images, guidance = random_guidance(np.random.default_rng(seed), SIZE)
    source, target = guidance.source_joints, guidance.target_joints
    source = target if same_pose else source
    stack = layer_stack(images, source, target, *stable_maps(source, target), image_size=SIZE)
    return images, stack, guidance.target_pose


def network(**options: object) -> LayerNetwork:
    torch.manual_seed(0)
    return LayerNetwork(widths=(8, 8, 16, 16), **options)  # type: ignore[arg-type]


def test_features_are_warped_as_loops_over_parts_and_pixels_say() -> None:
    torch.manual_seed(1)
    images, stack, _ = given(1)
    net = WarpedFeatures(5, 7).double()
    images = images.double()
    stack = replace(stack, **{n: getattr(stack, n).double() for n in ("prior", "masks", "grid")})
    features = net.second(net.first(net.door(F.pixel_unshuffle(images, 4))))
    shares = torch.softmax(stack.prior[:, :NUM_PARTS], dim=1) * stack.masks
    height, width = SIZE[0] // 4, SIZE[1] // 4
    expected = torch.zeros(2, 5, height, width, dtype=torch.float64)
    for sample, part, row, column in np.ndindex(2, NUM_PARTS, height, width):
        here = (slice(4 * row, 4 * row + 4), slice(4 * column, 4 * column + 4))
        x, y = stack.grid[sample, part][here].flatten(0, 1).mean(dim=0).tolist()
        found = sampled(features[sample], ((x + 1) * width - 1) / 2, ((y + 1) * height - 1) / 2)
        expected[sample, :, row, column] += shares[sample, part][here].mean() * found
    # The sampling itself is in float32.
    torch.testing.assert_close(
        net(images, stack).float(), net.out(expected).float(), atol=1e-4, rtol=1e-4
    )


def sampled(maps: Tensor, x: float, y: float) -> Tensor:
    """Sample maps (c, h, w) bilinearly at a point, the border repeated."""
    height, width = maps.shape[1:]
    x, y = min(max(x, 0), width - 1), min(max(y, 0), height - 1)
    left, top = min(int(x), width - 2), min(int(y), height - 2)
    across, down = x - left, y - top
    rows = [
        (1 - across) * maps[:, top + k, left] + across * maps[:, top + k, left + 1] for k in (0, 1)
    ]
    return (1 - down) * rows[0] + down * rows[1]


@pytest.mark.parametrize(
    "options",
    [{"source_features": 6}, {"own_channels": 5}, {"source_features": 6, "own_channels": 5}],
)
def test_every_parameter_of_a_branch_gets_a_gradient(options: dict[str, int]) -> None:
    images, guidance = random_guidance(np.random.default_rng(3), SIZE)
    plain, more = (
        make_generator(GeneratorSettings(skips="layers", base_channels=4, image_size=SIZE, **each))
        for each in ({}, options)
    )
    more(images, guidance).image.square().mean().backward()
    assert isinstance(more, LayerGenerator)
    assert all(p.grad is not None and p.grad.any() for p in more.parameters())
    sizes = [sum(p.numel() for p in net.parameters()) for net in (plain, more)]
    assert sizes[0] < sizes[1]


def test_the_colour_branch_changes_the_own_colour_alone() -> None:
    images, stack, pose = given(4)
    net = network(own_channels=5)
    before = net(stack, images, pose)
    assert isinstance(net.own, OwnColour)
    torch.nn.init.ones_(net.own.head.bias)
    after = net(stack, images, pose)
    torch.testing.assert_close(after.logits, before.logits)
    assert (after.colour > before.colour).all()


def test_a_high_gain_takes_the_likeliest_layer_alone() -> None:
    images, stack, pose = given(7)
    selection = network(gain=1_000.0)(stack, images, pose)
    best = (selection.logits + stack.prior).argmax(dim=1)[:, None, None].expand(-1, 1, 3, -1, -1)
    layers = torch.cat([stack.colours, selection.colour[:, None]], dim=1)
    close = (composed(stack, selection) - layers.gather(1, best)[:, 0]).abs() < 1e-4
    assert close.float().mean() > 0.99  # where two are equally likely they still mix
    assert network()(stack, images, pose).gain == 1.0


def test_the_gain_holds_for_the_picture_the_pasted_one_and_any_size() -> None:
    images, stack, pose = given(8)
    plain, gained = (network(gain=gain)(stack, images, pose) for gain in (1.0, 3.0))
    torch.testing.assert_close(gained.logits, plain.logits)
    shares_of = torch.softmax(3 * (plain.logits + stack.prior), dim=1)
    torch.testing.assert_close(shares(stack, gained), shares_of)
    assert enlarged(gained, (128, 96)).gain == 3.0
    person, background = torch.ones(2, 1, *SIZE), stack.colours[:, -1]
    drawn = pasted(stack, gained, person, background)
    torch.testing.assert_close(drawn, composed(stack, gained))
    assert not torch.allclose(drawn, pasted(stack, plain, person, background), atol=1e-3)


def test_a_low_logit_of_the_own_colour_leaves_it_out() -> None:
    images, stack, pose = given(9)
    plain, copying = (network(own_logit=logit)(stack, images, pose) for logit in (0.0, -60.0))
    torch.testing.assert_close(copying.logits[:, :-1], plain.logits[:, :-1])
    torch.testing.assert_close(copying.logits[:, -1], plain.logits[:, -1] - 60)
    shown = [composed(stack, replace(copying, colour=copying.colour * k)) for k in (0, 1)]
    torch.testing.assert_close(*shown)
    assert not torch.allclose(composed(stack, plain), shown[0], atol=0.05)


def test_without_a_choice_among_parts_they_have_one_logit() -> None:
    images, stack, pose = given(5)
    logits = network(by_part=False)(stack, images, pose).logits
    assert torch.equal(logits[:, :1].expand(-1, NUM_PARTS, -1, -1), logits[:, :NUM_PARTS])
    free = network()(stack, images, pose).logits
    torch.testing.assert_close(logits[:, 0], free[:, :NUM_PARTS].mean(dim=1))
    torch.testing.assert_close(logits[:, NUM_PARTS:], free[:, NUM_PARTS:])


def test_without_the_silhouette_a_picture_does_not_depend_on_it() -> None:
    images, stack, pose = given(6)
    moved = layer_stack_of_another_body(stack)
    for knows in (False, True):
        net = network(silhouette=knows).eval()
        drawn = [composed(each, net(each, images, pose)) for each in (stack, moved)]
        same = torch.allclose(*drawn, atol=1e-4)
        assert same != knows
    blind = without_silhouette(stack)
    assert torch.equal(blind.prior, without_silhouette(moved).prior)
    assert (blind.bodies == 1).all() and (blind.seen == 1).all()


def layer_stack_of_another_body(stack: LayerStack) -> LayerStack:
    """The same layers with another silhouette, and the prior that belongs to it."""
    bodies = stack.bodies.flip(-1)
    prior = stack.prior.clone()
    inside = stack.masks > 0
    change = 2.0 * (bodies - stack.bodies) * stack.seen
    prior[:, :NUM_PARTS] += torch.where(inside, change, 0.0)
    return replace(stack, bodies=bodies, prior=prior)
