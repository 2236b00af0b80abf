"""The numbers of a layer stack, and what the network of layers sees of it and says."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from poses import standing_pose
from torch import Tensor

from shared.skeleton import JOINT, NUM_PARTS, TORSO
from shared.stable_fit import stable_transforms
from train.nets.backdrop import filled_in
from train.nets.background import background_of
from train.nets.layer_stack import BACKDROP, NUM_LAYERS, LayerStack, layer_stack, target_person
from train.nets.layers import LayerNetwork, Residual, composed, pasted, plain_composite
from train.nets.partshapes import part_depths, part_shapes, silhouette, unseen
from train.nets.posemaps import pose_maps
from train.nets.resizing import resized
from train.nets.resolution import draw_at, enlarged

SIZE = (128, 64)
STILL = torch.tensor([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]).expand(1, NUM_PARTS, 2, 3).clone()


def joints(scale: float = 1.0, shift: float = 0.0) -> Tensor:
    pose = (standing_pose() + 0.5) * scale - 0.5 + np.array([shift, 0.0])
    return torch.from_numpy(pose[None]).float()


def photo(size: tuple[int, int] = SIZE) -> Tensor:
    return torch.rand(1, 3, *size, generator=torch.Generator().manual_seed(3)) * 2 - 1


def stack_of(transforms: Tensor = STILL, scale: float = 1.0) -> LayerStack:
    size = (round(SIZE[0] * scale), round(SIZE[1] * scale))
    known = torch.ones(1, NUM_PARTS, dtype=torch.uint8)
    there = joints(scale)
    return layer_stack(photo(size), there, there, transforms, known, image_size=size)


def soft(depths: Tensor, border: float) -> Tensor:
    return (depths / border + 0.5).clamp(0, 1)


def depths_of(scale: float = 1.0, *, body: bool = False) -> Tensor:
    size = (round(SIZE[0] * scale), round(SIZE[1] * scale))
    return part_depths(part_shapes(joints(scale)), size, size, body=body)


@pytest.mark.parametrize("scale", [1.0, 2.0])
def test_borders_are_as_wide_as_the_image_is_tall(scale: float) -> None:
    stack, depths, body = stack_of(scale=scale), depths_of(scale), depths_of(scale, body=True)
    expected = soft(depths, 4 * scale)
    expected[:, TORSO] = 0.5 + 0.5 * soft(depths[:, TORSO], 16 * scale)
    torch.testing.assert_close(stack.masks, expected, atol=1e-4, rtol=0)
    parts = soft(body, 3 * scale)
    silhouettes = parts.amax(1, keepdim=True).expand(-1, NUM_PARTS, -1, -1)
    torch.testing.assert_close(stack.bodies, silhouettes, atol=1e-3, rtol=0)
    torch.testing.assert_close(stack.seen, unseen(parts), atol=1e-3, rtol=0)
    person = target_person(joints(scale), image_size=stack.size, size=stack.size)
    expected = soft(body, 6 * scale).amax(1, keepdim=True)
    torch.testing.assert_close(person, expected, atol=1e-4, rtol=0)


def test_the_background_is_filled_in_from_four_pixels_off_the_person() -> None:
    person = silhouette(soft(depths_of() + 4, 4))
    expected = filled_in(photo(), 1 - person)
    torch.testing.assert_close(stack_of().colours[:, BACKDROP], expected)


def test_samples_beyond_the_source_fade_out_over_two_pixels() -> None:
    shifted = STILL.clone()
    shifted[..., 0, 2] = 60.25  # the source's last column is reached at x = 2.75
    masks = stack_of(shifted).masks[0, TORSO] / stack_of().masks[0, TORSO]
    x = torch.arange(64.0)
    expected = (1 + (63 - (x + 60.25) + 0.5) / 2).clamp(0, 1)
    torch.testing.assert_close(masks[64], expected, atol=1e-4, rtol=0)
    assert 0 < masks[64, 4] < 1
    colours = stack_of(shifted).colours[0, TORSO, :, :, 30]
    torch.testing.assert_close(colours, photo()[0, :, :, 63])  # the border's colour, not black


def test_a_part_speaks_by_its_mask_its_order_and_the_body() -> None:
    stack = stack_of()
    free = stack.masks * unseen(stack.masks)
    expected = 4 * (stack.masks - 1) + 2 * free + 2 * (stack.bodies * stack.seen - 1)
    expected = expected.where(stack.masks > 0, torch.tensor(-12.0))
    torch.testing.assert_close(stack.prior[:, :NUM_PARTS], expected)
    assert (stack.prior[:, BACKDROP] == -4).all() and (stack.prior[:, BACKDROP + 1] == 0).all()
    assert (expected == -12).any() and (free != stack.masks).any()


def test_bodies_have_the_widths_of_people() -> None:
    shapes = part_shapes(joints())
    pose = joints()[0]
    torso = ((pose[JOINT["RHip"]] - pose[JOINT["RSho"]]).square().sum() / 2
             + (pose[JOINT["LHip"]] - pose[JOINT["LSho"]]).square().sum() / 2).sqrt()  # fmt: skip
    shoulders = (pose[JOINT["RSho"]] - pose[JOINT["LSho"]]).norm()
    hips = (pose[JOINT["RHip"]] - pose[JOINT["LHip"]]).norm()
    half = max(shoulders, hips, 0.3 * torso) / 2
    expected = torso * torch.tensor([0.12, 0.3, 0.14, 0.14, 0.11, 0.11, 0.1, 0.1, 0.1, 0.1])
    expected[0] += half
    torch.testing.assert_close(shapes.body_half_width[0], expected)
    axis = (pose[[JOINT["RHip"], JOINT["LHip"]]] - pose[[JOINT["RSho"], JOINT["LSho"]]]).mean(0)
    torch.testing.assert_close(shapes.length[0, TORSO], 1.3 * axis.norm())


def test_a_torso_seen_from_the_side_keeps_some_width() -> None:
    side = joints()
    for name in ("RSho", "LSho", "RHip", "LHip"):
        side[0, JOINT[name], 0] = 30.0
    shapes = part_shapes(side)
    torso = shapes.length[0, TORSO] / 1.3
    torch.testing.assert_close(shapes.body_half_width[0, TORSO], 0.15 * torso + 0.12 * torso)
    wide = joints()
    wide[0, JOINT["RHip"], 0], wide[0, JOINT["LHip"], 0] = 2.0, 62.0
    found = part_shapes(wide)
    torso = found.body_half_width[0, 2] / 0.14
    torch.testing.assert_close(found.body_half_width[0, TORSO], 30 + 0.12 * torso)


def network(seed: int = 0) -> LayerNetwork:
    torch.manual_seed(seed)
    return LayerNetwork(widths=(8, 8, 16, 16), attention_heads=2).eval()


def test_the_network_sees_every_layer_and_both_pictures() -> None:
    net, stack, seen = network(), stack_of(), []
    net.door.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    pose = pose_maps(joints(), SIZE)
    net(stack, photo(), pose)
    fine = F.pixel_unshuffle(torch.cat([plain_composite(stack), photo()], dim=1), 2)
    parts = (stack.colours[:, :NUM_PARTS] * stack.masks[:, :, None]).flatten(1, 2)
    maps = [stack.colours[:, BACKDROP], parts, stack.masks, stack.bodies, stack.seen, pose]
    coarse = F.avg_pool2d(torch.cat(maps, dim=1), 2)
    torch.testing.assert_close(seen[0], torch.cat([fine, coarse], dim=1))


def test_what_the_network_says_is_amplified_and_its_colour_stays_in_range() -> None:
    net, stack, pose = network(), stack_of(), pose_maps(joints(), SIZE)
    assert float(net.head.weight.detach().std()) == pytest.approx(0.02, rel=0.2)
    assert not net.head.bias.detach().any()
    with torch.no_grad():
        net.head.weight.zero_()
        net.head.bias.fill_(1.5)
        found = net(stack, photo(), pose)
    torch.testing.assert_close(found.logits, torch.full((1, NUM_LAYERS, *SIZE), 6.0))
    expected = torch.full((1, 3, *SIZE), 1.5).tanh()
    torch.testing.assert_close(found.colour, expected)


def test_fine_levels_reach_the_picture_past_the_coarse_ones() -> None:
    net, stack, pose = network(), stack_of(), pose_maps(joints(), SIZE)
    with torch.no_grad():
        for layer in net.up:
            layer.weight.zero_()
            layer.bias.zero_()
        one, other = (net(stack, each, pose).logits for each in (photo(), -photo()))
    assert not torch.allclose(one, other)


def test_a_residual_adds_a_leaky_norm_to_what_it_is_given() -> None:
    block = Residual(2)
    features = torch.randn(1, 2, 5, 4, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        block.convolution.weight.zero_()
        block.convolution.bias.zero_()
        block.convolution.weight[[0, 1], [0, 1], 1, 1] = 1
    normed = (features - features.mean()) / (features.var(correction=0) + 1e-5).sqrt()
    expected = features + normed.where(normed > 0, 0.2 * normed)
    torch.testing.assert_close(block(features), expected)


def test_without_heads_nothing_attends_and_with_heads_the_source_is_asked() -> None:
    stack, pose = stack_of(), pose_maps(joints(), SIZE)
    net = network()
    assert net.attention is not None and net.attention.heads == 2
    calls: list[tuple[int, ...]] = []
    net.attention.register_forward_hook(lambda *given: calls.append(tuple(given[2].shape)))
    net(stack, photo(), pose)
    assert calls == [(1, 16, 16, 8)]
    assert LayerNetwork(widths=(8, 8, 16, 16), attention_heads=0).source is None


def geometry() -> dict[str, Tensor]:
    source, target = joints(), joints(shift=4.0)
    transforms, status = stable_transforms(source.numpy(), target.numpy())
    return {
        "source_joints": source,
        "target_joints": target,
        "transforms": torch.from_numpy(transforms).float(),
        "status": torch.from_numpy(status),
    }


def test_drawing_follows_the_heat_maps_and_is_pasted_on_what_the_hole_leaves() -> None:
    net, parts = network(), geometry()
    poses = {sigma: pose_maps(parts["target_joints"], SIZE, sigma) for sigma in (3.0, 9.0)}
    narrow, wide = (draw_at(net, photo(), target_pose=pose, **parts)[0] for pose in poses.values())
    assert not torch.allclose(narrow, wide)
    size = (256, 128)
    found = draw_at(net, photo(size), target_pose=poses[3.0], **parts)
    small = resized(photo(size), SIZE)
    pair = tuple(parts.values())
    selection = enlarged(net(layer_stack(small, *pair, image_size=SIZE), small, poses[3.0]), size)
    stack = layer_stack(photo(size), *pair, image_size=SIZE, size=size)
    person = target_person(parts["target_joints"], image_size=SIZE, size=size)
    behind = background_of(photo(size), parts["source_joints"], SIZE)
    torch.testing.assert_close(found[0], composed(stack, selection))
    torch.testing.assert_close(found[1], pasted(stack, selection, person, behind))
    assert not torch.allclose(*found)


def test_a_smaller_picture_is_an_average_and_a_larger_selection_a_ramp() -> None:
    stripes = torch.arange(256).remainder(2).mul(2).sub(1.0).view(1, 1, -1, 1)
    stripes = stripes.expand(1, 3, 256, 128)
    assert resized(stripes, SIZE)[:, :, 4:-4].abs().max() < 0.05
    assert resized(stripes, (256, 128)) is stripes
    selection = network()(stack_of(), photo(), pose_maps(joints(), SIZE))
    large = enlarged(selection, (256, 128))
    exact = F.interpolate(selection.logits, scale_factor=2, mode="bilinear", align_corners=False)
    torch.testing.assert_close(large.logits, exact)
