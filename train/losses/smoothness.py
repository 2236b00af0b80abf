"""Total variation: how much neighbouring pixels differ.

Source: Rudin, Osher and Fatemi 1992, in its anisotropic form.
"""

from __future__ import annotations

from torch import Tensor


def total_variation(images: Tensor) -> Tensor:
    """Return the mean absolute difference of neighbours below plus that of neighbours beside.

    Args:
        images: float ``(b, c, H, W)`` with at least two rows and columns.

    Returns:
        A scalar.
    """
    down = (images[:, :, 1:] - images[:, :, :-1]).abs().mean()
    across = (images[:, :, :, 1:] - images[:, :, :, :-1]).abs().mean()
    return down + across
