"""What the generator of layers paints although it could copy it."""

from __future__ import annotations

from torch import Tensor


def painted_share(own: Tensor, copyable: Tensor) -> Tensor:
    """Return how much of what could be copied from the source is painted instead.

    The generator is right more often on average when it paints a smooth colour than when it copies
    a texture that may lie beside the real one; so the other losses alone make it paint, and blur.
    This term makes it copy where the source shows the person.

    Args:
        own: ``(b, h, w)`` in [0, 1], the share of the generator's own colour.
        copyable: ``(b, h, w)`` in [0, 1], how far a layer shows the source's person there.

    Returns:
        A scalar in [0, 1], the mean over the images; 0 of one of which nothing can be copied.

    Source: ours.
    """
    painted = (own * copyable).sum(dim=(1, 2))
    return (painted / copyable.sum(dim=(1, 2)).clamp(min=1.0)).mean()
