"""Plain skips hand on what they get."""

from __future__ import annotations

import torch
from guides import random_guidance

from train.nets.skips.plain import PlainSkip
from train.settings.networks import GeneratorSettings


def test_features_pass_as_they_are(rng):
    skip = PlainSkip(GeneratorSettings(skips="none"))
    _, guidance = random_guidance(rng, (64, 32))
    levels = [torch.randn(2, 3, 8, 4), torch.randn(2, 5, 4, 2)]
    skipped = skip(levels, skip.prepare(guidance))
    assert all(got is given for got, given in zip(skipped.levels, levels, strict=True))
    assert not skipped.extras and not skip.state_dict()
