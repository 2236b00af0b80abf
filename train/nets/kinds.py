"""What can be chosen by name: one row a kind of skip, one row a kind of discriminator.

A new kind is a file of its own, a row here, and its name in :mod:`train.settings.networks`.
"""

from __future__ import annotations

from collections.abc import Callable

from torch import nn

from train.nets.discriminator import Discriminator
from train.nets.patch_discriminator import PatchDiscriminator
from train.nets.skips.parts import PartSkip
from train.nets.skips.plain import PlainSkip
from train.nets.skips.skip import Skip
from train.settings.networks import DiscriminatorSettings, GeneratorSettings

SKIPS: dict[str, Callable[[GeneratorSettings], Skip]] = {
    "none": PlainSkip,
    "parts": PartSkip,
}

DISCRIMINATORS: dict[str, Callable[[DiscriminatorSettings], nn.Module]] = {
    "concat": Discriminator,
    "patch": PatchDiscriminator,
}


def make_skip(settings: GeneratorSettings) -> Skip:
    """Build the skip that the settings name."""
    return SKIPS[settings.skips](settings)


def make_discriminator(settings: DiscriminatorSettings) -> nn.Module:
    """Build the discriminator that the settings name."""
    return DISCRIMINATORS[settings.kind](settings)
