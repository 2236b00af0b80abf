"""The generator of layers: per pixel a learned selection among warped pixels of the source.

The network sees the ten warped parts of the source, where on the source's person each of their
pixels lay, and both poses. It answers with one logit a layer and pixel, and a colour of its own.
The picture is the softmax-weighted sum of the layers: what the source shows is copied, not
painted anew.

Source: ours.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from shared.skeleton import NUM_JOINTS, NUM_PARTS
from train.nets.attention import CrossAttention
from train.nets.layer_blocks import (
    LEAK,
    RGB,
    SHRINK,
    OwnColour,
    Residual,
    SourceEncoder,
    WarpedFeatures,
)
from train.nets.layer_stack import BACKDROP, NUM_LAYERS, LayerStack, without_silhouette
from train.nets.part_flow import PartFlow, moved_parts

LOGIT_GAIN = 4.0
"""Logits must move by several units to select; the gain lets them do so within few steps."""


FAINTEST = 40.0
"""Logits lie at most so far below the highest: subnormal shares make a CPU several times slower."""


@dataclass(frozen=True, kw_only=True)
class Selection:
    """What the network says about a batch.

    Attributes:
        logits: float ``(b, 12, h, w)``, to be added to a stack's prior.
        colour: float ``(b, 3, h, w)`` in [-1, 1], the network's own.
        gain: Factor on the sum of logits and prior; above 1 layers mix less.
        flow: float ``(b, 10, 2, h, w)`` in the units of a stack's grid, how far the parts' samples
            move; None where they stay.
    """

    logits: Tensor
    colour: Tensor
    gain: float = 1.0
    flow: Tensor | None = None


def shares(stack: LayerStack, selection: Selection) -> Tensor:
    """Return each layer's share of each pixel ``(b, 12, h, w)``; they sum to 1."""
    logits = selection.gain * (selection.logits + stack.prior)
    if selection.gain > 1:
        logits = torch.maximum(logits, logits.detach().amax(dim=1, keepdim=True) - FAINTEST)
    return torch.softmax(logits, dim=1)


def composed(stack: LayerStack, selection: Selection) -> Tensor:
    """Draw a picture ``(b, 3, h, w)`` in [-1, 1]: the layers, weighted by the selection."""
    return drawn_with(shares(stack, selection), stack, selection)


def drawn_with(weights: Tensor, stack: LayerStack, selection: Selection) -> Tensor:
    """Draw a picture ``(b, 3, h, w)`` with the layers' shares ``(b, 12, h, w)``."""
    copied = (weights[:, :-1, None] * colours_of(stack, selection)).sum(dim=1)
    return copied + weights[:, -1:] * selection.colour


def colours_of(stack: LayerStack, selection: Selection) -> Tensor:
    """Return the layers' colours ``(b, 11, 3, h, w)``, the parts moved by the flow if any."""
    if selection.flow is None:
        return stack.colours
    parts = moved_parts(stack, selection.flow)
    return torch.cat([parts, stack.colours[:, BACKDROP:]], dim=1)


@torch.no_grad()
def copyable(stack: LayerStack) -> Tensor:
    """Return how far some layer shows the source's person at a pixel ``(b, h, w)`` in [0, 1]."""
    return (stack.masks * stack.bodies * stack.seen).amax(dim=1)


def pasted(stack: LayerStack, selection: Selection, person: Tensor, background: Tensor) -> Tensor:
    """Draw a picture with a background behind the person.

    What the network paints itself counts as the person's where the person is, and as background
    elsewhere; there the given one takes its place, and that of the stack's. What it copies stays.

    Args:
        stack: The layers.
        selection: What the network says about them.
        person: float ``(b, 1, h, w)`` in [0, 1], the target's person, see
            :func:`train.nets.layer_stack.target_person`.
        background: float ``(b, 3, h, w)`` in [-1, 1].

    Returns:
        ``(b, 3, h, w)`` in [-1, 1].
    """
    weights = shares(stack, selection)
    parts = colours_of(stack, selection)[:, :BACKDROP]
    copied = (weights[:, :BACKDROP, None] * parts).sum(dim=1)
    own = person * selection.colour + (1 - person) * background
    behind = weights[:, BACKDROP : BACKDROP + 1] * background
    return copied + behind + weights[:, -1:] * own


def plain_composite(stack: LayerStack) -> Tensor:
    """Draw what the stack's prior alone says: ``(b, 3, h, w)`` in [-1, 1]."""
    weights = torch.softmax(stack.prior[:, :-1], dim=1)
    return (weights[:, :, None] * stack.colours).sum(dim=1)


