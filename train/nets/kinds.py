"""What can be chosen by name: one row a kind of skip, one row a kind of discriminator.

A new kind is a file of its own, a row here, and its name in :mod:`train.settings.networks`.
"""

from __future__ import annotations

from collections.abc import Callable

from torch import nn

from train.nets.discriminator import Discriminator
from train.nets.patch_discriminator import PatchDiscriminator
from train.nets.siamese_discriminator import SiameseDiscriminator
from train.nets.skips.flow import FlowSkip, PartFlowSkip
from train.nets.skips.full import FullSkip
from train.nets.skips.parts import PartSkip
from train.nets.skips.plain import PlainSkip
from train.nets.skips.skip import Skip
from train.nets.skips.stn import StnSkip
from train.nets.warp_discriminator import WarpDiscriminator
from train.settings.networks import DiscriminatorSettings, GeneratorSettings

SKIPS: dict[str, Callable[[GeneratorSettings], Skip]] = {
    "none": PlainSkip,
    "full": FullSkip,
    "parts": PartSkip,
    "stn": StnSkip,
    "flow": FlowSkip,
    "parts+flow": PartFlowSkip,
}

DISCRIMINATORS: dict[str, Callable[[DiscriminatorSettings], nn.Module]] = {
    "concat": Discriminator,
    "siamese": SiameseDiscriminator,
    "warp": WarpDiscriminator,
    "patch": PatchDiscriminator,
}


def make_skip(settings: GeneratorSettings) -> Skip:
    """Build the skip that the settings name."""
    return SKIPS[settings.skips](settings)


def make_discriminator(settings: DiscriminatorSettings) -> nn.Module:
    """Build the discriminator that the settings name."""
    return DISCRIMINATORS[settings.kind](settings)
