"""Plans of fixed shape: the values of the sparse ones, and no look at what is on the device."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from guides import moved, random_guidance
from hypothesis import given, settings
from hypothesis import strategies as st
from naive_warp import naive_warp
from torch import Tensor

from shared.errors import UsageError
from shared.geometry import mask_quads
from train.nets.fixed_plan import FixedPlan, build_fixed_plan
from train.nets.warp import build_warp_plan, warp_parts
from train.settings.networks import GeneratorSettings

pytestmark = pytest.mark.long

SIZE = (48, 32)
RULES = pytest.mark.parametrize("fidelity", [False, True], ids=["ours", "fidelity"])
SAMPLINGS = pytest.mark.parametrize("sampling", ["nearest", "bilinear"])
AGGREGATIONS = pytest.mark.parametrize("aggregation", ["max", "mean"])


def random_parts(
    rng: np.random.Generator, batch: int, size: tuple[int, int] = SIZE
) -> tuple[Tensor, Tensor, Tensor]:
    """Transforms, status and quads: halves among the positions, absent parts, far-off samples."""
    height, width = size
    centre = rng.uniform(0, 1, (batch, 10, 2)) * [width, height]
    matrices = np.eye(2) + rng.normal(0, 0.3, (batch, 10, 2, 2))
    shift = centre + rng.normal(0, 8, centre.shape) - np.einsum("bpij,bpj->bpi", matrices, centre)
    transforms = np.concatenate([matrices, shift[..., None]], axis=-1)
    transforms[:, 8] = np.round(2 * transforms[:, 8]) / 2
    transforms[:, 9] = rng.choice([1e30, np.inf, np.nan])
    angle = rng.uniform(0, 2 * np.pi, (batch, 10, 1)) + np.arange(4) * np.pi / 2
    reach = rng.uniform(2, 16, (batch, 10, 1, 1))
    quads = centre[:, :, None] + reach * np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    quads[rng.random((batch, 10)) < 0.2] = np.nan
    quads[:, 0] = mask_quads(np.full((18, 2), np.nan), size)[0]
    status = torch.tensor(rng.integers(0, 3, (batch, 10)), dtype=torch.uint8)
    return torch.tensor(transforms).float(), status, torch.tensor(quads).float()


def value_and_gradient(features: Tensor, plan, aggregation: str, weight: Tensor):
    features = features.detach().requires_grad_()
    result = warp_parts(features, plan, aggregation)
    (result * weight).sum().backward()
    return result.detach(), features.grad


@RULES
@SAMPLINGS
@AGGREGATIONS
@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), factor=st.sampled_from([1, 2, 8]))
def test_equals_the_sparse_plan_in_values_and_gradients(
    aggregation, sampling, fidelity, seed, factor
):
    rng = np.random.default_rng(seed)
    parts = random_parts(rng, 3)
    level = (SIZE[0] // factor, SIZE[1] // factor)
    rules = {"sampling": sampling, "fidelity": fidelity}
    sparse, fixed = (
        build(*parts, SIZE, level, **rules) for build in (build_warp_plan, build_fixed_plan)
    )
    features, weight = torch.tensor(rng.normal(size=(2, 3, 5, *level)))
    features = features.mul(2).round()  # ties
    expected = value_and_gradient(features, sparse, aggregation, weight)
    got = value_and_gradient(features, fixed, aggregation, weight)
    assert torch.equal(got[0], expected[0])
    torch.testing.assert_close(got[1], expected[1], rtol=1e-12, atol=1e-12)


@RULES
@SAMPLINGS
def test_people_equal_ten_whole_maps_on_all_four_levels(rng, sampling, fidelity):
    _, guidance = random_guidance(rng, (128, 64))
    parts = guidance.transforms, guidance.status, guidance.quads
    for factor in (1, 2, 4, 8):
        level = (128 // factor, 64 // factor)
        rules = {"sampling": sampling, "fidelity": fidelity}
        plan = build_fixed_plan(*parts, (128, 64), level, **rules)
        features, weight = torch.tensor(rng.normal(size=(2, 2, 3, *level)))
        got = value_and_gradient(features, plan, "max", weight)
        naive = features.clone().requires_grad_()
        expected = naive_warp(naive, *parts, (128, 64), **rules)
        (expected * weight).sum().backward()
        torch.testing.assert_close(got[0], expected.detach(), rtol=1e-6, atol=1e-6)
        torch.testing.assert_close(got[1], naive.grad, rtol=1e-6, atol=1e-6)


@SAMPLINGS
@AGGREGATIONS
@RULES
def test_gradient_equals_finite_differences(rng, sampling, aggregation, fidelity):
    parts = random_parts(rng, 2, (8, 4))
    plan = build_fixed_plan(*parts, (8, 4), (8, 4), sampling=sampling, fidelity=fidelity)
    features = torch.tensor(rng.normal(size=(2, 2, 8, 4)), requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: warp_parts(x, plan, aggregation), (features,))


@SAMPLINGS
@AGGREGATIONS
def test_shapes_depend_on_the_sizes_alone(rng, sampling, aggregation):
    def shapes(plan: FixedPlan) -> dict[str, object]:
        return {k: getattr(v, "shape", v) for k, v in vars(plan).items()}

    transforms, status, quads = random_parts(rng, 2)
    crowd = build_fixed_plan(transforms, status, quads, SIZE, SIZE, sampling=sampling)
    nobody = build_fixed_plan(
        transforms, status * 0, quads * torch.nan, SIZE, SIZE, sampling=sampling
    )
    assert shapes(crowd) == shapes(nobody)
    value, gradient = value_and_gradient(
        torch.randn(2, 3, *SIZE), nobody, aggregation, torch.ones(())
    )
    assert not value.any() and not gradient.any()


@RULES
@SAMPLINGS
@AGGREGATIONS
def test_nothing_is_looked_at_on_the_device(rng, aggregation, sampling, fidelity):
    """Tensors of the device "meta" have no values: whatever looks at one raises."""
    parts = [part.to("meta") for part in random_parts(rng, 2)]
    with pytest.raises((NotImplementedError, RuntimeError)):  # the sparse plan does look
        build_warp_plan(*parts, SIZE, SIZE)
    plan = build_fixed_plan(*parts, SIZE, (24, 16), sampling=sampling, fidelity=fidelity)
    features = torch.randn(2, 3, 24, 16, device="meta")
    value, gradient = value_and_gradient(features, plan, aggregation, torch.ones((), device="meta"))
    assert value.shape == gradient.shape == (2, 3, 24, 16)


def test_part_skips_take_sparse_plans_on_a_cpu_and_fixed_ones_elsewhere(rng):
    from train.nets.skips.parts import PartSkip

    skip = PartSkip(GeneratorSettings(base_channels=2, image_size=(64, 32)))
    _, guidance = random_guidance(rng, (64, 32))
    assert not any(isinstance(plan, FixedPlan) for plan in skip.prepare(guidance))
    assert all(isinstance(plan, FixedPlan) for plan in skip.prepare(moved(guidance, "meta")))


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@SAMPLINGS
@AGGREGATIONS
def test_half_precision_gives_the_sparse_plans_bits(rng, dtype, sampling, aggregation):
    parts = random_parts(rng, 2)
    features = torch.tensor(rng.normal(size=(2, 3, 24, 16)), dtype=dtype)
    results = []
    for build in (build_warp_plan, build_fixed_plan):
        plan = build(*parts, SIZE, (24, 16), sampling=sampling)
        results.append(value_and_gradient(features, plan, aggregation, torch.ones((), dtype=dtype)))
    (expected, slope), (got, got_slope) = results
    assert got.dtype == got_slope.dtype == dtype
    assert torch.equal(got, expected)
    torch.testing.assert_close(got_slope, slope, rtol=0.02, atol=0.06)


@SAMPLINGS
def test_repeated_passes_give_the_same_bits(rng, sampling):
    plan = build_fixed_plan(*random_parts(rng, 3), SIZE, SIZE, sampling=sampling)
    features, weight = torch.randn(2, 3, 8, *SIZE)
    first = value_and_gradient(features, plan, "max", weight)
    again = value_and_gradient(features, plan, "max", weight)
    assert torch.equal(first[0], again[0]) and torch.equal(first[1], again[1])


def test_a_feature_that_is_not_a_number_is_not_hidden(rng):
    parts = random_parts(rng, 1)
    parts[1][:] = 1
    features = torch.full((1, 2, *SIZE), torch.nan)
    for build in (build_warp_plan, build_fixed_plan):
        plan = build(*parts, SIZE, SIZE, fidelity=True)
        assert warp_parts(features, plan).isnan().any()


def test_features_of_another_size_are_refused(rng):
    plan = build_fixed_plan(*random_parts(rng, 1), SIZE, (24, 16))
    with pytest.raises(UsageError, match=r"part warp.*\(1, c, 24, 16\).*\(1, 2, 16, 24\)"):
        warp_parts(torch.zeros(1, 2, 16, 24), plan)
