"""A learned flow of the layers: each part's pixels move a little from where its affine puts them.

An affine fits a limb from its ends alone. How a sleeve hangs, where a knee really bends and how a
torso turns, it does not know; a few pixels' error costs more structure than a wrong colour.

Source: ours; the residual flow of GFLA (Ren et al., CVPR 2020), here bounded and one for each part.
"""

from __future__ import annotations

from functools import lru_cache
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from shared.skeleton import NUM_PARTS
from train.nets.layer_blocks import LEAK
from train.nets.layer_stack import LayerStack
from train.nets.sampling import sample_parts

FARTHEST = 1 / 16
"""No pixel moves by more than this share of the image's height: 8 of 128."""

PACE = 1 / 16
"""How far one unit of the convolution moves, against the farthest: small, that steps be small."""

START = 1e-3
"""Deviation of the convolution's weights before training: a hundredth of a pixel's flow."""


class PartFlow(nn.Module):
    """Says how far each part's samples move on the source; next to nothing before training.

    Args:
        channels: Of the network's level at a quarter of the image's size.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(1, channels)
        self.convolution = nn.Conv2d(channels, 2 * NUM_PARTS, 3, padding=1)
        nn.init.normal_(self.convolution.weight, std=START)
        nn.init.zeros_(cast(Tensor, self.convolution.bias))

    def forward(self, features: Tensor, size: tuple[int, int]) -> Tensor:
        """Map ``(b, c, h, w)`` to a flow of the image's size (H, W).

        Returns:
            float32 ``(b, 10, 2, H, W)``, x and y in the units of a stack's grid: from one edge of
            the image to the other is 2.
        """
        found = self.convolution(F.leaky_relu(self.norm(features), LEAK)).float()
        moved = FARTHEST * torch.tanh(PACE * found)  # of the height, in either direction
        height, width = size
        smooth = enlarged_flow(moved, size).view(len(moved), NUM_PARTS, 2, height, width)
        return torch.stack([2 * height / width * smooth[:, :, 0], 2 * smooth[:, :, 1]], dim=2)


def enlarged_flow(flow: Tensor, size: tuple[int, int]) -> Tensor:
    """Bring a flow ``(..., h, w)`` to another size, bilinearly.

    It is a product of matrices, whose gradient a GPU adds in a fixed order.
    """
    wide = flow.float()
    rows, columns = (
        _between(old, new, like=wide) for old, new in zip(flow.shape[-2:], size, strict=True)
    )
    return rows @ wide @ columns.T


def _between(old: int, new: int, *, like: Tensor) -> Tensor:
    """The matrix ``(new, old)`` that interpolates so many values linearly."""
    if torch.compiler.is_compiling():  # what is made while a graph is traced is no tensor
        return _made(old, new, like.dtype, like.device)
    return _kept(old, new, like.dtype, like.device)


@lru_cache(maxsize=64)
def _kept(old: int, new: int, dtype: torch.dtype, device: torch.device) -> Tensor:
    with torch.inference_mode(mode=False):  # made there, it could serve no gradient later
        return _made(old, new, dtype, device)


def _made(old: int, new: int, dtype: torch.dtype, device: torch.device) -> Tensor:
    each = torch.eye(old, dtype=dtype, device=device)[None]
    return F.interpolate(each, size=new, mode="linear", align_corners=False)[0].T


def moved_parts(stack: LayerStack, flow: Tensor) -> Tensor:
    """Sample the parts anew, moved by a flow ``(b, 10, 2, h, w)``: ``(b, 10, 3, h, w)``."""
    return sample_parts(stack.photo, stack.grid + flow.movedim(2, -1)).transpose(1, 2)
