"""The tables of kinds and the settings name the same things."""

from __future__ import annotations

from typing import get_args, get_type_hints

import torch

from train.nets.generators import GENERATORS
from train.nets.kinds import DISCRIMINATORS, SKIPS, make_discriminator, make_skip
from train.settings.networks import DiscriminatorSettings, GeneratorSettings


def test_every_kind_that_settings_allow_has_a_row_and_the_other_way_round():
    assert set(SKIPS) | set(GENERATORS) == set(get_args(get_type_hints(GeneratorSettings)["skips"]))
    assert set(DISCRIMINATORS) == set(get_args(get_type_hints(DiscriminatorSettings)["kind"]))


def test_the_settings_choose():
    for name, kind in SKIPS.items():
        assert isinstance(make_skip(GeneratorSettings(skips=name)), kind)
    settings = DiscriminatorSettings(base_channels=2)
    assert isinstance(make_discriminator(settings), torch.nn.Module)
