"""Skips ``"stn"``: the first levels' features are warped as a whole, by one learned affine."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from shared.skeleton import NUM_JOINTS
from train.nets.constants import constant
from train.nets.guidance import Guidance
from train.nets.sampling import pixel_grid, sample_at
from train.nets.skips.parts import WARPED_LEVELS
from train.nets.skips.skip import Skip, Skipped
from train.settings.networks import GeneratorSettings

HIDDEN = (64, 32)
ABSENT = -2.0
"""Where an absent joint stands: half an image beyond the upper left corner, where none is found."""

IDENTITY = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)


class StnSkip(Skip):
    """Warps the first four levels by one affine that a small network reads off both skeletons.

    Convention:
        The network's places run from -1 to 1 across the image, borders of pixels at -1 and 1, so
        that one affine holds at every level. It leads from target to source. An absent joint
        stands at (-2, -2). It begins as the identity, and samples bilinearly.

    Source: spatial transformers (Jaderberg et al. 2015), a variant of Siarohin et al. 2018.
    """

    def __init__(self, settings: GeneratorSettings) -> None:
        super().__init__(settings)
        first, second = HIDDEN
        last = nn.Linear(second, len(IDENTITY))
        self.layers = nn.Sequential(
            nn.Linear(2 * NUM_JOINTS * 2, first),
            nn.ReLU(),
            nn.Linear(first, second),
            nn.ReLU(),
            last,
        )
        nn.init.zeros_(last.weight)
        with torch.no_grad():
            last.bias.copy_(torch.tensor(IDENTITY))

    def prepare(self, guidance: Guidance) -> Tensor:
        """Return both skeletons, float32 ``(b, 72)`` without NaN: source first, x before y.

        Raises:
            UsageError: The guidance belongs to images of another size than the settings'.
        """
        self.check_size(guidance)
        height, width = guidance.image_size
        both = torch.cat([guidance.source_joints, guidance.target_joints], dim=1)
        scale = constant((2 / width, 2 / height), both.dtype, both.device)
        places = (both + 0.5) * scale - 1
        present = torch.isfinite(places).all(dim=-1, keepdim=True)
        return torch.where(present, places, ABSENT).flatten(1)

    def forward(self, features: Sequence[Tensor], prepared: Tensor) -> Skipped:
        """Warp the first levels; deeper ones pass as they are."""
        # Eight bits of a half-precision number are too few for a place.
        with torch.autocast(prepared.device.type, enabled=False):
            affine = self.layers(prepared).view(-1, 2, 3)
        levels = list(features)
        for level, size in enumerate(self.settings.level_sizes[:WARPED_LEVELS]):
            levels[level] = sample_at(levels[level], _places(affine, size))
        return Skipped(levels=levels)


def _places(affine: Tensor, size: tuple[int, int]) -> Tensor:
    """Return the places ``(b, h, w, 2)`` in a map's pixels to which an affine leads its pixels."""
    height, width = size
    half = constant((width / 2, height / 2), affine.dtype, affine.device)
    grid = (pixel_grid(size, affine.device) + 0.5) / half - 1
    moved = (affine[:, None, None, :, :2] * grid[..., None, :]).sum(-1) + affine[
        :, None, None, :, 2
    ]
    return (moved + 1) * half - 0.5
