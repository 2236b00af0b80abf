"""The norms of generator and discriminator."""

from __future__ import annotations

from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from train.settings.networks import NormName

EPSILON = 1e-3
SMALLEST_DEVIATION = 1e-6


def norm_layer(name: NormName, channels: int) -> nn.Module:
    """Make the norm of that name for feature maps of so many channels."""
    if name == "layer-scalar":
        return LayerScalarNorm()
    return nn.InstanceNorm2d(channels, affine=True)


class LayerScalarNorm(nn.Module):
    """The authors' "InstanceNorm": one mean and one deviation a sample, one gain, one bias.

    The statistics run over channels, height and width together: (x - mean) / (std + 1e-3). They
    are taken in float32 whatever the dtype of the input.

    Attributes:
        plain: Whether it computes in plain operations, as an exported graph does; the same values,
            several times as slow.

    Source: the authors' published code.
    """

    plain: bool = False

    def __init__(self) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.ones(()))
        self.bias = nn.Parameter(torch.zeros(()))

    def forward(self, features: Tensor) -> Tensor:
        """Normalise ``(b, c, h, w)``; shape, dtype and order in memory stay."""
        if self.plain:
            return _plain_layer_scalar(features, self.gain, self.bias)
        return cast(Tensor, _LayerScalar.apply(features, self.gain, self.bias))


def _plain_layer_scalar(features: Tensor, gain: Tensor, bias: Tensor) -> Tensor:
    wide = features.to(torch.promote_types(features.dtype, torch.float32))
    centred = wide - wide.mean(dim=(1, 2, 3), keepdim=True)
    deviation = centred.square().mean(dim=(1, 2, 3), keepdim=True).sqrt()
    deviation = deviation.clamp_min(SMALLEST_DEVIATION)
    return (centred * (gain / (deviation + EPSILON)) + bias).to(features.dtype)


class _LayerScalar(torch.autograd.Function):
    """The same from torch's own operations takes four times as long, half of it in var_mean.

    With c = x - mean, s = 1 / (std + epsilon) and g the incoming gradient, the outgoing one is
    gain * (s (g - mean g) - c * s^2 sum(g c) / (n std)).
    """

    @staticmethod
    def forward(ctx: Any, features: Tensor, gain: Tensor, bias: Tensor) -> Tensor:
        order = _order(features)
        rows = _samples(features, order)
        wide = rows.to(torch.promote_types(rows.dtype, torch.float32))
        centred = wide - wide.mean(dim=1, keepdim=True)
        # One buffer serves the squares and then the result: fresh memory is half of the cost.
        buffer = centred.square()
        # A constant sample has no slope either: c is 0 there and must not meet 1 / 0.
        deviation = buffer.mean(dim=1, keepdim=True).sqrt_().clamp_min_(SMALLEST_DEVIATION)
        normed = torch.mul(centred, gain / (deviation + EPSILON), out=buffer).add_(bias)
        ctx.order = order
        ctx.save_for_backward(centred.to(rows.dtype), deviation, gain)
        return _like(normed.to(rows.dtype), features, order)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        kept, deviation, gain = ctx.saved_tensors
        centred = kept.to(deviation.dtype)
        rows = _samples(gradient, ctx.order).to(deviation.dtype)
        scale = 1 / (deviation + EPSILON)
        total = rows.sum(dim=1, keepdim=True)
        buffer = rows * centred
        product = buffer.sum(dim=1, keepdim=True)
        slope = gain * scale
        size = rows.shape[1]
        result = torch.mul(centred, -slope * scale * product / (size * deviation), out=buffer)
        result.add_(rows * slope).sub_(slope * total / size)
        wanted = _like(result.to(gradient.dtype), gradient, ctx.order)
        return wanted, (product * scale).sum().to(gain.dtype), total.sum().to(gain.dtype)


def _order(maps: Tensor) -> torch.memory_format:
    last = maps.is_contiguous(memory_format=torch.channels_last) and not maps.is_contiguous()
    return torch.channels_last if last else torch.contiguous_format


def _samples(maps: Tensor, order: torch.memory_format) -> Tensor:
    """See each sample of ``(b, c, h, w)`` as one row, its values as they lie in memory."""
    if order == torch.channels_last:
        maps = maps.permute(0, 2, 3, 1)
    return maps.reshape(maps.shape[0], -1)


def _like(rows: Tensor, maps: Tensor, order: torch.memory_format) -> Tensor:
    """Undo :func:`_samples`."""
    batch, channels, height, width = maps.shape
    if order == torch.channels_last:
        return rows.view(batch, height, width, channels).permute(0, 3, 1, 2)
    return rows.view(batch, channels, height, width)
