"""Building blocks of generator and discriminator: norms, down- and up-convolutions."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

NormName = Literal["layer-scalar", "instance"]


class LayerScalarNorm(nn.Module):
    """The authors' "InstanceNorm": one mean and one deviation a sample, one gain, one bias.

    The statistics run over channels, height and width together: (x - mean) / (std + 1e-3). They
    are taken in float32 whatever the dtype of the input.

    Source: the authors' published code.
    """

    epsilon = 1e-3

    def __init__(self) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.ones(()))
        self.bias = nn.Parameter(torch.zeros(()))

    def forward(self, features: Tensor) -> Tensor:
        """Normalise ``(b, c, h, w)``; shape and dtype stay."""
        wide = features if features.dtype == torch.float64 else features.float()
        variance, mean = torch.var_mean(wide, dim=(1, 2, 3), keepdim=True, correction=0)
        # The root of 0 has no slope: a constant sample would turn its gradient into NaN.
        deviation = variance.clamp_min(1e-12).sqrt()
        scale = self.gain / (deviation + self.epsilon)
        return torch.addcmul(self.bias - mean * scale, wide, scale).to(features.dtype)


def norm_layer(name: NormName, channels: int) -> nn.Module:
    """Make the norm of that name for feature maps of so many channels."""
    if name == "layer-scalar":
        return LayerScalarNorm()
    return nn.InstanceNorm2d(channels, affine=True)


class Down(nn.Module):
    """LeakyReLU 0.2, convolution 4 x 4 of stride 2 without bias, norm: half the size.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        norm: The norm behind the convolution, or None for none.
    """

    def __init__(self, in_channels: int, out_channels: int, norm: NormName | None) -> None:
        super().__init__()
        # Not in place: the input is a skip connection too.
        self.activation = nn.LeakyReLU(0.2)
        self.convolution = nn.Conv2d(in_channels, out_channels, 4, stride=2, padding=1, bias=False)
        self.norm = nn.Identity() if norm is None else norm_layer(norm, out_channels)

    def forward(self, features: Tensor) -> Tensor:
        """Map ``(b, in, h, w)`` to ``(b, out, h / 2, w / 2)``."""
        result: Tensor = self.norm(self.convolution(self.activation(features)))
        return result


class Up(nn.Module):
    """ReLU, transposed convolution 4 x 4 of stride 2 without bias, norm, dropout: twice the size.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        norm: The norm behind the convolution.
        dropout: Share of the values that are dropped in training.
    """

    def __init__(self, in_channels: int, out_channels: int, norm: NormName, dropout: float) -> None:
        super().__init__()
        self.activation = nn.ReLU()
        self.convolution = nn.ConvTranspose2d(
            in_channels, out_channels, 4, stride=2, padding=1, bias=False
        )
        self.norm = norm_layer(norm, out_channels)
        self.dropout = nn.Dropout(dropout) if dropout > 0 else nn.Identity()

    def forward(self, features: Tensor) -> Tensor:
        """Map ``(b, in, h, w)`` to ``(b, out, 2 h, 2 w)``."""
        result: Tensor = self.dropout(self.norm(self.convolution(self.activation(features))))
        return result


def initialise(network: nn.Module) -> None:
    """Draw all convolutions from Glorot's uniform distribution and set their biases to 0.

    Source: the default of the framework that the authors used.
    """
    for module in network.modules():
        if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
            nn.init.xavier_uniform_(module.weight)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
