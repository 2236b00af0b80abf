"""The generator of layers: what its stack holds, what it draws untrained, and at which size."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from poses import random_poses, standing_pose
from skimage.transform import AffineTransform, warp
from torch import Tensor
from twin_geometry import mirror_joints

from shared import stable_fit
from shared.geometry import limb_quads, mask_quads, scale_joints
from shared.skeleton import HEAD, HEAD_JOINTS, JOINT, MASK_LIMB_END, NUM_PARTS
from shared.stable_fit import stable_transforms
from train.nets.attention import CrossAttention
from train.nets.backdrop import filled_in
from train.nets.layer_stack import BACKDROP, NUM_LAYERS, OWN, LayerStack, layer_stack, target_person
from train.nets.layers import LayerNetwork, Selection, composed, pasted, plain_composite
from train.nets.partmasks import part_masks
from train.nets.partshapes import (
    OUTSIDE,
    completed,
    part_depths,
    part_shapes,
    pixel_centres,
    ramp,
    silhouette,
    unseen,
)
from train.nets.posemaps import pose_maps
from train.nets.resizing import resized
from train.nets.resolution import draw_at, enlarged

SIZE = (128, 64)


def photos(batch: int, size: tuple[int, int] = SIZE, seed: int = 0) -> Tensor:
    coarse = torch.rand(batch, 3, 16, 8, generator=torch.Generator().manual_seed(seed)) * 2 - 1
    return torch.nn.functional.interpolate(coarse, size=size, mode="bilinear")


def pair(batch: int = 2, seed: int = 0) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    rng = np.random.default_rng(seed)
    source, target = (standing_pose() + rng.normal(0, 3, (batch, 18, 2)) for _ in range(2))
    source[0, JOINT["LWri"]] = np.nan
    target[0, list(HEAD_JOINTS)] = np.nan
    transforms, status = stable_transforms(source, target)
    floats = (torch.from_numpy(each).float() for each in (source, target, transforms))
    return (*floats, torch.from_numpy(status))  # type: ignore[return-value]


def stack_of(batch: int = 2, size: tuple[int, int] = SIZE) -> LayerStack:
    return layer_stack(photos(batch, size), *pair(batch), image_size=SIZE)


def drawn(net: LayerNetwork, photo: Tensor, geometry: tuple[Tensor, ...]) -> Tensor:
    names = ("source_joints", "target_joints", "transforms", "status")
    named = dict(zip(names, geometry, strict=True))
    return draw_at(net, photo, target_pose=pose_maps(geometry[1], SIZE), **named)[0]


def network(seed: int = 0) -> LayerNetwork:
    torch.manual_seed(seed)
    return LayerNetwork(widths=(8, 8, 16, 16), blocks=(1, 1, 1, 1), attention_heads=2)


def test_shapes_are_the_papers_mask_quads() -> None:
    joints = random_poses(np.random.default_rng(1), 6)
    quads = mask_quads(stable_fit.completed(joints), SIZE)
    expected = part_masks(torch.from_numpy(quads), SIZE, SIZE)
    depths = part_depths(part_shapes(torch.from_numpy(joints)), SIZE, SIZE)
    assert expected[:, 1:].any()
    clear = depths.abs() > 1e-3  # on a border rounding decides
    assert ((depths >= 0) == expected)[:, 1:][clear[:, 1:]].all()


def test_depths_are_distances_to_the_nearest_side() -> None:
    joints = standing_pose()[None]
    depths = part_depths(part_shapes(torch.from_numpy(joints)), SIZE, SIZE).numpy()
    quad = limb_quads(joints, MASK_LIMB_END)[0, 0]
    for x, y in ((25, 80), (28, 90), (20, 70), (31, 77)):
        sides = []
        for k in range(4):
            edge = quad[(k + 1) % 4] - quad[k]
            offset = np.array([x, y]) - quad[k]
            sides.append((edge[0] * offset[1] - edge[1] * offset[0]) / np.hypot(*edge))
        expected = min(sides) if np.mean(sides) > 0 else -max(sides)
        assert depths[0, 2, y, x] == pytest.approx(expected, abs=1e-9)


def test_absent_parts_are_far_outside_everywhere() -> None:
    joints = standing_pose()[None]
    joints[0, JOINT["RElb"]] = np.nan
    joints[0, list(HEAD_JOINTS)] = np.nan
    depths = part_depths(part_shapes(torch.from_numpy(joints)), SIZE, SIZE)
    for part in range(NUM_PARTS):
        assert bool((depths[0, part] == OUTSIDE).all()) == (part in (HEAD, 6, 8))


def test_completion_on_the_device_is_the_fits() -> None:
    joints = random_poses(np.random.default_rng(2), 200, missing=0.3)
    found = completed(torch.from_numpy(joints)).numpy()
    np.testing.assert_allclose(found, stable_fit.completed(joints), atol=1e-9)


@pytest.mark.parametrize("size", [(128, 64), (64, 32), (200, 120)])
def test_convention_pixel_centres_follow_a_resize(size: tuple[int, int]) -> None:
    x, y = pixel_centres(SIZE, size, like=torch.zeros(1, dtype=torch.float64))
    corners = np.array([[0.0, 0.0], [size[1] - 1, size[0] - 1]])
    expected = scale_joints(corners, size, SIZE)
    np.testing.assert_allclose([[x[0], y[0]], [x[-1], y[-1]]], expected)


def test_masks_of_half_the_size_are_those_of_the_full_one() -> None:
    shapes = part_shapes(torch.from_numpy(standing_pose()[None]))
    fine = ramp(part_depths(shapes, SIZE, SIZE), 4.0)
    coarse = ramp(part_depths(shapes, SIZE, (64, 32)), 4.0)
    pooled = torch.nn.functional.avg_pool2d(fine, 2)
    assert (coarse - pooled).abs().max() < 0.13
    assert (coarse - pooled).abs().mean() < 0.002


def test_what_lies_in_front_hides_what_lies_behind() -> None:
    memberships = torch.rand(2, NUM_PARTS, 3, 4)
    found = unseen(memberships)
    for part in range(NUM_PARTS):
        expected = torch.ones(2, 3, 4)
        for other in range(NUM_PARTS):
            kind, other_kind = (each if each < 2 else each // 2 + 1 for each in (part, other))
            if other_kind > kind:
                expected = expected * (1 - memberships[:, other])
        torch.testing.assert_close(found[:, part], expected)
    assert silhouette(memberships).shape == (2, 1, 3, 4)


def test_layers_are_the_photo_warped_as_scikit_image_warps_it() -> None:
    photo = photos(2)
    source, target, transforms, status = pair()
    stack = layer_stack(photo, source, target, transforms, status, image_size=SIZE)
    for part in (0, 2, 7):
        matrix = np.vstack([transforms[1, part].numpy(), [0, 0, 1]])
        expected = warp(
            photo[1].permute(1, 2, 0).numpy(), AffineTransform(matrix), order=1, mode="edge"
        )
        found = stack.colours[1, part].permute(1, 2, 0).numpy()
        np.testing.assert_allclose(found, expected, atol=2e-3)


def test_masks_vanish_for_parts_without_transform_and_outside_of_the_source() -> None:
    source, target, transforms, status = pair()
    status[1, 3] = 0
    transforms[1, 2] = torch.tensor([[1.0, 0.0, 1000.0], [0.0, 1.0, 1000.0]])
    stack = layer_stack(photos(2), source, target, transforms, status, image_size=SIZE)
    assert not stack.masks[1, 3].any()
    assert not stack.masks[1, 2].any()
    assert stack.masks[0, 3].any()
    weights = torch.softmax(stack.prior, dim=1)
    assert weights[1, 2:4].max() < 1e-4


def test_backdrop_keeps_what_is_known_and_fills_the_rest_smoothly() -> None:
    image = photos(1, (37, 22), seed=3)
    known = torch.ones(1, 1, 37, 22)
    known[:, :, 8:30, 6:16] = 0
    filled = filled_in(image.masked_fill(known == 0, 0.0), known)
    torch.testing.assert_close(
        filled[(known > 0).expand_as(filled)], image[(known > 0).expand_as(image)]
    )
    flat = torch.full((1, 3, 37, 22), 0.3)
    torch.testing.assert_close(filled_in(flat * known, known), flat, atol=1e-5, rtol=0)
    inner = filled[:, :, 8:30, 6:16]
    assert inner.min() >= image.min() - 1e-5
    assert inner.max() <= image.max() + 1e-5
    assert not torch.equal(inner, torch.zeros_like(inner))
    assert not filled_in(image, torch.zeros_like(known)).any()


def test_backdrop_layer_does_not_show_the_person() -> None:
    source, target, transforms, status = pair(1)
    body = ramp(part_depths(part_shapes(source), SIZE, SIZE, body=True), 1.0)
    person = silhouette(body)
    photo = torch.where(person > 0, 1.0, -1.0).expand(-1, 3, -1, -1).contiguous()
    stack = layer_stack(photo, source, target, transforms, status, image_size=SIZE)
    assert stack.colours[:, BACKDROP].max() < -0.9


def test_untrained_network_draws_a_person_onto_itself() -> None:
    joints = torch.from_numpy(standing_pose()[None]).float()
    transforms, status = stable_transforms(joints.numpy(), joints.numpy())
    photo = photos(1)
    stack = layer_stack(
        photo,
        joints,
        joints,
        torch.from_numpy(transforms).float(),
        torch.from_numpy(status),
        image_size=SIZE,
    )
    person = silhouette(ramp(part_depths(part_shapes(joints), SIZE, SIZE, body=True), 1.0))
    difference = (plain_composite(stack) - photo).abs() * person
    assert difference.max() < 0.15
    assert difference.sum() / (3 * person.sum()) < 0.01


def test_composition_is_a_weighted_mean_of_layers_by_loops() -> None:
    stack = stack_of(1)
    logits, colour = torch.randn(1, NUM_LAYERS, *SIZE), torch.rand(1, 3, *SIZE)
    found = composed(stack, Selection(logits=logits, colour=colour))
    for y, x in ((0, 0), (40, 31), (127, 63)):
        exps = (logits + stack.prior)[0, :, y, x].double().exp()
        layers = torch.cat([stack.colours[0, :, :, y, x], colour[:, :, y, x]]).double()
        expected = (exps[:, None] * layers).sum(dim=0) / exps.sum()
        torch.testing.assert_close(found[0, :, y, x].double(), expected, atol=1e-5, rtol=1e-5)


def test_every_parameter_gets_a_gradient() -> None:
    net, stack = network(), stack_of()
    pose = pose_maps(pair()[1], SIZE)
    composed(stack, net(stack, photos(2), pose)).square().mean().backward()
    for name, parameter in net.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name


def test_samples_do_not_meet() -> None:
    net = network().eval()
    geometry = pair()
    both = drawn(net, photos(2), geometry)
    one = drawn(net, photos(2)[1:], tuple(each[1:] for each in geometry))
    torch.testing.assert_close(both[1:], one, atol=1e-5, rtol=1e-5)


def test_a_mirrored_pair_has_a_mirrored_stack() -> None:
    source, target, transforms, status = pair()
    mirrored = [
        torch.from_numpy(mirror_joints(each.numpy(), SIZE[1])).float() for each in (source, target)
    ]
    fitted, fitted_status = stable_transforms(mirrored[0].numpy(), mirrored[1].numpy())
    one = layer_stack(photos(2), source, target, transforms, status, image_size=SIZE)
    other = layer_stack(
        photos(2).flip(3),
        *mirrored,
        torch.from_numpy(fitted).float(),
        torch.from_numpy(fitted_status),
        image_size=SIZE,
    )
    torch.testing.assert_close(
        plain_composite(other), plain_composite(one).flip(3), atol=1e-3, rtol=0
    )


def test_drawing_at_the_networks_size_is_its_own_picture() -> None:
    net = network().eval()
    geometry = pair()
    stack = layer_stack(photos(2), *geometry, image_size=SIZE)
    selection = net(stack, photos(2), pose_maps(geometry[1], SIZE))
    found = drawn(net, photos(2), geometry)
    torch.testing.assert_close(found, composed(stack, selection))


@pytest.mark.parametrize("size", [(512, 256), (200, 90)])
def test_stack_at_another_size_shows_the_same(size: tuple[int, int]) -> None:
    small, large = stack_of(), stack_of(size=size)
    assert large.size == size
    pooled = resized(plain_composite(large), SIZE)
    assert (pooled - plain_composite(small)).abs().mean() < 0.03


def test_drawing_at_a_photos_size_keeps_its_detail() -> None:
    size = (512, 256)
    stripes = torch.arange(size[0]).div(3, rounding_mode="floor").remainder(2).mul(2).sub(1.0)
    photo = stripes.view(1, 1, -1, 1).expand(1, 3, *size).contiguous()
    joints = torch.from_numpy(standing_pose()[None]).float()
    transforms, status = stable_transforms(joints.numpy(), joints.numpy())
    geometry = (joints, joints, torch.from_numpy(transforms).float(), torch.from_numpy(status))
    net = network().eval()
    large = drawn(net, photo, geometry)
    small = drawn(net, resized(photo, SIZE), geometry)
    assert large.shape == (1, 3, *size)
    inner = (slice(None), slice(None), slice(160, 220), slice(110, 146))
    assert large[inner].std() > 0.5
    assert resized(small, size)[inner].std() < 0.5 * large[inner].std()


def test_enlarged_selection_keeps_flat_areas() -> None:
    selection = Selection(
        logits=torch.ones(1, NUM_LAYERS, 4, 2), colour=torch.full((1, 3, 4, 2), 0.25)
    )
    large = enlarged(selection, (9, 5))
    torch.testing.assert_close(large.logits, torch.ones(1, NUM_LAYERS, 9, 5))
    torch.testing.assert_close(large.colour, torch.full((1, 3, 9, 5), 0.25))


def test_attention_is_softmax_over_source_pixels() -> None:
    torch.manual_seed(4)
    attention = CrossAttention(6, 2).double().eval()
    target = torch.randn(1, 6, 3, 2, dtype=torch.float64)
    source = torch.randn(1, 6, 2, 2, dtype=torch.float64)
    query = attention.query(attention.query_norm(target))[0].flatten(1)
    key = attention.key(attention.source_norm(source))[0].flatten(1)
    value = attention.value(attention.source_norm(source))[0].flatten(1)
    rows = []
    for head in (slice(0, 3), slice(3, 6)):
        scores = query[head].T @ key[head] / 3**0.5
        rows.append(torch.softmax(scores, dim=1) @ value[head].T)
    answer = torch.cat(rows, dim=1).T.reshape(1, 6, 3, 2)
    torch.testing.assert_close(attention(target, source), target + attention.out(answer))


def test_pasting_changes_the_networks_own_colour_outside_of_the_person_alone() -> None:
    stack = stack_of()
    selection = Selection(logits=torch.randn(2, NUM_LAYERS, *SIZE), colour=torch.rand(2, 3, *SIZE))
    person = target_person(pair()[1], image_size=SIZE, size=SIZE)
    assert person.shape == (2, 1, *SIZE)
    behind = photos(2, seed=5)
    plain, found = composed(stack, selection), pasted(stack, selection, person, behind)
    inside = (person == 1).expand_as(plain)
    assert inside.any()
    same = pasted(stack, selection, person, stack.colours[:, BACKDROP])
    torch.testing.assert_close(same[inside], plain[inside])
    weights = torch.softmax(selection.logits + stack.prior, dim=1)[:, BACKDROP, None]
    changed = plain + weights * (behind - stack.colours[:, BACKDROP])
    torch.testing.assert_close(found[inside], changed[inside])
    own = Selection(logits=torch.zeros(2, NUM_LAYERS, *SIZE), colour=selection.colour)
    own.logits[:, OWN] = 100
    outside = (person == 0).expand_as(plain)
    assert outside.any()
    shown = pasted(stack, own, person, behind)[outside]
    torch.testing.assert_close(shown, behind[outside])


def test_own_colour_comes_last() -> None:
    assert (BACKDROP, OWN, NUM_LAYERS) == (10, 11, 12)
    stack = stack_of()
    assert stack.colours.shape == (2, BACKDROP + 1, 3, *SIZE)
    assert stack.prior.shape == (2, OWN + 1, *SIZE)
