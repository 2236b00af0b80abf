"""Backgrounds without their person: fills against loops, no leak, and what the networks see."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from drawn_shards import random_arrays
from guides import random_guidance
from poses import random_poses, standing_pose
from torch import Tensor

from shared.errors import UsageError
from shared.geometry import mask_quads, scale_joints, torso_lengths, valid_poses
from shared.skeleton import JOINT, TORSO
from shared.stable_fit import CALF_LENGTH, THIGH_LENGTH, completed
from train.data.batch import make_batch
from train.data.store import store_from
from train.metrics.masks import pose_masks
from train.nets.background import (
    DISC_PX,
    FOOT_LENGTH,
    HOLE_MARGIN_PX,
    LEG_HALF_WIDTH,
    background_of,
    person_hole,
)
from train.nets.generators import make_generator
from train.nets.guidance import Guidance
from train.nets.kinds import make_discriminator
from train.settings.networks import DiscriminatorSettings, GeneratorSettings
from train.settings.tree import TrainSettings

SIZE = (64, 48)


def joints_of(batch: int, seed: int = 0, missing: float = 0.15) -> Tensor:
    poses = random_poses(np.random.default_rng(seed), 20 * batch, missing=missing)
    poses = scale_joints(poses[valid_poses(poses)][:batch], (128, 64), SIZE)
    return torch.from_numpy(poses)


def depth_in_quad(point: np.ndarray, quad: np.ndarray) -> float:
    """Distance to the nearest side, negative outside, of either sense of rotation."""
    depths = []
    for k in range(4):
        edge, offset = quad[(k + 1) % 4] - quad[k], point - quad[k]
        depths.append((edge[0] * offset[1] - edge[1] * offset[0]) / np.hypot(*edge))
    centre = quad.mean(axis=0) - quad[0]
    edge = quad[1] - quad[0]
    return min(depths) if edge[0] * centre[1] - edge[1] * centre[0] > 0 else -max(depths)


def hole_by_loops(joints: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """The hole of one pose without its torso, whose mask is another than the papers'."""
    margin = HOLE_MARGIN_PX * SIZE[0] / 128
    quads = mask_quads(completed(joints)[None], SIZE)[0]
    hole = np.zeros(size, bool)
    axis = (joints[[8, 11]] - joints[[2, 5]]).mean(axis=0)
    down = axis / np.hypot(*axis)
    length = torso_lengths(joints[None])[0]
    for row in range(size[0]):
        for column in range(size[1]):
            place = np.array([(column + 0.5) * SIZE[1] / size[1], (row + 0.5) * SIZE[0] / size[0]])
            point = place - 0.5
            for part in range(10):
                if part != TORSO and np.isfinite(quads[part]).all():
                    hole[row, column] |= depth_in_quad(point, quads[part]) > -margin
            near = np.hypot(*(point - joints).T) < DISC_PX * SIZE[0] / 128
            hole[row, column] |= near.any()
            for side in "RL":
                if np.isfinite(joints[[JOINT[side + "Kne"], JOINT[side + "Ank"]]]).all():
                    continue
                knee, reach = joints[JOINT[side + "Kne"]], CALF_LENGTH + FOOT_LENGTH
                start = knee
                if not np.isfinite(knee).all():
                    start, reach = joints[JOINT[side + "Hip"]], reach + THIGH_LENGTH
                offset = point - start
                along, across = offset @ down, offset @ [-down[1], down[0]]
                inside = 0 <= along <= reach * length and abs(across) <= LEG_HALF_WIDTH * length
                hole[row, column] |= inside
    return hole


