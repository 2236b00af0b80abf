"""One warp, three forms of its plan: sparse, of fixed shape, and of fixed shape forwards alone."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from guides import random_guidance
from torch import Tensor

from shared.errors import UsageError
from train.nets.fixed_plan import build_fixed_plan, build_forward_plan
from train.nets.warp import build_warp_plan, warp_parts

SIZE = (32, 16)
FORMS = {"fixed": build_fixed_plan, "forward": build_forward_plan}


def values_and_gradient(features: Tensor, plan, aggregation: str) -> list[Tensor]:
    features = features.clone().requires_grad_()
    values = warp_parts(features, plan, aggregation)
    weight = torch.arange(values.numel(), dtype=values.dtype).view(values.shape)
    (gradient,) = torch.autograd.grad((values * weight).sum(), features)
    return [values.detach(), gradient]


@pytest.mark.parametrize("aggregation", ["max", "mean"])
@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_sparse_plan_s_values_and_gradients(
    rng: np.random.Generator, form: str, aggregation: str
) -> None:
    _, guidance = random_guidance(rng, SIZE)
    parts = guidance.transforms, guidance.status, guidance.quads
    features = torch.tensor(rng.normal(size=(2, 3, *SIZE)))
    sparse, other = (build(*parts, SIZE, SIZE) for build in (build_warp_plan, FORMS[form]))
    expected = values_and_gradient(features, sparse, aggregation)
    torch.testing.assert_close(values_and_gradient(features, other, aggregation), expected)


@pytest.mark.parametrize("build", [build_warp_plan, *FORMS.values()])
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
