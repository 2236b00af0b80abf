"""The part warp on the device, by plans of fixed shape, against the CPU's sparse plans."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from guides import moved, random_guidance

from train.nets.fixed_plan import build_fixed_plan
from train.nets.warp import build_warp_plan, warp_parts
from train.settings.networks import Aggregation, Sampling

pytestmark = pytest.mark.gpu

SIZE, LEVEL = (64, 48), (32, 24)


@pytest.mark.parametrize("fidelity", [False, True])
@pytest.mark.parametrize("aggregation", ["max", "mean"])
@pytest.mark.parametrize("sampling", ["nearest", "bilinear"])
def test_a_fixed_plan_there_gives_what_a_sparse_one_gives_on_the_cpu(
    sampling: Sampling,
    aggregation: Aggregation,
    fidelity: bool,
    device: torch.device,
    rng: np.random.Generator,
) -> None:
    _, here = random_guidance(rng, SIZE, batch=3)
    there = moved(here, device)
    features = torch.tensor(rng.normal(size=(3, 7, *LEVEL)), dtype=torch.float32)
    pull = torch.tensor(rng.normal(size=features.shape), dtype=torch.float32)
    results = []
    for guidance, build in ((here, build_warp_plan), (there, build_fixed_plan)):
        plan = build(
            guidance.transforms, guidance.status, guidance.quads, SIZE, LEVEL,
            sampling=sampling, fidelity=fidelity,
        )  # fmt: skip
        maps = features.to(guidance.device).requires_grad_()
        warped = warp_parts(maps, plan, aggregation)
        warped.backward(pull.to(guidance.device))
        assert maps.grad is not None and warped.abs().sum() > 0
        results.append((warped.detach().cpu(), maps.grad.cpu()))
    for expected, found in zip(*results, strict=True):
        torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("aggregation", ["max", "mean"])
def test_half_precision_passes_through_near_to_single(
    aggregation: Aggregation, device: torch.device, rng: np.random.Generator
) -> None:
    guidance = moved(random_guidance(rng, SIZE, batch=2)[1], device)
    plan = build_fixed_plan(
        guidance.transforms, guidance.status, guidance.quads, SIZE, LEVEL, sampling="bilinear"
    )
    features = torch.tensor(rng.normal(size=(2, 8, *LEVEL)), dtype=torch.float32, device=device)
    results = []
    for dtype in (torch.float32, torch.bfloat16):
        maps = features.to(dtype).contiguous(memory_format=torch.channels_last).requires_grad_()
        warped = warp_parts(maps, plan, aggregation)
        warped.sum().backward()
        assert warped.dtype == dtype and maps.grad is not None
        results.append((warped.detach().float(), maps.grad.float()))
    (warped, slope), (rough, rough_slope) = results
    assert (warped - rough).abs().max() < 0.05
    if aggregation == "mean":  # a maximum may choose another part where two are near
        assert (slope - rough_slope).abs().max() < 0.05 * slope.abs().max()
    assert torch.isfinite(rough_slope).all()


def test_equal_inputs_give_equal_gradients(device: torch.device, rng: np.random.Generator) -> None:
    torch.use_deterministic_algorithms(True)
    guidance = moved(random_guidance(rng, SIZE, batch=3)[1], device)
    features = torch.tensor(rng.normal(size=(3, 9, *LEVEL)), dtype=torch.float32, device=device)
    slopes = []
    for _ in range(3):
        plan = build_fixed_plan(
            guidance.transforms, guidance.status, guidance.quads, SIZE, LEVEL, sampling="bilinear"
        )
        maps = features.clone().requires_grad_()
        warp_parts(maps, plan).square().sum().backward()
        assert maps.grad is not None
        slopes.append(maps.grad)
    assert torch.equal(slopes[0], slopes[1]) and torch.equal(slopes[0], slopes[2])
