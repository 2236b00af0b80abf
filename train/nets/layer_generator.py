"""The generator of layers as the training and the painter see it."""

from __future__ import annotations

import torch
from torch import Tensor

from train.nets.background import background_of
from train.nets.drawing_network import Drawing, DrawingNetwork
from train.nets.guidance import Guidance
from train.nets.layer_stack import OWN, layer_stack
from train.nets.layers import LayerNetwork, copyable, drawn_with, shares
from train.nets.resolution import draw_at
from train.nets.stable_maps import stable_maps
from train.settings.networks import GeneratorSettings

Maps = tuple[Tensor, Tensor]
"""Transforms ``(b, 10, 2, 3)`` and their status ``(b, 10)``."""


OWN_SHARE = "own_share"
COPYABLE = "copyable"
"""Extras: how much of each pixel it paints ``(b, H, W)``, and where it could copy the person."""


class LayerGenerator(DrawingNetwork):
    """Composes the target of warped pixels of the source (skips ``"layers"``).

    It fits transforms of its own, which do not degenerate, to the joints of its guidance; those
    of the shards it leaves to the papers' kinds. With background conditioning the given background
    is a layer, in the place of the source's.

    Args:
        settings: What it is made of: its base channels, its attention, what the layers know and
            the images' size.

    Source: ours.
    """

    free_of_resolution = True

    def __init__(self, settings: GeneratorSettings) -> None:
        super().__init__(settings)
        base = settings.base_channels
        self.network = LayerNetwork(
            widths=(base, 2 * base, 4 * base, 4 * base),
            attention_heads=settings.attention_heads,
            source_features=settings.source_features,
            own_channels=settings.own_channels,
            by_part=settings.selection == "parts",
            silhouette=settings.silhouette,
            gain=settings.selection_gain,
            own_logit=settings.own_logit,
            part_flow=settings.part_flow,
        )

    def prepare(self, guidance: Guidance) -> Maps:
        """Fit the transforms of a batch."""
        return stable_maps(guidance.source_joints, guidance.target_joints)

    def forward(
        self, source_image: Tensor, guidance: Guidance, prepared: Maps | None = None
    ) -> Drawing:
        """Draw images; see :class:`DrawingNetwork`. Layers are warped and joined in float32."""
        self.check_size(source_image)
        transforms, status = self.prepare(guidance) if prepared is None else prepared
        with torch.no_grad(), torch.autocast(source_image.device.type, enabled=False):
            stack = layer_stack(
                source_image.float(),
                guidance.source_joints,
                guidance.target_joints,
                transforms,
                status,
                image_size=guidance.image_size,
                background=_given(guidance),
            )
        selection = self.network(stack, source_image, guidance.target_pose)
        weights = shares(stack, selection)
        extras = {OWN_SHARE: weights[:, OWN], COPYABLE: copyable(stack)}
        return Drawing(image=drawn_with(weights, stack, selection), extras=extras)

    @torch.no_grad()
    def draw_at(
        self, photo: Tensor, guidance: Guidance, size: tuple[int, int]
    ) -> tuple[Tensor, Tensor]:
        """Draw at any size; see :class:`DrawingNetwork`."""
        transforms, status = self.prepare(guidance)
        background = None
        if self.settings.background != "none":
            background = background_of(photo, guidance.source_joints, guidance.image_size)
        return draw_at(
            self.network,
            photo,
            source_joints=guidance.source_joints,
            target_joints=guidance.target_joints,
            target_pose=guidance.target_pose,
            transforms=transforms,
            status=status,
            size=size,
            background=background,
        )


def _given(guidance: Guidance) -> Tensor | None:
    return guidance.background if guidance.background.shape[1] else None