class LayerNetwork(nn.Module):
    """A U-Net at half the image's size, with attention to the source at its deepest levels.

    Args:
        widths: Channels of its levels, from half the image's size downwards.
        blocks: Residual blocks of each level, on the way down and again on the way up.
        attention_heads: Heads of the attention to the source; 0 leaves it and the source's
            encoder out.
        source_features: Channels of the source's features that are warped to the target; 0 for
            none.
        own_channels: Channels of the branch that paints the network's own colour; 0 for none.
        by_part: Whether it chooses among the parts; else they have one logit in common.
        silhouette: Whether it knows where on the source's person each pixel lay.
        gain: Factor on all logits of the selection.
        own_logit: Added to the logit of the network's own colour.
        part_flow: Whether it moves the parts' pixels, see :mod:`train.nets.part_flow`.
    """

    def __init__(
        self,
        widths: tuple[int, ...] = (32, 64, 128, 128),
        blocks: tuple[int, ...] = (1, 1, 1, 1),
        attention_heads: int = 4,
        *,
        source_features: int = 0,
        own_channels: int = 0,
        by_part: bool = True,
        silhouette: bool = True,
        gain: float = 1.0,
        own_logit: float = 0.0,
        part_flow: bool = False,
    ) -> None:
        super().__init__()
        self.by_part = by_part
        self.silhouette = silhouette
        self.gain = gain
        self.own_logit = own_logit
        in_channels = 2 * RGB * SHRINK**2 + RGB + (RGB + 3) * NUM_PARTS + NUM_JOINTS
        self.door = nn.Conv2d(in_channels, widths[0], 1)
        pairs = list(itertools.pairwise(widths))
        self.down = nn.ModuleList(nn.Conv2d(a, b, 4, stride=2, padding=1) for a, b in pairs)
        self.up = nn.ModuleList(nn.Conv2d(b, a, 1) for a, b in pairs)
        self.before = nn.ModuleList(_residuals(w, n) for w, n in zip(widths, blocks, strict=True))
        self.after = nn.ModuleList(
            _residuals(w, n) for w, n in zip(widths[:-1], blocks[:-1], strict=True)
        )
        self.source: SourceEncoder | None = None
        self.attention: CrossAttention | None = None
        if attention_heads:
            self.source = SourceEncoder(widths[2])
            self.attention = CrossAttention(widths[2], attention_heads)
        self.warped: WarpedFeatures | None = None
        if source_features:
            self.warped = WarpedFeatures(source_features, widths[1])
        self.own: OwnColour | None = None
        if own_channels:
            self.own = OwnColour(widths[0], own_channels)
        self.flow: PartFlow | None = None
        if part_flow:
            self.flow = PartFlow(widths[1])
        self.last_norm = nn.GroupNorm(1, widths[0])
        self.head = nn.Conv2d(widths[0], (RGB + NUM_LAYERS) * SHRINK**2, 3, padding=1)
        nn.init.normal_(self.head.weight, std=0.02)
        nn.init.zeros_(cast(Tensor, self.head.bias))

    def forward(self, stack: LayerStack, source_image: Tensor, target_pose: Tensor) -> Selection:
        """Select the layers of a batch.

        Args:
            stack: The layers at the image's size.
            source_image: float ``(b, 3, H, W)`` in [-1, 1].
            target_pose: Heat maps ``(b, 18, H, W)``.

        Returns:
            The selection at the image's size.
        """
        given = stack
        if not self.silhouette:
            stack = without_silhouette(given)
        features = self.door(_inputs(stack, source_image, target_pose))
        skips = []
        for level, blocks in enumerate(self.before):
            if level:
                skips.append(features)
                features = self.down[level - 1](features)
            if level == 1 and self.warped is not None:
                features = features + self.warped(source_image, stack)
            features = blocks(features)
            if level == 2 and self.attention is not None and self.source is not None:
                features = self.attention(features, self.source(source_image))
        flow: Tensor | None = None
        for level in reversed(range(len(skips))):
            below = F.interpolate(self.up[level](features), scale_factor=2.0, mode="nearest")
            features = self.after[level](skips[level] + below)
            if level == 1 and self.flow is not None:
                flow = self.flow(features, stack.size)
        features = F.leaky_relu(self.last_norm(features), LEAK)
        found = F.pixel_shuffle(self.head(features), SHRINK)
        colour = found[:, :RGB]
        if self.own is not None:
            colour = colour + self.own(features)
        logits = LOGIT_GAIN * found[:, RGB:]
        if not self.by_part:
            logits = _as_one(logits)
        # The stack that is drawn is the one that was given, whose prior knows the silhouette.
        logits = logits if stack is given else logits + (stack.prior - given.prior)
        if self.own_logit:
            own = logits[:, -1:] + self.own_logit
            logits = torch.cat([logits[:, :-1], own], dim=1)
        return Selection(logits=logits, colour=torch.tanh(colour), gain=self.gain, flow=flow)


def _inputs(stack: LayerStack, source_image: Tensor, target_pose: Tensor) -> Tensor:
    """Gather what the network sees ``(b, c, H / 2, W / 2)``."""
    with torch.no_grad():
        fine = F.pixel_unshuffle(torch.cat([plain_composite(stack), source_image], dim=1), SHRINK)
        colours = (stack.colours[:, :-1] * stack.masks[:, :, None]).flatten(1, 2)
        coarse = torch.cat(
            [stack.colours[:, -1], colours, stack.masks, stack.bodies, stack.seen, target_pose],
            dim=1,
        )
        inputs = torch.cat([fine, _halved(coarse)], dim=1)
        return inputs.contiguous(memory_format=torch.channels_last)


def _as_one(logits: Tensor) -> Tensor:
    """Let the parts have their mean logit in common; their order is the prior's."""
    common = logits[:, :NUM_PARTS].mean(dim=1, keepdim=True)
    return torch.cat([common.expand(-1, NUM_PARTS, -1, -1), logits[:, NUM_PARTS:]], dim=1)


def _halved(maps: Tensor) -> Tensor:
    """Average 2 x 2 pixels; twice as quick as pooling on a CPU."""
    rows = maps[:, :, ::2] + maps[:, :, 1::2]
    return (rows[..., ::2] + rows[..., 1::2]) / SHRINK**2


def _residuals(channels: int, number: int) -> nn.Sequential:
    return nn.Sequential(*(Residual(channels) for _ in range(number)))
