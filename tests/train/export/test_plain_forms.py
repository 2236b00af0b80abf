"""What a graph computes in plain operations, against the code that training runs."""

from __future__ import annotations

import pytest
import torch
from poses import random_poses

from shared.geometry import mask_quads
from shared.pair_geometry import pair_geometry
from train.nets.fixed_plan import build_fixed_plan, build_forward_plan
from train.nets.norm import LayerScalarNorm
from train.nets.warp import build_warp_plan, warp_parts

SIZE, LEVEL = (64, 32), (32, 16)


@pytest.mark.parametrize("aggregation", ["max", "mean"])
@pytest.mark.parametrize("sampling", ["nearest", "bilinear"])
@pytest.mark.parametrize("fidelity", [True, False])
def test_the_plain_warp_is_the_warp(aggregation, sampling, fidelity, rng) -> None:
    source, target = (random_poses(rng, 5) / 2 for _ in range(2))
    geometry = pair_geometry(source, target, SIZE)
    given = (
        torch.from_numpy(geometry.transforms),
        torch.from_numpy(geometry.status),
        torch.from_numpy(mask_quads(target, SIZE)),
        SIZE,
        LEVEL,
    )
    features = torch.randn(5, 3, *LEVEL, generator=torch.Generator().manual_seed(1))
    plain, sparse, fixed = (
        warp_parts(features, build(*given, sampling=sampling, fidelity=fidelity), aggregation)
        for build in (build_forward_plan, build_warp_plan, build_fixed_plan)
    )
    torch.testing.assert_close(plain, sparse, rtol=1e-6, atol=1e-6)
    torch.testing.assert_close(plain, fixed, rtol=1e-6, atol=1e-6)
    assert (plain != 0).any() and (plain != features).any()


@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
def test_the_plain_norm_is_the_norm(memory_format) -> None:
    norm, plain = LayerScalarNorm(), LayerScalarNorm()
    for each in (norm, plain):
        each.gain.data.fill_(1.7)
        each.bias.data.fill_(-0.3)
    plain.plain = True
    features = torch.randn(3, 4, 6, 5, generator=torch.Generator().manual_seed(2)) * 3 + 1
    features[2] = 5.0  # a constant sample
    features = features.to(memory_format=memory_format)
    torch.testing.assert_close(plain(features), norm(features), rtol=1e-6, atol=1e-6)
