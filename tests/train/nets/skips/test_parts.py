"""The part skips: four levels warped, the deeper ones untouched."""

from __future__ import annotations

import pytest
import torch
from guides import random_guidance

from shared.errors import UsageError
from train.nets.skips.parts import PartSkip
from train.nets.warp import build_warp_plan, warp_parts
from train.settings.networks import GeneratorSettings


@pytest.mark.parametrize("aggregation", ["max", "mean"])
@pytest.mark.parametrize("fidelity", [False, True])
def test_the_first_four_levels_are_warped_and_the_rest_passes(rng, fidelity, aggregation):
    settings = GeneratorSettings(
        base_channels=2, image_size=(64, 32), fidelity=fidelity, aggregation=aggregation
    )
    _, guidance = random_guidance(rng, (64, 32))
    skip = PartSkip(settings)
    levels = [torch.randn(2, 3, *size) for size in settings.level_sizes]
    skipped = skip(levels, skip.prepare(guidance))
    assert len(skipped.levels) == len(levels) == 5
    for size, given, got in zip(settings.level_sizes[:4], levels, skipped.levels, strict=False):
        plan = build_warp_plan(
            guidance.transforms, guidance.status, guidance.quads, (64, 32), size, fidelity=fidelity
        )
        assert torch.equal(got, warp_parts(given, plan, aggregation))
    assert skipped.levels[4] is levels[4]
    assert not skipped.extras


def test_they_have_no_weights():
    assert not PartSkip(GeneratorSettings()).state_dict()


def test_guidance_of_another_size_is_refused(rng):
    skip = PartSkip(GeneratorSettings(base_channels=2, image_size=(64, 32)))
    _, guidance = random_guidance(rng, (32, 64))
    with pytest.raises(
        UsageError, match=r"skips parts: expected guidance for images of \(64, 32\)"
    ):
        skip.prepare(guidance)
