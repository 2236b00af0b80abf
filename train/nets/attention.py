"""Attention of the target's features to the source's, for levels of few pixels."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn


class CrossAttention(nn.Module):
    """Every pixel of the target asks all pixels of the source; the answer is added.

    Args:
        channels: Channels of both.
        heads: How many questions each pixel may ask; a divisor of ``channels``.
    """

    def __init__(self, channels: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query_norm = nn.GroupNorm(1, channels)
        self.source_norm = nn.GroupNorm(1, channels)
        self.query = nn.Conv2d(channels, channels, 1, bias=False)
        self.key = nn.Conv2d(channels, channels, 1, bias=False)
        self.value = nn.Conv2d(channels, channels, 1, bias=False)
        self.out = nn.Conv2d(channels, channels, 1)

    def forward(self, target: Tensor, source: Tensor) -> Tensor:
        """Map target ``(b, c, h, w)`` and source ``(b, c, h', w')`` to ``(b, c, h, w)``."""
        known = self.source_norm(source)
        found = F.scaled_dot_product_attention(
            self._tokens(self.query(self.query_norm(target))),
            self._tokens(self.key(known)),
            self._tokens(self.value(known)),
        )
        batch, _, height, width = target.shape
        maps = found.permute(0, 2, 1, 3).reshape(batch, height, width, -1).permute(0, 3, 1, 2)
        answered: Tensor = target + self.out(maps)
        return answered

    def _tokens(self, maps: Tensor) -> Tensor:
        """Return maps ``(b, c, h, w)`` as ``(b, heads, h * w, c / heads)``."""
        batch, _, height, width = maps.shape
        tokens = maps.permute(0, 2, 3, 1).reshape(batch, height * width, self.heads, -1)
        return tokens.transpose(1, 2)
