"""One warp, three forms of its plan: sparse, of fixed shape, and of fixed shape forwards alone."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from guides import random_guidance
from torch import Tensor

from shared.errors import UsageError
from shared.geometry import mask_quads
from train.nets.fixed_plan import ForwardPlan, build_fixed_plan, build_forward_plan
from train.nets.warp import WarpPlan, build_warp_plan, warp_parts

SIZE = (32, 16)
FORMS = {"fixed": build_fixed_plan, "forward": build_forward_plan}
BUILDS = pytest.mark.parametrize("build", [build_warp_plan, *FORMS.values()])


def values_and_gradient(features: Tensor, plan, aggregation: str) -> list[Tensor]:
    features = features.clone().requires_grad_()
    values = warp_parts(features, plan, aggregation)
    weight = torch.arange(values.numel(), dtype=values.dtype).view(values.shape)
    (gradient,) = torch.autograd.grad((values * weight).sum(), features)
    return [values.detach(), gradient]


def plans(
    rng: np.random.Generator, form: str, level: tuple[int, int], **rules: object
) -> tuple[WarpPlan, ForwardPlan]:
    """The plan of two people, sparse and in another form."""
    _, guidance = random_guidance(rng, SIZE)
    parts = guidance.transforms, guidance.status, guidance.quads
    return build_warp_plan(*parts, SIZE, level, **rules), FORMS[form](*parts, SIZE, level, **rules)


@pytest.mark.parametrize("fidelity", [False, True])
@pytest.mark.parametrize("sampling", ["nearest", "bilinear"])
@pytest.mark.parametrize("aggregation", ["max", "mean"])
@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_sparse_plan_s_values_and_gradients(
    rng: np.random.Generator, form: str, aggregation: str, sampling: str, fidelity: bool
) -> None:
    sparse, other = plans(rng, form, (16, 8), sampling=sampling, fidelity=fidelity)
    features = torch.tensor(rng.normal(size=(2, 3, 16, 8)))
    expected = values_and_gradient(features, sparse, aggregation)
    torch.testing.assert_close(values_and_gradient(features, other, aggregation), expected)


@pytest.mark.parametrize("fidelity", [False, True])
def test_on_ties_a_fixed_plan_gives_the_gradient_to_whom_the_sparse_one_gives_it(
    rng: np.random.Generator, fidelity: bool
) -> None:
    sparse, fixed = plans(rng, "fixed", SIZE, fidelity=fidelity)
    for features in (torch.zeros(2, 3, *SIZE), torch.tensor(rng.integers(-1, 2, (2, 3, *SIZE)))):
        expected = values_and_gradient(features.double(), sparse, "max")
        torch.testing.assert_close(values_and_gradient(features.double(), fixed, "max"), expected)


@pytest.mark.parametrize("form", FORMS)
def test_a_feature_that_is_not_a_number_is_hidden_by_no_form(
    rng: np.random.Generator, form: str
) -> None:
    sparse, other = plans(rng, form, SIZE, fidelity=True)
    features = torch.tensor(rng.normal(size=(2, 3, *SIZE)))
    features[:, :, ::3, ::2] = torch.nan
    expected = warp_parts(features, sparse).isnan()
    assert torch.equal(warp_parts(features, other).isnan(), expected)
    assert expected.any() and not expected.all()


@BUILDS
@pytest.mark.parametrize("shape", [(1, 2, 16, 32), (3, 2, 32, 16), (2, 2, 32, 17)])
def test_features_of_another_size_or_batch_are_one_line_that_says_what_to_do(
    rng: np.random.Generator, build, shape: tuple[int, ...]
) -> None:
    _, guidance = random_guidance(rng, SIZE)
    plan = build(guidance.transforms, guidance.status, guidance.quads, SIZE, SIZE)
    with pytest.raises(UsageError) as refused:
        warp_parts(torch.zeros(shape), plan)
    assert refused.value.message == (
        f"part warp: expected features of (2, c, 32, 16), found {shape}; "
        "build the plan for this batch and level"
    )


def one_part(status: int = 1) -> tuple[Tensor, Tensor, Tensor]:
    """A part over the whole image that reads its own pixels, and nine that are not there."""
    quads = torch.full((1, 10, 4, 2), torch.nan)
    quads[0, 0] = torch.tensor(mask_quads(np.full((18, 2), np.nan), SIZE)[0])
    kinds = torch.full((1, 10), status, dtype=torch.uint8)
    return torch.eye(2, 3).expand(1, 10, 2, 3), kinds, quads


@BUILDS
@pytest.mark.parametrize("fidelity", [False, True])
def test_zeros_join_the_maximum_where_they_are_asked_to_whatever_the_fidelity(
    build, fidelity: bool
) -> None:
    features = torch.linspace(-3, 3, 2 * 32 * 16, dtype=torch.float64).view(1, 2, *SIZE)
    for joined, expected in ((True, features.clamp_min(0)), (False, features)):
        plan = build(*one_part(), SIZE, SIZE, fidelity=fidelity, with_zeros=joined)
        assert torch.equal(warp_parts(features, plan), expected)


@BUILDS
@pytest.mark.parametrize("aggregation", ["max", "mean"])
def test_a_part_without_a_transform_gives_nothing_whatever_stands_in_its_place(
    build, aggregation: str
) -> None:
    plan = build(*one_part(status=0), SIZE, SIZE)
    assert not warp_parts(torch.ones(1, 2, *SIZE), plan, aggregation).any()


@pytest.mark.parametrize("build", [build_warp_plan, build_fixed_plan])
def test_a_feature_that_is_not_a_number_or_0_gets_its_gradient(build) -> None:
    plan = build(*one_part(), SIZE, SIZE, fidelity=True)
    features = torch.zeros(1, 1, *SIZE)
    features[..., ::3] = torch.nan
    features.requires_grad_()
    (gradient,) = torch.autograd.grad(warp_parts(features, plan).sum(), features)
    assert torch.equal(gradient, torch.ones_like(gradient))


@pytest.mark.parametrize("sampling", ["nearest", "bilinear"])
def test_a_sparse_plan_has_the_types_and_shapes_that_it_documents(
    rng: np.random.Generator, sampling: str
) -> None:
    _, guidance = random_guidance(rng, SIZE)
    plan = build_warp_plan(
        guidance.transforms, guidance.status, guidance.quads, SIZE, SIZE, sampling=sampling
    )
    pixels = 2 * 32 * 16
    taps = () if sampling == "nearest" else (4,)
    entries = pixels + sum(len(numbers) for numbers, _ in plan.later)
    assert plan.first.rows.shape == (pixels, *taps) and plan.first.rows.dtype == torch.int64
    assert plan.num_masks.shape == (pixels, 1) and plan.num_masks.dtype == torch.float32
    assert plan.offsets.shape == (pixels + 1,) and plan.offsets.dtype == torch.int64
    assert plan.num_masks.min() >= 1 and plan.order.max() < entries
    weights = [plan.first.weights, plan.order_weights, *(taps.weights for _, taps in plan.later)]
    assert [None if w is None else w.dtype for w in weights] == [
        torch.float32 if taps else None
    ] * len(weights)
