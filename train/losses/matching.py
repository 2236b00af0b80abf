"""Feature matching: generated images stir the discriminator as real ones do.

Source: Salimans et al. 2016; per place and level as in Wang et al. 2018 (pix2pixHD).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


def feature_matching_loss(generated: Sequence[Tensor], real: Sequence[Tensor]) -> Tensor:
    """Return the mean absolute difference of the discriminator's features, the mean over levels.

    Args:
        generated: Features ``(b, c, h, w)`` of the generated images, one a level.
        real: Features of the real images; no gradient flows into them.

    Returns:
        A scalar.
    """
    losses = [(a - b.detach()).abs().mean() for a, b in zip(generated, real, strict=True)]
    return torch.stack(losses).mean()
