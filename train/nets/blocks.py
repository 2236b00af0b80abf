"""Building blocks of generator and discriminator: halving and doubling convolutions."""

from __future__ import annotations

from torch import Tensor, nn

from train.nets.norm import norm_layer
from train.settings.networks import NormName


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