@pytest.mark.parametrize("size", [SIZE, (48, 40)])
def test_the_hole_is_that_of_loops_and_the_torso(size: tuple[int, int]) -> None:
    joints = joints_of(4)
    found = person_hole(joints, SIZE, size)[:, 0].numpy()
    for one, pose in zip(found, joints.numpy(), strict=True):
        expected = hole_by_loops(pose, size)
        assert (expected & ~one).sum() <= 2  # on a border rounding decides
        # What is left is the torso's rectangle, from above the shoulders to below the hips.
        rows, columns = np.nonzero(one & ~expected)
        torso = pose[[JOINT[name] for name in ("RSho", "LSho", "RHip", "LHip")]]
        reach = 0.8 * torso_lengths(pose[None])[0] + HOLE_MARGIN_PX
        x, y = (columns + 0.5) * SIZE[1] / size[1], (rows + 0.5) * SIZE[0] / size[0]
        assert (x > torso[:, 0].min() - reach).all() and (x < torso[:, 0].max() + reach).all()
        assert (y > torso[:, 1].min() - reach).all() and (y < torso[:, 1].max() + reach).all()


def fill_by_loops(image: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Pull-push of (h, w, c) by recursion and loops."""
    height, width = known.shape
    if height == width == 1:
        return image * known[..., None] / max(known[0, 0], 1e-6)
    half = (height + 1) // 2, (width + 1) // 2
    total, weight = np.zeros((*half, image.shape[2])), np.zeros(half)
    for y in range(height):
        for x in range(width):
            total[y // 2, x // 2] += image[y, x] * known[y, x]
            weight[y // 2, x // 2] += known[y, x]
    shrink = 1 / np.maximum(weight, 1)
    mean = total / np.maximum(weight, 1e-6)[..., None]
    below = fill_by_loops(mean, weight * shrink)
    result = np.zeros_like(image)
    for y in range(height):
        for x in range(width):
            fy = np.clip((y + 0.5) * half[0] / height - 0.5, 0, half[0] - 1)
            fx = np.clip((x + 0.5) * half[1] / width - 0.5, 0, half[1] - 1)
            y0, x0 = int(fy), int(fx)
            y1, x1 = min(y0 + 1, half[0] - 1), min(x0 + 1, half[1] - 1)
            ty, tx = fy - y0, fx - x0
            upper = (1 - tx) * below[y0, x0] + tx * below[y0, x1]
            lower = (1 - tx) * below[y1, x0] + tx * below[y1, x1]
            share = min(known[y, x], 1)
            result[y, x] = share * image[y, x] + (1 - share) * ((1 - ty) * upper + ty * lower)
    return result


@pytest.mark.parametrize("size", [SIZE, (40, 24)])
def test_the_fill_is_that_of_loops(size: tuple[int, int]) -> None:
    rng = np.random.default_rng(3)
    joints = joints_of(2)
    photo = torch.from_numpy(rng.uniform(-1, 1, (2, 3, *size)))
    hole = person_hole(joints, SIZE, size)
    found = background_of(photo, joints, SIZE)
    for one, picture, gap in zip(found, photo, hole, strict=True):
        known = (~gap[0]).double().numpy()
        expected = fill_by_loops(picture.permute(1, 2, 0).numpy(), known)
        np.testing.assert_allclose(one.permute(1, 2, 0).numpy(), expected, atol=1e-9)
    kept = (~hole).expand_as(photo)
    assert torch.equal(found[kept], photo[kept])


def test_nothing_of_the_person_leaks_into_the_background() -> None:
    size, rng = (128, 64), np.random.default_rng(5)
    joints = torch.from_numpy(standing_pose() + rng.normal(0, 2.5, (6, 18, 2)))
    joints[0, JOINT["LElb"]] = joints[1, JOINT["nose"]] = torch.nan
    photo = torch.rand(6, 3, *size, dtype=torch.float64)
    person = pose_masks(joints, size)[:, None]
    clean = background_of(photo, joints, size)
    for odd in (7.0, float("inf"), float("nan")):
        spoiled = photo.masked_fill(person, odd)
        assert torch.equal(background_of(spoiled, joints, size), clean)


def test_legs_that_were_not_found_leave_no_ghost() -> None:
    size = (128, 64)
    pose = standing_pose()[None]
    leg = [JOINT["RKne"], JOINT["RAnk"]]
    pose[0, leg] += [[-8.0, -2.0], [-12.0, -6.0]]
    whole = torch.from_numpy(pose.copy())
    pose[0, leg] = np.nan
    person = pose_masks(whole, size)[:, None]
    hole = person_hole(torch.from_numpy(pose), size, size)
    assert (person & ~hole).sum() < 0.01 * person.sum()
    assert hole.float().mean() < 0.9


def test_a_batch_shows_the_background_that_is_asked_for() -> None:
    store = store_from([random_arrays(4, identities=(2, 3))])
    samples = store.gather(torch.arange(3))
    plain = make_batch(samples, None, sigma=6.0)
    assert plain.background.shape == (3, 0, *plain.image_size)
    assert plain.guidance.target_seen is plain.target_pose
    for whose in ("source", "target"):
        batch = make_batch(samples, None, sigma=6.0, background=whose)  # type: ignore[arg-type]
        image, joints = getattr(batch, f"{whose}_image"), getattr(batch, f"{whose}_joints")
        expected = background_of(image, joints, batch.image_size)
        assert torch.equal(batch.background, expected)
        seen = torch.cat([batch.target_pose, expected], dim=1)
        assert torch.equal(batch.guidance.target_seen, seen)


def test_the_background_of_a_mirrored_sample_is_the_mirrored_one() -> None:
    samples = store_from([random_arrays(4, identities=(2, 3))]).gather(torch.arange(3))
    plain, mirrored = (
        make_batch(samples, flags, sigma=6.0, background="target").background
        for flags in (None, torch.ones(3, dtype=torch.bool))
    )
    moved = (mirrored.flip(3) - plain).abs().amax(dim=1)
    assert (moved < 1e-4).float().mean() > 0.98  # on a border of the hole rounding decides


def given(rng: np.random.Generator, size: tuple[int, int] = SIZE) -> tuple[Tensor, Guidance]:
    images, guidance = random_guidance(rng, size)
    return images, replace(guidance, background=torch.rand_like(images))


@pytest.mark.parametrize("skips", ["parts", "none", "full", "layers"])
def test_every_parameter_gets_a_gradient_and_the_background_counts(skips: str, rng) -> None:  # type: ignore[no-untyped-def]
    images, guidance = given(rng)
    torch.manual_seed(0)
    net = make_generator(
        GeneratorSettings(
            skips=skips,  # type: ignore[arg-type]
            base_channels=4,
            image_size=SIZE,
            background="target",
        )
    )
    net(images, guidance).image.square().mean().backward()
    for name, parameter in net.named_parameters():
        assert parameter.grad is not None and parameter.grad.any(), name
    net.eval()
    other = replace(guidance, background=-guidance.background)
    assert not torch.equal(net(images, guidance).image, net(images, other).image)


@pytest.mark.parametrize("kind", ["concat", "siamese", "warp", "patch"])
def test_every_discriminator_sees_the_background(kind: str, rng) -> None:  # type: ignore[no-untyped-def]
    images, guidance = given(rng)
    torch.manual_seed(0)
    net = make_discriminator(
        DiscriminatorSettings(kind=kind, base_channels=4, background="target")  # type: ignore[arg-type]
    )
    net(images, images, guidance).square().mean().backward()
    for name, parameter in net.named_parameters():
        assert parameter.grad is not None and parameter.grad.any(), name
    net.eval()
    other = replace(guidance, background=-guidance.background)
    assert not torch.equal(net(images, images, guidance), net(images, images, other))


def test_padded_generators_see_a_padded_background(rng) -> None:  # type: ignore[no-untyped-def]
    size = (64, 40)
    images, guidance = given(rng, size)
    settings = GeneratorSettings(base_channels=4, image_size=size, background="target")
    assert settings.padded_size != size
    assert make_generator(settings)(images, guidance).image.shape == images.shape


def test_both_networks_must_see_the_same_background() -> None:
    with pytest.raises(UsageError, match=r"discriminator\.background: expected target"):
        TrainSettings(preset="full", generator=GeneratorSettings(background="target"))
    both = TrainSettings(
        preset="full",
        generator=GeneratorSettings(background="target"),
        discriminator=DiscriminatorSettings(background="target"),
    )
    assert both.seen["background"] == "target"
    plain = TrainSettings(preset="full")
    assert plain.run_name != both.run_name
    assert "background" not in plain.lasting["generator"]
