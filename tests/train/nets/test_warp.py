"""The sparse warp against ten whole maps and against loops over pixels, values and gradients."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from naive_warp import naive_warp
from poses import random_poses
from torch import Tensor

from shared.affine import pair_transforms
from shared.errors import UsageError
from shared.geometry import mask_quads, valid_poses
from train.nets.warp import build_warp_plan, warp_parts

SIZE = (48, 32)
RULES = pytest.mark.parametrize("fidelity", [False, True], ids=["ours", "fidelity"])
SAMPLINGS = pytest.mark.parametrize("sampling", ["nearest", "bilinear"])
AGGREGATIONS = pytest.mark.parametrize("aggregation", ["max", "mean"])


def random_parts(rng: np.random.Generator, batch: int, size: tuple[int, int] = SIZE):
    """Transforms, status and quads of random parts; some absent, some without a transform."""
    height, width = size
    matrices = np.eye(2) + rng.normal(0, 0.3, (batch, 10, 2, 2))
    centre = rng.uniform(0, 1, (batch, 10, 2)) * [width, height]
    shift = centre + rng.normal(0, 8, centre.shape) - np.einsum("bpij,bpj->bpi", matrices, centre)
    transforms = np.concatenate([matrices, shift[..., None]], axis=-1)
    status = rng.integers(0, 3, (batch, 10))
    angle = rng.uniform(0, 2 * np.pi, (batch, 10, 1)) + np.arange(4) * np.pi / 2
    angle[:, 1] = (np.arange(4) * 2 - 3) * np.pi / 4  # a head is a square along the axes
    reach = rng.uniform(2, 16, (batch, 10, 1, 1))
    quads = centre[:, :, None] + reach * np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    quads[rng.random((batch, 10)) < 0.2] = np.nan
    quads[:, 0] = mask_quads(np.full((18, 2), np.nan), size)[0]
    return (
        torch.tensor(transforms, dtype=torch.float32),
        torch.tensor(status, dtype=torch.uint8),
        torch.tensor(quads, dtype=torch.float32),
    )


def drawn_pairs(rng: np.random.Generator, batch: int):
    """Transforms, status and quads of people at 128 x 64."""
    poses = random_poses(rng, 20 * batch)
    poses = poses[valid_poses(poses)][: 2 * batch]
    transforms, status = pair_transforms(poses[:batch], poses[batch:])
    quads = mask_quads(poses[batch:], (128, 64))
    return torch.tensor(transforms).float(), torch.tensor(status), torch.tensor(quads)


def value_and_gradient(warp, features: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    features = features.detach().requires_grad_()
    result = warp(features)
    (result * weight).sum().backward()
    return result.detach(), features.grad


def identity_parts(batch: int = 1):
    transforms = torch.eye(2, 3).expand(batch, 10, 2, 3).clone()
    status = torch.ones(batch, 10, dtype=torch.uint8)
    return transforms, status, torch.full((batch, 10, 4, 2), torch.nan)


def whole_image(size: tuple[int, int] = SIZE) -> Tensor:
    return torch.tensor(mask_quads(np.full((18, 2), np.nan), size)[0])


@RULES
@SAMPLINGS
@AGGREGATIONS
@pytest.mark.parametrize("factor", [1, 2, 8])
def test_equals_ten_whole_maps_in_values_and_gradients(
    rng, factor, aggregation, sampling, fidelity
):
    parts = random_parts(rng, 3)
    level = (SIZE[0] // factor, SIZE[1] // factor)
    features = torch.tensor(rng.normal(size=(3, 5, *level)))
    weight = torch.tensor(rng.normal(size=features.shape))
    plan = build_warp_plan(*parts, SIZE, level, sampling=sampling, fidelity=fidelity)
    naive = {"sampling": sampling, "aggregation": aggregation, "fidelity": fidelity}

    got = value_and_gradient(lambda x: warp_parts(x, plan, aggregation), features, weight)
    expected = value_and_gradient(lambda x: naive_warp(x, *parts, SIZE, **naive), features, weight)

    torch.testing.assert_close(got[0], expected[0], rtol=1e-6, atol=1e-6)
    torch.testing.assert_close(got[1], expected[1], rtol=1e-6, atol=1e-6)


@RULES
@SAMPLINGS
def test_people_equal_ten_whole_maps_on_all_four_levels(rng, sampling, fidelity):
    parts = drawn_pairs(rng, 2)
    for factor in (1, 2, 4, 8):
        level = (128 // factor, 64 // factor)
        features = torch.tensor(rng.normal(size=(2, 3, *level)))
        weight = torch.tensor(rng.normal(size=features.shape))
        plan = build_warp_plan(*parts, (128, 64), level, sampling=sampling, fidelity=fidelity)
        naive = {"sampling": sampling, "fidelity": fidelity}
        got = value_and_gradient(lambda x, plan=plan: warp_parts(x, plan), features, weight)
        expected = value_and_gradient(
            lambda x, naive=naive: naive_warp(x, *parts, (128, 64), **naive), features, weight
        )
        torch.testing.assert_close(got[0], expected[0], rtol=1e-6, atol=1e-6)
        torch.testing.assert_close(got[1], expected[1], rtol=1e-6, atol=1e-6)


def loop_nearest(features, transforms, status, masks, factor, fidelity):
    """One value after the other, in plain Python, parts combined by the maximum."""
    batch, channels, height, width = features.shape
    result = np.zeros(features.shape)
    for b, y, x in np.ndindex(batch, height, width):
        values = []
        for part in np.flatnonzero(masks[b, :, y, x] & (status[b] != 0)):
            matrix, shift = transforms[b, part, :, :2], transforms[b, part, :, 2] / factor
            if not fidelity:
                shift = shift + 0.5 * (1 - 1 / factor) * (matrix.sum(axis=1) - 1)
            point = matrix @ [x, y] + shift
            sx, sy = (math.copysign(math.floor(abs(v) + 0.5), v) for v in point)
            if 0 <= sx < width and 0 <= sy < height:
                values.append(features[b, :, int(sy), int(sx)])
        if fidelity and len(values) < 10:
            values.append(np.zeros(channels))
        if values:
            result[b, :, y, x] = np.max(values, axis=0)
    return result


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    factor=st.sampled_from([1, 2, 4]),
    fidelity=st.booleans(),
    halves=st.booleans(),
)
def test_equals_a_loop_over_pixels_with_halves_rounded_away_from_zero(
    seed, factor, fidelity, halves
):
    rng = np.random.default_rng(seed)
    size = (8, 16)
    transforms, status, quads = random_parts(rng, 2, size)
    if halves:  # multiples of a half put many samples exactly between two pixels
        transforms = (2 * transforms).round() / 2
    level = (size[0] // factor, size[1] // factor)
    features = rng.normal(size=(2, 3, *level))
    masks = np.asarray(_masks(quads, size, level, fidelity))

    plan = build_warp_plan(transforms, status, quads, size, level, fidelity=fidelity)
    got = warp_parts(torch.tensor(features), plan)

    transforms64 = transforms.double().numpy()
    expected = loop_nearest(features, transforms64, status.numpy(), masks, factor, fidelity)
    np.testing.assert_allclose(got.numpy(), expected, rtol=0, atol=0)


def _masks(quads, size, level, fidelity):
    from naive_warp import naive_masks

    return naive_masks(quads, size, level, fidelity)


@SAMPLINGS
@AGGREGATIONS
@RULES
def test_gradient_equals_finite_differences(rng, sampling, aggregation, fidelity):
    parts = random_parts(rng, 2, (8, 4))
    plan = build_warp_plan(*parts, (8, 4), (8, 4), sampling=sampling, fidelity=fidelity)
    features = torch.tensor(rng.normal(size=(2, 2, 8, 4)), requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: warp_parts(x, plan, aggregation), (features,))


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), sampling=st.sampled_from(["nearest", "bilinear"]))
def test_with_fidelity_a_warped_skip_is_never_negative(seed, sampling):
    rng = np.random.default_rng(seed)
    parts = random_parts(rng, 1)
    plan = build_warp_plan(*parts, SIZE, (24, 16), sampling=sampling, fidelity=True)
    assert (warp_parts(torch.tensor(rng.normal(size=(1, 4, 24, 16))), plan) >= 0).all()


def test_without_fidelity_a_lone_part_keeps_its_negative_features():
    transforms, status, quads = identity_parts()
    quads[:, 0] = whole_image()
    plan = build_warp_plan(transforms, status, quads, SIZE, SIZE)
    features = -torch.rand(1, 2, *SIZE) - 1
    assert torch.equal(warp_parts(features, plan), features)


def test_ten_parts_on_one_pixel_leave_no_zero_to_win():
    transforms, status, quads = identity_parts()
    quads[:] = whole_image()
    quads[:, 9] = torch.tensor([[0.0, 0.0], [5, 0], [5, 5], [0, 5]])
    plan = build_warp_plan(transforms, status, quads, SIZE, SIZE, fidelity=True)
    features = -torch.rand(1, 2, *SIZE, dtype=torch.float64) - 1
    expected = naive_warp(features, transforms, status, quads, SIZE, fidelity=True)
    got, gradient = value_and_gradient(
        lambda x: warp_parts(x, plan), features, torch.ones_like(features)
    )
    assert torch.equal(got, expected)
    assert got[0, 0, 3, 3] < 0 and got[0, 0, 7, 7] == 0
    assert gradient[0, 0, 3, 3] == 1 and gradient[0, 0, 7, 7] == 0


@RULES
@SAMPLINGS
@AGGREGATIONS
def test_no_part_at_all_gives_zeros_and_no_gradient(aggregation, sampling, fidelity):
    transforms, status, quads = identity_parts(2)
    for without in (status * 0, status):
        if without is not status:
            quads[:] = whole_image()
        else:
            quads[:] = torch.nan
        plan = build_warp_plan(
            transforms, without, quads, SIZE, SIZE, sampling=sampling, fidelity=fidelity
        )
        features = torch.randn(2, 3, *SIZE)
        value, gradient = value_and_gradient(
            lambda x, plan=plan: warp_parts(x, plan, aggregation), features, torch.ones(())
        )
        assert not value.any() and not gradient.any()


@SAMPLINGS
def test_transforms_that_are_far_off_or_not_finite_sample_nothing(sampling):
    transforms, status, quads = identity_parts()
    quads[:] = whole_image()
    transforms[0, :4, :, 2] = torch.tensor([1000.0, -1e30, torch.inf, torch.nan])[:, None]
    transforms[0, 4:, 0, 0] = torch.nan
    plan = build_warp_plan(transforms, status, quads, SIZE, SIZE, sampling=sampling)
    assert not warp_parts(torch.ones(1, 1, *SIZE), plan).any()


def test_nearest_ends_half_a_pixel_outside_of_the_source():
    quads = whole_image()[None, None].repeat(1, 10, 1, 1)
    for shift, first in ((-0.5, 0.0), (-0.4999, 1.0), (0.4999, 1.0), (0.5, 2.0)):
        transforms, status, _ = identity_parts()
        transforms[..., 0, 2] = shift
        plan = build_warp_plan(transforms, status, quads, SIZE, SIZE)
        columns = torch.arange(1.0, SIZE[1] + 1).expand(1, 1, *SIZE)
        warped = warp_parts(columns, plan)[0, 0, 5]
        assert warped[0] == first
        assert warped[-1] == (0 if shift == 0.5 else SIZE[1])


def test_bilinear_fades_to_zero_within_a_pixel_outside():
    transforms, status, quads = identity_parts()
    quads[:, 0] = whole_image()
    transforms[..., 0, 2] = 0.25
    plan = build_warp_plan(transforms, status, quads, SIZE, SIZE, sampling="bilinear")
    warped = warp_parts(torch.ones(1, 1, *SIZE), plan)[0, 0]
    assert torch.equal(warped[:, :-1], torch.ones(SIZE[0], SIZE[1] - 1))
    assert torch.equal(warped[:, -1], torch.full((SIZE[0],), 0.75))


def test_mean_divides_by_all_masks_on_the_pixel():
    transforms, status, quads = identity_parts()
    quads[:, :4] = whole_image()
    status[:, 2] = 0  # covers the pixel, has nothing to give
    plan = build_warp_plan(transforms, status, quads, SIZE, SIZE)
    features = torch.full((1, 1, *SIZE), 4.0)
    assert torch.equal(warp_parts(features, plan, "mean"), torch.full((1, 1, *SIZE), 3.0))


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@SAMPLINGS
@AGGREGATIONS
def test_half_precision_stays_half_and_close(rng, dtype, sampling, aggregation):
    parts = random_parts(rng, 2)
    plan = build_warp_plan(*parts, SIZE, (24, 16), sampling=sampling, fidelity=True)
    features = torch.tensor(rng.normal(size=(2, 3, 24, 16)), dtype=dtype)
    weight = torch.ones(())
    half, half_gradient = value_and_gradient(
        lambda x: warp_parts(x, plan, aggregation), features, weight.to(dtype)
    )
    full, full_gradient = value_and_gradient(
        lambda x: warp_parts(x, plan, aggregation), features.double(), weight.double()
    )
    assert half.dtype == half_gradient.dtype == dtype
    torch.testing.assert_close(half.double(), full, rtol=0.02, atol=0.02)
    torch.testing.assert_close(half_gradient.double(), full_gradient, rtol=0.02, atol=0.06)


@AGGREGATIONS
def test_order_in_memory_does_not_matter(rng, aggregation):
    plan = build_warp_plan(*random_parts(rng, 2), SIZE, SIZE, fidelity=True)
    features = torch.randn(2, 6, *SIZE)
    weight = torch.randn(2, 6, *SIZE)
    warp = lambda x: warp_parts(x, plan, aggregation)  # noqa: E731
    plain = value_and_gradient(warp, features, weight)
    last = value_and_gradient(
        warp,
        features.contiguous(memory_format=torch.channels_last),
        weight.contiguous(memory_format=torch.channels_last),
    )
    wider = torch.randn(2, 9, *SIZE)
    wider[:, 2:8] = features
    cut = value_and_gradient(warp, wider[:, 2:8], weight)
    for other in (last, cut):
        assert torch.equal(plain[0], other[0])
        assert torch.equal(plain[1], other[1])


@SAMPLINGS
def test_repeated_passes_give_the_same_bits(rng, sampling):
    plan = build_warp_plan(*random_parts(rng, 3), SIZE, SIZE, sampling=sampling)
    features, weight = torch.randn(3, 8, *SIZE), torch.randn(3, 8, *SIZE)
    first = value_and_gradient(lambda x: warp_parts(x, plan), features, weight)
    for _ in range(3):
        again = value_and_gradient(lambda x: warp_parts(x, plan), features, weight)
        assert torch.equal(first[0], again[0]) and torch.equal(first[1], again[1])


def test_samples_of_a_batch_do_not_mix(rng):
    parts = random_parts(rng, 3)
    features = torch.randn(3, 4, *SIZE)
    together = warp_parts(features, build_warp_plan(*parts, SIZE, SIZE))
    for k in range(3):
        alone = build_warp_plan(*(x[k : k + 1] for x in parts), SIZE, SIZE)
        assert torch.equal(together[k : k + 1], warp_parts(features[k : k + 1], alone))


def test_backward_keeps_one_byte_a_value(rng):
    plan = build_warp_plan(*random_parts(rng, 2), SIZE, SIZE, fidelity=True)
    kept: list[Tensor] = []
    with torch.autograd.graph.saved_tensors_hooks(lambda x: kept.append(x) or x, lambda x: x):
        warp_parts(torch.randn(2, 4, *SIZE, requires_grad=True), plan)
    assert [x.dtype for x in kept] == [torch.uint8]


def test_only_features_receive_a_gradient(rng):
    transforms, status, quads = random_parts(rng, 1)
    plan = build_warp_plan(transforms.requires_grad_(), status, quads, SIZE, SIZE)
    warp_parts(torch.randn(1, 2, *SIZE, requires_grad=True), plan).sum().backward()
    assert transforms.grad is None


def test_features_of_another_size_are_refused(rng):
    plan = build_warp_plan(*random_parts(rng, 1), SIZE, (24, 16))
    with pytest.raises(UsageError, match=r"part warp.*\(1, c, 24, 16\).*\(1, 2, 16, 24\)"):
        warp_parts(torch.zeros(1, 2, 16, 24), plan)
